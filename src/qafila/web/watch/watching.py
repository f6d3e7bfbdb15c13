"""The lists of a supervisor and the coordinator: emergency accesses, unusual reading; a person says what they found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.access import acts, watching
from qafila.clinic.access.models import AccessGrant, AccessReview
from qafila.clinic.access.unusual import Finding
from qafila.clinic.refusal import Refusal
from qafila.packs import load
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants
from qafila.registry.units.models import Unit
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception.words import language, unit_name
from qafila.web.staff_names import staff_name
from qafila.web.watch.looks import role_words


@require_GET
@needs(watching.REVIEW)
def emergency(request: Any) -> HttpResponse:
    """Emergency accesses, those that nobody has looked at first."""
    return _emergency(request)


def _emergency(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    held = watching.broken_glass(request.staff)
    people = Person.objects.in_bulk({one.grant.person_id for one in held})
    staff = Staff.objects.in_bulk(
        {one.grant.staff_id for one in held} | {one.review.by_id for one in held if one.review}
    )
    units = Unit.objects.in_bulk({one.grant.unit_id for one in held if one.grant.unit_id})
    lines = [
        {
            "of": one,
            "about": one.grant.pk.hex,
            "who": staff_name(staff.get(one.grant.staff_id)),
            "roles": role_words(staff.get(one.grant.staff_id)),
            "where": unit_name(units[one.grant.unit_id]) if one.grant.unit_id in units else "",
            "code": people[one.grant.person_id].code if one.grant.person_id in people else "",
            "person": one.grant.person_id,
            "own": one.grant.staff_id == request.staff.pk,
            "review": _said(one.review, staff),
        }
        for one in held
    ]
    reads = grants(request.staff).scope("journal.read") == "all"
    context = {
        "lines": lines, "verdicts": AccessReview.Verdict.choices, "reads": reads,
        "notes_breach": grants(request.staff).has("breach.manage"), **more,
    }  # fmt: skip
    return render(request, "watch/emergency.html", context, status=status)


def _said(review: AccessReview | None, staff: dict[UUID, Staff]) -> dict[str, Any] | None:
    if review is None:
        return None
    return {"row": review, "verdict": review.get_verdict_display(), "by": staff_name(staff.get(review.by_id))}


@require_GET
@needs(watching.REVIEW)
def unusual(request: Any) -> HttpResponse:
    """Reading that the rules list, those that nobody has looked at first. No rule says that it was wrong."""
    return _unusual(request)


def _unusual(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    found = watching.findings(request.staff)
    said: dict[tuple[str, str], AccessReview] = {}
    for rule in {one.rule for one in found}:
        words = watching.reviews(rule, [one.key for one in found if one.rule == rule])
        said |= {(rule, about): review for about, review in words.items()}
    people = Person.objects.in_bulk({pk for one in found for pk in one.patients[:5]})
    staff = Staff.objects.in_bulk({one.staff for one in found} | {review.by_id for review in said.values()})
    lines = [_line(request, one, people, staff, said.get((one.rule, one.key))) for one in found[:500]]
    lines.sort(key=lambda line: line["review"] is not None)
    reads = grants(request.staff).scope("journal.read") == "all"
    context = {
        "lines": lines,
        "verdicts": AccessReview.Verdict.choices,
        "reads": reads,
        "days": watching.SHOWN_DAYS,
        **more,
    }
    return render(request, "watch/unusual.html", context, status=status)


def _line(
    request: Any, one: Finding, people: dict[UUID, Person], staff: dict[UUID, Staff], review: AccessReview | None
) -> dict[str, Any]:
    rule = next(r for r in load.access().unusual if r.code == one.rule)
    return {
        "of": one,
        "about": one.key,
        "title": rule.label.text(language()),
        "who": staff_name(staff.get(one.staff)),
        "roles": role_words(staff.get(one.staff)),
        "people": [people[pk] for pk in one.patients[:5] if pk in people],
        "more": max(0, len(one.patients) - 5),
        "own": one.staff == request.staff.pk,
        "review": _said(review, staff),
    }


@require_POST
@needs(watching.REVIEW)
@once
def review(request: Any, rule: str) -> HttpResponse:
    """Say what one found. Only what the person's list shows can be spoken about."""
    said, about = request.POST.get, request.POST.get("about", "")
    broken = rule == "break_glass"
    person = _broken_of(request, about) if broken else _listed(request, rule, about)
    try:
        acts.review(request.staff, rule, about, said("verdict", ""), said("words", ""), person)
    except Refusal as refused:
        draw = _emergency if broken else _unusual
        return draw(request, 422, problem=shown(refused.message), of=about)
    messages.success(request, gettext("Kept."))
    return redirect("watch:emergency" if broken else "watch:unusual")


def _broken_of(request: Any, about: str) -> UUID:
    held: list[AccessGrant] = [one.grant for one in watching.broken_glass(request.staff)]
    found = next((one for one in held if one.pk.hex == about), None)
    if found is None:
        raise Http404
    person: UUID = found.person_id
    return person


def _listed(request: Any, rule: str, about: str) -> UUID | None:
    found = next((f for f in watching.findings(request.staff) if f.rule == rule and f.key == about), None)
    if found is None:
        raise Http404
    return found.patients[0] if len(found.patients) == 1 else None
