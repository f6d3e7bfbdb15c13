"""The unit's cases: where each is, what was said, the answer, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import acts, queries, telling
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import at_hand, of_case, proof_of
from qafila.clinic.cases.transitions import ACCEPTED, CLOSED, MORE_ASKED, OPEN, WITH_ANSWER
from qafila.clinic.forms.context import pack_of
from qafila.clinic.prescribing.queries import adopted
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Visit
from qafila.kernel.looks import one_look
from qafila.packs import load
from qafila.packs.shapes import PackError
from qafila.registry.people import queries as people
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.sync import state
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor import answers
from qafila.web.doctor.lines import case_lines, file_title, specialty_label, status_label
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import heading
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.records.attachments import page_of
from qafila.web.specialist import medicines
from qafila.web.staff_names import staff_name


@dataclass(frozen=True)
class Step:
    """A stage that a case has passed, or has before it."""

    label: str
    done: bool
    at: datetime | None


def steps(case: Case, lines: list[queries.Line]) -> list[Step]:
    """Where the case is: saved, sent, received, assigned, answered, here, explained, closed, each with its time."""
    first: dict[str, datetime] = {}
    latest: dict[str, datetime] = {}
    for line in lines:
        first.setdefault(line.act, line.at)
        latest[line.act] = line.at
    left = case.sent_at is not None and (case.received_at is not None or not state.not_left([case.pk]))
    return [
        Step(gettext("Saved here"), case.sent_at is not None, case.sent_at),
        Step(gettext("Sent"), left, None),
        Step(gettext("Received by the hub"), case.received_at is not None, case.received_at),
        Step(gettext("Given to a specialist"), "assign" in first, first.get("assign")),
        Step(gettext("Answered"), case.answered_at is not None, case.answered_at),
        Step(gettext("Answer on the unit"), case.on_unit_at is not None, case.on_unit_at),
        Step(gettext("Explained"), "explain" in latest, latest.get("explain")),
        Step(gettext("Closed"), case.closed_at is not None, case.closed_at),
    ]


def found_case(case_id: UUID) -> Case:
    """The case. Raises `Http404` where it is not on this node."""
    case: Case | None = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise Http404
    return case


@require_GET
@needs("case.draft", "case.read")
def list_page(request: Any) -> HttpResponse:
    """Open cases, those that need the unit first; and the last closed ones."""
    if request.unit is None:
        raise Http404
    rows = case_lines(queries.of_unit_open(request.unit, closed=20))
    over = ("closed", "cancelled", "died")
    context = {"open": [r for r in rows if r.status not in over], "closed": [r for r in rows if r.status in over]}
    return render(request, "doctor/cases.html", context)


@require_GET
@needs("case.read", "case.draft")
def page(request: Any, case_id: UUID) -> HttpResponse:
    """One case: its state, the gate, messages, the answer, the timeline."""
    return show(request, found_case(case_id))


def show(request: Any, case: Case, status: int = 200, **more: Any) -> HttpResponse:
    """The case's page; `typed` in `more` holds what was sent with a refused form, by the form's act."""
    require(request.staff, "case.read", case)
    opened = entrance.read(request, case.person_id, "doctor.case", row=case)
    opened.require(case)
    if case.status in WITH_ANSWER:
        acts.mark_read(case, request.staff)
    with one_look():
        return _show(request, case, status, **more)


def _show(request: Any, case: Case, status: int, **more: Any) -> HttpResponse:
    from qafila.web.doctor.packet import WRITTEN, flags, gate_of
    from qafila.web.doctor.telling import section

    talk = queries.talk_of(case)
    answer = talk.answer
    author = talk.staff.get(answer.author_id) if answer is not None and answer.author_id else None
    person = people.get(case.person_id)
    visit = Visit.objects.filter(pk=case.visit_id).first() if case.visit_id else None
    if person is None or visit is None:
        raise Http404
    writing = case.status == "draft"
    lines = queries.timeline(case, talk)
    possible = queries.available(case, request.staff)
    context = {
        **heading(visit, person),
        "case": case,
        "visit_url": visit_url(request.staff, visit),
        "words": line_status(case),
        "specialty": specialty_label(case.specialty),
        "steps": steps(case, lines),
        "answer": answer,
        "answer_lines": answers.lines(case, answer) if answer else [],
        "proposed": medicines.lines(answer),
        "adoptable": _adoptable(answer, request.staff, visit),
        "proof": proof_of(answer, author, read=[*at_hand(case), *talk.messages]) if answer else None,
        "answer_by": author,
        "messages_": [(row, staff_name(talk.staff.get(row.author_id))) for row in talk.messages],
        "lines": [replace(line, words=answers.said_with(case, line)) for line in lines],
        "declined": answers.declined(case, talk),
        "is_open": case.status in OPEN,
        "writes": may(request.staff, "message.write", case),
        "packet_open": case.status in WRITTEN and may(request.staff, "case.draft", case),
        "emergency": load.country(country_code()).emergency if case.urgency == "emergency" else (),
        "files": [
            (f, file_title(f), page_of(f), sync_words(f, case))
            for f in of_case(request.opened.shown(queries.files_of(case)))
        ],
        "acts": possible,
        "outcomes": _outcomes(case, possible),
        "outcome_words": next((w for c, w, _n in _outcomes(case, ["close"]) if c == case.outcome), ""),
        "pack": _pack(case),
        **section(case, answer, request.staff, person),
        **(flags(case) if writing or case.urgency == "emergency" else {}),
        **(gate_of(case, request.staff) if writing else {}),
        **(_consent_words() if writing else {}),
        **more,
    }
    return render(request, "doctor/case.html", context, status=status)


def _adoptable(answer: Answer | None, staff: Staff, visit: Visit) -> bool:
    """Whether the reader may make the proposed medicines a prescription, and nobody has yet."""
    return answer is not None and bool(answer.proposal) and may(staff, "prescribe", visit) and not adopted([answer.pk])


def visit_url(staff: Staff, visit: Visit) -> str:
    """The visit's page as the reader may open it: the consultation, or the record."""
    return reverse("doctor:consult" if may(staff, "consult.write", visit) else "nurse:record", args=[visit.pk])


