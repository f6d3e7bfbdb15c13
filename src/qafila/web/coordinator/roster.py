"""The roster of a week: what is needed, a draft to look at and change, publishing; leave and swaps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.refusal import Refusal
from qafila.packs import load
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import NobodyNamed
from qafila.registry.staff.queries import everybody, specialists
from qafila.registry.staff.rights import grants
from qafila.registry.staff.roster import acts, queries
from qafila.registry.staff.roster.draft import Draft, Place, Worker, roster_draft
from qafila.registry.staff.roster.hours import HALVES
from qafila.registry.staff.roster.models import Half, Leave, Shift, Swap
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.specialist.words import specialty_words
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told

EARLIER = 4
"""Weeks that count when work is spread evenly."""


@dataclass(frozen=True)
class Turn:
    """Somebody in a half-day."""

    id: UUID
    name: str
    proposed: bool


@dataclass(frozen=True)
class Cell:
    """A half-day of the week."""

    day: date
    half: str
    need: int
    turns: list[Turn]
    taken: str
    """Ids of those who have a turn in it, or are on leave: they are not offered."""
    free: bool
    """Somebody could be put in."""

    @property
    def lacks(self) -> int:
        """How many are missing."""
        return max(0, self.need - len(self.turns))


@require_GET
@needs("roster.manage")
def page(request: Any) -> HttpResponse:
    """A specialty's week."""
    return _page(request, *_asked(request.GET))


def _asked(said: Any) -> tuple[str, date]:
    codes = [c for c, _ in specialties()]
    code = said.get("specialty", "") or (codes[0] if codes else "")
    try:
        day = date.fromisoformat(said.get("week", ""))
    except ValueError:
        day = local_day() + timedelta(days=7)
    if code and code not in codes:
        raise Http404
    return code, queries.monday_of(day)


def specialties() -> list[tuple[str, str]]:
    """The specialties of the packs: code and name."""
    return sorted(((c, specialty_words(c)) for c in load.specialties()), key=lambda one: one[1])


def _page(request: Any, code: str, monday: date, **more: Any) -> HttpResponse:
    people = answering(code)
    rows = week(code, monday, people)
    named = everybody()
    last = monday + timedelta(days=27)
    context = {
        "specialties": specialties(),
        "code": code,
        "label": specialty_words(code),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "halves": [(h, Half(h).label, *(f"{t:%H:%M}" for t in HALVES[h])) for h in HALVES],
        "rows": rows,
        "lacks": sum(cell.lacks for _, cells in rows for cell in cells),
        "proposed": any(t.proposed for _, cells in rows for cell in cells for t in cell.turns),
        "people": [(s.pk, staff_name(s)) for s in people],
        "leaves": [(one, staff_name(named.get(one.staff_id))) for one in queries.leave_between(local_day(), last)],
        "asked_leave": [(one, staff_name(named.get(one.staff_id))) for one in queries.leave_asked()],
        "crew": [(s.pk, staff_name(s)) for s in named.values() if s.active and grants(s).has("case.answer")],
        "open_swaps": [_swap(one, named) for one in queries.swaps(Swap.Status.ASKED)],
        "swaps": [_swap(one, named) for one in queries.swaps(Swap.Status.ACCEPTED)],
        **more,
    }
    return render(request, "coordinator/roster.html", context)


def _swap(swap: Swap, named: dict[UUID, Staff]) -> dict[str, Any]:
    shift = Shift.objects.filter(pk=swap.shift_id).first()
    return {
        "id": swap.pk,
        "giver": staff_name(named.get(swap.giver_id)),
        "taker": staff_name(named.get(swap.taker_id)),
        "day": shift.day if shift else None,
        "half": Half(shift.half).label if shift else "",
    }


def answering(code: str) -> list[Staff]:
    """Who answers a specialty, by name."""
    return [s for s in specialists() if code in s.specialties and grants(s).has("case.answer")]


def week(code: str, monday: date, people: list[Staff]) -> list[tuple[date, list[Cell]]]:
    """The week's days with their half-days."""
    names = {s.pk: staff_name(s) for s in people}
    needs_ = queries.needs_of(code)
    shifts: dict[tuple[date, str], list[Shift]] = defaultdict(list)
    for one in queries.week_of(monday, code):
        shifts[one.day, one.half].append(one)
    away = queries.leave_between(monday, monday + timedelta(days=6))
    found = []
    for n in range(7):
        day = monday + timedelta(days=n)
        gone = {one.staff_id for one in away if one.first <= day <= one.last}
        cells = []
        for half in HALVES:
            held = shifts[day, half]
            here = {s.staff_id for s in held}
            turns = [Turn(s.pk, names.get(s.staff_id, "—"), s.status == Shift.Status.PROPOSED) for s in held]
            taken = [s.pk for s in people if s.pk in here or s.pk in gone]
            need, turns = needs_.get((n, half), 0), sorted(turns, key=lambda t: t.name)
            cells.append(Cell(day, half, need, turns, " ".join(map(str, taken)), len(taken) < len(people)))
        found.append((day, cells))
    return found


def _back(code: str, monday: date) -> HttpResponse:
    return redirect(f"{reverse('coordinator:roster')}?specialty={code}&week={monday.isoformat()}")


