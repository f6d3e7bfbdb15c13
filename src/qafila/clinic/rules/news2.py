"""NEWS2, the National Early Warning Score of the Royal College of Physicians, December 2017."""

from __future__ import annotations

from qafila.clinic.rules.bands import Bands, above, below, least, upto
from qafila.clinic.rules.inputs import Inputs
from qafila.clinic.rules.readings import (
    Acvpu,
    AgeYears,
    OnOxygen,
    Pregnant,
    Pulse,
    Respirations,
    Spo2,
    Spo2Scale,
    Systolic,
    Temperature,
)
from qafila.clinic.rules.rule import Outcome, rule
from qafila.clinic.rules.words import N_, Message

# RCP 2017, chart 1, row by row.
RESPIRATIONS = Bands(below(9, 3), upto(11, 1), upto(20, 0), upto(24, 2), above(24, 3))
SPO2_SCALE_1 = Bands(below(92, 3), below(94, 2), below(96, 1), least(96, 0))
SPO2_SCALE_2_AIR = Bands(below(84, 3), below(86, 2), below(88, 1), least(88, 0))
SPO2_SCALE_2_OXYGEN = Bands(
    below(84, 3), below(86, 2), below(88, 1), below(93, 0), below(95, 1), below(97, 2), least(97, 3)
)
SYSTOLIC = Bands(upto(90, 3), upto(100, 2), upto(110, 1), below(220, 0), least(220, 3))
PULSE = Bands(upto(40, 3), upto(50, 1), upto(90, 0), upto(110, 1), upto(130, 2), above(130, 3))
TEMPERATURE = Bands(upto(35.0, 3), upto(36.0, 1), upto(38.0, 0), upto(39.0, 1), above(39.0, 2))
OXYGEN = {False: 0, True: 2}
CONSCIOUSNESS = {"A": 0, "C": 3, "V": 3, "P": 3, "U": 3}

# RCP 2017, charts 2 and 4: threshold, and the monitoring and clinical response that go with it.
RESPONSE = {
    "low, score 0": N_("Continue routine monitoring, at least every 12 hours."),
    "low": N_("A registered nurse assesses; monitor at least every 4 to 6 hours."),
    "low-medium": N_("One reading alone scores 3: urgent review by a doctor; monitor at least every hour."),
    "medium": N_(
        "Urgent response: urgent assessment by a doctor or team able to treat acute illness; "
        "think of sepsis; monitor at least every hour."
    ),
    "high": N_("Emergency response: immediate assessment by an emergency or critical-care team; monitor continuously."),
}


class News2Inputs(Inputs, frozen=True):
    """The seven readings of chart 1 and what decides whether and how they are scored."""

    age_years: AgeYears = None
    pregnant: Pregnant = None
    respirations: Respirations = None
    spo2: Spo2 = None
    spo2_scale: Spo2Scale = None
    on_oxygen: OnOxygen = None
    systolic: Systolic = None
    pulse: Pulse = None
    consciousness: Acvpu = None
    temperature: Temperature = None


def not_meant_for(inputs: News2Inputs) -> Message | None:
    """NEWS2 is for people of 16 years and over who are not pregnant (RCP 2017)."""
    if inputs.age_years is not None and inputs.age_years < 16:
        return Message(N_("NEWS2 is not used under 16 years."))
    if inputs.pregnant:
        return Message(N_("NEWS2 is not used in pregnancy."))
    return None


def parts(inputs: News2Inputs) -> dict[str, int]:
    """The points of each reading that is known; a reading that lacks has no entry."""
    found: dict[str, int] = {}
    if inputs.respirations is not None:
        found["respirations"] = RESPIRATIONS(inputs.respirations)
    if inputs.spo2 is not None and (inputs.spo2_scale != 2 or inputs.on_oxygen is not None):
        found["spo2"] = spo2_scale(inputs)(inputs.spo2)
    if inputs.on_oxygen is not None:
        found["oxygen"] = OXYGEN[inputs.on_oxygen]
    if inputs.systolic is not None:
        found["systolic"] = SYSTOLIC(inputs.systolic)
    if inputs.pulse is not None:
        found["pulse"] = PULSE(inputs.pulse)
    if inputs.consciousness is not None:
        found["consciousness"] = CONSCIOUSNESS[inputs.consciousness]
    if inputs.temperature is not None:
        found["temperature"] = TEMPERATURE(round(inputs.temperature, 1))
    return found


def spo2_scale(inputs: News2Inputs) -> Bands[int]:
    """The saturation row of the chart that applies."""
    if inputs.spo2_scale != 2:
        return SPO2_SCALE_1
    return SPO2_SCALE_2_OXYGEN if inputs.on_oxygen else SPO2_SCALE_2_AIR


def risk(score: int, any_three: bool) -> str:
    """Clinical risk of chart 2: low, low-medium, medium, high."""
    if score >= 7:
        return "high"
    if score >= 5:
        return "medium"
    return "low-medium" if any_three else "low"


@rule(
    "news2",
    version="2017",
    title=N_("National Early Warning Score 2"),
    source="Royal College of Physicians. National Early Warning Score (NEWS) 2. London: RCP, 2017 (charts 1, 2 and 4)",
    applies=not_meant_for,
)
def news2(inputs: News2Inputs) -> Outcome:
    """Aggregate score 0-20, points of each reading, those that score 3 alone, clinical risk, response."""
    points = parts(inputs)
    score = sum(points.values())
    threes = [name for name, value in points.items() if value == 3]
    level = risk(score, bool(threes))
    response = Message(RESPONSE["low, score 0" if score == 0 else level])
    notes = [response]
    if inputs.pregnant is None:
        notes.append(Message(N_("Pregnancy is not recorded; NEWS2 is not used in pregnancy.")))
    values = {
        "score": score,
        "parts": points,
        "single_three": threes,
        "risk": level,
        "spo2_scale": inputs.spo2_scale or 1,
    }
    return Outcome(values, tuple(notes), (response,) if level in ("medium", "high") else ())
