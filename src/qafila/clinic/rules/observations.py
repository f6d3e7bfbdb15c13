"""The table of vital observations: code, unit, units of entry, what is impossible, what is asked about again.

Codes are LOINC (loinc.org, LOINC is copyright Regenstrief Institute), units UCUM. An impossible value is refused, an
unusual one asks "confirm". The ranges are general clinical knowledge (see docs/clinical/vitals.md): they are meant
to catch slips of the hand, and say nothing about what is normal.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.words import N_, Message

LOINC = "http://loinc.org"
LOCAL = "urn:qafila:observation"

Range = tuple[float, float]
Kinds = Literal["quantity", "choice", "boolean", "date"]

YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit a value may be entered in: `base = (value + shift) * factor`. `shown` is how people write it."""

    ucum: str
    shown: str
    factor: float = 1.0
    shift: float = 0.0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a choice: the stored code and its label (msgid)."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of observation. `units[0]` is the unit of storage; ranges are in it; `plausible` is by age in days."""

    key: str
    label: str
    code: str
    display: str
    type: Kinds = "quantity"
    system: str = LOINC
    units: tuple[Unit, ...] = ()
    decimals: int = 0
    possible: Range = (0.0, 0.0)
    plausible: Bands[Range] | None = None
    choices: tuple[Choice, ...] = ()
    whole: bool = False

    @property
    def unit(self) -> str:
        """UCUM unit of the stored value, empty for a choice or a yes/no."""
        return self.units[0].ucum if self.units else ""


@dataclass(frozen=True, slots=True)
class Plausibility:
    """What `check` says: `ok`, `confirm` (ask once more) or `refuse`, why, and the value in the base unit."""

    status: Literal["ok", "confirm", "refuse"]
    reason: Message | None = None
    value: float | str | bool | None = None
    unit: str = ""
    suggested_unit: str = ""


def by_age(newborn: Range, infant: Range, under_5: Range, under_12: Range, older: Range) -> Bands[Range]:
    """A plausible range for each age: below 28 days, 1 year, 5 years, 12 years, and from then on."""
    return Bands(
        below(28, newborn),
        below(YEAR, infant),
        below(5 * YEAR, under_5),
        below(12 * YEAR, under_12),
        least(12 * YEAR, older),
    )


def any_age(low: float, high: float) -> Bands[Range]:
    """The same plausible range at any age."""
    return Bands(least(0, (low, high)))


CELSIUS = Unit("Cel", "°C")
FAHRENHEIT = Unit("[degF]", "°F", 5 / 9, -32.0)
MMOL_L = Unit("mmol/L", "mmol/L")
MG_DL = Unit("mg/dL", "mg/dL", 1 / 18.0156, code="41653-7")  # molar mass of glucose 180.156 g/mol
PER_MINUTE = Unit("/min", "/min")
MMHG = Unit("mm[Hg]", "mmHg")
CM = Unit("cm", "cm")
METRE = Unit("m", "m", 100.0)
UMOL_L = Unit("umol/L", "µmol/L")
CREATININE_MG_DL = Unit("mg/dL", "mg/dL", 88.4, code="2160-0")  # molar mass of creatinine 113.12 g/mol
KG = Unit("kg", "kg")
GRAM = Unit("g", "g", 0.001)

