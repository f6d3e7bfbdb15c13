"""How much is prescribed, against what is usual for weight and age; and in which unit a form is measured. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from qafila.clinic.prescribing.findings import Facts, Finding, Line, Unchecked
from qafila.clinic.rules.words import N_, Message
from qafila.packs.catalogue import Catalogue
from qafila.packs.formulary_shapes import DoseRange, Medicine
from qafila.packs.strengths import TO_BASE, Strength, parse

GROWN_DAYS = 18 * 365.25
MONTH_DAYS = 30.4375
TOLERANCE = Decimal("1.1")
"""Tablets are halved and millilitres rounded: a tenth beyond a range is inside of it."""
DECIMAL_SLIP = 8
"""From so many times the highest usual dose on it is a slip of the decimal point, and no reason makes it right."""

HIGH = N_("%(medicine)s: one dose is %(given)s, more than the usual %(most)s.")
HIGH_DAY = N_("%(medicine)s: a day is %(given)s, more than the usual %(most)s.")
LOW = N_("%(medicine)s: one dose is %(given)s, less than the usual %(least)s.")
LOW_DAY = N_("%(medicine)s: a day is %(given)s, less than the usual %(least)s.")
SLIP = N_("%(medicine)s: %(given)s is many times the usual %(most)s. Is the decimal point right?")
YOUNG = N_("Age, %(medicine)s: %(note)s.")
NO_AGE = N_("The age is not known: doses were not checked.")
NO_WEIGHT = N_("The weight is not known: doses by weight were not checked.")
NO_RANGE = N_("%(medicine)s: no usual dose is written down for this person and route.")
NO_STRENGTH = N_("%(medicine)s: the dose was not checked, form and strength are not known.")
NO_DOSE = N_("%(medicine)s: the dose is not complete.")
WRONG_UNIT = N_("A dose of this form (%(form)s) is measured in %(units)s, not in %(unit)s.")
WRONG_UNIT_OFFER = N_(
    "A dose of this form (%(form)s) is measured in %(units)s, not in %(unit)s: %(dose)s %(unit)s is %(offer)s."
)


@dataclass(frozen=True, slots=True)
class Offer:
    """The same dose in a unit that the form allows."""

    dose: Decimal
    unit: str


# --- units --------------------------------------------------------------------------------


def mismatch(line: Line, catalogue: Catalogue) -> tuple[Message, Offer | None] | None:
    """What is wrong with the unit of a dose, and the dose in a right one where the strength gives it."""
    form = catalogue.forms.get(line.form)
    if form is None or not line.dose_unit or line.dose_unit in form.units:
        return None
    units = " / ".join(form.units)
    offered = _converted(line, form.units[0])
    if offered is None:
        return Message(WRONG_UNIT, form=f"@form:{form.code}", units=units, unit=line.dose_unit), None
    shown = f"{_plain(offered.dose)} {offered.unit}"
    values = {"units": units, "unit": line.dose_unit, "dose": _plain(line.dose or Decimal(0)), "offer": shown}
    return Message(WRONG_UNIT_OFFER, form=f"@form:{form.code}", **values), offered


def _converted(line: Line, unit: str) -> Offer | None:
    strength = parse(line.strength)
    if strength is None or line.dose is None or line.dose_unit not in TO_BASE:
        return None
    factor, base = TO_BASE[line.dose_unit]
    if strength.bases[0] != base:
        return None
    share = line.dose * factor / strength.amounts[0]
    if unit == "mL":
        if strength.per_ml is None:
            return None
        share *= strength.per_ml
    elif strength.per_ml is not None:
        return None
    rounded = share.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Offer(rounded, unit) if rounded > 0 else None


def amount(line: Line, strength: Strength, index: int) -> Decimal | None:
    """How much of a substance one dose holds, in mg or IU; None where form and unit do not say."""
    if line.dose is None:
        return None
    if line.dose_unit in TO_BASE:
        factor, base = TO_BASE[line.dose_unit]
        whole = line.dose * factor
        # A dose in mg of a combination is of its first substance.
        share = strength.amounts[index] / strength.amounts[0]
        return whole * share if base == strength.bases[0] else None
    if line.dose_unit == "mL":
        return line.dose / strength.per_ml * strength.amounts[index] if strength.per_ml else None
    if line.dose_unit in ("tablet", "capsule", "suppository", "sachet", "puff", "ampoule"):
        return line.dose * strength.amounts[index] if strength.per_ml is None else None
    return None


# --- ranges -------------------------------------------------------------------------------


def check(position: int, line: Line, facts: Facts, catalogue: Catalogue) -> Iterator[Finding | Unchecked]:
    """One dose and a day's doses against the ranges of the formulary, and ages that it is not for."""
    medicine = catalogue.medicines[line.medicine]
    if facts.age_days is None:
        yield Unchecked("dose", position, Message(NO_AGE))
        return
    for young in medicine.young:
        if facts.age_days < young.below_months * MONTH_DAYS:
            told = Message(YOUNG, medicine=line.words, note=f"@note:{young.note}")
            if young.level != "compatible":
                yield Finding("dose", position, young.level, told, catalogue.sources.get(young.source, ""))
            break
    rows = ranges(medicine, line.route, facts)
    if isinstance(rows, Message):
        yield Unchecked("dose", position, rows)
        return
    if not rows:
        yield Unchecked("dose", position, Message(NO_RANGE, medicine=line.words))
        return
    strength = parse(line.strength)
    for row in rows:
        index = _index(row, medicine)
        if strength is None or index >= len(strength.amounts):
            yield Unchecked("dose", position, Message(NO_STRENGTH, medicine=line.words))
            return
        one = amount(line, strength, index)
        if one is None or line.per_day is None:
            yield Unchecked("dose", position, Message(NO_DOSE, medicine=line.words))
            return
        yield from _against(position, line, facts, catalogue, row, one)


