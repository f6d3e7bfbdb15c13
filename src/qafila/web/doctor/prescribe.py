"""Writing, adopting and signing a prescription."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.cases.models import Answer
from qafila.clinic.prescribing import acts, doses
from qafila.clinic.prescribing.findings import Facts
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.prescribing.person import facts_of
from qafila.clinic.refusal import Doubtful, Refusal
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.rules.words import Message
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.clinic.visits.queries import summary
from qafila.kernel.text import Number, parse_number
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.medicines import (
    add_usual,
    beside,
    dose_units,
    groups,
    of_proposal,
    plain,
    products,
    read,
    take_offer,
    told,
    typed,
    unit_label,
)
from qafila.web.login import proves
from qafila.web.nurse import drafts
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language


def signing(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say whether the form is signed (`request.proven`): by the PIN of the shift or the password on a shared tablet."""

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        helped = any(request.POST.get(name) for name in ("usual", "offer", "look"))
        ready = request.method == "POST" and not helped
        request.proven = ready and proves(request, request.staff, request.POST.get("secret", ""))
        return view(request, *args, **kwargs)

    return wrapped


def dose_words(item: Any) -> str:
    """A line of a prescription as people say it: how much, how often, how long."""
    dose, times = plain(item.dose), plain(item.per_day)
    count = int(item.per_day) if item.per_day == int(item.per_day) else 2
    return " · ".join(
        (
            f"{dose}\N{NO-BREAK SPACE}{unit_label(item.dose_unit)}",
            ngettext("%(n)s time a day", "%(n)s times a day", count) % {"n": times},
            ngettext("for %(n)s day", "for %(n)s days", item.days) % {"n": item.days},
        )
    )


def unchecked_words(row: Prescription) -> list[str]:
    """What could not be checked when it was written, in the reader's language: a print says so."""
    return [told(Message(text, **values)) for text, values in row.checked.get("not_checked", [])]


@require_http_methods(["GET", "POST"])
@needs("prescribe")
@signing
@once
def page(request: Any, visit_id: UUID, answer_id: UUID | None = None) -> HttpResponse:
    """The prescription as a form; signing follows at once. With an answer: what it proposes, adopted by signing it."""
    visit, person = found(visit_id)
    require(request.staff, "prescribe", visit)
    entrance.read(request, person.pk, "doctor.prescribe", row=visit)
    answer = _answer(answer_id, person.pk)
    draft = f"prescribe:{visit.pk.hex}" if answer is None else f"adopt:{answer.pk.hex}"
    kept = drafts.load(request.staff, draft) if request.method == "GET" else None
    said = kept[0] if kept else request.POST
    if answer is not None and request.method == "GET" and kept is None:
        said = of_proposal(answer)
    facts = facts_of(person.pk)
    lines = typed(said)
    helped = _helped(request.POST, lines, facts)
    context = {
        **heading(visit, person),
        **_around(facts),
        "ask_url": f"{request.path}ask/",
        "lines": lines,
        "advice": said.get("advice", ""),
        "override": said.get("override_reason", ""),
        "draft": draft,
        "kept": kept[1] if kept else None,
        "answer": answer,
        "proposer": Staff.objects.filter(pk=answer.author_id).first() if answer else None,
        "summary": summary(person.pk, visits=1),
    }
    if request.method == "GET" or helped:
        return render(request, "doctor/prescribe.html", context | checked(visit, lines))
    wrong, problem = _sign(request, visit, lines, context, answer)
    if not wrong and not problem:
        drafts.forget(request.staff, draft)
        messages.success(request, gettext("Signed. It can be printed now."))
        return redirect("doctor:consult", visit.pk)
    for row, words in wrong:
        lines[row]["wrong"].append(words)
    context["problem"] = problem
    return render(request, "doctor/prescribe.html", context | checked(visit, lines), status=422)


def _answer(pk: UUID | None, person: UUID) -> Answer | None:
    if pk is None:
        return None
    row = Answer.objects.filter(pk=pk, status="final").first()
    if row is None or row.person_id not in one_with(person):
        raise Http404
    return row


def _helped(form: Any, lines: list[dict[str, Any]], facts: Facts) -> bool:
    """Whether a button (or the Enter key) only filled something in: a usual course, or a dose in the right unit."""
    if form.get("usual"):
        add_usual(lines, form["usual"], facts)
    elif form.get("offer"):
        take_offer(lines, form["offer"])
    elif not form.get("look"):
        return False
    return True


