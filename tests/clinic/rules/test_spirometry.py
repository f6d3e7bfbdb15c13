"""The grades of ATS/ERS 2019, table 10, boundary by boundary."""

from __future__ import annotations

from typing import Any

import pytest

from qafila.clinic.rules.spirometry import spirometry

GOOD: dict[str, Any] = {
    "age_years": 40, "fev1_acceptable": 3, "fev1": 3.0, "fev1_second": 2.95,
    "fvc_acceptable": 3, "fvc": 4.0, "fvc_second": 3.9,
}  # fmt: skip


def grade(**changed: object) -> str:
    """The grade of FEV1."""
    found = spirometry.compute({**GOOD, **changed})
    assert found.computed, found.reason
    return str(found.values["fev1_grade"])


@pytest.mark.parametrize(
    ("acceptable", "second", "expected"),
    [(3, 2.85, "A"), (2, 2.85, "B"), (3, 2.849, "C"), (2, 2.80, "C"), (2, 2.799, "D"), (4, 2.75, "D"), (3, 2.749, "E")],
)
def test_over_six_years(acceptable: int, second: float, expected: str) -> None:
    assert grade(fev1_acceptable=acceptable, fev1_second=second) == expected


@pytest.mark.parametrize(
    ("largest", "second", "expected"),
    [(0.9, 0.80, "A"), (0.9, 0.79, "C"), (0.9, 0.75, "C"), (0.9, 0.70, "D"), (0.9, 0.69, "E"), (1.6, 1.44, "A")],
)
def test_to_six_years_a_tenth_of_the_largest_counts(largest: float, second: float, expected: str) -> None:
    assert grade(age_years=5, fev1=largest, fev1_second=second) == expected


def test_one_none_and_usable() -> None:
    assert grade(fev1_acceptable=1, fev1_second=None) == "E"
    assert grade(fev1_acceptable=0, fev1_usable=2) == "U"
    assert grade(fev1_acceptable=0, fev1_usable=0) == "F"
    lacks = spirometry.compute({**GOOD, "fev1_acceptable": 0})
    assert not lacks.computed and lacks.missing == ["fev1_usable"]


def test_the_lower_grade_counts_and_the_ratio_is_given() -> None:
    found = spirometry.compute({**GOOD, "fvc_second": 3.78})
    assert (found.values["fev1_grade"], found.values["fvc_grade"], found.values["grade"]) == ("A", "D", "D")
    assert found.values["fev1_fvc"] == 0.75
    assert any("quality D" in str(note) for note in found.notes)
    assert any("No z-score" in str(note) for note in found.notes)


def test_values_that_cannot_be() -> None:
    assert "second" in str(spirometry.compute({**GOOD, "fev1_second": 3.1}).reason)
    assert "above FVC" in str(spirometry.compute({**GOOD, "fev1": 4.2}).reason)
    assert spirometry.compute({**GOOD, "fev1_second": None}).missing == ["fev1_second"]
