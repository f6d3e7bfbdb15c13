"""The board: no case without an owner, emergencies first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import acts, queries
from qafila.clinic.cases.line import crews
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.queries import CaseRow
from qafila.clinic.cases.routing import Candidate
from qafila.clinic.cases.transitions import CASE, DECLINED, RECEIVED
from qafila.clinic.refusal import Refusal
from qafila.journal.topics import unnoticed, until_changed
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import known
from qafila.registry.staff.rights import grants, may
from qafila.sync import state
from qafila.web.access import needs
from qafila.web.alike import drawn, form_kept, own
from qafila.web.coordinator.overview import overviews
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.clashes import unsettled
from qafila.web.specialist.case import found
from qafila.web.specialist.words import Line, lines, shown
from qafila.web.staff_names import staff_name
from qafila.web.templatetags.qafila import told

EMERGENCY = "emergency"


@dataclass(frozen=True)
class Choice:
    """Somebody to whom a case may go."""

    id: UUID
    name: str
    on_duty: bool
    hands: int


@require_GET
@needs("case.assign")
def page(request: Any) -> HttpResponse:
    """Every open case that needs somebody's eye, each in the most pressing place it belongs to."""
    held = grants(request.staff)
    alike = all(held.scope(right) in (None, "all") for right in ("case.assign", "case.reroute"))
    gives = tuple(right for right in ("case.assign", "case.reroute") if held.has(right))
    text = _drawn(language(), gives) if alike else _draw(partial(verb_of, by=request.staff))
    return render(request, "coordinator/board.html", {"board": own(request, text)})


@until_changed
def _drawn(_language: str, gives: tuple[str, ...]) -> str:
    """The board of everybody who may do the same about every case, in a language."""
    return _draw(partial(verb_for, gives=gives))


def _draw(verb: Callable[[Case], str]) -> str:
    held = queries.board()
    groups = sorted_out(held)
    some = choices({row.case.specialty for rows in groups.values() for row in rows})
    cards = {name: [_card(line, verb(line.case), some) for line in lines(rows)] for name, rows in groups.items()}
    clashes, quarantined = unsettled()
    with unnoticed():  # each contact of a unit moves it: it is looked at with the next change
        silent = state.nodes_count()[1]
    context = {
        "overview": overviews(held),
        "silent": silent,
        "sections": [(name, title, words, cards[name]) for name, title, words in titles()],
        "counts": counts(held),
        "clashes": clashes,
        "quarantined": quarantined,
        "choices": some,
    }
    return drawn("coordinator/board_list.html", context)


def titles() -> list[tuple[str, str, str]]:
    """The parts of the board in order, with what each says when it is empty."""
    return [
        ("emergency", gettext("Emergencies"), gettext("No emergency waits.")),
        ("nobody", gettext("Nobody has it"), gettext("Every case has somebody.")),
        ("late", gettext("Late"), gettext("Nothing is late.")),
        ("waiting", gettext("Not accepted yet"), gettext("Everything is accepted.")),
        ("quiet", gettext("Silent for a day"), ""),
    ]


def sorted_out(held: queries.Board) -> dict[str, list[CaseRow]]:
    """Each case once, in the first part that it belongs to."""
    urgent = [r for r in [*held.waiting, *held.late] if r.case.urgency == EMERGENCY]
    parts = {"emergency": urgent, "nobody": held.unassigned, "late": held.late, "waiting": held.waiting,
             "quiet": held.quiet}  # fmt: skip
    seen: set[UUID] = set()
    found_: dict[str, list[CaseRow]] = {}
    for name, rows in parts.items():
        found_[name] = []
        for row in rows:
            if row.case.pk not in seen:
                seen.add(row.case.pk)
                found_[name].append(row)
    return found_


def counts(held: queries.Board) -> list[tuple[str, int]]:
    """The board in numbers."""
    return [
        (gettext("open"), sum(held.counts.values())),
        (gettext("with nobody"), len(held.unassigned)),
        (gettext("late"), len(held.late)),
        (gettext("being worked on"), held.counts.get("accepted", 0)),
        (gettext("waiting for the unit"), held.counts.get("more_asked", 0)),
    ]


def choices(specialties: set[str]) -> dict[str, list[Choice]]:
    """Who answers each of these specialties: those on duty first, the least busy first."""
    crew = crews()
    named = known(one.staff for some in crew.values() for one in some)
    return {code: _choices(crew.get(code, []), named) for code in sorted(specialties)}


def _choices(crew: list[Candidate], named: dict[UUID, Staff]) -> list[Choice]:
    some = [Choice(c.staff, staff_name(named.get(c.staff)) or c.name, c.on_duty, c.hands) for c in crew]
    return sorted(some, key=lambda c: (not c.on_duty, c.hands, c.name))


def _card(line: Line, verb: str, choices: dict[str, list[Choice]]) -> SafeString:
    """A case with what can be done about it from here: `verb` (assign, reroute, ""), to anybody but who has it."""
    code, has = line.case.specialty, line.case.specialist_id
    return form_kept(
        "coordinator/card.html", case=shown(line, owner=True, specialty=True), give=verb, specialty=code, has=has,
        others=any(one.id != has for one in choices[code]),
    )  # fmt: skip


def verb_of(case: Case, by: Staff) -> str:
    """How a case is given in its state: assign, reroute, "" for not at all."""
    return verb_for(case, tuple(right for right in ("case.assign", "case.reroute") if may(by, right, case)))


def verb_for(case: Case, gives: tuple[str, ...]) -> str:
    """As `verb_of`, for somebody who holds these rights about the case."""
    open_acts = {row.act for row in CASE.available(case.status)}
    if case.status in (RECEIVED, DECLINED) and "assign" in open_acts and "case.assign" in gives:
        return "assign"
    return "reroute" if "reroute" in open_acts and "case.reroute" in gives else ""


@require_POST
@needs("case.assign")
@once
def give(request: Any, case_id: UUID) -> HttpResponse:
    """Give a case to somebody; where somebody has it already, with a reason."""
    case = found(case_id)
    verb = verb_of(case, request.staff)
    try:
        to = Staff.objects.filter(pk=UUID(request.POST.get("to", "")), active=True).first()
    except ValueError:
        to = None
    if to is None:
        messages.error(request, gettext("Choose a specialist."))
        return redirect("coordinator:board")
    try:
        if verb == "reroute":
            acts.reroute(case, to, request.staff, request.POST.get("reason", ""))
        else:
            acts.assign(case, to, request.staff)
    except Refusal as refused:
        messages.error(request, told(refused.message))
    else:
        messages.success(request, gettext("Given to %(name)s.") % {"name": staff_name(to)})
    return redirect("coordinator:board")