def _around(facts: Facts) -> dict[str, Any]:
    """What stands around the lines: lists to choose from, and what is known of the person."""
    held = acts.formulary()
    return {
        "products": products(language()),
        "groups": groups(facts),
        "units": [(code, unit_label(code)) for code in dose_units()],
        "routes": [(r.code, r.label.text(language())) for r in held.formulary.route],
        "facts": facts,
        "weight_why": told(facts.weight_why) if facts.weight_why else "",
        "egfr_why": told(facts.egfr_why) if facts.egfr_why else "",
        "creatinine_units": [(unit.ucum, unit.shown) for unit in KINDS["creatinine"].units],
        "status_draft": held.formulary.status == "draft",
    }


def _sign(
    request: Any, visit: Any, lines: list[dict[str, Any]], context: dict[str, Any], answer: Answer | None
) -> tuple[list[tuple[int, str]], str]:
    """Write and sign; what is wrong with which row, and what is wrong at all."""
    items, wrong = read(lines)
    if wrong:
        return wrong, ""
    if not request.proven:
        return [], gettext("Not signed: the PIN or the password was not right.")
    words = {"advice": context["advice"], "override_reason": context["override"]}
    try:
        if answer is None:
            made = acts.write_prescription(visit, request.staff, items, **words)
        else:
            made = acts.adopt(answer, request.staff, items, visit=visit, **words)
        acts.sign(made, request.staff)
    except acts.Unsafe as unsafe:
        if unsafe.never:
            return [], gettext("No reason is enough for what is contraindicated: change the line, or what is recorded.")
        return [], gettext("Look again before you sign.")
    except Doubtful as doubt:
        rows = [line["n"] for line in lines if line["used"]]
        # A wrong unit stands beside its line already, with the dose in the right one.
        told_there = [(key, m) for key, m in doubt.errors if m.text not in (doses.WRONG_UNIT, doses.WRONG_UNIT_OFFER)]
        wrong = [(rows[int(key.partition(".")[0] or 0)], told(message)) for key, message in told_there]
        return wrong, "" if wrong else gettext("Look again before you sign.")
    except Refusal as refused:
        return [], shown(refused.message)
    return [], ""


@require_POST
@needs("prescribe")
def check(request: Any, visit_id: UUID) -> HttpResponse:
    """What the checks say of the medicines typed so far, and what they could not look at. Writes nothing."""
    visit, _person = found(visit_id)
    require(request.staff, "prescribe", visit)
    lines = typed(request.POST)
    return render(request, "doctor/checked_lines.html", {"lines": lines} | checked(visit, lines))


def checked(visit: Any, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Findings beside their rows, and what was not checked, of the rows that name a medicine."""
    for line in lines:
        line["used"] = line["used"] and bool(line["words"].strip())
    items = read(lines)[0]
    if not items:
        return {"found": False, "reasoned": False, "never": False, "not_checked": []}
    result = acts.check(visit, items)
    beside(lines, items, result)
    return {
        "found": bool(result.found),
        "reasoned": bool(result.reasoned),
        "never": bool(result.never),
        "not_checked": [told(m) for m in result.reasons],
    }


@require_POST
@needs("prescribe")
@once
def ask(request: Any, visit_id: UUID, answer_id: UUID | None = None) -> HttpResponse:
    """Answer what the checks lack: pregnancy, breastfeeding, weight, creatinine. Back to the page above."""
    visit, person = found(visit_id)
    require(request.staff, "prescribe", visit)
    _answer(answer_id, person.pk)
    readings: list[Reading] = []
    for code in ("pregnant", "lactating"):
        if request.POST.get(code) in ("yes", "no"):
            readings.append(Reading(code, request.POST[code] == "yes"))
    for code, unit in (("weight", "kg"), ("creatinine", request.POST.get("creatinine_unit", "umol/L"))):
        if request.POST.get(code, "").strip():
            value = parse_number(request.POST[code])
            if not isinstance(value, Number):
                messages.error(request, gettext("This is not a number."))
                return redirect(request.path.removesuffix("ask/"))
            readings.append(Reading(code, value.value, unit))
    try:
        if readings:
            visits.record_vitals(visit, request.staff, readings)
            messages.success(request, gettext("Saved."))
    except Doubtful as doubt:
        messages.error(request, " ".join(shown(message) for _, message in doubt.errors))
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect(request.path.removesuffix("ask/"))


@require_POST
@needs("prescribe")
@signing
@once
def sign(request: Any, prescription_id: UUID) -> HttpResponse:
    """Sign what was written earlier."""
    row = Prescription.objects.filter(pk=prescription_id).first()
    if row is None:
        raise Http404
    if not request.proven:
        messages.error(request, gettext("Not signed: the PIN or the password was not right."))
        return redirect("doctor:consult", row.visit_id)
    try:
        acts.sign(row, request.staff)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect("doctor:consult", row.visit_id)
