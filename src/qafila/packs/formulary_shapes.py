"""Medicines, what is known of them, and diagnosis labels."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

ICD10 = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z]{1,2})?$")]
# oral rehydration salts have only a class of five characters
ATC = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9]{2}[A-Z]{2}([0-9]{2})?$")]

Positive = Annotated[float, msgspec.Meta(gt=0)]
DoseUnit = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_]{1,20}$")]


class Product(Shape, frozen=True):
    """A dosage form with the strengths it comes in, as printed on the box."""

    form: Identifier
    strengths: tuple[Text, ...]
    route: Identifier


class Usual(Shape, frozen=True):
    """A usual course of an adult: `dose` in `unit`, times a day, days."""

    form: Identifier
    strength: Text
    dose: Positive
    unit: DoseUnit
    per_day: Positive
    days: Annotated[int, msgspec.Meta(ge=1, le=366)]


class DoseRange(Shape, frozen=True):
    """What is usual for a child (under 18 years) or an adult by these routes, in `unit`; pairs are lowest and highest.

    `dose` one dose, `dose_per_kg` one dose and `day_per_kg` all doses of a day for each kg of weight. A child's row may
    hold from a weight and below a weight. `of`: which substance of a combination is counted; empty: the first.
    """

    who: Literal["child", "adult"]
    routes: tuple[Identifier, ...]
    unit: DoseUnit
    source: Identifier
    of: str = ""
    from_kg: Positive | None = None
    to_kg: Positive | None = None
    dose: tuple[Positive, Positive] | None = None
    dose_per_kg: tuple[Positive, Positive] | None = None
    day_per_kg: tuple[Positive, Positive] | None = None
    max_dose: Positive | None = None
    max_day: Positive | None = None
    max_day_per_kg: Positive | None = None
    per_day: Positive | None = None
    """Usual times a day, and days: only with both is a dose proposed."""
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] | None = None

    @property
    def by_weight(self) -> bool:
        """Whether it cannot be read without a weight."""
        return any((self.from_kg, self.to_kg, self.dose_per_kg, self.day_per_kg, self.max_day_per_kg))


class Care(Shape, frozen=True):
    """What is known of a medicine in a condition, in whose source's words (`note`)."""

    level: Literal["compatible", "caution", "avoid", "contraindicated"]
    source: Identifier
    note: str = ""


class Renal(Care, frozen=True, kw_only=True):
    """The same for an eGFR below so many mL/min/1.73 m²; the lowest row that fits holds. 0: kidneys do not matter."""

    below: Annotated[int, msgspec.Meta(ge=0, le=120)]


class Young(Care, frozen=True, kw_only=True):
    """The same for an age below so many months."""

    below_months: Annotated[int, msgspec.Meta(ge=1, le=216)]


class Medicine(Shape, frozen=True):
    """One medicine by its international name. `group` is its place in the list.

    `substances`: what it holds; empty: it is one substance of its own code, of these `classes`. What is not written of
    doses, pregnancy, breastfeeding and kidneys is not known, which is not the same as harmless.
    """

    code: Identifier
    atc: ATC
    label: Label
    group: Identifier
    product: tuple[Product, ...]
    controlled: bool = False
    substances: tuple[Identifier, ...] = ()
    classes: tuple[Identifier, ...] = ()
    usual: tuple[Usual, ...] = ()
    dose: tuple[DoseRange, ...] = ()
    young: tuple[Young, ...] = ()
    pregnancy: Care | None = None
    lactation: Care | None = None
    renal: tuple[Renal, ...] = ()


class Terms(Shape, frozen=True):
    """A code of a route, group or note, with its label."""

    code: Identifier
    label: Label


class Form(Terms, frozen=True):
    """A dosage form: in which units a dose of it is written, and in which its stock is counted."""

    units: tuple[DoseUnit, ...]
    counted: DoseUnit


class UnitOfDose(Shape, frozen=True):
    """What a dose is counted in."""

    code: DoseUnit
    kind: Literal["count", "mass", "volume", "activity", "flow"]
    label: Label


class Family(Terms, frozen=True):
    """A class of substances. `names`: words that people use for it; `twice`: two of it at once are one too many."""

    names: tuple[Text, ...] = ()
    twice: bool = False


class Substance(Terms, frozen=True):
    """A substance that is no medicine of the list by itself."""

    classes: tuple[Identifier, ...] = ()


class StrengthWord(Shape, frozen=True):
    """Words of a strength that are no unit's sign, and what they are in each language."""

    text: Text
    label: Label


class Source(Shape, frozen=True):
    """Where a row was taken from."""

    code: Identifier
    words: Text


class Formulary(Shape, frozen=True):
    """A list of medicines."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    source_list: tuple[Source, ...]
    unit: tuple[UnitOfDose, ...]
    form: tuple[Form, ...]
    route: tuple[Terms, ...]
    group: tuple[Terms, ...]
    family: tuple[Family, ...] = msgspec.field(name="class")
    note: tuple[Terms, ...]
    substance: tuple[Substance, ...]
    medicine: tuple[Medicine, ...]
    strength_word: tuple[StrengthWord, ...] = ()


class LocalName(Shape, frozen=True):
    """Names under which a medicine is sold in a country."""

    code: Identifier
    names: tuple[Text, ...]


class Carried(Shape, frozen=True):
    """A product that a unit carries: `least` in the unit in which its form is counted; below that it is ordered."""

    code: Identifier
    form: Identifier
    strength: Text
    least: Annotated[int, msgspec.Meta(ge=0)]


class LocalFormulary(Shape, frozen=True):
    """`countries/*/formulary.toml`: what its units carry, and the names it is sold under."""

    version: int
    status: Status
    source: Text
    carried: tuple[Carried, ...] = ()
    name: tuple[LocalName, ...] = ()


class Cross(Shape, frozen=True):
    """Who does not bear a substance or class may not bear another one, either way round."""

    one: Identifier
    other: Identifier
    level: Literal["caution", "avoid"]
    note: Label
    source: Text


class CrossAllergies(Shape, frozen=True):
    """`formulary/cross_allergies.toml`."""

    version: int
    status: Status
    source: Text
    cross: tuple[Cross, ...]


class DiagnosisLabel(Shape, frozen=True):
    """Words for an ICD-10 code, as a doctor would say them."""

    code: ICD10
    fr: Text
    ar: Text


class DiagnosisLabels(Shape, frozen=True):
    """`codes/icd10_labels.toml`."""

    version: int
    status: Status
    source: Text
    diagnosis: tuple[DiagnosisLabel, ...]

    def by_code(self) -> dict[str, DiagnosisLabel]:
        """Labels by code."""
        return {entry.code: entry for entry in self.diagnosis}


class Loinc(Shape, frozen=True):
    """A LOINC code with its long common name."""

    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,7}-[0-9]$")]
    display: Text


class Unit(Shape, frozen=True):
    """A UCUM code and how people write it."""

    code: Text
    shown: Label


class CodeSubset(Shape, frozen=True):
    """`codes/subset.toml`: the LOINC and UCUM codes that packs may use."""

    version: int
    source: Text
    loinc: tuple[Loinc, ...]
    ucum: tuple[Unit, ...]
