"""Medicines and diagnosis labels."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from qafila.packs.shapes import Identifier, Label, Shape, Status, Text

ICD10 = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z]{1,2})?$")]
# oral rehydration salts have only a class of five characters
ATC = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9]{2}[A-Z]{2}([0-9]{2})?$")]


class Product(Shape, frozen=True):
    """A dosage form with the strengths it comes in, as printed on the box."""

    form: Identifier
    strengths: tuple[Text, ...]
    route: Identifier


class Medicine(Shape, frozen=True):
    """One medicine by its international name. `group` is its therapeutic class."""

    code: Identifier
    atc: ATC
    label: Label
    group: Identifier
    product: tuple[Product, ...]
    controlled: bool = False


class Terms(Shape, frozen=True):
    """A code of a form, route or group, with its label."""

    code: Identifier
    label: Label


class Formulary(Shape, frozen=True):
    """A list of medicines."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    form: tuple[Terms, ...]
    route: tuple[Terms, ...]
    group: tuple[Terms, ...]
    medicine: tuple[Medicine, ...]


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