WEIGHT: Bands[Range] = Bands(
    below(28, (0.7, 6.5)),
    below(YEAR, (1.5, 15)),
    below(5 * YEAR, (4, 35)),
    below(12 * YEAR, (10, 90)),
    below(18 * YEAR, (20, 150)),
    least(18 * YEAR, (30, 200)),
)
HEIGHT: Bands[Range] = Bands(
    below(28, (35, 62)),
    below(YEAR, (40, 90)),
    below(5 * YEAR, (55, 130)),
    below(12 * YEAR, (80, 180)),
    below(18 * YEAR, (105, 210)),
    least(18 * YEAR, (130, 210)),
)

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("temperature", N_("Temperature"), "8310-5", "Body temperature", units=(CELSIUS, FAHRENHEIT), decimals=1,
             possible=(20.0, 46.0), plausible=any_age(34.0, 41.0)),
        Kind("pulse", N_("Pulse"), "8867-4", "Heart rate", units=(PER_MINUTE,),
             possible=(0, 350), plausible=by_age((80, 210), (70, 200), (60, 180), (50, 160), (40, 150))),
        Kind("respirations", N_("Respiratory rate"), "9279-1", "Respiratory rate", units=(PER_MINUTE,),
             possible=(0, 150), plausible=by_age((25, 80), (20, 80), (15, 60), (12, 50), (8, 40))),
        Kind("respirations_again", N_("Respiratory rate, second count"), "respirations-again",
             "Respiratory rate, second full minute", system=LOCAL, units=(PER_MINUTE,), possible=(0, 150),
             plausible=any_age(15, 80)),
        Kind("systolic", N_("Systolic blood pressure"), "8480-6", "Systolic blood pressure", units=(MMHG,),
             possible=(20, 350), plausible=by_age((40, 110), (50, 130), (60, 140), (70, 160), (70, 220))),
        Kind("diastolic", N_("Diastolic blood pressure"), "8462-4", "Diastolic blood pressure", units=(MMHG,),
             possible=(0, 250), plausible=by_age((20, 80), (25, 90), (30, 95), (35, 110), (40, 130))),
        Kind("spo2", N_("Oxygen saturation (SpO₂)"), "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry",
             units=(Unit("%", "%"),), possible=(10, 100), plausible=any_age(80, 100)),
        Kind("glucose", N_("Blood glucose"), "14743-9", "Glucose [Moles/volume] in Capillary blood by Glucometer",
             units=(MMOL_L, MG_DL), decimals=1, possible=(0.5, 85.0), plausible=any_age(2.5, 30.0)),
        Kind("creatinine", N_("Serum creatinine"), "14682-9", "Creatinine [Moles/volume] in Serum or Plasma",
             units=(UMOL_L, CREATININE_MG_DL), decimals=1, possible=(5.0, 5000.0), plausible=any_age(20, 1000)),
        Kind("weight", N_("Weight"), "29463-7", "Body weight", units=(KG, GRAM), decimals=3, possible=(0.2, 500.0),
             plausible=WEIGHT),
        Kind("height", N_("Height or length"), "8302-2", "Body height", units=(CM, METRE), decimals=1,
             possible=(20.0, 260.0),
             plausible=HEIGHT),
        Kind("head_circumference", N_("Head circumference"), "9843-4", "Head Occipital-frontal circumference",
             units=(CM,), decimals=1, possible=(15.0, 90.0),
             plausible=by_age((28, 42), (30, 52), (38, 58), (44, 62), (47, 66))),
        Kind("arm_circumference", N_("Mid-upper arm circumference"), "56072-2", "Circumference Mid upper arm - right",
             units=(CM, Unit("mm", "mm", 0.1)), decimals=1, possible=(4.0, 80.0),
             plausible=by_age((6, 14), (8, 20), (9, 25), (11, 36), (15, 55))),
        Kind("oedema", N_("Pitting oedema of both feet"), "oedema", "Bilateral pitting oedema", type="choice",
             system=LOCAL,
             choices=(Choice("0", N_("None")), Choice("1", N_("+ feet")), Choice("2", N_("++ feet and legs")),
                      Choice("3", N_("+++ everywhere")))),
        Kind("pain", N_("Pain (0 to 10)"), "72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
             units=(Unit("{score}", "/10"),), possible=(0, 10), whole=True),
        Kind("consciousness", N_("Consciousness (ACVPU)"), "80288-4", "Level of consciousness AVPU score",
             type="choice",
             choices=(Choice("A", N_("Alert")), Choice("C", N_("New confusion")), Choice("V", N_("Responds to voice")),
                      Choice("P", N_("Responds to pain")), Choice("U", N_("Unresponsive")))),
        Kind("oxygen", N_("Oxygen given (0 = room air)"), "3151-8", "Inhaled oxygen flow rate",
             units=(Unit("L/min", "L/min"),), decimals=1, possible=(0, 100), plausible=any_age(0, 15)),
        Kind("spo2_scale", N_("SpO₂ scale for NEWS2"), "spo2-scale", "SpO2 scale of NEWS2", type="choice", system=LOCAL,
             choices=(Choice("1", N_("Scale 1")), Choice("2", N_("Scale 2 (a clinician has set a target of 88-92)")))),
        Kind("pregnant", N_("Pregnant"), "82810-3", "Pregnancy status", type="boolean"),
        Kind("after_birth", N_("Gave birth in the last 6 weeks"), "after-birth", "Within 42 days of giving birth",
             type="boolean", system=LOCAL),
        Kind("lmp", N_("First day of the last period"), "8665-2", "Last menstrual period start date", type="date"),
        Kind("lactating", N_("Breastfeeding"), "63895-7", "Breastfeeding status", type="boolean"),
    )
}  # fmt: skip

