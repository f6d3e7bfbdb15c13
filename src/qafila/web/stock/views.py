"""The unit's stock: what there is, what comes in, counts, what is thrown away or sent on, what to order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.prescribing import dispensing
from qafila.clinic.prescribing.models import Prescription
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.registry.stock import acts, queries
from qafila.registry.stock.models import Lot, Shipment
from qafila.registry.units.models import Unit
from qafila.web.access import needs
from qafila.web.doctor.medicines import products
from qafila.web.once import once
from qafila.web.reception.words import language, name_words, unit_name
from qafila.web.staff_names import staff_name
from qafila.web.stock import words

STATES = ("doubt", "expired", "out", "low", "soon", "good")
"""The worst first."""


def unit_of(request: Any) -> Unit:
    """The unit whose stock it is. Raises `Http404` for a node that serves none."""
    if request.unit is None:
        raise Http404
    require(request.staff, "stock.keep", request.unit)
    unit: Unit = request.unit
    return unit


@require_GET
@needs("stock.keep")
def list_page(request: Any) -> HttpResponse:
    """Everything that the unit has or should have, and what is on its way."""
    unit = unit_of(request)
    lines = words.lines(queries.stock_of(unit))
    shown = request.GET.get("show", "")
    counts = [(code, *words.state_words(code), sum(x.stock.state == code for x in lines)) for code in STATES]
    coming, going = queries.on_the_way(unit)
    context = {
        "to_give": _to_give(unit) if may(request.staff, "stock.dispense", unit) else [],
        "lines": [x for x in lines if shown in ("", x.stock.state)],
        "shown": shown,
        "counts": [row for row in counts if row[3]],
        "all": len(lines),
        "coming": [(s, words.of_lot(s), _unit_words(s.origin_id)) for s in coming],
        "going": [(s, words.of_lot(s), _unit_words(s.target_id)) for s in going],
    }
    return render(request, "stock/list.html", context)


def _to_give(unit: Unit) -> list[tuple[Prescription, str, str]]:
    rows = dispensing.to_give(unit)
    names = people.own_names([p.person_id for p, _ in rows])
    held = {p.pk: p for p in Person.objects.filter(pk__in=[p.person_id for p, _ in rows])}
    return [
        (p, state, name_words(held[p.person_id], names[p.person_id])[0]) for p, state in rows if p.person_id in held
    ]


def _unit_words(pk: UUID) -> str:
    unit = Unit.objects.filter(pk=pk).first()
    return unit_name(unit) if unit else ""


@require_http_methods(["GET", "POST"])
@needs("stock.keep")
@once
def receive(request: Any) -> HttpResponse:
    """Take a lot into the stock."""
    unit = unit_of(request)
    typed = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"typed": typed, "products": products(language()), "errors": {}}
    chosen = words.product_from(typed.get("product", ""))
    context["product_words"] = words.product_words(chosen) if chosen else typed.get("product", "")
    if request.method == "GET":
        return render(request, "stock/receive.html", context)
    quantity, expires = words.whole(typed.get("quantity", "")), words.last_day(typed.get("expires", ""))
    errors: dict[str, str] = context["errors"]
    if chosen is None:
        errors["product"] = gettext("Choose a product of the list.")
    if quantity is None:
        errors["quantity"] = gettext("Write how many: a whole number above 0.")
    if expires is None:
        errors["expires"] = gettext("Write the date as on the box: 05/2027 or 31/05/2027.")
    if chosen is not None and quantity is not None and expires is not None:
        try:
            acts.receive(unit, request.staff, chosen, typed.get("number", ""), expires, quantity)
            messages.success(request, gettext("In the stock."))
            return redirect("stock:list")
        except acts.StockRefused as refused:
            errors["all"] = str(refused)
    return render(request, "stock/receive.html", context, status=422)


@require_http_methods(["GET", "POST"])
@needs("stock.keep")
@once
def lot(request: Any, lot_id: UUID) -> HttpResponse:
    """One lot: count it, throw some away, send some to another unit."""
    unit = unit_of(request)
    row = Lot.objects.filter(pk=lot_id, unit_id=unit.pk).first()
    if row is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            told = _on_lot(request, row)
        except acts.StockRefused as refused:
            problem = str(refused)
        else:
            messages.success(request, told)
            return redirect("stock:lot", row.pk)
    context = {
        "lot": row,
        "words": words.of_lot(row),
        "unit_words": words.counted(queries.product_of(row)),
        "balance": queries.balance_of(row),
        "state": next((x for x in queries.lots_of(unit, queries.product_of(row)) if x.lot.pk == row.pk), None),
        "units": [(u.pk, unit_name(u)) for u in Unit.objects.filter(active=True).exclude(pk=unit.pk).order_by("code")],
        "problem": problem,
        "typed": request.POST,
        "moves": [m for m in _moves(unit, 400) if m["move"].lot_id == row.pk][:30],
    }
    return render(request, "stock/lot.html", context, status=422 if problem else 200)


def _on_lot(request: Any, row: Lot) -> str:
    form = request.POST
    number, reason = words.whole(form.get("quantity", "")), form.get("reason", "")
    if number is None:
        raise acts.StockRefused(acts.NOT_POSITIVE)
    if form.get("act") == "count":
        acts.count(row, request.staff, number, reason)
        return gettext("Counted.")
    if form.get("act") == "waste":
        acts.waste(row, request.staff, number, reason)
        return gettext("Written down as thrown away.")
    if form.get("act") == "send":
        try:
            target = Unit.objects.filter(pk=UUID(form.get("to", ""))).first()
        except ValueError:
            target = None
        if target is None:
            raise acts.StockRefused(acts.SAME_UNIT)
        acts.send(row, request.staff, target, number)
        return gettext("On its way: the other unit confirms it.")
    raise Http404


@require_http_methods(["GET", "POST"])
@needs("stock.keep")
@once
def count(request: Any) -> HttpResponse:
    """Count everything: a number beside each lot; where it differs from the stock, a reason for all."""
    unit = unit_of(request)
    rows = [(line, lot_row) for line in words.lines(queries.stock_of(unit)) for lot_row in line.stock.lots]
    typed = request.POST
    reason = " ".join(typed.get("reason", "").split())
    lines, found, wrong, differ = [], [], 0, 0
    for line, lot_row in rows:
        text = typed.get(f"n-{lot_row.lot.pk.hex}", "").strip()
        number = words.whole(text) if text else None
        bad = bool(text) and (number is None or number < 0)
        off = number is not None and number != lot_row.balance
        wrong, differ = wrong + bad, differ + off
        lines.append({"line": line, "row": lot_row, "text": text, "bad": bad, "off": off})
        if number is not None and not bad:
            found.append((lot_row.lot, number))
    if request.method == "POST" and found and not wrong and (reason or not differ):
        for one, number in found:
            acts.count(one, request.staff, number, reason)
        messages.success(request, gettext("Counted."))
        return redirect("stock:list")
    asked = request.method == "POST"
    context = {"lines": lines, "asked": asked, "differ": differ, "wrong": wrong, "reason": reason, "found": len(found)}
    return render(request, "stock/count.html", context, status=422 if asked else 200)


@require_POST
@needs("stock.keep")
@once
def confirm(request: Any, shipment_id: UUID) -> HttpResponse:
    """Say what came of a shipment."""
    unit_of(request)
    row = Shipment.objects.filter(pk=shipment_id).first()
    if row is None:
        raise Http404
    try:
        acts.confirm(row, request.staff, words.whole(request.POST.get("quantity", "")), request.POST.get("reason", ""))
        messages.success(request, gettext("In the stock."))
    except acts.StockRefused as refused:
        messages.error(request, str(refused))
    return redirect("stock:list")


@require_GET
@needs("stock.keep")
def order(request: Any) -> HttpResponse:
    """What to order, reckoned from use and the least to hold."""
    lines = [x for x in words.lines(queries.stock_of(unit_of(request))) if x.stock.need.order]
    return render(request, "stock/order.html", {"lines": lines})


@require_GET
@needs("stock.keep")
def moves(request: Any) -> HttpResponse:
    """The latest moves."""
    return render(request, "stock/moves.html", {"moves": _moves(unit_of(request), 100)})


def _moves(unit: Unit, limit: int) -> list[dict[str, Any]]:
    rows = queries.moves_of(unit, limit)
    lots = {x.pk: x for x in Lot.objects.filter(pk__in={m.lot_id for m in rows})}
    staff = {s.pk: s for s in Staff.objects.filter(pk__in={m.by_id for m in rows})}
    return [
        {
            "move": m,
            "what": words.move_words(m),
            "lot": lots.get(m.lot_id),
            "words": words.of_lot(lots[m.lot_id]) if m.lot_id in lots else "",
            "by": staff_name(staff.get(m.by_id)),
        }
        for m in rows
    ]