@require_POST
@needs("roster.manage")
@once
def propose(request: Any) -> HttpResponse:
    """Draft the week and show it, with what stays short and why."""
    code, monday = _asked(request.POST)
    people = answering(code)
    draft = roster_draft(*problem(code, monday, people))
    known = {s.pk: s for s in people}
    acts.propose(monday, code, [(known[who], p.day, p.half) for who, p in draft.shifts], request.staff)
    for words in explained(draft):
        messages.warning(request, words)
    if not draft.short:
        messages.success(request, gettext("Every place is filled. Look at the draft, change it, then publish it."))
    return _back(code, monday)


def problem(code: str, monday: date, people: list[Staff]) -> tuple[dict[Place, int], list[Worker]]:
    """What the draft is asked: places still open, and who may take them."""
    published = [s for s in queries.week_of(monday) if s.status == Shift.Status.PUBLISHED]
    needs_ = {Place(monday + timedelta(days=day), half): count for (day, half), count in queries.needs_of(code).items()}
    for one in published:
        if one.specialty == code and needs_.get(Place(one.day, one.half), 0) > 0:
            needs_[Place(one.day, one.half)] -= 1
    away = queries.leave_between(monday, monday + timedelta(days=7))
    liked = queries.preferences_of([s.pk for s in people])
    earlier = _earlier(monday, [s.pk for s in people])
    days = [monday + timedelta(days=n) for n in range(8)]
    return needs_, [
        Worker(
            s.pk,
            most=max(0, 6 - sum(one.staff_id == s.pk for one in published)),
            away=frozenset(d for one in away if one.staff_id == s.pk for d in days if one.first <= d <= one.last),
            carry=earlier[s.pk],
            likes={Place(monday + timedelta(days=d), h): w for (who, d, h), w in liked.items() if who == s.pk},
            taken=frozenset(Place(one.day, one.half) for one in published if one.staff_id == s.pk),
        )
        for s in people
    ]


def _earlier(monday: date, people: list[UUID]) -> dict[UUID, int]:
    rows = Shift.objects.filter(day__gte=monday - timedelta(days=7 * EARLIER), day__lt=monday + timedelta(days=7))
    held = dict.fromkeys(people, 0)
    for who in rows.filter(status=Shift.Status.PUBLISHED, staff_id__in=people).values_list("staff_id", flat=True):
        held[who] += 1
    mean = sum(held.values()) // max(1, len(held))
    return {who: count - mean for who, count in held.items()}


def explained(draft: Draft) -> list[str]:
    """What stays short and why, in words; one line a half-day."""
    found = []
    for short in draft.short:
        why = ", ".join(f"{gettext(reason)}: {count}" for reason, count in short.why.items())
        found.append(
            gettext("%(day)s, %(half)s: %(n)s missing (%(why)s).")
            % {
                "day": date_format(short.place.day, "l j F"),
                "half": Half(short.place.half).label,
                "n": short.missing,
                "why": why or gettext("nobody answers this specialty"),
            }
        )
    return found


@require_POST
@needs("roster.manage")
@once
def change(request: Any, verb: str) -> HttpResponse:
    """Publish the week; put somebody in or take somebody out; say what is needed."""
    code, monday = _asked(request.POST)
    said = request.POST
    try:
        if verb == "publish":
            acts.publish(monday, code, request.staff)
            messages.success(request, gettext("The week is published."))
        elif verb == "add":
            half, day = _half(said), date.fromisoformat(said.get("day", ""))
            acts.add_shift(_person(said), code, day, half, request.staff, published="publish" in said)
        elif verb == "remove":
            acts.withdraw_shift(Shift.objects.get(pk=UUID(said.get("shift", ""))), request.staff)
        elif verb == "need":
            for weekday in range(7):
                for half in HALVES:
                    people = said.get(f"need-{weekday}-{half}", "")
                    if people.isascii() and people.isdigit() and len(people) < 4:
                        acts.set_need(code, weekday, half, int(people), request.staff)
        elif verb in ("grant", "refuse"):
            to = _person(said) if said.get("staff") else None
            leave = Leave.objects.get(pk=UUID(said.get("leave", "")))
            acts.answer_leave(leave, verb == "grant", request.staff, to, said.get("words", ""))
            messages.success(request, gettext("Saved."))
        elif verb == "note":
            acts.note_swap(Swap.objects.get(pk=UUID(said.get("swap", ""))), request.staff)
        else:
            raise Http404
    except (acts.RosterRefused, NobodyNamed) as refused:
        messages.error(request, str(refused.message))
    except Refusal as refused:
        messages.error(request, told(refused.message))
    except (ValueError, Leave.DoesNotExist, Shift.DoesNotExist, Swap.DoesNotExist):
        raise Http404 from None
    return _back(code, monday)


def _half(said: Any) -> str:
    half: str = said.get("half", "")
    if half not in HALVES:
        raise Http404
    return half


def _person(said: Any) -> Staff:
    try:
        found = Staff.objects.filter(pk=UUID(said.get("staff", "")), active=True).first()
    except ValueError:
        found = None
    if found is None:
        raise acts.RosterRefused(gettext("Choose a specialist."))
    return found
