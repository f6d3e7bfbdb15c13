"""Results that came from outside and wait for a person: whose they are is never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.access import door
from qafila.clinic.lab import acts
from qafila.clinic.lab.filing import Source
from qafila.clinic.lab.models import LabMessage
from qafila.clinic.lab.report import Report
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import queries
from qafila.clinic.visits.models import Visit
from qafila.exchange.hl7 import message
from qafila.exchange.hl7 import order as oml
from qafila.exchange.hl7.peers import BadSettings, Peer, Settings, settings_of, source_of
from qafila.kernel import clock
from qafila.kernel.transitions import WrongState
from qafila.packs import bedside
from qafila.registry.people import queries as people
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.reception.words import language

WHYS = {
    "no_person": _("It names nobody."),
    "unknown": _("Nobody here has its number."),
    "differs": _("Sex or date of birth differ from the record that its number leads to."),
    "no_visit": _("The person has no visit of the last days."),
    "several": _("Its numbers lead to several people or visits."),
}


@dataclass(frozen=True)
class Line:
    """A message that waits: what it says, and why nobody has it yet."""

    row: LabMessage
    why: str
    name: str
    born: Any
    results: list[tuple[str, str, str]]


def read(row: LabMessage) -> Report | None:
    """The kept bytes once more."""
    try:
        return message.read(bytes(row.raw))[1]
    except message.Wrong:
        return None


def _line(row: LabMessage) -> Line:
    report = read(row)
    results = [_result(r) for r in report.results] if report else []
    return Line(
        row, str(WHYS.get(row.why, "")), report.name if report else "", report.birth if report else None, results
    )


def _result(one: Any) -> tuple[str, str, str]:
    analyte = bedside.analytes().by_code(one.code, one.system)
    name = analyte.label.text(language()) if analyte else one.name or one.code
    return name, f"{one.comparator}{one.value}".replace("\x1f", " ")[:80], one.unit


def _visits(request: Any) -> list[tuple[Visit, str]]:
    rows = queries.queue(request.unit, everybody=True)
    names = people.own_names([r.visit.person_id for r in rows])
    return [(r.visit, words.name_words(r.person, names[r.visit.person_id])[0]) for r in rows if r.person]


@require_GET
@needs("lab.match")
def waiting(request: Any) -> HttpResponse:
    """The messages that wait, each with the visits of today to choose from."""
    if request.unit is None:
        raise Http404
    held = acts.waiting()
    door.listed(request.staff, [row.person for row in held if row.person is not None], "nurse.lab")
    context = {"lines": [_line(row) for row in held], "visits": _visits(request)}
    return render(request, "nurse/lab.html", context)


@require_POST
@needs("lab.match")
@once
def settle(request: Any, message_id: int) -> HttpResponse:
    """File a message into a visit, or put it aside."""
    row = LabMessage.objects.filter(pk=message_id).first()
    if row is None or request.unit is None:
        raise Http404
    try:
        if "dismiss" in request.POST:
            acts.dismiss(row, request.staff)
            messages.info(request, gettext("Put aside. It is in no record."))
        else:
            _file(request, row)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    except WrongState:
        messages.error(request, gettext("Somebody else has just changed this visit."))
    return redirect("nurse:lab")


def _file(request: Any, row: LabMessage) -> None:
    try:
        visit = Visit.objects.filter(pk=UUID(request.POST.get("visit", "")), unit_id=request.unit.pk).first()
    except ValueError:
        visit = None
    report = read(row)
    if visit is None or report is None:
        messages.error(request, gettext("Choose whose results these are."))
        return
    acts.settle(row, report, visit, request.staff, _source(row))
    messages.success(
        request, gettext("In the record: %(what)s") % {"what": words.listed(r[0] for r in _line(row).results)}
    )


def _settings() -> tuple[Settings | None, str]:
    directory = settings.DIRECTORY
    if directory is None:
        return None, ""
    try:
        return settings_of(directory.facts), directory.code
    except BadSettings:
        return None, directory.code


def _source(row: LabMessage) -> Source:
    held, node = _settings()
    return source_of(held, row.peer, node)


def takers() -> list[Peer]:
    """The analysers that take orders."""
    held, _node = _settings()
    return [p for p in held.peers if p.orders] if held else []


@require_http_methods(["GET", "POST"])
@needs("vitals.record")
@once
def order(request: Any, visit_id: UUID) -> HttpResponse:
    """Ask an analyser for tests; the order stays, whether the analyser took it or not."""
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    peers = takers()
    if not peers:
        raise Http404
    if request.method == "GET":
        entrance.read(request, person.pk, "nurse.order")
        return _order_page(request, visit, person, peers)
    peer = next((p for p in peers if p.name == request.POST.get("peer")), peers[0])
    try:
        asked = acts.order(visit, request.staff, request.POST.getlist("analyte")[:60], peer.name)
    except Refusal as refused:
        return _order_page(request, visit, person, peers, shown(refused.message))
    held = people.own_names([person.pk])[person.pk]
    name = (held[0].family, held[0].given) if held else ("", "")
    data = oml.build(asked, person, name, _settings()[1], clock.now())
    # After the transaction: nobody waits for a lock while the analyser thinks.
    transaction.on_commit(lambda: _send(request, peer, data, asked.number))
    return redirect("nurse:strips", visit.pk)


def _send(request: Any, peer: Peer, data: bytes, number: str) -> None:
    try:
        oml.send(peer.orders or ("", 0), data, 5.0)
        messages.success(request, gettext("Asked of the analyser: number %(number)s") % {"number": number})
    except oml.NotTaken:
        words = gettext("The analyser did not take it. Type number %(number)s there: its result finds the visit.")
        messages.warning(request, words % {"number": number})


def _order_page(request: Any, visit: Visit, person: Any, peers: list[Peer], problem: str = "") -> HttpResponse:
    blood = [a for a in bedside.analytes().analyte if a.units and not a.key.startswith("urine")]
    context = {
        **heading(visit, person),
        "peers": [p.name for p in peers],
        "analytes": [(a.key, a.label.text(language())) for a in blood],
        "problem": problem,
    }
    return render(request, "nurse/order.html", context, status=422 if problem else 200)
