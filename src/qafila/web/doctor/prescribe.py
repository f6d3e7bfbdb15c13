"""Writing and signing a prescription."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.prescribing import acts
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.refusal import Doubtful, Refusal
from qafila.journal import history
from qafila.kernel.text import Integer, Number, parse_integer, parse_number
from qafila.packs import load
from qafila.web.access import needs
from qafila.web.nurse import drafts
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language

LINES = 6
FIELDS = ("words", "dose", "dose_unit", "route", "per_day", "days", "instructions")


DOSE_UNITS = ("tablet", "mg", "mL", "drop", "puff", "application")


def unit_label(code: str) -> str:
    """What a dose is counted in."""
    return {
        "tablet": gettext("tablet"),
        "drop": gettext("drop"),
        "puff": gettext("puff"),
        "application": gettext("application"),
    }.get(code, code)


def dose_words(item: Any) -> str:
    """A line of a prescription as people say it: how much, how often, how long."""
    dose, times = f"{item.dose.normalize():f}", f"{item.per_day.normalize():f}"
    count = int(item.per_day) if item.per_day == int(item.per_day) else 2
    return " · ".join(
        (
            f"{dose}\N{NO-BREAK SPACE}{unit_label(item.dose_unit)}",
            ngettext("%(n)s time a day", "%(n)s times a day", count) % {"n": times},
            ngettext("for %(n)s day", "for %(n)s days", item.days) % {"n": item.days},
        )
    )


@lru_cache(maxsize=8)
def products(tongue: str) -> tuple[tuple[str, str], ...]:
    """(words as printed, code) of everything in the formulary."""
    pack = load.formulary()
    forms = {f.code: f.label.text(tongue) for f in pack.form}
    return tuple(
        (f"{m.label.text(tongue)} {strength} {forms.get(p.form, p.form)}", m.code)
        for m in pack.medicine
        for p in m.product
        for strength in p.strengths
    )


@require_http_methods(["GET", "POST"])
@needs("prescribe")
@once
def page(request: Any, visit_id: UUID) -> HttpResponse:
    """The prescription as a form; signing follows at once."""
    visit, person = found(visit_id)
    history.log_read(request.staff.pk, person.pk, "doctor.prescribe")
    draft = f"prescribe:{visit.pk.hex}"
    kept = drafts.load(request.staff, draft) if request.method == "GET" else None
    said = kept[0] if kept else request.POST
    lines = [{f: said.get(f"{f}-{n}", "") for f in FIELDS} | {"n": n} for n in range(LINES)]
    context = {
        **heading(visit, person),
        "lines": lines,
        "products": products(language()),
        "routes": [(r.code, r.label.text(language())) for r in load.formulary().route],
        "advice": said.get("advice", ""),
        "override": said.get("override_reason", ""),
        "draft": draft,
        "status_draft": load.formulary().status == "draft",
    }
    if request.method == "GET":
        return render(request, "doctor/prescribe.html", context)
    items, wrong = _items(lines)
    if not wrong:
        try:
            made = acts.write_prescription(
                visit,
                request.staff,
                items,
                advice=context["advice"],
                override_reason=context["override"],
            )
        except acts.Unsafe as unsafe:
            context["found"] = [shown(f.message) for f in unsafe.checked.found]
            context["not_checked"] = [shown(m) for m in unsafe.checked.not_checked]
        except Doubtful as doubt:
            wrong = {key: shown(message) for key, message in doubt.errors}
        except Refusal as refused:
            context["problem"] = shown(refused.message)
        else:
            acts.sign(made, request.staff)
            drafts.forget(request.staff, draft)
            messages.success(request, gettext("Signed. It can be printed now."))
            return redirect("doctor:consult", visit.pk)
    context["wrong"] = list(wrong.values())
    return render(request, "doctor/prescribe.html", context, status=422)


def _items(lines: list[dict[str, Any]]) -> tuple[list[acts.Item], dict[str, str]]:
    codes = {words: code for tongue in ("ar", "fr", "en") for words, code in products(tongue)}
    items: list[acts.Item] = []
    wrong: dict[str, str] = {}
    for line in lines:
        if not line["words"].strip():
            continue
        dose, per_day, days = parse_number(line["dose"]), parse_number(line["per_day"]), parse_integer(line["days"])
        where = {"row": line["n"] + 1}
        if not isinstance(dose, Number):
            wrong[f"dose-{line['n']}"] = gettext("Line %(row)s: the dose is not a number.") % where
        if not isinstance(per_day, Number):
            wrong[f"per_day-{line['n']}"] = gettext("Line %(row)s: how many times a day is not a number.") % where
        if not isinstance(days, Integer):
            wrong[f"days-{line['n']}"] = gettext("Line %(row)s: the days are not a whole number.") % where
        words = " ".join(line["words"].split())
        items.append(
            acts.Item(
                words=words,
                dose=dose.value if isinstance(dose, Number) else Decimal(0),
                dose_unit=line["dose_unit"],
                route=line["route"],
                per_day=per_day.value if isinstance(per_day, Number) else Decimal(0),
                days=days.value if isinstance(days, Integer) else 0,
                medicine=codes.get(words, ""),
                instructions=line["instructions"],
            )
        )
    if not items:
        wrong["words-0"] = gettext("Write at least one medicine.")
    return items, wrong


@require_POST
@needs("prescribe")
def sign(request: Any, prescription_id: UUID) -> HttpResponse:
    """Sign what was written earlier."""
    row = Prescription.objects.filter(pk=prescription_id).first()
    if row is None:
        raise Http404
    try:
        acts.sign(row, request.staff)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect("doctor:consult", row.visit_id)
