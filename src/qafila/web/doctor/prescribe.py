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
from qafila.clinic.visits import queries
from qafila.journal import history
from qafila.kernel.text import Integer, Number, parse_integer, parse_number
from qafila.packs import load
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.nurse import drafts
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language

LINES = 6
FIELDS = ("words", "dose", "dose_unit", "route", "per_day", "days", "instructions")


DOSE_UNITS = ("tablet", "capsule", "mg", "g", "mL", "drop", "puff", "sachet", "suppository", "application", "IU")


def unit_label(code: str) -> str:
    """What a dose is counted in."""
    return {
        "tablet": gettext("tablet"),
        "capsule": gettext("capsule"),
        "sachet": gettext("sachet"),
        "suppository": gettext("suppository"),
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
    require(request.staff, "prescribe", visit)
    history.log_read(request.staff.pk, person.pk, "doctor.prescribe")
    draft = f"prescribe:{visit.pk.hex}"
    kept = drafts.load(request.staff, draft) if request.method == "GET" else None
    said = kept[0] if kept else request.POST
    lines = typed(said)
    context = {
        **heading(visit, person),
        "lines": lines,
        "products": products(language()),
        "units": [(code, unit_label(code)) for code in DOSE_UNITS],
        "routes": [(r.code, r.label.text(language())) for r in load.formulary().route],
        "advice": said.get("advice", ""),
        "override": said.get("override_reason", ""),
        "draft": draft,
        "kept": kept[1] if kept else None,
        "status_draft": load.formulary().status == "draft",
        "summary": queries.summary(person.pk, visits=1),
    }
    if request.method == "GET":
        return render(request, "doctor/prescribe.html", context | checked(visit, lines))
    items, wrong = read(lines)
    if not wrong:
        try:
            made = acts.write_prescription(
                visit, request.staff, items, advice=context["advice"], override_reason=context["override"]
            )
        except acts.Unsafe:
            context["problem"] = gettext("Look again before you sign.")
        except Doubtful as doubt:
            rows = [line["n"] for line in lines if line["used"]]
            wrong = [(rows[int(key.partition(".")[0] or 0)], shown(message)) for key, message in doubt.errors]
        except Refusal as refused:
            context["problem"] = shown(refused.message)
        else:
            acts.sign(made, request.staff)
            drafts.forget(request.staff, draft)
            messages.success(request, gettext("Signed. It can be printed now."))
            return redirect("doctor:consult", visit.pk)
    for row, words in wrong:
        lines[row]["wrong"].append(words)
    return render(request, "doctor/prescribe.html", context | checked(visit, lines), status=422)


@require_POST
@needs("prescribe")
def check(request: Any, visit_id: UUID) -> HttpResponse:
    """What the checks say of the medicines typed so far, and what they do not look at. Writes nothing."""
    visit, _person = found(visit_id)
    require(request.staff, "prescribe", visit)
    return render(request, "doctor/checked.html", checked(visit, typed(request.POST)))


def typed(said: Any) -> list[dict[str, Any]]:
    """The form's rows as typed; `used`: something stands in the row."""
    lines = []
    for n in range(LINES):
        line: dict[str, Any] = {f: said.get(f"{f}-{n}", "") for f in FIELDS}
        used = any(line[f].strip() for f in ("words", "dose", "per_day", "days", "instructions"))
        lines.append(line | {"n": n, "used": used, "wrong": []})
    return lines


def checked(visit: Any, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Findings and what was not checked, of the rows that name a medicine."""
    items = [i for i in read(lines)[0] if i.words]
    if not items:
        return {"found": [], "not_checked": []}
    result = acts.check(visit, items)
    return {
        "found": [shown(f.message) for f in result.found],
        "not_checked": [shown(m) for m in result.not_checked],
    }


def read(lines: list[dict[str, Any]]) -> tuple[list[acts.Item], list[tuple[int, str]]]:
    """The medicines of the rows in use, and what is wrong: (row, words)."""
    codes = {words: code for tongue in ("ar", "fr", "en") for words, code in products(tongue)}
    items: list[acts.Item] = []
    wrong: list[tuple[int, str]] = []
    for line in lines:
        if not line["used"]:
            continue
        dose, per_day, days = parse_number(line["dose"]), parse_number(line["per_day"]), parse_integer(line["days"])
        if not isinstance(dose, Number):
            wrong.append((line["n"], gettext("The dose is not a number.")))
        if not isinstance(per_day, Number):
            wrong.append((line["n"], gettext("How many times a day is not a number.")))
        if not isinstance(days, Integer):
            wrong.append((line["n"], gettext("The days are not a whole number.")))
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
        wrong.append((0, gettext("Write at least one medicine.")))
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
