"""The specialist's own list: what waits for them, what became of what they answered, whether they are on duty."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import queries
from qafila.clinic.cases.models import Case
from qafila.kernel import clock
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.models import Duty, Staff
from qafila.registry.staff.queries import duties_of, serving
from qafila.web.access import needs
from qafila.web.specialist.words import lines, specialty_words, staff_name

MINE = ("assigned", "accepted")


@require_GET
@needs("case.answer")
def page(request: Any) -> HttpResponse:
    """Mine first: to accept, to answer, to confirm; then what waits for the unit; then what nobody has."""
    found = lines(queries.worklist(request.staff))
    context = {
        "todo": [line for line in found if line.case.status in MINE or line.case.reconfirm],
        "waiting": [line for line in found if line.case.status not in MINE and not line.case.reconfirm],
        "unassigned": unassigned(request.staff),
        "duties": duty_rows(request.staff),
        "on_duty": on_duty_words(request.staff),
    }
    return render(request, "specialist/worklist.html", context)


@require_GET
@needs("case.answer")
def done(request: Any) -> HttpResponse:
    """What became of the people whose cases were answered."""
    return render(request, "specialist/done.html", {"lines": lines(queries.answered_by(request.staff))})


@require_POST
@needs("case.answer")
def duty(request: Any) -> HttpResponse:
    """Go on duty, on a break, or off."""
    specialty, status = request.POST.get("specialty", ""), request.POST.get("status", "")
    if specialty not in request.staff.specialties or status not in Duty.Status.values:
        raise Http404
    staff_acts.set_duty(request.staff, specialty, status, request.staff)
    messages.success(request, gettext("Saved: %(status)s.") % {"status": Duty.Status(status).label})
    return redirect("specialist:worklist")


def unassigned(staff: Staff) -> list[Any]:
    """Cases of one's specialty that nobody has: how urgent and how late, without whom they are about."""
    rows = Case.objects.filter(status__in=("received", "declined"), specialty__in=list(staff.specialties))
    return lines(queries.rows(rows.defer("intake")))


def duty_rows(staff: Staff) -> list[tuple[str, str, str]]:
    """One's specialties, each with its name and the duty's status."""
    running = duties_of(staff)
    return [(code, specialty_words(code), running.get(code, "off")) for code in staff.specialties]


def on_duty_words(staff: Staff) -> list[str]:
    """Colleagues on duty in one's specialties."""
    ids = [who for who, code in serving(clock.now()) if code in staff.specialties]
    return [staff_name(s) for s in Staff.objects.filter(pk__in=ids).exclude(pk=staff.pk).order_by("name")]
