"""Entering a session of spirometry: by hand, or from the spirometer's own file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from qafila.clinic.refusal import Refusal
from qafila.clinic.spirometry import acts, readers
from qafila.clinic.spirometry.session import EQUATIONS, Manoeuvre
from qafila.registry.staff.rights import require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.records.spirometry import phase_words

ROWS, FIRST = 8, 3
NUMBERS = (
    ("fvc", "FVC", "L"), ("fev1", "FEV1", "L"), ("pef", "PEF", "L/s"), ("fef2575", "FEF25-75", "L/s"),
    ("bev", gettext_lazy("Extrapolated volume"), "L"), ("seconds", gettext_lazy("Time of expiration"), "s"),
    ("last", gettext_lazy("Volume of the last second"), "L"),
)  # fmt: skip
MARKS = (
    ("cough", gettext_lazy("Cough in the first second")),
    ("glottis_early", gettext_lazy("Throat closed in the first second")),
    ("glottis", gettext_lazy("Throat closed later")), ("leak", gettext_lazy("Leak")),
    ("blocked", gettext_lazy("Mouthpiece blocked")),
)  # fmt: skip


@require_http_methods(["GET", "POST"])
@needs("vitals.record")
@once
def page(request: Any, visit_id: UUID) -> HttpResponse:
    """The form; saved, the session is shown."""
    visit, _person = found(visit_id)
    if request.method == "GET":
        return _page(request, visit_id)
    try:
        blows, source = _given(request)
        file = acts.record_session(
            visit,
            request.staff,
            blows,
            equation=request.POST.get("equation", ""),
            drug=request.POST.get("drug", ""),
            source=source,
        )
    except Refusal as refused:
        return _page(request, visit_id, 422, problem=shown(refused.message))
    messages.success(request, gettext("Saved."))
    return redirect("records:spirometry", file.pk)


def _given(request: Any) -> tuple[list[Manoeuvre], str]:
    """The manoeuvres of the file, else of the form. Raises `Refusal`."""
    given = request.FILES.get("file")
    if given is not None:
        return readers.read(given.read(readers.BYTES + 1))
    blows = []
    for n in range(1, ROWS + 1):
        row = {name: request.POST.get(f"m{n}_{name}", "")[:40] for name, *_ in (*NUMBERS, *MARKS)}
        row["phase"] = request.POST.get(f"m{n}_phase", "pre")
        if any(row[name].strip() for name, *_ in NUMBERS):
            blows.append(readers.manoeuvre(row, n))
    return blows, "manual"


def _page(request: Any, visit_id: UUID, status: int = 200, **more: Any) -> HttpResponse:
    visit, person = found(visit_id)
    require(request.staff, "vitals.record", visit)
    entrance.read(request, person.pk, "nurse.spirometry")
    typed = request.POST
    rows = [
        {
            "n": n,
            "phase": typed.get(f"m{n}_phase", "pre"),
            "numbers": [(name, label, unit, typed.get(f"m{n}_{name}", "")) for name, label, unit in NUMBERS],
            "marks": [(name, label, bool(typed.get(f"m{n}_{name}"))) for name, label in MARKS],
        }
        for n in range(1, ROWS + 1)
    ]
    context = {
        **heading(visit, person),
        "rows": rows[:FIRST],
        "more_rows": rows[FIRST:],
        "phases": [(code, phase_words(code)) for code in ("pre", "post")],
        "equations": list(EQUATIONS.items()),
        "equation": typed.get("equation", "gli-global-2022"),
        "drug": typed.get("drug", ""),
        **more,
    }
    return render(request, "nurse/spirometry.html", context, status=status)
