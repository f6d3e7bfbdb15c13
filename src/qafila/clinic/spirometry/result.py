"""What a session says: each blow judged, each phase graded, the best values, the response."""

from __future__ import annotations

from dataclasses import dataclass, field

from qafila.clinic.rules.inputs import InputError
from qafila.clinic.rules.rule import Result
from qafila.clinic.rules.spirometry import spirometry
from qafila.clinic.rules.spirometry_manoeuvre import Judged, judge, largest_other, response
from qafila.clinic.spirometry.session import PHASES, Manoeuvre, Session


@dataclass(frozen=True)
class Phase:
    """One phase: the blows with their verdicts, the best of each value, the grade."""

    name: str
    blows: list[tuple[Manoeuvre, Judged]]
    best: dict[str, float] = field(default_factory=dict)
    """fev1, fvc, fev1_fvc, pef, fef2575 of the acceptable or usable blows."""
    grade: Result | None = None


@dataclass(frozen=True)
class Report:
    """The whole session."""

    phases: list[Phase]
    responses: dict[str, tuple[float, bool]]
    """fev1, fvc → per cent of predicted, and whether it is a response; empty without both phases or predicted."""


def report(session: Session) -> Report:
    """Judge and grade; nothing here is stored, all of it follows from the session."""
    phases = [_phase(session, name) for name in PHASES if any(m.phase == name for m in session.manoeuvres)]
    best = {one.name: one.best for one in phases}
    found = {}
    for part in ("fev1", "fvc"):
        score = session.scores.get("pre", {}).get(part)
        said = response(
            best.get("pre", {}).get(part), best.get("post", {}).get(part), score.predicted if score else None
        )
        if said is not None:
            found[part] = said
    return Report(phases, found)


def _phase(session: Session, name: str) -> Phase:
    blows = [one for one in session.manoeuvres if one.phase == name]
    volumes = [one.fvc for one in blows]
    judged = [(one, judge(one.blow, largest_other(volumes, n), session.age_years)) for n, one in enumerate(blows)]
    return Phase(name, judged, _best(judged), _grade(judged, session.age_years))


def _of(judged: list[tuple[Manoeuvre, Judged]], part: str, *verdicts: str) -> list[float]:
    """Values of the blows with these verdicts, largest first."""
    held = [getattr(one, part) for one, said in judged if getattr(said, part) in verdicts]
    return sorted((value for value in held if value is not None), reverse=True)


def _best(judged: list[tuple[Manoeuvre, Judged]]) -> dict[str, float]:
    """The largest FEV1 and FVC, not of one blow; the flows of the blow with the largest sum (ATS/ERS 2019)."""
    found: dict[str, float] = {}
    for part in ("fev1", "fvc"):
        held = _of(judged, part, "acceptable") or _of(judged, part, "usable")
        if held:
            found[part] = held[0]
    if "fev1" in found and "fvc" in found:
        found["fev1_fvc"] = round(found["fev1"] / found["fvc"], 3)
    good = [one for one, said in judged if "no" not in (said.fev1, said.fvc)]
    if good:
        widest = max(good, key=lambda one: (one.fev1 or 0) + (one.fvc or 0))
        flows = {"fef2575": widest.fef2575, "pef": max((one.pef or 0 for one in good), default=0) or None}
        found |= {name: value for name, value in flows.items() if value is not None}
    return found


def _grade(judged: list[tuple[Manoeuvre, Judged]], age: float | None) -> Result | None:
    values: dict[str, object] = {"age_years": age}
    for part in ("fev1", "fvc"):
        acceptable = _of(judged, part, "acceptable")
        values |= {
            f"{part}_acceptable": min(8, len(acceptable)),
            f"{part}_usable": min(8, len(_of(judged, part, "usable"))),
        }
        values |= {part: acceptable[0] if acceptable else None}
        values |= {f"{part}_second": acceptable[1] if len(acceptable) > 1 else None}
    try:
        return spirometry.compute(values)
    except InputError:
        return None
