"""Analytes, strips and kinds of equipment: each unit and code leads where it should."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qafila.clinic.rules.observations import KINDS
from qafila.packs import bedside
from qafila.packs.bedside_check import bedside_problems


def test_the_packs_are_whole() -> None:
    assert list(bedside_problems(None)) == []
    for one in bedside.analytes().analyte:
        if one.reading:
            kind = KINDS[one.reading]
            assert {u.ucum for u in kind.units} <= {u.ucum for u in one.units} and kind.unit == one.units[0].ucum


@pytest.mark.parametrize(
    ("key", "value", "unit", "base"),
    [
        ("haemoglobin", "135", "g/L", "13.5"),
        ("haemoglobin", "8.4", "mmol/L", "13.5"),
        ("hba1c", "53", "mmol/mol", "7.0"),
        ("hba1c", "48", "mmol/mol", "6.5"),
        ("glucose_serum", "90", "mg/dl", "5.0"),
        ("glucose_serum", "0.90", "g/L", "5.0"),
        ("creatinine", "10", "mg/L", "88.4"),
        ("urea", "0.30", "g/l", "5.0"),
        ("bilirubin", "10", "mg/L", "17.1"),
        ("cholesterol", "2.00", "g/L", "5.2"),
        ("triglycerides", "150", "mg/dL", "1.7"),
        ("crp", "1.2", "mg/dL", "12.0"),
        ("haematocrit", "0.41", "L/L", "41.0"),
        ("platelets", "250", "10^9/L", "250"),
    ],
)
def test_units_as_laboratories_write_them(key: str, value: str, unit: str, base: str) -> None:
    analyte = bedside.analytes().find(key)
    assert analyte is not None
    found = analyte.unit(unit)
    assert found is not None
    assert round(found.base(Decimal(value)), analyte.decimals) == Decimal(base)
    assert analyte.unit("furlong") is None


def test_codes_as_analysers_send_them() -> None:
    held = bedside.analytes()
    for code, system, key in (("718-7", "LN", "haemoglobin"), ("hgb", "L", "haemoglobin"), ("WBC", "", "leucocytes")):
        found = held.by_code(code, system)
        assert found is not None and found.key == key
    assert held.by_code("HGB", "LN") is None and held.by_code("718-7", "L") is None
    nitrite = held.find("urine_nitrite")
    assert nitrite is not None and nitrite.answer("Positive").code == "pos"  # type: ignore[union-attr]
    assert nitrite.answer("perhaps") is None
