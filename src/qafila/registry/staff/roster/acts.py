"""The verbs about the roster: needs, a week proposed and published, leave, swaps. `by` None is the node itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.text import tidy
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import hand_over, named, owed
from qafila.registry.staff.rights import may, require_or_node
from qafila.registry.staff.roster.models import Half, Leave, Need, Preference, Shift, Swap
from qafila.registry.staff.roster.queries import away_on, leave_between, week_of

MOST_PEOPLE = 60
LONGEST_LEAVE = 366


class RosterRefused(ValueError):
    """The roster cannot be changed so; `message` says why."""

    def __init__(self, message: object) -> None:
        super().__init__(str(message))
        self.message = message


NOT_THEIRS = _("This person does not answer this specialty.")
AWAY = _("This person is on leave on that day.")
TWICE = _("This person has a shift in that half-day already.")
WRONG_DAYS = _("The last day is before the first, or more than a year later.")
HOW_MANY = _("Write how many people are needed, from 0 to 60.")
SETTLED = _("This swap has been settled already.")
OVER = _("These days have passed.")
ASKED_ALREADY = _("You asked for leave in these days already.")
LEAVE_SETTLED = _("This leave has been answered already.")
WHY_REFUSED = _("Write why it cannot be granted.")
SWAP_ASKED = _("You asked somebody to take this shift already.")
NOT_PUBLISHED = _("Only published shifts that are still to come can be swapped.")


def set_need(specialty: str, weekday: int, half: str, people: int, by: Staff | None) -> Need:
    """Say how many people a specialty needs in a half-day of the week. Raises `NotAllowed`, `RosterRefused`."""
    require_or_node(by, "roster.manage")
    if not 0 <= people <= MOST_PEOPLE:
        raise RosterRefused(HOW_MANY)
    with writing(by, act="roster.need") as write:
        row = Need.objects.filter(specialty=specialty, weekday=weekday, half=Half(half)).first()
        row = row or Need(specialty=specialty, weekday=weekday, half=Half(half))
        row.people = people
        return write.save(row)


def set_preference(staff: Staff, weekday: int, half: str, weight: int, by: Staff | None) -> Preference:
    """Say which half-days one likes (1), rather not (-1), or neither (0). Raises `NotAllowed`."""
    if by is not None and by.pk != staff.pk:
        require_or_node(by, "roster.manage")
    with writing(by, act="roster.preference") as write:
        row = Preference.objects.filter(staff=staff, weekday=weekday, half=Half(half)).first()
        row = row or Preference(staff=staff, weekday=weekday, half=Half(half))
        row.weight = max(-1, min(1, weight))
        return write.save(row)


def add_shift(
    staff: Staff, specialty: str, day: date, half: str, by: Staff | None, *, published: bool = False
) -> Shift:
    """Put somebody into a half-day; into a published week at once. Raises `NotAllowed`, `RosterRefused`."""
    require_or_node(by, "roster.manage")
    if specialty not in staff.specialties or not staff.active:
        raise RosterRefused(NOT_THEIRS)
    if staff.pk in away_on(day):
        raise RosterRefused(AWAY)
    with writing(by, act="roster.add") as write:
        taken = Shift.objects.filter(staff=staff, day=day, half=Half(half)).exclude(status=Shift.Status.WITHDRAWN)
        if taken.exists():
            raise RosterRefused(TWICE)
        status = Shift.Status.PUBLISHED if published else Shift.Status.PROPOSED
        return write.save(Shift(staff=staff, specialty=specialty, day=day, half=Half(half), status=status))


def withdraw_shift(shift: Shift, by: Staff | None) -> Shift:
    """Take somebody out of a half-day. Raises `NotAllowed`."""
    require_or_node(by, "roster.manage")
    with writing(by, act="roster.withdraw") as write:
        row = Shift._base_manager.select_for_update().get(pk=shift.pk)
        row.status = Shift.Status.WITHDRAWN
        return write.save(row)


def propose(monday: date, specialty: str, shifts: Iterable[tuple[Staff, date, str]], by: Staff | None) -> list[Shift]:
    """Replace what is proposed for a specialty's week; what is published stays. Raises `NotAllowed`."""
    require_or_node(by, "roster.manage")
    with writing(by, act="roster.propose") as write:
        _withdraw(write, (s for s in week_of(monday, specialty) if s.status == Shift.Status.PROPOSED))
        return [
            write.save(Shift(staff=staff, specialty=specialty, day=day, half=Half(half))) for staff, day, half in shifts
        ]