def line_status(case: Case) -> str:
    """The state in words; of a case that was sent, whether it has left this node."""
    here = case.status == "sent" and state.not_left([case.pk])
    return status_label("waits" if here else case.status)


TAKEN = WITH_ANSWER | {ACCEPTED, MORE_ASKED, CLOSED}
"""States of a case that a specialist has before them, or had."""


def sync_words(file: Any, case: Any = None) -> str:
    """Where a file is: here alone, held back, on its way, with the hub, and before the specialist who took `case`."""
    now = state.of_file(file.sha256)
    taken = case is not None and case.status in TAKEN
    on_hub = gettext("received by the hub, the specialist has the case") if taken else gettext("received by the hub")
    parts = {"done": now.done, "chunks": now.chunks}
    waits = now.held and gettext("waits for the parked vehicle")
    return {
        "saved": waits or gettext("saved here, waits for the link"),
        "sending": waits or gettext("on its way: %(done)s of %(chunks)s parts") % parts,
        "on_hub": on_hub,
        "expected": gettext("still on its way here"),
    }.get(now.state, "")


def _pack(case: Case) -> Any:
    try:
        return pack_of(case)
    except PackError:
        return None


def _consent_words() -> dict[str, Any]:
    return {
        "purpose": next(
            p.label.text(words.language()) for p in load.encounter().consent_purpose if p.code == "referral"
        ),
        "giver": load.encounter().consent_giver,
        "methods": [m for m in load.encounter().consent_method if m.code != "emergency_unable"],
        "spoken": load.country(country_code()).spoken,
    }


def _outcomes(case: Case, possible: list[str]) -> list[tuple[str, str, str]]:
    """Outcomes that can be recorded now: all once there is an answer here, before that only that somebody died."""
    pack = _pack(case)
    everything = "close" in possible or "close_unreached" in possible
    held = [o for o in (pack.outcome if pack else ()) if everything or ("close_died" in possible and o.died)]
    return [(o.code, o.label.text(words.language()), o.needs) for o in held]


Act = Callable[[Case, Staff, Any], Any]
ACTS: dict[str, Act] = {
    "cancel": lambda case, by, said: acts.cancel(case, by, said("reason", "")),
    "supply": lambda case, by, said: acts.supply(case, by, said("text", "")),
    "message": lambda case, by, said: acts.post_message(case, by, said("text", "")),
    "explain": lambda case, by, said: acts.explain(
        case,
        by,
        said("note", ""),
        way=said("way", "") or telling.IN_PERSON,
        language=said("language", ""),
        interpreter=said("interpreter", ""),
    ),
    "contact": lambda case, by, said: acts.record_contact(
        case, by, said("way", ""), said("result", ""), said("words", "")
    ),
    "close": lambda case, by, said: acts.close(case, by, said("outcome", ""), said("note", "")),
    "call": lambda case, by, said: acts.record_alarm_act(case, by, "call", said("words", "")),
    "transfer": lambda case, by, said: acts.record_alarm_act(case, by, "transfer", said("words", "")),
}


@require_POST
@needs("case.draft", "case.read", "alarm.act")
@once
def act(request: Any, case_id: UUID, verb: str) -> HttpResponse:
    """Do something about a case."""
    case = found_case(case_id)
    if verb not in ACTS:
        raise Http404
    try:
        ACTS[verb](case, request.staff, request.POST.get)
    except Refusal as refused:
        return show(request, found_case(case_id), 422, problem=shown(refused.message), typed={verb: request.POST})
    messages.success(request, gettext("Saved."))
    return redirect("doctor:case", case.pk)
