"""The link's own page: how it is, what waits, what is on which side, what it costs; and what people decide about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qafila.kernel.text import latin_digits
from qafila.registry.staff.rights import may
from qafila.sync import budget, lease, outlook, programs, state, tally
from qafila.web.access import needs
from qafila.web.link import link_of
from qafila.web.once import once

MANAGE = "link.manage"
LANES: dict[int, str | Promise] = {
    0: _("Urgent cases"),
    1: _("Answers and receipts"),
    2: _("Clinical records"),
    3: _("Pictures and previews"),
    4: _("Series, video, large originals"),
    5: _("Logs and updates"),
}
KINDS: dict[str, str | Promise] = {
    "registry.person": _("People"),
    "clinic.visit": _("Visits"),
    "clinic.observation": _("Readings"),
    "clinic.note": _("Notes"),
    "clinic.condition": _("Diagnoses"),
    "clinic.allergy": _("Allergies"),
    "clinic.prescription": _("Prescriptions"),
    "clinic.case": _("Cases"),
    "clinic.answer": _("Answers"),
    "clinic.message": _("Messages"),
    "clinic.attachment": _("Files of the record"),
}
OTHER = _("Everything else")


@dataclass(frozen=True)
class Side:
    """A line of the counts on both sides."""

    words: str | Promise
    here: int
    own: int
    confirmed: int
    waiting: int
    received: int


@require_GET
@needs()
def page(request: Any) -> HttpResponse:
    """The link's own page; it renews itself."""
    if link_of(request) is None:
        return render(request, "account/link.html", {"state": None})
    return render(request, "account/link.html", _context(request))


def _context(request: Any, problem: str = "", typed: str | None = None) -> dict[str, Any]:
    told = state.told()
    cost, ahead = budget.read(), outlook.read()
    mail = told.get("mail")
    return {
        "state": state.read(),
        "lease_now": lease.state(),
        "cost": cost,
        "ahead": ahead,
        "lanes": [(LANES.get(one.lane, ""), one) for one in ahead.lanes],
        "sides": sides(tally.read()),
        "mail": mail if isinstance(mail, int) else None,
        "failed": state.REASONS.get(str(told.get("failed", "")), ""),
        "failed_at": state.moment_of(told.get("failed_ms")),
        "days": budget.days(7),
        "percent": min(100, 100 * cost.used // cost.limit) if cost.limit else None,
        "program": _program(),
        "manages": may(request.staff, MANAGE),
        "hours": budget.PARKED.seconds // 3600,
        "problem": problem,
        "typed": cost.megabytes if typed is None else typed,
    }


def _program() -> programs.Named:
    said = settings.DIRECTORY.facts.get("program") if settings.DIRECTORY is not None else None
    return programs.waiting(Path(str(said))) if said else programs.Named()


def sides(rows: list[tally.Row]) -> list[Side]:
    """The counts in the order in which people think of them; kinds without a word of their own in one line."""
    found = {row.kind: row for row in rows}
    lines = [_side(words, [found[kind]]) for kind, words in KINDS.items() if kind in found]
    rest = [row for row in rows if row.kind not in KINDS]
    return [*lines, _side(OTHER, rest)] if rest else lines


def _side(words: str | Promise, rows: list[tally.Row]) -> Side:
    return Side(
        words,
        sum(r.here for r in rows),
        sum(r.own for r in rows),
        sum(r.confirmed for r in rows),
        sum(r.waiting for r in rows),
        sum(r.received for r in rows),
    )


@require_POST
@needs(MANAGE)
@once
def cost(request: Any) -> HttpResponse:
    """Set the day's bytes, the name of the line, and whether large files wait for the parked vehicle."""
    if link_of(request) is None:
        raise Http404
    typed = latin_digits(request.POST.get("megabytes", "")).strip()
    try:
        wanted = int(typed or "0") if len(typed) < 10 and ((typed.isascii() and typed.isdigit()) or not typed) else -1
        parked_only = request.POST.get("parked_only") == "yes"
        budget.choose(request.staff.pk, wanted, request.POST.get("line", ""), parked_only=parked_only)
    except ValueError:
        words = gettext("Type whole megabytes, 0 for no limit.")
        return render(request, "account/link.html", _context(request, words, typed[:20]), status=422)
    messages.success(request, gettext("Saved. It holds from now on."))
    return redirect("link")


@require_POST
@needs(MANAGE)
@once
def now(request: Any) -> HttpResponse:
    """Send today in spite of the budget; send everything because the vehicle is parked; hold back again."""
    if link_of(request) is None:
        raise Http404
    what = request.POST.get("what")
    if what == "anyway":
        budget.send_anyway(request.staff.pk)
    elif what == "parked":
        budget.park(request.staff.pk)
    elif what == "drive":
        budget.drive_on()
    else:
        raise Http404
    return redirect("link")
