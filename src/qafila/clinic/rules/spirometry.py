"""Spirometry: the quality of a session, graded before it is read or sent (ATS/ERS 2019)."""

from __future__ import annotations

from typing import Annotated

from qafila.clinic.rules.inputs import Inputs, number
from qafila.clinic.rules.readings import AgeYears
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

GRADES = ("A", "B", "C", "D", "E", "U", "F")
# Grade, acceptable manoeuvres at least, and how far apart in litres the two largest may be: over 6 years, to 6 years.
REPEATABLE = (("A", 3, 0.150, 0.100), ("B", 2, 0.150, 0.100), ("C", 2, 0.200, 0.150), ("D", 2, 0.250, 0.200))
SMALL_CHILD = 6.0
SHARE = 0.10  # of the largest value, where that is more: to 6 years alone
USABLE = frozenset("ABC")

NOT_USED = N_("Session quality %(grade)s: repeat the test; do not read it as a result.")
CAREFUL = N_("Session quality %(grade)s: read with care.")
NO_EQUATION = N_(
    "No z-score: no reference equation was made for this population; name the equation with every value from a device."
)

Count = Annotated[int, number("{manoeuvre}", N_("FEV1: acceptable manoeuvres"), 0, 8)] | None
VitalCount = Annotated[int, number("{manoeuvre}", N_("FVC: acceptable manoeuvres"), 0, 8)] | None
UsableCount = Annotated[int, number("{manoeuvre}", N_("FEV1: usable, not acceptable"), 0, 8, optional=True)] | None
VitalUsable = Annotated[int, number("{manoeuvre}", N_("FVC: usable, not acceptable"), 0, 8, optional=True)] | None
Fev1 = Annotated[float, number("L", N_("FEV1: largest"), 0.05, 10, optional=True)] | None
Fev1Next = Annotated[float, number("L", N_("FEV1: second largest"), 0.05, 10, optional=True)] | None
Fvc = Annotated[float, number("L", N_("FVC: largest"), 0.05, 12, optional=True)] | None
FvcNext = Annotated[float, number("L", N_("FVC: second largest"), 0.05, 12, optional=True)] | None


class SpirometryInputs(Inputs, frozen=True):
    """How many manoeuvres were acceptable or usable, and the two largest values of each."""

    age_years: AgeYears = None
    fev1_acceptable: Count = None
    fev1_usable: UsableCount = None
    fev1: Fev1 = None
    fev1_second: Fev1Next = None
    fvc_acceptable: VitalCount = None
    fvc_usable: VitalUsable = None
    fvc: Fvc = None
    fvc_second: FvcNext = None


@rule(
    "spirometry",
    version="ATS/ERS 2019",
    title=N_("Spirometry: quality of the session"),
    source="Graham BL et al. Standardization of spirometry 2019 update. Am J Respir Crit Care Med 2019;200:e70-88, "
    "table 10",
    draft=True,
)
def spirometry(inputs: SpirometryInputs) -> Outcome:
    """Grade A-F or U of FEV1 and of FVC, the lower of both, how far the two largest differ, and FEV1/FVC.

    Grades say how well the two largest values agree, nothing about the lungs.
    """
    assert inputs.age_years is not None and inputs.fev1_acceptable is not None and inputs.fvc_acceptable is not None
    lacking = [name for what in ("fev1", "fvc") for name in _lacking(inputs, what)]
    if lacking:
        raise NotComputed(missing=lacking)
    for first, second in ((inputs.fev1, inputs.fev1_second), (inputs.fvc, inputs.fvc_second)):
        if first is not None and second is not None and second > first:
            raise NotComputed(Message(N_("The second largest value is above the largest: check them.")))
    if inputs.fev1 is not None and inputs.fvc is not None and inputs.fev1 > inputs.fvc:
        raise NotComputed(Message(N_("FEV1 is above FVC: check them.")))
    grades = {what: grade(inputs, what) for what in ("fev1", "fvc")}
    lowest = max(grades.values(), key=GRADES.index)
    values: dict[str, object] = {"fev1_grade": grades["fev1"], "fvc_grade": grades["fvc"], "grade": lowest}
    if inputs.fev1 is not None and inputs.fvc is not None:
        values["fev1_fvc"] = round(inputs.fev1 / inputs.fvc, 3)
    notes = [Message(NO_EQUATION)]
    if lowest not in USABLE:
        notes.insert(0, Message(CAREFUL if lowest in "DE" else NOT_USED, grade=lowest))
    return Outcome(values, tuple(notes))


def grade(inputs: SpirometryInputs, what: str) -> str:
    """The grade of `fev1` or `fvc`; everything that it needs is known."""
    acceptable: int = getattr(inputs, f"{what}_acceptable")
    if acceptable == 0:
        return "U" if getattr(inputs, f"{what}_usable") else "F"
    if acceptable == 1:
        return "E"
    assert inputs.age_years is not None
    largest: float = getattr(inputs, what)
    apart = round(largest - getattr(inputs, f"{what}_second"), 3)
    small = inputs.age_years <= SMALL_CHILD
    for name, least, over_six, to_six in REPEATABLE:
        limit = max(to_six, SHARE * largest) if small else over_six
        if acceptable >= least and apart <= limit:
            return name
    return "E"


def _lacking(inputs: SpirometryInputs, what: str) -> list[str]:
    """With two acceptable manoeuvres both values are needed; with none, how many were usable."""
    acceptable = getattr(inputs, f"{what}_acceptable")
    wanted = [what, f"{what}_second"] if acceptable >= 2 else [f"{what}_usable"] if acceptable == 0 else []
    return [name for name in wanted if getattr(inputs, name) is None]
