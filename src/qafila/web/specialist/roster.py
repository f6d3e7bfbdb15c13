"""The specialist's own half-days: swaps with colleagues, leave, and which half-days one likes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import specialists
from qafila.registry.staff.rights import grants
from qafila.registry.staff.roster import acts, queries
from qafila.registry.staff.roster.hours import HALVES
from qafila.registry.staff.roster.models import Half, Leave, Shift, Swap
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.specialist.words import specialty_words
from qafila.web.staff_names import staff_name

AHEAD = 27
"""Days that the page shows."""
WISHES = (1, 0, -1)


@require_GET
@needs("case.answer")
def page(request: Any) -> HttpResponse:
    """One's half-days of four weeks, what was asked of whom, leave, wishes."""
    return _page(request)


def _page(request: Any, status: int = 200, **more: Any) -> HttpResponse:
    staff, day = request.staff, local_day()
    colleagues = colleagues_of(staff)
    mine = queries.shifts_of([staff.pk], day, day + timedelta(days=AHEAD))
    theirs = queries.shifts_of([c.pk for c in colleagues], day, day + timedelta(days=AHEAD))
    asked = {s.shift_id: s for s in queries.swaps(Swap.Status.ASKED, staff.pk) if s.giver_id == staff.pk}
    named = {c.pk: c for c in colleagues}
    context = {
        "turns": [_turn(one, asked.get(one.pk), colleagues, theirs, named) for one in mine],
        "reasons": Leave.Reason.choices,
        "leaves": queries.leave_of(staff.pk, day),
        "wishes": wishes_of(staff),
        "halves": halves(),
        "until": day + timedelta(days=AHEAD),
        **more,
    }
    return render(request, "specialist/roster.html", context, status=status)


def colleagues_of(staff: Staff) -> list[Staff]:
    """Who else answers one of somebody's specialties, by name."""
    held = [c for c in specialists() if c.pk != staff.pk and grants(c).has("case.answer")]
    return sorted((c for c in held if set(c.specialties) & set(staff.specialties)), key=staff_name)


def _turn(shift: Shift, asked: Swap | None, crew: list[Staff], theirs: list[Shift], named: dict[UUID, Staff]) -> Any:
    able = {c.pk for c in crew if shift.specialty in c.specialties}
    return {
        "id": shift.pk,
        "when": when(shift),
        "specialty": specialty_words(shift.specialty),
        "asked": {"id": asked.pk, "name": staff_name(named.get(asked.taker_id))} if asked else None,
        "takers": [(c.pk, staff_name(c)) for c in crew if c.pk in able],
        "backs": [
            (s.pk, f"{staff_name(named[s.staff_id])}: {when(s)}")
            for s in theirs
            if s.staff_id in able and (s.day, s.half) != (shift.day, shift.half)
        ],
    }


def when(shift: Shift) -> str:
    """A half-day in words."""
    return f"{date_format(shift.day, 'l j F')}, {Half(shift.half).label}"


def halves() -> list[tuple[str, Any]]:
    """The half-days: code and name."""
    return [(half, Half(half).label) for half in HALVES]


def wishes_of(staff: Staff) -> list[tuple[int, Any, list[tuple[str, Any, int]]]]:
    """Each day of the week with what somebody wishes of its half-days: (weekday, name, [(half, name, wish)])."""
    held = queries.preferences_of([staff.pk])
    return [
        (day, WEEKDAYS[day], [(half, label, held.get((staff.pk, day, half), 0)) for half, label in halves()])
        for day in range(7)
    ]


def keep_wishes(staff: Staff, said: Any, by: Staff) -> int:
    """Keep the wishes of a form, `wish-DAY-HALF` = 1, 0 or -1; how many changed. Raises `NotAllowed`."""
    count = 0
    for day, _name, cells in wishes_of(staff):
        for half, _label, before in cells:
            typed = said.get(f"wish-{day}-{half}", "")
            if typed in {str(w) for w in WISHES} and int(typed) != before:
                acts.set_preference(staff, day, half, int(typed), by)
                count += 1
    return count


@require_POST
@needs("case.answer")
@once
def change(request: Any, verb: str) -> HttpResponse:
    """Ask for a swap or take the question back; ask for leave or take it back; say what one wishes."""
    if verb not in VERBS:
        raise Http404
    try:
        VERBS[verb](request.staff, request.POST)
    except acts.RosterRefused as refused:
        return _page(request, 422, problem=str(refused.message), problem_at=verb, typed=request.POST)
    except (ValueError, Shift.DoesNotExist, Swap.DoesNotExist, Leave.DoesNotExist):
        raise Http404 from None
    messages.success(request, gettext("Saved."))
    return redirect("specialist:roster")


def _swap(by: Staff, said: Any) -> None:
    shift = Shift.objects.get(pk=UUID(said.get("shift", "")), staff_id=by.pk)
    wanted = said.get("back", "")
    back = Shift.objects.get(pk=UUID(wanted)) if wanted else None
    if back is not None:
        taker = Staff.objects.filter(pk=back.staff_id, active=True).first()
    else:
        taker = Staff.objects.filter(pk=UUID(said["to"]), active=True).first() if said.get("to") else None
    if taker is None or taker.pk == by.pk:
        raise acts.RosterRefused(gettext("Choose a colleague."))
    acts.ask_swap(shift, taker, by, back)


def _leave(by: Staff, said: Any) -> None:
    try:
        first, last = date.fromisoformat(said.get("first", "")), date.fromisoformat(said.get("last", ""))
    except ValueError:
        raise acts.RosterRefused(gettext("Write the date.")) from None
    acts.ask_leave(first, last, said.get("reason", ""), by)


VERBS = {
    "swap": _swap,
    "unswap": lambda by, said: acts.withdraw_swap(Swap.objects.get(pk=UUID(said.get("swap", "")), giver_id=by.pk), by),
    "leave": _leave,
    "unleave": lambda by, said: acts.withdraw_leave(
        Leave.objects.get(pk=UUID(said.get("leave", "")), staff_id=by.pk, status=Leave.Status.ASKED), by
    ),
    "wishes": lambda by, said: keep_wishes(by, said, by),
}