def publish(monday: date, specialty: str, by: Staff | None) -> int:
    """Let what is proposed for a specialty's week count; how many shifts. Raises `NotAllowed`."""
    require_or_node(by, "roster.manage")
    with writing(by, act="roster.publish") as write:
        rows = [s for s in week_of(monday, specialty) if s.status == Shift.Status.PROPOSED]
        for row in rows:
            row.status = Shift.Status.PUBLISHED
        write.save_many(rows, [None] * len(rows))
        return len(rows)


def _withdraw(write: Writer, rows: Iterable[Shift]) -> int:
    held = list(rows)
    for row in held:
        row.status = Shift.Status.WITHDRAWN
    write.save_many(held, [None] * len(held))
    return len(held)


def grant_leave(staff: Staff, first: date, last: date, reason: str, by: Staff | None, to: Staff | None = None) -> Leave:
    """Somebody is away: their shifts of these days are taken away, and what they owe goes to `to`: in the same act
    where the leave has begun, else on its first day (the job `leave_watch`).

    Raises `NotAllowed`, `RosterRefused`, `NobodyNamed` where something is owed and nobody is named.
    """
    require_or_node(by, "roster.manage")
    _days(first, last)
    with writing(by, act="roster.leave") as write:
        return _grant(write, Leave(staff=staff, first=first, last=last, reason=Leave.Reason(reason)), staff, to, by)


def _days(first: date, last: date) -> None:
    if not timedelta() <= last - first <= timedelta(days=LONGEST_LEAVE):
        raise RosterRefused(WRONG_DAYS)


def _grant(write: Writer, leave: Leave, staff: Staff, to: Staff | None, by: Staff | None) -> Leave:
    leave.status, leave.cover_id = Leave.Status.GRANTED, to.pk if to else None
    write.save(leave)
    shifts = Shift.objects.filter(staff=staff, day__gte=leave.first, day__lte=leave.last)
    _withdraw(write, shifts.exclude(status=Shift.Status.WITHDRAWN))
    if leave.first <= local_day(clock.now()):
        hand_over(staff, to, by)
    elif owed(staff):
        named(staff, to)
    return leave


def ask_leave(first: date, last: date, reason: str, by: Staff) -> Leave:
    """Ask the coordinator for leave; nothing changes before it is granted. Raises `RosterRefused`."""
    _days(first, last)
    if first < local_day(clock.now()):
        raise RosterRefused(OVER)
    with writing(by, act="roster.ask_leave") as write:
        known = Leave.objects.filter(staff=by, first__lte=last, last__gte=first, withdrawn=False)
        if known.exclude(status=Leave.Status.REFUSED).exists():
            raise RosterRefused(ASKED_ALREADY)
        reason = reason if reason in Leave.Reason.values else Leave.Reason.OTHER
        return write.save(
            Leave(staff=by, first=first, last=last, reason=Leave.Reason(reason), status=Leave.Status.ASKED)
        )


def answer_leave(leave: Leave, grant: bool, by: Staff, to: Staff | None = None, words: str = "") -> Leave:
    """Grant leave that was asked for, as `grant_leave`, or refuse it with a word why.

    Raises `NotAllowed`, `RosterRefused`, `NobodyNamed`.
    """
    require_or_node(by, "roster.manage")
    said = tidy(words, 200, lambda bad: RosterRefused(gettext(bad.message) % bad.values))
    with writing(by, act="roster.answer_leave") as write:
        row = Leave._base_manager.select_for_update().get(pk=leave.pk)
        if row.status != Leave.Status.ASKED or row.withdrawn:
            raise RosterRefused(LEAVE_SETTLED)
        row.answer = said
        if grant:
            return _grant(write, row, Staff.objects.get(pk=row.staff_id), to, by)
        if not said:
            raise RosterRefused(WHY_REFUSED)
        row.status = Leave.Status.REFUSED
        return write.save(row)


def withdraw_leave(leave: Leave, by: Staff | None) -> Leave:
    """Somebody comes back, or did not go; one may take back what one only asked for. Shifts that were taken away stay
    so. Raises `NotAllowed`."""
    if by is None or by.pk != leave.staff_id or leave.status != Leave.Status.ASKED:
        require_or_node(by, "roster.manage")
    with writing(by, act="roster.withdraw_leave") as write:
        row = Leave._base_manager.select_for_update().get(pk=leave.pk)
        row.withdrawn = True
        return write.save(row)


