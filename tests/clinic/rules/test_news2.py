"""NEWS2 against the chart of the Royal College of Physicians, boundary by boundary."""

from __future__ import annotations

from typing import Any

import pytest

from qafila.clinic.rules.news2 import news2

WELL: dict[str, Any] = {
    "age_years": 40,
    "respirations": 16,
    "spo2": 98,
    "on_oxygen": False,
    "systolic": 120,
    "pulse": 70,
    "consciousness": "A",
    "temperature": 37.0,
    "pregnant": False,
}

CHART = [
    ("respirations", {8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3}),
    ("spo2", {91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0, 100: 0}),
    ("systolic", {90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3}),
    ("pulse", {40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3}),
    ("temperature", {35.0: 3, 35.1: 1, 36.0: 1, 36.1: 0, 38.0: 0, 38.1: 1, 39.0: 1, 39.1: 2}),
    ("consciousness", {"A": 0, "C": 3, "V": 3, "P": 3, "U": 3}),
]


@pytest.mark.parametrize(("name", "value", "points"), [(n, v, p) for n, row in CHART for v, p in row.items()])
def test_each_boundary_of_the_chart(name: str, value: Any, points: int) -> None:
    found = news2.compute({**WELL, name: value}).values
    assert found["parts"][name] == points and found["score"] == points  # type: ignore[index]


@pytest.mark.parametrize(
    ("spo2", "on_oxygen", "points"),
    [
        (83, False, 3),
        (84, False, 2),
        (85, True, 2),
        (86, False, 1),
        (87, True, 1),
        (88, True, 0),
        (92, True, 0),
        (93, True, 1),
        (94, True, 1),
        (95, True, 2),
        (96, True, 2),
        (97, True, 3),
        (100, True, 3),
        (93, False, 0),
        (99, False, 0),
    ],
)
def test_scale_2(spo2: int, on_oxygen: bool, points: int) -> None:
    found = news2.compute({**WELL, "spo2": spo2, "on_oxygen": on_oxygen, "spo2_scale": 2})
    assert found.values["parts"]["spo2"] == points  # type: ignore[index]
    assert found.values["score"] == points + (2 if on_oxygen else 0)


@pytest.mark.parametrize(
    ("change", "score", "risk"),
    [
        ({}, 0, "low"),
        ({"pulse": 95}, 1, "low"),
        ({"respirations": 22, "pulse": 115}, 4, "low"),
        ({"respirations": 25}, 3, "low-medium"),
        ({"respirations": 22, "pulse": 115, "temperature": 38.5}, 5, "medium"),
        ({"respirations": 25, "pulse": 115}, 5, "medium"),
        ({"respirations": 22, "pulse": 115, "on_oxygen": True}, 6, "medium"),
        ({"respirations": 25, "pulse": 115, "on_oxygen": True}, 7, "high"),
        (
            {
                "respirations": 25,
                "spo2": 90,
                "on_oxygen": True,
                "systolic": 85,
                "pulse": 135,
                "consciousness": "U",
                "temperature": 34.0,
            },
            20,
            "high",
        ),
    ],
)
def test_clinical_risk(change: dict[str, Any], score: int, risk: str) -> None:
    result = news2.compute({**WELL, **change})
    assert (result.values["score"], result.values["risk"]) == (score, risk)
    assert bool(result.red_flags) == (risk in ("medium", "high"))
    assert result.notes


def test_single_threes_are_named() -> None:
    assert news2.compute({**WELL, "pulse": 135}).values["single_three"] == ["pulse"]


@pytest.mark.parametrize(("age", "computed"), [(15.99, False), (16, True), (90, True), (3, False)])
def test_not_under_16(age: float, computed: bool) -> None:
    result = news2.compute({**WELL, "age_years": age})
    assert result.computed == computed
    if not computed:
        assert "16" in str(result.reason) and result.values == {}


def test_not_in_pregnancy_and_unknown_pregnancy_is_said() -> None:
    assert "pregnancy" in str(news2.compute({**WELL, "pregnant": True}).reason)
    unknown = news2.compute({**WELL, "pregnant": None})
    assert unknown.computed and any("not recorded" in str(note) for note in unknown.notes)


def test_a_temperature_converted_from_fahrenheit_keeps_its_band() -> None:
    assert news2.compute({**WELL, "temperature": (100.4 - 32) / 1.8}).values["score"] == 0


def test_the_reason_for_a_child_comes_before_what_lacks() -> None:
    result = news2(age_years=8)
    assert "16" in str(result.reason) and "pulse" in result.missing