OUTSIDE = N_("%(value)s %(unit)s is not possible: between %(low)s and %(high)s %(unit)s.")
OTHER_UNIT = N_("%(value)s %(unit)s is not possible. Is it %(value)s %(other)s?")
UNUSUAL = N_("%(value)s %(unit)s is unusual. Is it right?")
UNUSUAL_AGE = N_("%(value)s %(unit)s is unusual at this age. Is it right?")
UNUSUAL_UNIT = N_("%(value)s %(unit)s is unusual. Is it right, or is it %(value)s %(other)s?")
NOT_NUMBER = N_("This is not a number.")
NOT_WHOLE = N_("A whole number is needed.")
NO_UNIT = N_("%(unit)s is not a unit of this reading.")
NOT_CHOICE = N_("This is not one of the answers.")
NOT_YES_NO = N_("Answer yes or no.")
PREGNANT_MAN = N_("This person is recorded as male. Is it the right person, and is the sex right?")
PREGNANT_AGE = N_("Pregnancy or breastfeeding is unusual at this age. Is it right?")
FUTURE_DAY = N_("This date is in the future.")
NOT_DAY = N_("This is not a date. Write day/month/year.")
LONG_AGO = N_("This is %(weeks)s weeks ago. Is the year right?")
TOO_LONG_AGO = N_("No pregnancy lasts %(weeks)s weeks: check the last period, or whether she is pregnant.")
LONGEST_PREGNANCY = 44 * 7 + 6  # days, as in the rule `gestation`
USUALLY_PREGNANT = (15 * YEAR, 50 * YEAR)  # outside it is asked about
CROSSED = N_("The diastolic pressure must be lower than the systolic.")


def to_base(key: str, value: float, unit: str = "") -> float:
    """`value`, entered in the UCUM `unit` ("" = the kind's own), in the kind's own unit, rounded to its decimals.

    Raises `KeyError` for an unknown kind, `ValueError` for a unit the kind does not take.
    """
    kind = KINDS[key]
    return _rounded((value + _unit(kind, unit).shift) * _unit(kind, unit).factor, kind.decimals)


def check(
    key: str,
    value: object,
    unit: str = "",
    *,
    age_days: float | None = None,
    sex: str | None = None,
    on: datetime.date | None = None,
) -> Plausibility:
    """Judge one reading as entered. `age_days` None = age unknown (then the range of all ages together is used).

    `sex` is "male", "female" or None; `on` the day of care, for a date (given as year-month-day). Raises `KeyError`
    only for a kind that does not exist.
    """
    kind = KINDS[key]
    if kind.type == "date":
        return _date(value, on)
    if kind.type == "choice":
        if isinstance(value, str) and value in {choice.code for choice in kind.choices}:
            return Plausibility("ok", value=value)
        return Plausibility("refuse", Message(NOT_CHOICE))
    if kind.type == "boolean":
        return _yes_no(value, age_days, sex)
    return _quantity(kind, value, unit, age_days)


