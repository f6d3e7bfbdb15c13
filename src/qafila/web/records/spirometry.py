"""One session of spirometry: curves, grade with its reason, values beside their equation, the response."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from qafila.clinic.rules.rule import Result
from qafila.clinic.rules.spirometry import REPEATABLE, SMALL_CHILD
from qafila.clinic.spirometry import acts
from qafila.clinic.spirometry.result import Phase, Report, report
from qafila.clinic.spirometry.session import EQUATIONS, Session, opened
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.web.access import needs
from qafila.web.records import breath, files
from qafila.web.records.whose import whose
from qafila.web.templatetags.qafila import told

PARTS = (("fev1", "FEV1", "L"), ("fvc", "FVC", "L"), ("fev1_fvc", "FEV1/FVC", ""), ("pef", "PEF", "L/s"),
         ("fef2575", "FEF25-75", "L/s"))  # fmt: skip


@require_GET
@needs("case.read", "visit.read")
def page(request: Any, file_id: UUID) -> HttpResponse:
    """The session."""
    file = files.found(request, file_id)
    if file.kind_of_file != acts.KIND:
        raise Http404
    if not blobs.have(file.sha256):
        return files.not_here(request)
    context = {"file": file, **whose(request, file), **shown(file)}
    return render(request, "records/spirometry.html", context)


def shown(file: Attachment) -> dict[str, Any]:
    """What the page and the print show of a session that is here. Raises `Http404` for a file that is none."""
    try:
        session = opened(blobs.read(file.sha256))
    except ValueError as error:
        raise Http404 from error
    said = report(session)
    blows = [(blow, "acceptable" in (judged.fev1, judged.fvc)) for phase in said.phases for blow, judged in phase.blows]
    return {
        "session": session,
        "equation": EQUATIONS.get(session.equation, session.equation),
        "drawings": breath.drawings(blows),
        "phases": [_phase(phase, session) for phase in said.phases],
        "responses": _responses(said),
        "lacking": lacking(session),
    }


def lacking(session: Session) -> list[str]:
    """What a z-score would still need."""
    wanted = (
        (gettext("sex"), session.sex),
        (gettext("date of birth"), session.age_years),
        (gettext("height"), session.height_cm),
    )
    return [word for word, value in wanted if not value]


def _phase(phase: Phase, session: Session) -> dict[str, Any]:
    scores = session.scores.get(phase.name, {})
    return {
        "words": phase_words(phase.name),
        "lines": [(label, phase.best.get(part), unit, scores.get(part)) for part, label, unit in PARTS],
        "blows": [
            {
                "number": n,
                "values": [
                    (label, value) for label, value in (("FEV1", blow.fev1), ("FVC", blow.fvc)) if value is not None
                ],
                "verdicts": [("FEV1", verdict_words(judged.fev1)), ("FVC", verdict_words(judged.fvc))],
                "good": (judged.fev1, judged.fvc) == ("acceptable", "acceptable"),
                "reasons": [told(one) for one in judged.reasons],
            }
            for n, (blow, judged) in enumerate(phase.blows, 1)
        ],
        **_grade(phase.grade, session.age_years),
    }


def _grade(result: Result | None, age: float | None) -> dict[str, Any]:
    if result is None or not result.computed:
        return {"grade": "", "why": told(result.reason) if result else "", "notes": []}
    said = f"FEV1 {result.values.get('fev1_grade', '')}, FVC {result.values.get('fvc_grade', '')}"
    return {
        "grade": str(result.values.get("grade", "")),
        "grades": said,
        "why": grade_words(str(result.values.get("grade", "")), age),
        "notes": [told(one) for one in result.notes],
    }


def grade_words(grade: str, age: float | None) -> str:
    """What a grade means, with the limit that holds at this age."""
    small = age is not None and age <= SMALL_CHILD
    limits = {name: (to_six if small else over_six) for name, _least, over_six, to_six in REPEATABLE}
    litres = f"{limits.get(grade, limits['D']):.3f}"
    words = {
        "A": gettext("Three or more acceptable manoeuvres, the two largest within %(litres)s L."),
        "B": gettext("Two acceptable manoeuvres, the two largest within %(litres)s L."),
        "C": gettext("Two or more acceptable manoeuvres, the two largest within %(litres)s L."),
        "D": gettext("Two or more acceptable manoeuvres, the two largest within %(litres)s L."),
        "E": gettext("One acceptable manoeuvre, or the two largest more than %(litres)s L apart."),
        "U": gettext("No acceptable manoeuvre, at least one usable."),
        "F": gettext("No acceptable and no usable manoeuvre."),
    }
    return words.get(grade, "") % {"litres": litres}


def phase_words(code: str) -> str:
    """Before or after the bronchodilator."""
    return {"pre": gettext("Before bronchodilator"), "post": gettext("After bronchodilator")}.get(code, code)


def verdict_words(code: str) -> str:
    """Of one value of one manoeuvre."""
    return {"acceptable": gettext("acceptable"), "usable": gettext("usable"), "no": gettext("not usable")}.get(
        code, code
    )


def _responses(said: Report) -> list[tuple[str, str, bool]]:
    return [
        (part.upper(), f"{change:+.1f} %".replace("-", "\u2212"), is_one)
        for part, (change, is_one) in said.responses.items()
    ]
