"""One case on one page, and what can be done about it on the hub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.access.door import Opened
from qafila.clinic.cases import acts, loop_queries, proposal, queries
from qafila.clinic.cases.line import candidates as crew_of
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import at_hand, proof_of
from qafila.clinic.cases.routing import Candidate
from qafila.clinic.cases.transitions import UNDER_WAY
from qafila.clinic.refusal import Doubtful, Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.kernel import clock
from qafila.kernel.looks import one_look
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.people.births import age_of
from qafila.registry.places.here import local_day
from qafila.registry.staff.factors.queries import signing_passkeys
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import has_key
from qafila.registry.staff.rights import may, require
from qafila.registry.staff.signing import OpenKey
from qafila.registry.units.queries import known as known_units
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.account import passkey
from qafila.web.doctor import answers
from qafila.web.doctor.telling import spared_lines
from qafila.web.login import open_key, signs_by_pin
from qafila.web.nurse import drafts
from qafila.web.once import once
from qafila.web.reception.words import age_words, language, name_words, sex_words
from qafila.web.records.attachments import shown_files
from qafila.web.specialist import answering, medicines, opinion, packet
from qafila.web.specialist.clock import spent
from qafila.web.specialist.words import (
    act_words,
    delay_words,
    due_words,
    outcome_words,
    pack_of,
    specialty_words,
    status_words,
    unit_words,
)
from qafila.web.staff_names import staff_name
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
    with one_look():
        return _shown(request, case, status, **more)


def _shown(request: Any, case: Case, status: int, **more: Any) -> HttpResponse:
    require(request.staff, "case.read", case)
    opened = entrance.read(request, case.person_id, "specialist.case", row=case)
    can = queries.available(case, request.staff)
    could = crew_of(case.specialty, everybody=True) if {"assign", "reroute"} & set(can) else []
    talk, pack = queries.talk_of(case, [one.staff for one in could]), pack_of(case.specialty)
    if not opened.sees(case):
        return _kept(request, case, status, {**_gives(case, can, could, talk.staff), "can": can, **more}, talk)
    answer = talk.answer
    author = talk.staff.get(answer.author_id) if answer else None
    context = {
        **_head(case, talk.staff),
        "case": case,
        "pack": pack,
        "can": can,
        "answer": answer,
        "answered": answers.lines(case, answer) if answer else [],
        "proposed": medicines.lines(answer),
        "outcome": outcome_words(case),
        "saving": spared_lines(loop_queries.saving_of(case)) if case.outcome else None,
        "proof": proof_of(answer, author, read=[*at_hand(case), *talk.messages]) if answer else None,
        "receipts": queries.receipts(case, answer, talk) if answer else None,
        "talk": [(row, staff_name(talk.staff.get(row.author_id))) for row in talk.messages],
        "timeline": _timeline(case, talk),
        "declined": answers.declined(case, talk),
        "files": shown_files(opened.shown(queries.files_of(case)), pack, language()),
        "reasons": [(r.code, r.label.text(language())) for r in pack.decline_reason] if pack else [],
        "writes": may(request.staff, "message.write", case) and case.status not in OVER,
        "history": may(request.staff, "journal.read", case),
        "teaches": may(request.staff, "teaching.copy", case),
        "confirms": (case.reconfirm or case.came_after) and may(request.staff, "case.answer", case),
        **_record(case, pack, opened),
        **_forms(request, case, can, answer),
        **_gives(case, can, could, talk.staff),
        **opinion.shown(case, request.staff),
        "spent": spent(talk.events),
        **more,
    }
    return render(request, "specialist/case.html", context, status=status)


def _kept(request: Any, case: Case, status: int, more: dict[str, Any], talk: queries.Talk) -> HttpResponse:
    """The page of a confidential case for who routes it and does not treat: where it stands, and nothing of it."""
    steps = [line | {"words": ""} for line in _timeline(case, talk)]
    context = {**_head(case, talk.staff), "case": case, "timeline": steps, "spent": spent(talk.events), **more}
    context["label"] = load.access().labelled(case.label).label.text(language())
    return render(request, "specialist/kept.html", context, status=status)


def _head(case: Case, staff: dict[UUID, Staff]) -> dict[str, Any]:
    person = people.get(case.person_id)
    name, other = name_words(person, people.names_of_one(case.person_id))
    unit = known_units([case.unit_id]).get(case.unit_id)
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": age_words(age_of(person, local_day())) if person else "",
        "sex": sex_words(person) if person else "",
        "unit_name": unit_words(unit),
        "unit_phone": unit.phone if unit else "",
        "doctor": staff.get(case.doctor_id),
        "specialist": staff.get(case.specialist_id) if case.specialist_id else None,
        "specialty": specialty_words(case.specialty),
        "words": status_words(case.status),
        "due": due_words(case.deadline) if case.status not in OVER and case.answered_at is None else "",
        "late": case.status in UNDER_WAY and case.deadline is not None and case.deadline < clock.now(),
        "delay": delay_words(case),
    }


def _record(case: Case, pack: Any, opened: Opened) -> dict[str, Any]:
    person = people.get(case.person_id)
    vitals, score = packet.vitals(case, person)
    record: dict[str, Any] = {"vitals": vitals, "score": score}
    if pack is not None:
        record |= packet.story(case, opened) | {"intake": packet.intake(case)}
        record["summary"] = replace(record["summary"], problems=opened.shown(record["summary"].problems))
    return record


def _timeline(case: Case, talk: queries.Talk) -> list[dict[str, Any]]:
    return [
        {
            "at": line.at,
            "what": act_words(line.act),
            "words": answers.said_with(case, line),
            "by": staff_name(line.by),
            "node": line.node,
        }
        for line in queries.timeline(case, talk)
    ]


def draft_name(case: Case) -> str:
    """Under what the typed answer is kept until it is sent."""
    return f"answer:{case.pk.hex}"


def _forms(request: Any, case: Case, can: list[str], before: Answer | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pack = pack_of(case.specialty)
    if pack is not None and ("answer" in can or "correct" in can):
        kept = drafts.load(request.staff, draft_name(case))
        given = dict(kept[0].lists()) if kept else answering.typed(before)
        held = medicines.rows(kept[0]) if kept else proposal.tidy(before.proposal if before else None)
        found |= {"fields": answering.fields(pack, given), "draft": draft_name(case), "kept": kept[1] if kept else None}
        found |= medicines.form(held)
    if "fields" in found or "decline" in can:
        found["by_pin"] = signs_by_pin(request.staff)
        found["by_passkey"] = bool(passkey.host_of(request)) and bool(signing_passkeys(request.staff))
    return found


def _gives(case: Case, can: list[str], could: list[Candidate], staff: dict[UUID, Staff]) -> dict[str, Any]:
    if not could:
        return {}
    return {"others": ranked(case, could, staff), "give": "reroute" if "assign" not in can else "assign"}


def ranked(case: Case, could: list[Candidate], staff: dict[UUID, Staff]) -> list[tuple[UUID, str, bool, int]]:
    """To whom it could go: those on duty first, the least busy first. Id, name, on duty, cases in hand."""
    held = [
        (one.staff, staff_name(staff.get(one.staff)), one.on_duty, one.hands)
        for one in could
        if one.staff != case.specialist_id
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
@needs("case.decline")
def decline(request: Any, case_id: UUID) -> HttpResponse:
    """Sign a refusal and give the case back."""
    request.key = _opened(request)
    return _decline(request, case_id)


@once
def _decline(request: Any, case_id: UUID) -> HttpResponse:
    case, said = found(case_id), request.POST.get
    wrong: dict[str, Any] = {"problem_at": "decline", "typed": request.POST}
    if request.key is None:
        require(request.staff, "case.decline", case)
        return shown(request, case, 422, undeclined=_unsigned(request), **wrong)
    try:
        acts.decline(case, request.staff, said("reason", ""), request.key, said("suggestion", ""))
    except Refusal as refused:
        return shown(request, found(case_id), 422, problem=told(refused.message), **wrong)
    messages.success(request, gettext("Saved."))
    return redirect("home")


def _opened(request: Any) -> OpenKey | None:
    # Not within the form's own transaction: a wrong PIN counts, whatever becomes of the form.
    if request.POST.get("credential"):
        return passkey.open_key(request)
    return open_key(request.staff, request.POST.get("secret", ""), request)


@require_POST
@needs("case.answer")
def answer(request: Any, case_id: UUID) -> HttpResponse:
    """Sign and send the answer, or a corrected one."""
    request.key = _opened(request)
    return _answer(request, case_id)


@once
def _answer(request: Any, case_id: UUID) -> HttpResponse:
    case = found(case_id)
    given, rows = dict(request.POST.lists()), medicines.rows(request.POST)
    can = queries.available(case, request.staff)
    errors: dict[str, Any] = {}
    try:
        if request.key is None:
            require(request.staff, "case.answer", case)
            acts.read_answer(case, given, rows)
        else:
            act_ = acts.correct_answer if "correct" in can else acts.answer
            act_(case, request.staff, given, request.key, rows)
    except Doubtful as doubt:
        errors = dict(doubt.errors)
    if errors or request.key is None:
        pack = pack_of(case.specialty)
        if pack is None:
            raise Http404
        unsigned = "" if request.key is not None else _unsigned(request)
        form = {"fields": answering.fields(pack, given, errors), "kept": None, "unsigned": unsigned}
        return shown(request, case, 422, problem_at="answer", **form, **medicines.form(rows, errors))
    drafts.forget(request.staff, draft_name(case))
    messages.success(request, gettext("The answer is on its way to the unit."))
    return redirect("specialist:case", case_id)


def _unsigned(request: Any) -> str:
    """Why the key did not open."""
    if request.POST.get("credential"):
        return gettext("Not signed: the passkey did not open your key. Type your password.")
    if not has_key(request.staff):
        return gettext("You have no key to sign with on this node: an administrator has to set your password again.")
    return gettext("Not signed: this is neither your PIN of this shift nor your password.")
