"""Danger signs and triage: one sign is enough, none is only said when all were looked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.clinic.rules import rule
from qafila.clinic.rules.danger_signs import CHILD, EMERGENCY, INFANT, PREGNANCY
from qafila.clinic.rules.triage import LEVELS

SIGNS = [
    ("danger-signs-child", CHILD, {"age_days": 400}),
    ("danger-signs-young-infant", INFANT, {"age_days": 20, "temperature": 37, "respirations": 45}),
    ("emergency-signs-child", EMERGENCY, {"age_days": 3000}),
    ("danger-signs-pregnancy", PREGNANCY, {}),
]


@pytest.mark.parametrize(("name", "signs", "more"), SIGNS)
def test_no_danger_only_when_every_sign_was_asked(name: str, signs: dict[str, str], more: dict[str, Any]) -> None:
    none = dict.fromkeys(signs, False)
    assert rule.get(name)(**more, **none).values["danger"] is False
    for sign in signs:
        assert rule.get(name)(**more, **{**none, sign: None}).missing == [sign]
        seen = rule.get(name)(**more, **{sign: True})
        assert seen.computed and seen.values["signs"] == [sign] and seen.red_flags
        assert set(seen.missing) == set(signs) - {sign}


@pytest.mark.parametrize(
    ("name", "age_days", "meant"),
    [
        ("danger-signs-child", 59, False),
        ("danger-signs-child", 60, True),
        ("danger-signs-child", 1826, True),
        ("danger-signs-child", 1827, False),
        ("danger-signs-young-infant", 59, True),
        ("danger-signs-young-infant", 60, False),
        ("emergency-signs-child", 5843, True),
        ("emergency-signs-child", 5844, False),
    ],
)
def test_ages(name: str, age_days: int, meant: bool) -> None:
    assert str(rule.get(name)(age_days=age_days).reason).startswith("Not computed: these are lacking") == meant


INFANT_WELL: dict[str, Any] = {"age_days": 20, "temperature": 36.8, "respirations": 45, **dict.fromkeys(INFANT, False)}


@pytest.mark.parametrize(
    ("change", "danger"),
    [
        ({}, False),
        ({"temperature": 37.4}, False),
        ({"temperature": 37.5}, True),
        ({"temperature": 37.5, "edition": "2019"}, False),
        ({"temperature": 37.9, "edition": "2019"}, False),
        ({"temperature": 38.0, "edition": "2019"}, True),
        ({"temperature": 35.5}, False),
        ({"temperature": 35.4}, True),
        ({"respirations": 31}, False),
        ({"respirations": 30}, True),
        ({"respirations": 60, "respirations_again": 60}, True),
        ({"respirations": 60, "respirations_again": 58}, False),
        ({"respirations": 60, "respirations_again": 60, "edition": "2019"}, False),
        ({"respirations": 60, "respirations_again": 60, "edition": "2019", "age_days": 6}, True),
        ({"spo2": 89}, True),
        ({"spo2": 90}, False),
    ],
)
def test_young_infant(change: dict[str, Any], danger: bool) -> None:
    found = rule.get("danger-signs-young-infant")(**{**INFANT_WELL, **change})
    assert found.values["danger"] is danger
    assert found.values["edition"] == change.get("edition", "2014")


def test_young_infant_high_count_asks_for_the_second() -> None:
    found = rule.get("danger-signs-young-infant")(**{**INFANT_WELL, "respirations": 61})
    assert found.missing == ["respirations_again"]


ADULT: dict[str, Any] = {
    "age_days": 15000,
    "sex": "male",
    "respirations": 16,
    "spo2": 98,
    "on_oxygen": False,
    "systolic": 120,
    "pulse": 70,
    "consciousness": "A",
    "temperature": 37.0,
}
CHILD_WELL: dict[str, Any] = {
    "age_days": 500,
    "respirations": 30,
    "chest_indrawing": False,
    **dict.fromkeys(CHILD, False),
}
SCHOOL: dict[str, Any] = {"age_days": 3000, **dict.fromkeys(EMERGENCY, False)}
MOTHER: dict[str, Any] = {
    "age_days": 9000,
    "sex": "female",
    "pregnant": True,
    "systolic": 110,
    "diastolic": 70,
    **dict.fromkeys(PREGNANCY, False),
}


@pytest.mark.parametrize(
    ("inputs", "table", "level"),
    [
        (ADULT, "news2", "green"),
        ({**ADULT, "pulse": 95}, "news2", "yellow"),
        ({**ADULT, "pulse": 135}, "news2", "orange"),
        ({**ADULT, "respirations": 22, "pulse": 115, "temperature": 38.5}, "news2", "orange"),
        ({**ADULT, "respirations": 25, "pulse": 135, "temperature": 38.5}, "news2", "red"),
        ({**ADULT, "age_days": 5844, "pregnant": False}, "news2", "green"),
        ({**ADULT, "sex": "female", "pregnant": False}, "news2", "green"),
        (CHILD_WELL, "danger-signs-child", "green"),
        ({**CHILD_WELL, "respirations": 40}, "danger-signs-child", "yellow"),
        ({**CHILD_WELL, "chest_indrawing": True}, "danger-signs-child", "yellow"),
        ({**CHILD_WELL, "stridor": True}, "danger-signs-child", "red"),
        ({**CHILD_WELL, "spo2": 88}, "danger-signs-child", "red"),
        (INFANT_WELL, "danger-signs-young-infant", "green"),
        ({**INFANT_WELL, "temperature": 38}, "danger-signs-young-infant", "red"),
        (
            {**INFANT_WELL, "respirations": 62, "respirations_again": 62, "edition": "2019"},
            "danger-signs-young-infant",
            "yellow",
        ),
        (SCHOOL, "emergency-signs-child", "green"),
        ({**SCHOOL, "shock": True}, "emergency-signs-child", "red"),
        ({**SCHOOL, "coma": None, "consciousness": "P"}, "emergency-signs-child", "red"),
        (MOTHER, "danger-signs-pregnancy", "green"),
        ({**MOTHER, "systolic": 140}, "danger-signs-pregnancy", "orange"),
        ({**MOTHER, "diastolic": 109}, "danger-signs-pregnancy", "orange"),
        ({**MOTHER, "diastolic": 110}, "danger-signs-pregnancy", "red"),
        ({**MOTHER, "systolic": 160}, "danger-signs-pregnancy", "red"),
        ({**MOTHER, "no_fetal_movement": True}, "danger-signs-pregnancy", "red"),
        ({**MOTHER, "fever": None, "temperature": 38.2}, "danger-signs-pregnancy", "red"),
        ({**MOTHER, "age_days": 5000}, "danger-signs-pregnancy", "green"),
        ({**MOTHER, "pregnant": False, "after_birth": True}, "danger-signs-pregnancy", "green"),
        (
            {**MOTHER, "pregnant": False, "after_birth": True, "bleeding_vaginally": True},
            "danger-signs-pregnancy",
            "red",
        ),
        ({**MOTHER, "pregnant": False, "days_since_birth": 42}, "danger-signs-pregnancy", "green"),
        ({**MOTHER, **ADULT, "sex": "female", "pregnant": False, "days_since_birth": 43}, "news2", "green"),
    ],
)
def test_table_and_level(inputs: dict[str, Any], table: str, level: str) -> None:
    found = rule.get("triage")(**inputs)
    assert found.computed, found.reason
    assert (found.values["table"], found.values["level"]) == (table, level)
    assert found.values["label"] and found.notes
    assert bool(found.red_flags) == (level == "red")


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        (ADULT, "pulse"),
        (ADULT, "on_oxygen"),
        (CHILD_WELL, "respirations"),
        (CHILD_WELL, "cannot_drink"),
        (INFANT_WELL, "temperature"),
        (SCHOOL, "shock"),
        (MOTHER, "diastolic"),
        (MOTHER, "severe_headache"),
    ],
)
def test_never_green_while_something_lacks(inputs: dict[str, Any], missing: str) -> None:
    found = rule.get("triage")(**{**inputs, missing: None})
    assert not found.computed and found.missing == [missing] and "level" not in found.values


def test_red_is_said_before_the_rest_is_known() -> None:
    found = rule.get("triage")(age_days=15000, sex="male", respirations=26, pulse=135, systolic=85)
    assert found.values["level"] == "red" and "spo2" in found.missing
    floor = rule.get("triage")(age_days=15000, sex="male", respirations=26)
    assert floor.values["at_least"] == "orange" and floor.values["reasons"]


@pytest.mark.parametrize(
    ("sex", "age_days", "asked"),
    [("female", 9000, True), (None, 9000, True), ("male", 9000, False), ("female", 25000, False)],
)
def test_pregnancy_is_asked_of_whom_it_may_concern(sex: str | None, age_days: int, asked: bool) -> None:
    found = rule.get("triage")(**{**ADULT, "sex": sex, "age_days": age_days})
    assert ("pregnant" in found.missing) == asked == (not found.computed)


@given(st.sampled_from([ADULT, CHILD_WELL, INFANT_WELL, SCHOOL, MOTHER]), st.data())
@settings(max_examples=300, deadline=None)
def test_knowing_more_never_lowers_the_level(start: dict[str, Any], data: st.DataObject) -> None:
    changed = dict(start)
    for name in data.draw(
        st.sets(
            st.sampled_from([key for key in start if isinstance(start[key], bool) and key != "pregnant"]), max_size=3
        )
    ):
        changed[name] = True
    for name, spread in {"pulse": (30, 200), "respirations": (5, 80), "spo2": (70, 100), "systolic": (60, 240)}.items():
        if name in changed:
            changed[name] = data.draw(st.integers(*spread))
    whole = rule.get("triage")(**changed)
    kept = data.draw(st.sets(st.sampled_from(sorted(changed)))) | (
        {"age_days", "pregnant", "sex", "edition"} & set(changed)
    )
    part = rule.get("triage")(**{name: changed[name] for name in kept})
    floor = str(part.values.get("level", part.values.get("at_least", "green")))
    full = str(whole.values.get("level", whole.values.get("at_least", "green")))
    assert LEVELS.index(floor) <= LEVELS.index(full)