def ranges(medicine: Medicine, route: str, facts: Facts) -> list[DoseRange] | Message:
    """The rows for this person and route; why none can be chosen."""
    if facts.age_days is None:
        return Message(NO_AGE)
    who = "child" if facts.age_days < GROWN_DAYS else "adult"
    rows = [row for row in medicine.dose if row.who == who and route in row.routes]
    if any(row.by_weight for row in rows) and facts.weight_kg is None:
        return facts.weight_why or Message(NO_WEIGHT)
    weight = float(facts.weight_kg or 0)
    return [
        row
        for row in rows
        if (row.from_kg is None or weight >= row.from_kg) and (row.to_kg is None or weight < row.to_kg)
    ]


def _index(row: DoseRange, medicine: Medicine) -> int:
    return medicine.substances.index(row.of) if row.of in medicine.substances else 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one dose and of a day, in mg or IU; None: no limit."""

    least: Decimal | None
    most: Decimal | None
    least_day: Decimal | None
    most_day: Decimal | None


def limits(row: DoseRange, weight: Decimal | None) -> Limits:
    """What a row allows at a weight, in mg or IU."""
    factor = TO_BASE[row.unit][0]
    kg = weight or Decimal(0)

    def times(value: float | None, by: Decimal = Decimal(1)) -> Decimal | None:
        return None if value is None else Decimal(str(value)) * factor * by

    low, high = row.dose or (None, None)
    least, most = times(low), times(high)
    if row.dose_per_kg:
        least, most = times(row.dose_per_kg[0], kg), times(row.dose_per_kg[1], kg)
    day = row.day_per_kg or (None, None)
    least_day, most_day = times(day[0], kg), times(day[1], kg)
    most = _lowest(most, times(row.max_dose))
    most_day = _lowest(most_day, times(row.max_day), times(row.max_day_per_kg, kg))
    return Limits(least and _lowest(least, most), most, least_day and _lowest(least_day, most_day), most_day)


def _lowest(*values: Decimal | None) -> Decimal | None:
    return min((value for value in values if value is not None), default=None)


def _against(
    position: int, line: Line, facts: Facts, catalogue: Catalogue, row: DoseRange, one: Decimal
) -> Iterator[Finding]:
    held, source = limits(row, facts.weight_kg), catalogue.sources.get(row.source, "")
    unit = TO_BASE[row.unit][1]
    # What is taken less than once a day is judged as on the day it is taken.
    day = one * max(line.per_day or Decimal(1), Decimal(1))
    for given, least, most, high, low in (
        (one, held.least, held.most, HIGH, LOW),
        (day, held.least_day, held.most_day, HIGH_DAY, LOW_DAY),
    ):
        shown = f"{_plain(given)} {unit}"
        if most is not None and given > most * TOLERANCE:
            slip = given >= most * DECIMAL_SLIP
            told = Message(SLIP if slip else high, medicine=line.words, given=shown, most=f"{_plain(most)} {unit}")
            yield Finding("dose", position, "contraindicated" if slip else "avoid", told, source)
        elif least is not None and given * TOLERANCE < least:
            told = Message(low, medicine=line.words, given=shown, least=f"{_plain(least)} {unit}")
            yield Finding("dose", position, "caution", told, source)


def _plain(value: Decimal) -> str:
    rounded = value.quantize(Decimal("0.01")) if value < 10 else value.quantize(Decimal("0.1"))
    return f"{rounded.normalize():f}"
