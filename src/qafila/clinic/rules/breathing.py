"""Chest: CURB-65 and CRB-65, the mMRC dyspnoea grade, fast breathing in children."""

from __future__ import annotations

from typing import Annotated, Literal

from qafila.clinic.rules.bands import Bands, above, below, least, upto
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeDays, AgeYears, Diastolic, Respirations, Systolic
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

LIM = "Lim WS et al. Defining community acquired pneumonia severity on presentation to hospital. Thorax 2003;58:377-82"
LOW = N_("Low risk of death: treatment at home may suit.")
MIDDLE = N_("Intermediate risk of death: consider a hospital.")
HIGH = N_("High risk of death: urgent admission.")
CURB = Bands(upto(1, LOW), upto(2, MIDDLE), above(2, HIGH))
CRB = Bands(upto(0, LOW), upto(2, MIDDLE), above(2, HIGH))
RISK = {LOW: "low", MIDDLE: "intermediate", HIGH: "high"}


class CrbInputs(Inputs, frozen=True):
    """Four signs at the bedside, in an adult with pneumonia."""

    age_years: AgeYears = None
    confusion: Annotated[bool, item(N_("New confusion"))] | None = None
    respirations: Respirations = None
    systolic: Systolic = None
    diastolic: Diastolic = None


class CurbInputs(CrbInputs, frozen=True):
    """The four signs and the blood urea (urea, not urea nitrogen)."""

    urea: Annotated[float, number("mmol/L", N_("Blood urea (not urea nitrogen, BUN)"), 0.1, 100)] | None = None


def adults_only(inputs: CrbInputs) -> Message | None:
    """Both scores were made for adults."""
    if inputs.age_years is not None and inputs.age_years < 18:
        return Message(N_("CURB-65 and CRB-65 are not used under 18 years."))
    return None


def _four(inputs: CrbInputs) -> dict[str, int]:
    assert inputs.age_years is not None and inputs.respirations is not None
    assert inputs.systolic is not None and inputs.diastolic is not None
    return {
        "confusion": int(bool(inputs.confusion)),
        "respirations": int(inputs.respirations >= 30),
        "pressure": int(inputs.systolic < 90 or inputs.diastolic <= 60),
        "age": int(inputs.age_years >= 65),
    }


def _scored(parts: dict[str, int], table: Bands[str]) -> Outcome:
    score = sum(parts.values())
    advice = table(score)
    flags = (Message(advice),) if advice == HIGH else ()
    return Outcome({"score": score, "parts": parts, "risk": RISK[advice]}, (Message(advice),), flags)


@rule("crb65", version="2003", title=N_("CRB-65, severity of pneumonia"), source=LIM, applies=adults_only)
def crb65(inputs: CrbInputs) -> Outcome:
    """Score 0-4: confusion, respirations 30 or more, systolic under 90 or diastolic 60 or less, age 65 or more."""
    return _scored(_four(inputs), CRB)


@rule("curb65", version="2003", title=N_("CURB-65, severity of pneumonia"), source=LIM, applies=adults_only)
def curb65(inputs: CurbInputs) -> Outcome:
    """Score 0-5: CRB-65 and a urea above 7 mmol/L."""
    assert inputs.urea is not None
    return _scored({**_four(inputs), "urea": int(inputs.urea > 7)}, CURB)


MMRC = {
    0: N_("Breathless only with strenuous exercise."),
    1: N_("Breathless when hurrying on the level or walking up a slight hill."),
    2: N_("Walks slower than people of the same age because of breathlessness, or stops for breath at own pace."),
    3: N_("Stops for breath after about 100 metres or a few minutes on the level."),
    4: N_("Too breathless to leave the house, or breathless when dressing."),
}


class MmrcInputs(Inputs, frozen=True):
    """The sentence that fits the patient."""

    grade: Annotated[Literal[0, 1, 2, 3, 4], item(N_("Sentence that fits best, 0 to 4"))] | None = None


@rule(
    "mmrc",
    version="1999",
    title=N_("mMRC dyspnoea grade"),
    source="Bestall JC et al. Usefulness of the MRC dyspnoea scale. Thorax 1999;54:581-6 (grades 0-4)",
)
def mmrc(inputs: MmrcInputs) -> Outcome:
    """The grade and its meaning; 2 or more counts as many symptoms in COPD."""
    assert inputs.grade is not None
    return Outcome({"grade": inputs.grade, "many_symptoms": inputs.grade >= 2}, (Message(MMRC[inputs.grade]),))


# IMCI chart booklet 2014: fast breathing by age; 2 months are counted as 60 days, 12 months as 365.
FAST = Bands(below(60, 60), below(365, 50), below(5 * 365.25, 40), least(5 * 365.25, 0))
AGE_BAND = Bands(
    below(60, "0-59 days"), below(365, "2-11 months"), below(5 * 365.25, "1-5 years"), least(5 * 365.25, "")
)


class FastBreathingInputs(Inputs, frozen=True):
    """Age and a rate counted over a full minute in a calm child."""

    age_days: AgeDays = None
    respirations: Respirations = None
    respirations_again: (
        Annotated[float, number("/min", N_("Second count, for a young infant"), 0, 150, optional=True)] | None
    ) = None


def children_only(inputs: FastBreathingInputs) -> Message | None:
    """IMCI gives limits up to five years."""
    if inputs.age_days is not None and FAST(inputs.age_days) == 0:
        return Message(N_("IMCI gives no limit for fast breathing from 5 years."))
    return None


@rule(
    "fast-breathing",
    version="IMCI 2014",
    title=N_("Fast breathing in a child under 5 years"),
    source="WHO. Integrated Management of Childhood Illness: chart booklet. Geneva: WHO, 2014",
    applies=children_only,
)
def fast_breathing(inputs: FastBreathingInputs) -> Outcome:
    """Whether the breathing is fast for the age; a young infant's high count must be seen twice."""
    assert inputs.age_days is not None and inputs.respirations is not None
    limit = FAST(inputs.age_days)
    band = AGE_BAND(inputs.age_days)
    fast = inputs.respirations >= limit
    if fast and inputs.age_days < 60:
        if inputs.respirations_again is None:
            text = N_("60 or more in a young infant: count again for a full minute.")
            raise NotComputed(Message(text), ["respirations_again"])
        fast = inputs.respirations_again >= limit
    return Outcome({"fast": fast, "limit": limit, "unit": "/min", "age_band": band})
