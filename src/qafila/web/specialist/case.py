"""One case on one page, and what can be done about it on the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.cases import acts, queries
from qafila.clinic.cases.line import candidates as crew_of
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import UNDER_WAY
from qafila.clinic.refusal import Doubtful, Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal import history
from qafila.kernel import clock
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.registry.units.models import Unit
from qafila.web.access import needs
from qafila.web.nurse import drafts
from qafila.web.once import once
from qafila.web.reception.words import age_words, language, name_words, sex_words
from qafila.web.records.attachments import shown as shown_file
from qafila.web.specialist import answering, opinion, packet
from qafila.web.specialist.clock import spent
from qafila.web.specialist.words import (
    act_words,
    delay_words,
    due_words,
    pack_of,
    reason_words,
    specialty_words,
    staff_name,
    status_words,
    unit_words,
)
from qafila.web.templatetags.qafila import told

READERS = ("case.answer", "case.assign")
"""Whom these pages are for; the crew of a unit has pages of its own."""
CHOOSE = N_("Choose a specialist.")
OVER = ("closed", "cancelled", "died")


def found(case_id: UUID) -> Case:
    """The case. Raises `Http404` where it is not on this node."""
    case: Case | None = Case.objects.filter(pk=case_id).first()
    if case is None:
        raise Http404
    return case


@require_GET
@needs(*READERS)
def page(request: Any, case_id: UUID) -> HttpResponse:
    """The packet, the talk, the answer."""
    return shown(request, found(case_id))


def shown(request: Any, case: Case, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a case; `more` what a refused form brings along."""
    require(request.staff, "case.read", case)
    history.log_read(request.staff.pk, case.person_id, "specialist.case")
    can = queries.available(case, request.staff)
    answer, pack = queries.answer_of(case), pack_of(case.specialty)
    context = {
        **_head(case),
        "case": case,
        "pack": pack,
        "can": can,
        "answer": answer,
        "answered": answering.shown(answer, pack) if answer else [],
        "receipts": queries.receipts(case, answer) if answer else None,
        "missed": len(answer.missing_attachments) if answer else 0,
        "talk": _talk(case, pack),
        "timeline": _timeline(case, pack),
        "files": [shown_file(f, pack, language()) for f in queries.files_of(case)],
        "reasons": [(r.code, r.label.text(language())) for r in pack.decline_reason] if pack else [],
        "writes": may(request.staff, "message.write", case) and case.status not in OVER,
        "history": may(request.staff, "journal.read", case),
        "confirms": case.reconfirm and may(request.staff, "case.answer", case),
        **_record(case, pack),
        **_forms(request, case, can),
        **opinion.shown(case, request.staff),
        "spent": spent(case),
        **more,
    }
    return render(request, "specialist/case.html", context, status=status)


def _head(case: Case) -> dict[str, Any]:
    person = people.get(case.person_id)
    name, other = name_words(person, people.names_of([case.person_id]).get(case.person_id, []))
    unit = Unit.objects.filter(pk=case.unit_id).first()
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": age_words(age_of(person, local_day())) if person else "",
        "sex": sex_words(person) if person else "",
        "unit_name": unit_words(unit),
        "unit_phone": unit.phone if unit else "",
        "doctor": Staff.objects.filter(pk=case.doctor_id).first(),
        "specialist": Staff.objects.filter(pk=case.specialist_id).first() if case.specialist_id else None,
        "specialty": specialty_words(case.specialty),
        "words": status_words(case.status),
        "due": due_words(case.deadline) if case.status not in OVER and case.answered_at is None else "",
        "late": case.status in UNDER_WAY and case.deadline is not None and case.deadline < clock.now(),
        "delay": delay_words(case),
    }


def _record(case: Case, pack: Any) -> dict[str, Any]:
    person = people.get(case.person_id)
    vitals, score = packet.vitals(case, person)
    record: dict[str, Any] = {"vitals": vitals, "score": score}
    if pack is not None:
        record |= packet.story(case) | {"intake": packet.intake(case)}
    return record