def ask_swap(shift: Shift, taker: Staff, by: Staff, back: Shift | None = None) -> Swap:
    """Ask a colleague to take one's shift, perhaps for one of theirs. Raises `NotAllowed`, `RosterRefused`."""
    if by.pk != shift.staff_id and not may(by, "roster.manage"):
        raise NotAllowed("roster.manage")
    for one in (shift, back):
        if one is not None and (one.status != Shift.Status.PUBLISHED or one.day < local_day(clock.now())):
            raise RosterRefused(NOT_PUBLISHED)
    if shift.specialty not in taker.specialties or (back is not None and back.staff_id != taker.pk):
        raise RosterRefused(NOT_THEIRS)
    with writing(by, act="roster.ask_swap") as write:
        if Swap.objects.filter(shift_id=shift.pk, status=Swap.Status.ASKED).exists():
            raise RosterRefused(SWAP_ASKED)
        return write.save(Swap(shift=shift, giver_id=shift.staff_id, taker=taker, back=back, asked_at=clock.now()))


def withdraw_swap(swap: Swap, by: Staff) -> Swap:
    """Take back what one asked a colleague. Raises `NotAllowed`, `RosterRefused`."""
    if by.pk != swap.giver_id:
        raise NotAllowed("roster.manage")
    with writing(by, act="roster.withdraw_swap") as write:
        row = Swap._base_manager.select_for_update().get(pk=swap.pk)
        if row.status != Swap.Status.ASKED:
            raise RosterRefused(SETTLED)
        row.status, row.settled_at = Swap.Status.WITHDRAWN, clock.now()
        return write.save(row)


def answer_swap(swap: Swap, accept: bool, by: Staff) -> Swap:
    """The colleague accepts, and the shifts change hands at once, or refuses. Raises `NotAllowed`, `RosterRefused`."""
    if by.pk != swap.taker_id:
        raise NotAllowed("roster.manage")
    with writing(by, act="roster.answer_swap") as write:
        row = Swap._base_manager.select_for_update().get(pk=swap.pk)
        if row.status != Swap.Status.ASKED:
            raise RosterRefused(SETTLED)
        if accept:
            _exchange(write, row)
        row.status = Swap.Status.ACCEPTED if accept else Swap.Status.REFUSED
        row.settled_at = clock.now()
        return write.save(row)


def _exchange(write: Writer, swap: Swap) -> None:
    changes = [(swap.shift_id, swap.giver_id, swap.taker_id)]
    if swap.back_id is not None:
        changes.append((swap.back_id, swap.taker_id, swap.giver_id))
    rows = Shift._base_manager.select_for_update().in_bulk([pk for pk, _, _ in changes])
    for pk, before, after in changes:
        row = rows.get(pk)
        if row is None or row.status != Shift.Status.PUBLISHED or row.staff_id != before:
            raise RosterRefused(NOT_PUBLISHED)
        if after in away_on(row.day):
            raise RosterRefused(AWAY)
        others = Shift.objects.filter(staff_id=after, day=row.day, half=row.half).exclude(status=Shift.Status.WITHDRAWN)
        if others.exclude(pk__in=list(rows)).exists():
            raise RosterRefused(TWICE)
        row.staff_id = after
        write.save(row)


def note_swap(swap: Swap, by: Staff) -> Swap:
    """The coordinator has seen a swap that was accepted. Raises `NotAllowed`, `RosterRefused`."""
    require_or_node(by, "roster.manage")
    with writing(by, act="roster.note_swap") as write:
        row = Swap._base_manager.select_for_update().get(pk=swap.pk)
        if row.status != Swap.Status.ACCEPTED:
            raise RosterRefused(SETTLED)
        row.status, row.noted_by = Swap.Status.NOTED, by
        return write.save(row)


__all__ = [
    "RosterRefused", "add_shift", "answer_leave", "answer_swap", "ask_leave", "ask_swap", "grant_leave",
    "leave_between", "note_swap", "propose", "publish", "set_need", "set_preference", "withdraw_leave",
    "withdraw_shift", "withdraw_swap",
]  # fmt: skip
