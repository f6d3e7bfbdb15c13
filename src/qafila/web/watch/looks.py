"""Who saw a patient's record: on the screen, and on paper for the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from qafila.clinic.access import looks
from qafila.clinic.access.looks import Look
from qafila.clinic.access.models import AccessGrant
from qafila.clinic.access.rules import Basis
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Unit
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.prints import sheet
from qafila.web.prints.render import pdf
from qafila.web.reception.words import language, listed, name_words, unit_name
from qafila.web.records.words import page_words
from qafila.web.staff_names import staff_name

REASONS: dict[str, Any] = {
    Basis.ALL: _("task for all records: routing, merging"),
    Basis.UNIT: _("care in the unit"),
    Basis.NOBODYS: _("registration"),
    Basis.CASE: _("case in hand"),
    Basis.PRESENT: _("the person was there"),
    Basis.GRACE: _("after the end of a case"),
    Basis.BROKEN: _("emergency access"),
}
MOST = 400
"""Lines on paper."""


@dataclass(frozen=True)
class Line:
    """A look in words."""

    look: Look
    who: str
    roles: str
    why: str
    where: str
    pages: str

    @property
    def broken(self) -> bool:
        """Whether it was an emergency access."""
        return self.look.basis == Basis.BROKEN

    @property
    def once(self) -> bool:
        """Whether it was within one minute."""
        return self.look.first == self.look.last


@require_GET
@needs("journal.read", "print")
def page(request: Any, person_id: UUID) -> HttpResponse:
    """Every look that this node knows of, latest first."""
    person = _found(person_id)
    right = "journal.read" if may(request.staff, "journal.read", person) else "print"
    entrance.read(request, person.pk, "records.looks", right)
    context = told(person) | {"history": right == "journal.read", "prints": may(request.staff, "print", person)}
    return render(request, "watch/looks.html", context)


@require_GET
@needs("print")
def paper(request: Any, person_id: UUID) -> HttpResponse:
    """The same for the patient to take along, A5 or A4, in the language asked for."""
    person = _found(person_id)
    entrance.read(request, person.pk, "print.looks", "print")
    spoken = sheet.tongues(request)
    parts = []
    shared = {
        "size": "A4" if request.GET.get("paper") == "A4" else "A5",
        "country": load.country(country_code()),
        "printed_by": request.staff,
        "unit": request.unit,
        "now": clock.now(),
        "today": local_day(),
        "node": here().node,
    }
    for lang in spoken:
        with translation.override(lang):
            said = shared | told(person, MOST) | {"lang": lang, "rtl": lang.startswith("ar")}
            html = render_to_string("prints/looks_part.html", said, request)
            parts.append({"lang": lang, "rtl": said["rtl"], "html": html})
    with translation.override(spoken[0]):
        rtl = spoken[0].startswith("ar")
        context = shared | {"parts": parts, "lang": spoken[0], "rtl": rtl, "both": len(spoken) > 1}
        html = render_to_string("prints/looks.html", context, request)
    data = pdf(html)
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="looks.pdf"'
    return response


def told(person: Person, limit: int = 1000) -> dict[str, Any]:
    """The looks in the words of the language that is switched on."""
    found, broken = looks.of_patient(person.pk, limit), looks.broken_of(person.pk)
    staff = Staff.objects.in_bulk({one.staff for one in found if one.staff} | {one.staff_id for one in broken})
    units = Unit.objects.in_bulk({one.unit for one in found if one.unit} | {g.unit_id for g in broken if g.unit_id})
    name, other = name_words(person, people.names_of([person.pk])[person.pk])
    others = looks.told_until(person.pk)
    return {
        "person": person,
        "name": name,
        "other": other,
        "lines": [_line(one, staff, units) for one in found],
        "broken_lines": [_broken(one, staff, units) for one in broken],
        "others": sorted(others.items()),
        "full": len(found) >= limit,
    }


def _line(look: Look, staff: dict[UUID, Staff], units: dict[UUID, Unit]) -> Line:
    who = staff.get(look.staff) if look.staff else None
    unit = units.get(look.unit) if look.unit else None
    return Line(
        look=look,
        who=staff_name(who),
        roles=role_words(who),
        why=str(REASONS.get(look.basis, "")),
        where=unit_name(unit) if unit else _node(look.node),
        pages=listed(dict.fromkeys(page_words(one) for one in look.pages)),
    )


def _node(code: str) -> str:
    """A node that serves no unit: what it is where it is this one, else its code."""
    return load.profile(here().kind).label.text(language()) if code == here().node else code


def _broken(grant: AccessGrant, staff: dict[UUID, Staff], units: dict[UUID, Unit]) -> dict[str, Any]:
    who, unit = staff.get(grant.staff_id), units.get(grant.unit_id) if grant.unit_id else None
    return {
        "grant": grant,
        "who": staff_name(who),
        "roles": role_words(who),
        "where": unit_name(unit) if unit else "",
        "until": min(grant.until, grant.ended_at or grant.until),
    }


def role_words(staff: Staff | None) -> str:
    """What somebody is, in words."""
    roles = load.roles()
    return " · ".join(roles[code].label.text(language()) for code in staff.roles if code in roles) if staff else ""


def _found(person_id: UUID) -> Person:
    person = people.get(person_id)
    if person is None:
        raise Http404
    return person