def _talk(case: Case, pack: Any) -> list[tuple[Any, str]]:
    rows = queries.messages_of(case)
    staff = Staff.objects.in_bulk({r.author_id for r in rows})
    return [(row, staff_name(staff.get(row.author_id))) for row in rows]


def _timeline(case: Case, pack: Any) -> list[dict[str, Any]]:
    return [
        {
            "at": line.at,
            "what": act_words(line.act),
            "words": reason_words(line.what, pack) if line.kind == "event" else line.words,
            "by": staff_name(line.by),
            "node": line.node,
        }
        for line in queries.timeline(case)
    ]


def draft_name(case: Case) -> str:
    """Under what the typed answer is kept until it is sent."""
    return f"answer:{case.pk.hex}"


def _forms(request: Any, case: Case, can: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pack = pack_of(case.specialty)
    if pack is not None and ("answer" in can or "correct" in can):
        kept = drafts.load(request.staff, draft_name(case))
        given = dict(kept[0].lists()) if kept else answering.typed(queries.answer_of(case))
        found |= {"fields": answering.fields(pack, given), "draft": draft_name(case), "kept": kept[1] if kept else None}
    if "assign" in can or "reroute" in can:
        found |= {"others": others(case), "give": "reroute" if "assign" not in can else "assign"}
    return found


def others(case: Case) -> list[tuple[UUID, str, bool, int]]:
    """To whom it could go: those on duty first, the least busy first. Id, name, on duty, cases in hand."""
    crew = crew_of(case.specialty, everybody=True)
    people_ = Staff.objects.in_bulk([c.staff for c in crew])
    held = [
        (c.staff, staff_name(people_.get(c.staff)), c.on_duty, c.hands) for c in crew if c.staff != case.specialist_id
    ]
    return sorted(held, key=lambda one: (not one[2], one[3], one[1]))


def _chosen(said: Callable[..., str]) -> Staff:
    try:
        staff = Staff.objects.filter(pk=UUID(said("to", "")), active=True).first()
    except ValueError:
        staff = None
    if staff is None:
        raise Refusal(Message(CHOOSE))
    return staff


Act = Callable[[Case, Staff, Any], Any]
ACTS: dict[str, Act] = {
    "accept": lambda case, by, said: acts.accept(case, by),
    "ask": lambda case, by, said: acts.ask(case, by, said("text", "")),
    "decline": lambda case, by, said: acts.decline(case, by, said("reason", ""), said("suggestion", "")),
    "message": lambda case, by, said: acts.post_message(case, by, said("text", "")),
    "confirm": lambda case, by, said: acts.confirm_answer(case, by, said("note", "")),
    "assign": lambda case, by, said: acts.assign(case, _chosen(said), by),
    "reroute": lambda case, by, said: acts.reroute(case, _chosen(said), by, said("reason", "")),
}


@require_POST
@needs(*READERS)
@once
def act(request: Any, case_id: UUID, verb: str) -> HttpResponse:
    """Do something about a case."""
    case = found(case_id)
    if verb not in ACTS:
        raise Http404
    try:
        ACTS[verb](case, request.staff, request.POST.get)
    except Refusal as refused:
        fresh = found(case_id)
        return shown(request, fresh, 422, problem=told(refused.message), problem_at=verb, typed=request.POST)
    messages.success(request, gettext("Saved."))
    fresh = found(case_id)
    if may(request.staff, "case.read", fresh):
        return redirect("specialist:case", case_id)
    return redirect("home")


@require_POST
@needs("case.answer")
@once
def answer(request: Any, case_id: UUID) -> HttpResponse:
    """Send the answer, or a corrected one."""
    case = found(case_id)
    given = dict(request.POST.lists())
    can = queries.available(case, request.staff)
    try:
        (acts.correct_answer if "correct" in can else acts.answer)(case, request.staff, given)
    except Doubtful as doubt:
        pack = pack_of(case.specialty)
        if pack is None:
            raise Http404 from None
        form = answering.fields(pack, given, dict(doubt.errors))
        return shown(request, case, 422, fields=form, kept=None, problem_at="answer")
    drafts.forget(request.staff, draft_name(case))
    messages.success(request, gettext("The answer is on its way to the unit."))
    return redirect("specialist:case", case_id)