def check_together(values: Mapping[str, object], on: datetime.date | None = None) -> dict[str, Plausibility]:
    """Judge readings of one moment against each other (base units); only what is wrong is in the answer."""
    period = _day(values.get("lmp"))
    if values.get("pregnant") is True and period and on and (on - period).days > LONGEST_PREGNANCY:
        return {"lmp": Plausibility("refuse", Message(TOO_LONG_AGO, weeks=(on - period).days // 7))}
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    high, low = _number(systolic), _number(diastolic)
    if high is not None and low is not None and low >= high:
        return {"diastolic": Plausibility("refuse", Message(CROSSED))}
    return {}


def rule_inputs(readings: Mapping[str, object]) -> dict[str, object]:
    """Readings by key, in base units, under the names that the rules use (for `Rule.on`)."""
    found = {key: value for key, value in readings.items() if value is not None}
    flow = found.pop("oxygen", None)
    if isinstance(flow, (int, float, Decimal)):
        found["on_oxygen"] = flow > 0
    if isinstance(found.get("spo2_scale"), str):
        found["spo2_scale"] = int(str(found["spo2_scale"]))
    if isinstance(found.get("oedema"), str):
        found["oedema"] = found["oedema"] != "0"
    return found


def _quantity(kind: Kind, value: object, unit: str, age_days: float | None) -> Plausibility:
    entered = _number(value)
    if entered is None:
        return Plausibility("refuse", Message(NOT_NUMBER))
    try:
        used = _unit(kind, unit)
    except ValueError:
        return Plausibility("refuse", Message(NO_UNIT, unit=f"{unit:.20}"))
    if kind.whole and entered != int(entered):
        return Plausibility("refuse", Message(NOT_WHOLE))
    exact = (entered + used.shift) * used.factor
    low, high = kind.possible
    shown = _shown(entered)
    other = _meant(kind, entered, used, age_days)
    if not low <= exact <= high:
        if other:
            reason = Message(OTHER_UNIT, value=shown, unit=used.shown, other=other.shown)
            return Plausibility("refuse", reason, suggested_unit=other.ucum)
        span = {"low": _shown(_entered(low, used)), "high": _shown(_entered(high, used))}
        return Plausibility("refuse", Message(OUTSIDE, value=shown, unit=used.shown, **span))
    base = _rounded(exact, kind.decimals)
    if _in_range(kind, base, age_days):
        return Plausibility("ok", value=base, unit=kind.unit)
    reason = Message(UNUSUAL if age_days is None else UNUSUAL_AGE, value=shown, unit=used.shown)
    if other:
        reason = Message(UNUSUAL_UNIT, value=shown, unit=used.shown, other=other.shown)
    return Plausibility("confirm", reason, base, kind.unit, other.ucum if other else "")


def _yes_no(value: object, age_days: float | None, sex: str | None) -> Plausibility:
    if not isinstance(value, bool):
        return Plausibility("refuse", Message(NOT_YES_NO))
    if value and sex == "male":
        return Plausibility("confirm", Message(PREGNANT_MAN), value)
    low, high = USUALLY_PREGNANT
    if value and age_days is not None and not low <= age_days < high:
        return Plausibility("confirm", Message(PREGNANT_AGE), value)
    return Plausibility("ok", value=value)


def _date(value: object, on: datetime.date | None) -> Plausibility:
    day = _day(value)
    if day is None:
        return Plausibility("refuse", Message(NOT_DAY))
    if on is not None and day > on:
        return Plausibility("refuse", Message(FUTURE_DAY))
    if on is not None and (on - day).days > LONGEST_PREGNANCY:
        return Plausibility("confirm", Message(LONG_AGO, weeks=(on - day).days // 7), day.isoformat())
    return Plausibility("ok", value=day.isoformat())


def _day(value: object) -> datetime.date | None:
    try:
        day = datetime.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day and day.year >= 1900 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        found = float(value)
    except (OverflowError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _unit(kind: Kind, ucum: str) -> Unit:
    if not ucum:
        return kind.units[0]
    for unit in kind.units:
        if unit.ucum == ucum:
            return unit
    raise ValueError(f"{ucum} is not a unit of {kind.key}")


def _in_range(kind: Kind, base: float, age_days: float | None) -> bool:
    if kind.plausible is None:
        return True
    if age_days is None:
        return any(band.value[0] <= base <= band.value[1] for band in kind.plausible.bands)
    low, high = kind.plausible(age_days)
    return low <= base <= high


def _meant(kind: Kind, entered: float, used: Unit, age_days: float | None) -> Unit | None:
    """The other unit in which the same digits would be usual."""
    for unit in kind.units:
        if unit is not used and _in_range(kind, (entered + unit.shift) * unit.factor, age_days):
            return unit
    return None


def _entered(base: float, unit: Unit) -> float:
    return _rounded(base / unit.factor - unit.shift, 1)


def _rounded(value: float, decimals: int) -> float:
    return float(Decimal(repr(round(value, 9))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def _shown(value: float) -> str:
    return f"{value:.10g}"
