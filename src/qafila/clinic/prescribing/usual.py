"""The usual course of a medicine for a person: written down for adults, reckoned from the weight for children. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from qafila.clinic.prescribing.doses import GROWN_DAYS, TOLERANCE, limits, ranges
from qafila.clinic.prescribing.findings import Facts
from qafila.clinic.rules.words import Message
from qafila.packs.formulary_shapes import DoseRange, Medicine, Product
from qafila.packs.strengths import Strength, parse

LIQUID_UNTIL_DAYS = 6 * 365.25
"""Younger children get the liquid where there is one."""
STEPS = {"mL": Decimal("0.5"), "tablet": Decimal("0.5"), "capsule": Decimal(1), "sachet": Decimal(1)}
"""What can be measured: half a millilitre, half a tablet, a whole capsule."""
PIECES = {"tablet": "tablet", "dispersible_tablet": "tablet", "capsule": "capsule", "powder_sachet": "sachet"}


@dataclass(frozen=True, slots=True)
class Course:
    """A product with its dose, times a day and days."""

    form: str
    strength: str
    route: str
    dose: Decimal
    unit: str
    per_day: Decimal
    days: int


def courses(medicine: Medicine, facts: Facts) -> list[Course]:
    """What is usual for this person; nothing where the age is not known, or the weight where it counts."""
    if facts.age_days is None:
        return []
    if facts.age_days >= GROWN_DAYS:
        routes = {p.form: p.route for p in medicine.product}
        written = [
            Course(u.form, u.strength, routes[u.form], Decimal(str(u.dose)), u.unit, Decimal(str(u.per_day)), u.days)
            for u in medicine.usual
        ]
        if written:
            return written
    if any(facts.age_days < y.below_months * 30.4375 and y.level != "caution" for y in medicine.young):
        return []
    young = facts.age_days < LIQUID_UNTIL_DAYS
    for product in sorted(medicine.product, key=lambda p: (p.form == "oral_liquid") != young):
        rows = ranges(medicine, product.route, facts)
        if isinstance(rows, Message):
            continue
        for row in rows:
            found = [c for s in product.strengths if (c := _course(product, s, row, medicine, facts)) is not None]
            if found:
                # The fewest pieces or millilitres, as long as there is one to give whole.
                return [min(found, key=lambda c: (c.dose < 1, c.dose))]
    return []


def _course(product: Product, text: str, row: DoseRange, medicine: Medicine, facts: Facts) -> Course | None:
    strength = parse(text)
    unit = "mL" if product.form == "oral_liquid" else PIECES.get(product.form, "")
    if row.per_day is None or row.days is None or not unit or strength is None:
        return None
    times = Decimal(str(row.per_day))
    held = limits(row, facts.weight_kg)
    least = held.least if held.least is not None else held.least_day and held.least_day / times
    most = _lowest(held.most, held.most_day and held.most_day / times)
    if least is None or most is None:
        return None
    index = medicine.substances.index(row.of) if row.of in medicine.substances else 0
    dose = _measured((least + most) / 2, least, most, strength, index, unit)
    return None if dose is None else Course(product.form, text, product.route, dose, unit, times, row.days)


def _lowest(*values: Decimal | None) -> Decimal | None:
    return min((value for value in values if value is not None), default=None)


def _measured(
    wanted: Decimal, least: Decimal, most: Decimal, strength: Strength, index: int, unit: str
) -> Decimal | None:
    """The dose next to the wanted amount that can be measured; None where that leaves the range."""
    if index >= len(strength.amounts) or (unit == "mL") != (strength.per_ml is not None):
        return None
    one = strength.amounts[index] / (strength.per_ml or 1)
    step = STEPS[unit]
    for dose in (((wanted / one) / step).quantize(Decimal(1)) * step,
                 ((most / one) / step).quantize(Decimal(1), ROUND_DOWN) * step):  # fmt: skip
        if dose > 0 and least <= dose * one * TOLERANCE and dose * one <= most:
            return dose
    return None
