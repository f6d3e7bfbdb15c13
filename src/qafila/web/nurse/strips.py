"""Tests at the bedside: one tap a result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.refusal import Doubtful, NeedsConfirmation, Refusal
from qafila.clinic.strips import acts
from qafila.clinic.strips.acts import Box, Result
from qafila.kernel.text import Asked, Bad, parse_number
from qafila.packs import bedside
from qafila.packs.analytes import Analyte, Strip
from qafila.registry.staff.rights import may, require
from qafila.registry.stock.queries import lots_of
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse import lab, results
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language, listed, said
from qafila.web.stock.words import last_day

BOXES = "boxes of strips"
"""Key of the session under which lot and last day of the boxes in use are remembered."""
Problems = dict[str, str]


@require_GET
@needs("vitals.record")
def tests(request: Any, visit_id: UUID) -> HttpResponse:
    """The tests that there are, and those of this visit."""
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    entrance.read(request, person.pk, "nurse.strips", row=visit)
    context = {
        **heading(visit, person),
        "strips": [
            (s, s.label.text(language())) for s in bedside.strips().strip if not (s.women and person.sex == "male")
        ],
        "done": [(t, _name(t.strip)) for t in acts.tests_of(visit.pk)],
        "results": results.of_visit(visit.pk, person.pk),
        "orders": bool(lab.takers()),
    }
    return render(request, "nurse/strips.html", context)


def _name(code: str) -> str:
    strip = bedside.strips().find(code)
    return strip.label.text(language()) if strip else code


@require_http_methods(["GET", "POST"])
@needs("vitals.record")
@once
def test(request: Any, visit_id: UUID, code: str) -> HttpResponse:
    """One test: its form, and keeping it."""
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    strip = bedside.strips().find(code)
    if strip is None:
        raise Http404
    if request.method == "GET":
        entrance.read(request, person.pk, "nurse.strip")
        return _page(request, visit, person, strip)
    typed, wrong = _results(request.POST, strip)
    box, problem = _box(request, strip)
    if problem:
        wrong["box"] = problem
    ask = False
    if not wrong and box is not None:
        # A tap on a result of a cassette says that the control line is there: the words stand above the buttons.
        control = False if request.POST.get("control") == "no" else bool(typed) or None
        sure = request.POST.get("sure") == "yes"
        try:
            kept, saved = acts.record(visit, request.staff, code, typed, box, control=control, confirmed=sure)
        except Doubtful as doubt:
            ask = isinstance(doubt, NeedsConfirmation)
            wrong |= {key: shown(message) for key, message in doubt.errors}
        except Refusal as refused:
            wrong["all"] = shown(refused.message)
        else:
            request.session[BOXES] = {
                **request.session.get(BOXES, {}),
                code: [request.POST.get("lot", "")[:60], request.POST.get("expires", "")[:10]],
            }
            _tell(request, kept.valid, saved, strip)
            return redirect("nurse:strips", visit.pk)
    return _page(request, visit, person, strip, wrong, ask=ask, status=422)


def _tell(request: Any, valid: bool, saved: list[Any], strip: Strip) -> None:
    if not valid:
        words = gettext("No control line: the test is kept as invalid, without a result. Repeat it with a new one.")
        messages.warning(request, words)
        return
    told = listed(
        f"{results.label(o.code) or strip.label.text(language())}: {' '.join(results.value(o))}" for o in saved
    )
    (messages.error if any(results.alerts(o) for o in saved) else messages.success)(request, told)


def _page(
    request: Any, visit: Any, person: Any, strip: Strip, wrong: Problems | None = None, *, ask: bool = False,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    product = strip.stock[:3] if len(strip.stock) == 3 else None
    in_stock = lots_of(request.unit, product) if request.unit is not None and product else []
    lot, expires = request.session.get(BOXES, {}).get(strip.code, ["", ""])
    rows = [
        _row(a, request.POST, (wrong or {}).get(key, "")) for key in strip.reads if (a := bedside.analytes().find(key))
    ]
    taps = strip.kind == "cassette"
    context = {
        **heading(visit, person),
        "strip": strip,
        "strip_name": strip.label.text(language()),
        "rows": rows,
        "taps": taps,
        "lots": [row for row in in_stock if not row.expired and row.balance > 0],
        "lot": request.POST.get("lot", lot),
        "expires": request.POST.get("expires", expires),
        "wrong": wrong or {},
        "ask": ask,
        "records": may(request.staff, "vitals.record", visit),
    }
    return render(request, "nurse/strip.html", context, status=status)


def _row(analyte: Analyte, form: Any, problem: str) -> dict[str, Any]:
    return {
        "key": analyte.key,
        "label": analyte.label.text(language()),
        "answers": [(a.code, a.label.text(language()), a.alert) for a in analyte.answers],
        "units": [(u.ucum, u.shown) for u in analyte.units],
        "text": form.get(analyte.key, ""),
        "unit": form.get(f"unit-{analyte.key}", ""),
        "problem": problem,
    }


def _results(form: Any, strip: Strip) -> tuple[dict[str, Result], Problems]:
    """What was typed, by analyte; and what cannot be read."""
    typed: dict[str, Result] = {}
    wrong: Problems = {}
    for key in strip.reads:
        analyte, text = bedside.analytes().find(key), str(form.get(key, "")).strip()[:40]
        if analyte is None or not text:
            continue
        if analyte.answers:
            typed[key] = Result(answer=text, entered=text)
            continue
        number = parse_number(text)
        if isinstance(number, Bad | Asked):
            wrong[key] = said(number) if isinstance(number, Bad) else gettext(number.message)
            continue
        unit = str(form.get(f"unit-{key}", ""))[:16]
        typed[key] = Result(number=number.value, unit=unit, entered=text)
    return typed, wrong


def _box(request: Any, strip: Strip) -> tuple[Box | None, str]:
    """From which box the strip was taken, or what is wrong with it."""
    text = request.POST.get("stock", "")
    if text and request.unit is not None and len(strip.stock) == 3:
        product = strip.stock[0], strip.stock[1], strip.stock[2]
        for row in lots_of(request.unit, product):
            if row.lot.pk.hex == text:
                return Box(lot=row.lot), ""
    expires = request.POST.get("expires", "").strip()
    ends = last_day(expires) if expires else None
    if ends is None:
        return None, gettext("Write the date as on the box: 05/2027 or 31/05/2027.")
    return Box(request.POST.get("lot", "").strip(), ends), ""
