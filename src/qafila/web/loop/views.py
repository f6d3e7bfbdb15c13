"""Who is due on the next round, village by village; what is forgotten, for the unit and for the coordinator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.access import door
from qafila.clinic.cases import loop_queries, queries
from qafila.clinic.cases.loop import Reminder
from qafila.clinic.cases.loop_queries import Due
from qafila.clinic.cases.models import Case
from qafila.registry.places import lookup
from qafila.registry.places.here import local_day
from qafila.registry.units.models import Stop, Unit
from qafila.web.access import needs
from qafila.web.reception.words import language
from qafila.web.specialist.words import Line, lines

AHEAD = timedelta(days=14)
"""How far the list looks where no round is planned."""


@dataclass(frozen=True)
class Person:
    """A person to be seen: the case's line, why, by when, how often they were tried."""

    line: Line
    why: str
    words: str
    day: date | None
    attempts: int


@dataclass(frozen=True)
class Village:
    """A place of the list, with the day of the unit's next stop there, where one is planned."""

    name: str
    day: date | None
    people: list[Person]


def why_words(why: str) -> str:
    """Why somebody stands in the list."""
    return {
        "told": gettext("answered, not told yet"),
        "overdue": gettext("overdue"),
        "due": gettext("due"),
        "open": gettext("ask how it went"),
    }[why]


@require_GET
@needs("case.read", "case.draft")
def next_round(request: Any) -> HttpResponse:
    """The people that the unit's next round has to see, in the order of its stops."""
    unit = request.unit
    if unit is None:
        raise Http404
    stops = list(Stop.objects.filter(unit_id=unit.pk, day__gte=local_day(), status="planned").order_by("day"))
    last = Stop.objects.filter(unit_id=unit.pk, status="planned").aggregate(last=Max("day"))["last"]
    until = max(last or local_day(), local_day() + AHEAD)
    found = villages(loop_queries.next_round(unit, until), stops)
    door.listed(request.staff, {p.line.case.person_id for v in found for p in v.people}, "loop.round")
    context = {"villages": found, "until": until, "reminders": reminder_rows(loop_queries.reminders(unit))}
    return render(request, "loop/round.html", context)


def villages(due: list[Due], stops: list[Stop]) -> list[Village]:
    """The list by village; those where the unit stops first, in the order of the days."""
    rows = {row.case.pk: row for row in with_words(one.case for one in due)}
    days: dict[str, date] = {}
    for stop in stops:
        days.setdefault(stop.place, stop.day)
    found = []
    for (place, locality), held in groupby(due, key=lambda one: (one.place, one.locality)):
        people = [
            Person(rows[one.case.pk], one.why, why_words(one.why), one.day, one.attempts)
            for one in held
            if one.case.pk in rows
        ]
        name = locality or (lookup.label(place, language()) if place and lookup.known(place) else "")
        found.append(Village(name or gettext("Village not known"), days.get(place), people))
    return sorted(found, key=lambda one: (one.day is None, one.day or date.max, one.name))


def with_words(cases: Iterable[Case]) -> list[Line]:
    """Cases as lists show them, in the order given."""
    return lines(queries.rows(cases, keep_order=True))


def reminder_rows(reminders: list[Reminder]) -> list[dict[str, Any]]:
    """Reminders with their lines and the rule's words."""
    rows = {row.case.pk: row for row in with_words(one.case for one in reminders)}
    return [
        {
            "line": rows[one.case.pk],
            "words": one.rule.label.text(language()),
            "days": one.days,
            "coordinator": one.tells == "coordinator",
        }
        for one in reminders
    ]


@require_GET
@needs("case.assign")
def watch(request: Any) -> HttpResponse:
    """The coordinator: answers that nobody opened, cases that stay open, what journeys not made have spared."""
    unread = loop_queries.unread()
    rows = {row.case.pk: row for row in with_words(one.case for one in unread)}
    units = Unit.objects.in_bulk({one.case.unit_id for one in unread})
    late = [one for one in loop_queries.reminders() if one.tells == "coordinator"]
    context = {
        "unread": [
            {"line": rows[one.case.pk], "since": one.since, "owner": loop_queries.owner_of(one.case),
             "phone": units[one.case.unit_id].phone if one.case.unit_id in units else ""}
            for one in unread
        ],
        "reminders": reminder_rows(late),
        "spared": loop_queries.spared(),
    }  # fmt: skip
    return render(request, "loop/watch.html", context)
