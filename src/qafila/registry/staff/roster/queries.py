"""Reading the roster."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from qafila.journal.topics import until_changed
from qafila.registry.staff.models import Staff
from qafila.registry.staff.roster.hours import half_at, span
from qafila.registry.staff.roster.models import Leave, Need, Preference, Shift, Swap

DAYS = 7


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def week_of(monday: date, specialty: str = "") -> list[Shift]:
    """The shifts of a week that were not taken away, of one specialty or of all."""
    rows = Shift.objects.filter(day__gte=monday, day__lt=monday + timedelta(days=DAYS))
    rows = rows.exclude(status=Shift.Status.WITHDRAWN)
    return list((rows.filter(specialty=specialty) if specialty else rows).order_by("day", "half", "id"))


def needs_of(specialty: str) -> dict[tuple[int, str], int]:
    """(weekday, half-day) → how many people the specialty needs."""
    rows = Need.objects.filter(specialty=specialty).order_by("id")
    return {(weekday, half): people for weekday, half, people in rows.values_list("weekday", "half", "people")}


def preferences_of(staff: list[UUID]) -> dict[tuple[UUID, int, str], int]:
    """(staff, weekday, half-day) → 1 or -1."""
    rows = Preference.objects.filter(staff_id__in=staff).exclude(weight=0).order_by("id")
    return {(who, day, half): w for who, day, half, w in rows.values_list("staff_id", "weekday", "half", "weight")}


def leave_between(first: date, last: date) -> list[Leave]:
    """Leave that touches these days and was granted, the soonest first."""
    return list(_leave_between(first, last))


@until_changed
def _leave_between(first: date, last: date) -> tuple[Leave, ...]:
    rows = Leave.objects.filter(first__lte=last, last__gte=first, withdrawn=False, status=Leave.Status.GRANTED)
    return tuple(rows.order_by("first", "id"))


def leave_asked() -> list[Leave]:
    """Leave that waits for the coordinator, the soonest first."""
    rows = Leave.objects.filter(status=Leave.Status.ASKED, withdrawn=False)
    return list(rows.order_by("first", "id")[:100])


def leave_of(staff: UUID, since: date) -> list[Leave]:
    """Somebody's own leave that is not over, whatever was said to it, the soonest first."""
    return list(Leave.objects.filter(staff_id=staff, last__gte=since, withdrawn=False).order_by("first", "id")[:50])


def shifts_of(staff: list[UUID], first: date, last: date) -> list[Shift]:
    """The published shifts of some people from one day to another, by day."""
    rows = Shift.objects.filter(staff_id__in=staff, day__gte=first, day__lte=last, status=Shift.Status.PUBLISHED)
    return list(rows.order_by("day", "half", "id"))


def away_on(day: date) -> set[UUID]:
    """Who is on leave on a day."""
    return {one.staff_id for one in leave_between(day, day)}


def covers_today(day: date) -> list[tuple[Staff, Staff]]:
    """Who is on leave on a day, and who was named to take over; without those whom nobody covers, or somebody who is
    away too or has left."""
    leaves = leave_between(day, day)
    gone = {one.staff_id for one in leaves}
    people = Staff.objects.in_bulk([*gone, *(one.cover_id for one in leaves if one.cover_id)])
    found = []
    for one in leaves:
        to = people.get(one.cover_id) if one.cover_id and one.cover_id not in gone else None
        if one.staff_id in people and to is not None and to.active:
            found.append((people[one.staff_id], to))
    return found


def away_since(at: datetime) -> dict[UUID, datetime]:
    """Who is on leave at an instant, and when it began."""
    day = timezone.localtime(at).date()
    zone = timezone.get_current_timezone()
    return {one.staff_id: span(one.first, "am", zone)[0].replace(hour=0) for one in leave_between(day, day)}


def on_shift(at: datetime) -> set[tuple[UUID, str]]:
    """Who has a published shift at an instant: (staff, specialty)."""
    return set(_on_shift(*half_at(timezone.localtime(at))))


@until_changed
def _on_shift(day: date, half: str) -> frozenset[tuple[UUID, str]]:
    rows = Shift.objects.filter(day=day, half=half, status=Shift.Status.PUBLISHED)
    return frozenset(rows.values_list("staff_id", "specialty"))


def shift_ends(at: datetime) -> datetime:
    """When the half-day of an instant is over."""
    day, half = half_at(timezone.localtime(at))
    return span(day, half, timezone.get_current_timezone())[1]


def swaps(status: str, staff: UUID | None = None) -> list[Swap]:
    """Swaps in a state, of all or those in which somebody has a part; the latest first."""
    found = list(_swaps(status))
    return found if staff is None else [s for s in found if staff in (s.taker_id, s.giver_id)]


@until_changed
def _swaps(status: str) -> tuple[Swap, ...]:
    return tuple(Swap.objects.filter(status=status).order_by("-asked_at", "-id")[:100])
