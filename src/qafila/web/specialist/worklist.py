"""The specialist's own list: what waits for them, what became of what they answered, whether they are on duty."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import handing, opinions, queries
from qafila.clinic.cases.models import Case, list_of, waiting_for
from qafila.clinic.cases.queries import CaseRow
from qafila.clinic.refusal import Refusal
from qafila.journal import topics
from qafila.journal.models import about
from qafila.kernel import clock
from qafila.kernel.transitions import WrongState
from qafila.registry.staff import acts as staff_acts
from qafila.registry.staff.models import Duty, Staff
from qafila.registry.staff.queries import duties_of, known, serving
from qafila.registry.staff.roster import acts as roster
from qafila.registry.staff.roster.models import Shift, Swap
from qafila.registry.staff.roster.queries import swaps as asked_swaps
from qafila.web.access import needs
from qafila.web.alike import form_kept, own
from qafila.web.once import once
from qafila.web.specialist.case import found
from qafila.web.specialist.words import in_pool, lines, specialty_words
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told

MINE = ("assigned", "accepted")
NARROW = ("clinic_case", "clinic_caseevent", "clinic_opinion", "registry_person", "registry_personname")
"""Of these a list reads what is about its own cases, and it is told of no other."""


@require_GET
@needs("case.answer")
def page(request: Any) -> HttpResponse:
    """Mine first: to accept, to answer, to confirm; then what waits for the unit; then what nobody has."""
    me = request.staff
    with topics.narrowed(*NARROW) as told_of:
        mine, pool = queries.worklists(me)
        asked = opinions.asked_of(me)
        told_of |= {list_of(me.pk), *(waiting_for(code) for code in me.specialties)}
        told_of |= {about(one) for row in (*mine, *pool) for one in _records(row)} | {about(o.person_id) for o in asked}
    of_me = lines(mine)
    nobodys = [form_kept("specialist/pool_line.html", case=in_pool(line)) for line in lines(pool)]
    context = {
        "todo": [line for line in of_me if _is_next(line.case)],
        "waiting": [line for line in of_me if not _is_next(line.case)],
        "unassigned": len(nobodys),
        "pool": own(request, "".join(nobodys)),
        "asked": asked,
        "swaps": swaps(request.staff),
    }
    # Who is on duty stands beside the list, which does not follow it.
    with topics.unnoticed():
        context |= {"duties": duty_rows(me), "on_duty": on_duty_words(me)}
    return render(request, "specialist/worklist.html", context)


def _is_next(case: Case) -> bool:
    """It is the specialist who has to do something."""
    return case.status in MINE or case.reconfirm or case.came_after


def _records(row: CaseRow) -> set[UUID]:
    """The case's patient, and the surviving record where they were merged."""
    return {row.case.person_id, row.person.pk if row.person is not None else row.case.person_id}


@require_GET
@needs("case.answer")
def done(request: Any) -> HttpResponse:
    """What became of the people whose cases were answered."""
    return render(request, "specialist/done.html", {"lines": lines(queries.answered_by(request.staff))})


@require_POST
@needs("case.answer")
@once
def duty(request: Any) -> HttpResponse:
    """Go on duty, on a break, or off."""
    specialty, status = request.POST.get("specialty", ""), request.POST.get("status", "")
    if specialty not in request.staff.specialties or status not in Duty.Status.values:
        raise Http404
    staff_acts.set_duty(request.staff, specialty, status, request.staff)
    messages.success(request, gettext("Saved: %(status)s.") % {"status": Duty.Status(status).label})
    return redirect("specialist:worklist")


@require_POST
@needs("case.claim")
@once
def claim(request: Any, case_id: UUID) -> HttpResponse:
    """Take a case that nobody has."""
    try:
        handing.claim(found(case_id), request.staff)
    except Refusal as refused:
        messages.error(request, told(refused.message))
        return redirect("specialist:worklist")
    except (Http404, WrongState):
        # Behind the wall of PostgreSQL a case that a colleague has taken is not there any more.
        messages.error(request, gettext("Somebody else has it already."))
        return redirect("specialist:worklist")
    return redirect("specialist:case", case_id)


@require_POST
@needs("case.answer")
@once
def swap(request: Any, swap_id: UUID, verb: str) -> HttpResponse:
    """Accept or refuse a shift that a colleague asks one to take."""
    asked = Swap.objects.filter(pk=swap_id, taker_id=request.staff.pk).first()
    if asked is None or verb not in ("accept", "refuse"):
        raise Http404
    try:
        roster.answer_swap(asked, verb == "accept", request.staff)
    except roster.RosterRefused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, gettext("Saved."))
    return redirect("specialist:worklist")


def swaps(staff: Staff) -> list[dict[str, Any]]:
    """Shifts that colleagues ask one to take."""
    rows = [s for s in asked_swaps(Swap.Status.ASKED, staff.pk) if s.taker_id == staff.pk]
    if not rows:
        return []
    shifts = Shift.objects.in_bulk([s.shift_id for s in rows] + [s.back_id for s in rows if s.back_id])
    named = known(s.giver_id for s in rows)
    return [
        {"id": s.pk, "giver": staff_name(named.get(s.giver_id)), "shift": shifts.get(s.shift_id),
         "back": shifts.get(s.back_id) if s.back_id else None}
        for s in rows
    ]  # fmt: skip


def duty_rows(staff: Staff) -> list[tuple[str, str, str]]:
    """One's specialties, each with its name and the duty's status."""
    running = duties_of(staff)
    return [(code, specialty_words(code), running.get(code, "off")) for code in staff.specialties]


def on_duty_words(staff: Staff) -> list[str]:
    """Colleagues on duty in one's specialties."""
    ids = [who for who, code in serving(clock.now()) if code in staff.specialties]
    colleagues = known(one for one in ids if one != staff.pk).values()
    return [staff_name(one) for one in sorted(colleagues, key=lambda one: one.name)]
