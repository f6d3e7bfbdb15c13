"""Who is on duty, for which specialty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases.line import hands_of
from qafila.journal.topics import until_changed
from qafila.registry.staff import acts
from qafila.registry.staff.models import Duty, Staff
from qafila.registry.staff.queries import duty_now, everybody
from qafila.registry.staff.rights import grants
from qafila.web.access import needs
from qafila.web.alike import drawn, form_kept, own
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.specialist.words import specialty_words
from qafila.web.staff_names import staff_name


@dataclass(frozen=True)
class Row:
    """Somebody who answers a specialty."""

    id: UUID
    name: str
    status: str
    hands: int


@dataclass(frozen=True)
class Specialty:
    """A specialty with those who answer it."""

    code: str
    label: str
    rows: tuple[Row, ...]

    @property
    def covered(self) -> bool:
        """Somebody is on duty now."""
        return any(row.status == Duty.Status.ON for row in self.rows)


@require_GET
@needs("roster.manage")
def page(request: Any) -> HttpResponse:
    """Every specialty, with who is on duty: a fixed number of queries."""
    return render(request, "coordinator/duty.html", {"duty": own(request, _drawn(language()))})


@until_changed
def _drawn(_language: str) -> str:
    """The list of everybody who keeps the roster, in a language."""
    sections = [form_kept("coordinator/duty_section.html", one=one) for one in specialties()]
    return drawn("coordinator/duty_list.html", {"specialties": sections})


def specialties() -> list[Specialty]:
    """Those that somebody answers; the ones without anybody on duty first."""
    running = duty_now()
    hands, _ = hands_of()
    held: dict[str, list[Row]] = {}
    for one in everybody().values():
        if not (one.active and grants(one).has("case.answer")):
            continue
        for code in one.specialties:
            status = running.get((one.pk, code), "off")
            row = Row(one.pk, staff_name(one), status, hands.get(one.pk, 0))
            held.setdefault(code, []).append(row)
    found = [Specialty(code, specialty_words(code), tuple(rows)) for code, rows in held.items()]
    return sorted(found, key=lambda s: (s.covered, s.label))


@require_POST
@needs("roster.manage")
@once
def switch(request: Any, staff_id: UUID) -> HttpResponse:
    """Put somebody on duty, on a break, or off."""
    staff = Staff.objects.filter(pk=staff_id, active=True).first()
    specialty, status = request.POST.get("specialty", ""), request.POST.get("status", "")
    if staff is None or specialty not in staff.specialties or status not in Duty.Status.values:
        raise Http404
    acts.set_duty(staff, specialty, status, request.staff)
    said = {"name": staff_name(staff), "status": Duty.Status(status).label}
    messages.success(request, gettext("%(name)s: %(status)s.") % said)
    return redirect("coordinator:duty")
