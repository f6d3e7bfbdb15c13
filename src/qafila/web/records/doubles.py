"""Records that may be of one person: the work list, two of them side by side, and the decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Visit
from qafila.journal import history
from qafila.packs import load
from qafila.registry.people import merging
from qafila.registry.people import queries as people
from qafila.registry.people.details import BadDetails
from qafila.registry.people.matching import commonness, compare, weigh
from qafila.registry.people.models import Pair, Person, PersonLink
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import sameness
from qafila.web.reception.words import said
from qafila.web.records.words import names as names_of_staff

A_PAGE = 30


@require_GET
@needs("person.merge")
def page(request: Any) -> HttpResponse:
    """The pairs that wait, the likeliest first; and who was merged lately."""
    stop = load.matching().stop
    shown = Paginator(Pair.objects.order_by("-bits", "id"), A_PAGE).get_page(request.GET.get("page"))
    ids = {end for pair in shown for end in (pair.one, pair.other)}
    held, named = Person.objects.in_bulk(ids), people.own_names(ids)
    lines = [
        {
            "pair": pair,
            "likelihood": sameness.likelihood(pair.bits, stop),
            "people": [sameness.shown(held[p], named[p]) for p in (pair.one, pair.other)],
        }
        for pair in shown
        if pair.one in held and pair.other in held
    ]
    merged = PersonLink.objects.filter(relation=merging.SAME, withdrawn=False).order_by("-id")[:20]
    return render(request, "records/doubles.html", {"lines": lines, "page": shown, "merged": _merged(list(merged))})


def _merged(links: list[PersonLink]) -> list[dict[str, Any]]:
    named = people.own_names({end for link in links for end in (link.person_id, link.other_id)})
    held = Person.objects.in_bulk(named)
    return [
        {
            "link": link,
            "people": [sameness.shown(held[p], named[p]) for p in (link.person_id, link.other_id) if p in held],
        }
        for link in links
    ]


@require_http_methods(["GET", "POST"])
@needs("person.merge")
@once
def pair(request: Any, one_id: UUID, other_id: UUID) -> HttpResponse:
    """Two records side by side. Posting decides: `keep` (the record that goes on) or `apart`; or `part`, with why."""
    one, other = _row(one_id), _row(other_id)
    if request.method == "GET":
        return _pair_page(request, one, other)
    note = request.POST.get("note", "")
    try:
        if request.POST.get("keep") in (one.pk.hex, other.pk.hex):
            kept, gone = (one, other) if request.POST["keep"] == one.pk.hex else (other, one)
            merging.merge(gone, kept, request.staff, note)
            messages.success(request, gettext("From now on these two records are one person, on every node."))
            return redirect("reception:person", kept.pk)
        merging.tell_apart(one, other, request.staff, note)
        messages.success(request, gettext("These are two people: they are not proposed again."))
    except BadDetails as wrong:
        return _pair_page(request, one, other, said(next(iter(wrong.problems.values()))), note, 422)
    except merging.NotHere:
        return _pair_page(request, one, other, gettext("Who is who is decided at the hub."), note, 409)
    return redirect("records:doubles")


@require_POST
@needs("person.merge")
@once
def part(request: Any, link_id: UUID) -> HttpResponse:
    """Take a merge back, with a reason."""
    link = get_object_or_404(PersonLink, pk=link_id, relation=merging.SAME)
    one, other = _row(link.person_id), _row(link.other_id)
    try:
        if not link.withdrawn:
            merging.unmerge(link, request.staff, request.POST.get("note", ""))
            messages.success(request, gettext("These are two records again, each as it was."))
    except BadDetails as wrong:
        return _pair_page(request, one, other, said(next(iter(wrong.problems.values()))), "", 422)
    except merging.NotHere:
        return _pair_page(request, one, other, gettext("Who is who is decided at the hub."), "", 409)
    return redirect("records:double", *sameness.code_of(one.pk, other.pk))


def _row(person_id: UUID) -> Person:
    found = people.row(person_id)
    if found is None:
        raise Http404
    return found


def _pair_page(
    request: Any, one: Person, other: Person, problem: str = "", note: str = "", status: int = 200
) -> HttpResponse:
    if one.pk == other.pk:
        raise Http404
    for person in (one, other):
        entrance.read(request, person.pk, "records.double", "person.merge")
    known, named = people.known_of([one.pk, other.pk]), people.own_names([one.pk, other.pk])
    odds = load.matching()
    levels = compare(known[one.pk], known[other.pk])
    called = (*known[one.pk].names, *known[other.pk].names)
    here, shares = people.name_shares({key for name in called for key in name.keys})
    bits = weigh(levels, odds, commonness(called, shares, odds), here)
    decided = [x for x in people.decided_of([one.pk]) if {x.person_id, x.other_id} == {one.pk, other.pk}]
    context = {
        "sides": [_side(one, named[one.pk]), _side(other, named[other.pk])],
        "rows": sameness.rows(
            levels, sameness.written_of(one, named[one.pk]), sameness.written_of(other, named[other.pk])
        ),
        "likelihood": sameness.likelihood(bits, odds.stop) if bits >= odds.propose else gettext("Hardly one person"),
        "decided": decided[0] if decided else None,
        "joined": other.pk in people.one_with(one.pk),
        "decides": merging.decides(),
        "problem": problem,
        "note": note,
    }
    return render(request, "records/double.html", context, status=status)


def _side(person: Person, names: Any) -> dict[str, Any]:
    made = history.of_subject(person.pk)[:1]
    by = names_of_staff([made[0].actor]) if made else {}
    return sameness.shown(person, names) | {
        "visits": Visit.objects.filter(person_id=person.pk).exclude(status="error").count(),
        "cases": Case.objects.filter(person_id=person.pk).count(),
        "since": made[0].at if made else None,
        "node": made[0].node if made else "",
        "by": by.get(made[0].actor, "") if made and made[0].actor else "",
    }
