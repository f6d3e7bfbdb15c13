"""Triage: which published table is meant for this person, and the level it gives.

The order of the levels and the step from a table's answer to a colour are ours (docs/clinical/triage.md). A level below
red is given only when all that the table asks for is known; before that the result says `at_least`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, cast, get_type_hints

import msgspec

from qafila.clinic.rules import news2 as adult
from qafila.clinic.rules.breathing import fast_breathing
from qafila.clinic.rules.danger_signs import (
    FIVE_YEARS,
    SIXTEEN_YEARS,
    YEAR,
    YOUNG_INFANT,
    danger_signs_child,
    danger_signs_pregnancy,
    danger_signs_young_infant,
    emergency_signs_child,
)
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeDays, Diastolic, OptionalSex
from qafila.clinic.rules.rule import NotComputed, Outcome, Result, Rule, rule
from qafila.clinic.rules.words import N_, Message

LEVELS = ("green", "yellow", "orange", "red")
LABELS = {
    "red": N_("Immediate"),
    "orange": N_("Very urgent"),
    "yellow": N_("Urgent"),
    "green": N_("Can wait"),
}
AFTER_BIRTH = 42  # days
CHILDBEARING = (12 * YEAR, 55 * YEAR)  # when pregnancy is asked about
FEVER = 38.0
SEVERE_PRESSURE = (160, 110)
HIGH_PRESSURE = (140, 90)

NEWS2_LEVEL = {"high": "red", "medium": "orange", "low-medium": "orange"}
SCORES_3 = {
    "respirations": N_("Respiratory rate scores 3"),
    "spo2": N_("Oxygen saturation scores 3"),
    "systolic": N_("Systolic blood pressure scores 3"),
    "pulse": N_("Pulse scores 3"),
    "consciousness": N_("Consciousness scores 3"),
    "temperature": N_("Temperature scores 3"),
}
OBSTETRIC = {
    "leaking_fluid": N_("Leaking fluid"),
    "no_fetal_movement": N_("No fetal movement"),
}
TABLE_NAMES = {
    "news2": N_("NEWS2 (RCP 2017), from 16 years"),
    "danger-signs-child": N_("IMCI 2014, 2 months up to 5 years"),
    "danger-signs-young-infant": N_("IMCI, young infant 0-59 days, edition %(edition)s"),
    "emergency-signs-child": N_("Emergency signs ABCD (ETAT 2016), 5 to 15 years"),
    "danger-signs-pregnancy": N_("Danger signs in pregnancy and to 6 weeks after birth (WHO ANC.DT.01)"),
}
DEFAULT_EDITION = "2014"
BREATHING = {
    "chest_indrawing": N_("Chest indrawing: pneumonia"),
    "fast": N_("Fast breathing for the age: pneumonia"),
}


class Own(Inputs, frozen=True):
    """What triage asks beyond the inputs of the tables it chooses from."""

    age_days: AgeDays = None
    sex: OptionalSex = None
    days_since_birth: Annotated[int, number("d", N_("Days since she gave birth"), 0, 400)] | None = None
    after_birth: Annotated[bool, item(N_("Gave birth in the last 6 weeks"))] | None = None
    diastolic: Diastolic = None
    chest_indrawing: Annotated[bool, item(N_("Chest indrawing"))] | None = None
    leaking_fluid: Annotated[bool, item(OBSTETRIC["leaking_fluid"])] | None = None
    no_fetal_movement: Annotated[bool, item(OBSTETRIC["no_fetal_movement"])] | None = None


TABLES: tuple[Rule[Any], ...] = (
    adult.news2,
    fast_breathing,
    danger_signs_child,
    danger_signs_young_infant,
    emergency_signs_child,
    danger_signs_pregnancy,
)


def _all_inputs() -> type[Inputs]:
    """Every input of every table, once. The age in days decides alone."""
    kinds: dict[str, Any] = {}
    for source in (Own, *(table.inputs for table in TABLES)):
        for name, hint in get_type_hints(source, include_extras=True).items():
            kinds.setdefault(name, hint)
    kinds.pop("age_years")
    fields = [(name, hint, None) for name, hint in kinds.items()]
    made: Any = msgspec.defstruct("TriageInputs", fields, bases=(Inputs,), frozen=True, kw_only=True)
    return cast("type[Inputs]", made)


@dataclass
class Verdict:
    """What a table says so far: the level that is certain, why, and what it still asks for."""

    table: str
    level: str = "green"
    reasons: list[Message] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def at_least(self, level: str, *reasons: Message) -> None:
        """Raise the level, never lower it."""
        self.level = max(self.level, level, key=LEVELS.index)
        self.reasons += reasons


def _run(table: Rule[Any], inputs: Any, **derived: object) -> Result:
    """A table on its share of the inputs; what a reading implies stands in for a sign that was not asked."""
    values = {one.name: getattr(inputs, one.name, None) for one in table.fields}
    for name, value in derived.items():
        if values.get(name) is None:
            values[name] = value
    return table.compute(values)


def _adult(inputs: Any) -> Verdict:
    points = adult.parts(inputs)
    score = sum(points.values())
    threes = [name for name, value in points.items() if value == 3]
    found = Verdict("news2", missing=[name for name in adult.news2.required if name not in ("age_years", *points)])
    found.missing = [name for name in found.missing if getattr(inputs, name) is None]
    risk = adult.risk(score, bool(threes))
    reasons = [Message(N_("NEWS2 score %(score)s"), score=score), *(Message(SCORES_3[name]) for name in threes)]
    found.at_least(NEWS2_LEVEL.get(risk, "yellow" if score else "green"), *reasons)
    return found


def _child(inputs: Any) -> Verdict:
    low = {"A": False, "C": True, "V": True, "P": True, "U": True}.get(inputs.consciousness)
    found = _signs("danger-signs-child", _run(danger_signs_child, inputs, lethargic_or_unconscious=low))
    breathing = _run(fast_breathing, inputs)
    found.missing += breathing.missing
    if inputs.chest_indrawing:
        found.at_least("yellow", Message(BREATHING["chest_indrawing"]))
    elif inputs.chest_indrawing is None:
        found.missing.append("chest_indrawing")
    if breathing.values.get("fast"):
        found.at_least("yellow", Message(BREATHING["fast"]))
    return found


def _young_infant(inputs: Any) -> Verdict:
    result = _run(danger_signs_young_infant, inputs)
    found = _signs("danger-signs-young-infant", result)
    if result.values.get("fast_breathing"):
        found.at_least("yellow", Message(BREATHING["fast"]))
    return found


def _school_age(inputs: Any) -> Verdict:
    coma = {"A": False, "C": False, "V": False, "P": True, "U": True}.get(inputs.consciousness)
    return _signs("emergency-signs-child", _run(emergency_signs_child, inputs, coma=coma))


def _obstetric(inputs: Any) -> Verdict:
    derived: dict[str, object] = {
        "fever": None if inputs.temperature is None else round(inputs.temperature, 1) >= FEVER,
        "unconscious": {"A": False, "C": False, "V": False, "P": True, "U": True}.get(inputs.consciousness),
    }
    if not inputs.pregnant:
        derived |= {"labour": False, "imminent_delivery": False}
    found = _signs("danger-signs-pregnancy", _run(danger_signs_pregnancy, inputs, **derived))
    for name, text in OBSTETRIC.items():
        if getattr(inputs, name):
            found.at_least("red", Message(text))
    pressure = (inputs.systolic or 0, inputs.diastolic or 0)
    found.missing += [name for name in ("systolic", "diastolic") if getattr(inputs, name) is None]
    shown = Message(
        N_("Blood pressure %(high)s/%(low)s mmHg"), high=inputs.systolic or "?", low=inputs.diastolic or "?"
    )
    if any(value >= limit for value, limit in zip(pressure, SEVERE_PRESSURE, strict=True)):
        found.at_least("red", shown)
    elif any(value >= limit for value, limit in zip(pressure, HIGH_PRESSURE, strict=True)):
        found.at_least("orange", shown)
    return found


def _signs(table: str, result: Result) -> Verdict:
    found = Verdict(table, missing=list(result.missing))
    if result.values.get("danger"):
        found.at_least("red", *result.red_flags)
    return found


def _table(inputs: Any) -> Verdict:
    """The table of this person: pregnancy and the six weeks after birth first, then by age."""
    age: float = inputs.age_days
    born = inputs.days_since_birth
    if inputs.pregnant or inputs.after_birth or (born is not None and born <= AFTER_BIRTH):
        return _obstetric(inputs)
    if age < YOUNG_INFANT:
        return _young_infant(inputs)
    if age < FIVE_YEARS:
        return _child(inputs)
    found = _school_age(inputs) if age < SIXTEEN_YEARS else _adult(inputs)
    low, high = CHILDBEARING
    if inputs.pregnant is None and inputs.sex != "male" and low <= age < high:
        found.missing.append("pregnant")
    return found


@rule(
    "triage",
    version="1",
    title=N_("Triage: the table for this person and its level"),
    source="NEWS2 (RCP 2017) from 16 years; IMCI 2014 from 2 months to 5 years; young infants IMCI 2014/2019; "
    "ETAT 2016 emergency signs from 5 to 15 years; WHO ANC.DT.01 in pregnancy and, with "
    "blood pressure, to 6 weeks after birth; "
    "colours and what is marked so in docs/clinical/triage.md are general knowledge",
    draft=True,
    inputs=_all_inputs(),
    required=("age_days",),
)
def triage(inputs: Inputs) -> Outcome:
    """Table, level (red, orange, yellow, green), its word, and the reasons.

    Red is given as soon as it is certain; a lower level when nothing lacks, else "not computed" with `at_least`.
    """
    found = _table(inputs)
    if found.missing and found.level != "red":
        known: dict[str, object] = {"table": found.table}
        if found.level != "green":
            known |= {"at_least": found.level, "label": LABELS[found.level], "reasons": found.reasons}
        raise NotComputed(missing=found.missing, known=known)
    reasons = tuple(found.reasons) or (Message(N_("No danger sign.")),)
    values = {"table": found.table, "level": found.level, "label": LABELS[found.level], "reasons": list(reasons)}
    return Outcome(values, reasons, reasons if found.level == "red" else (), tuple(found.missing))
