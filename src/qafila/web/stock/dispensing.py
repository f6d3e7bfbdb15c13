"""Giving out a signed prescription."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.papers import queries as papers
from qafila.clinic.papers.acts import mark_used
from qafila.clinic.papers.models import Kind
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing import dispensing
from qafila.clinic.prescribing.models import Prescription
from qafila.clinic.refusal import Refusal
from qafila.registry.people import queries as people
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.registry.stock import acts as stock
from qafila.registry.stock import queries
from qafila.registry.stock.models import Lot
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.medicines import unit_label
from qafila.web.doctor.prescribe import dose_words, unchecked_words
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception.words import name_words
from qafila.web.stock import words
from qafila.web.stock.views import unit_of


@require_http_methods(["GET", "POST"])
@needs("stock.dispense")
@once
def page(request: Any, prescription_id: UUID) -> HttpResponse:
    """Each line with the lots that end first; a POST gives out one line."""
    unit = unit_of(request)
    require(request.staff, "stock.dispense", unit)
    row = Prescription.objects.filter(pk=prescription_id).first()
    person = people.get(row.person_id) if row else None
    if row is None or person is None or not prescribing.printable(row):
        raise Http404
    visit = row.visit_here()
    if visit is not None:
        require(request.staff, "stock.dispense", visit)
    entrance.read(request, person.pk, "stock.dispense")
    problem: tuple[str, str, bool] | None = None
    if request.method == "POST":
        try:
            _give(request, row)
        except stock.StockRefused as refused:
            problem = (request.POST.get("item", ""), str(refused), isinstance(refused, stock.NotEnough))
        except Refusal as refused:
            problem = (request.POST.get("item", ""), shown(refused.message), True)
        else:
            _mark_papers(row, request.staff)
            messages.success(request, gettext("Given out."))
            return redirect("stock:dispense", row.pk)
    here = [one for one in queries.stock_of(unit) if one.usable > 0]
    lines = [_line(one, problem, here) for one in dispensing.plan(row, unit)]
    context = {
        "row": row,
        "visit": visit,
        "name": name_words(person, people.own_names([person.pk])[person.pk])[0],
        "lines": lines,
        "typed": request.POST,
        "not_checked": unchecked_words(row),
    }
    return render(request, "stock/dispense.html", context, status=422 if problem else 200)


def _mark_papers(row: Prescription, staff: Staff) -> None:
    """Once all is given out, whoever checks the printed prescription is told so."""
    if dispensing.state(row) == "all" and may(staff, "print"):
        for paper in papers.in_force(Kind.PRESCRIPTION, row.pk):
            mark_used(paper, staff)


def _line(plan: dispensing.Plan, problem: tuple[str, str, bool] | None, here: list[queries.Stock]) -> dict[str, Any]:
    mine = problem if problem is not None and problem[0] == plan.item.pk.hex else None
    others = [one for one in here if one.product[0] == plan.item.medicine] if plan.lacks else []
    return {
        "plan": plan,
        "others": [
            (words.product_words(one.product), one.usable, words.counted(one.product))
            for one in others
            if one.product != (plan.item.medicine, plan.item.form, plan.item.strength)
        ],
        "dose": dose_words(plan.item),
        "unit": unit_label(plan.counted) if plan.counted else "",
        "problem": mine[1] if mine else "",
        "ask_why": bool(mine and mine[2]),
    }


def _give(request: Any, row: Prescription) -> None:
    form = request.POST
    try:
        item = dispensing.line_of(row, UUID(form.get("item", "")))
        lot = Lot.objects.filter(pk=UUID(form.get("lot", ""))).first()
    except ValueError:
        item, lot = None, None
    number = words.whole(form.get("quantity", ""))
    if item is None or lot is None:
        raise Http404
    if number is None:
        raise stock.StockRefused(stock.NOT_POSITIVE)
    dispensing.dispense(item, lot, request.staff, number, reason=form.get("reason", ""))
