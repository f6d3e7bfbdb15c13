"""The table of vital observations: every kind complete, slips of the hand caught, extremes only asked about."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.clinic.rules import rule
from qafila.clinic.rules.observations import KINDS, LOINC, check, check_together, rule_inputs, to_base

YEAR = 365.25
WANTED = """temperature pulse respirations respirations_again systolic diastolic spo2 glucose creatinine weight height
head_circumference arm_circumference oedema pain consciousness oxygen spo2_scale pregnant after_birth
lmp lactating""".split()


def test_every_kind_is_there_and_complete() -> None:
    assert list(KINDS) == WANTED
    for kind in KINDS.values():
        assert kind.label and kind.display
        if kind.type == "quantity":
            assert kind.units and kind.possible[0] < kind.possible[1]
            for band in kind.plausible.bands if kind.plausible else ():
                low, high = band.value
                assert kind.possible[0] <= low < high <= kind.possible[1]
        assert bool(kind.choices) == (kind.type == "choice")


def loinc_digit(number: str) -> int:
    """The check digit of a LOINC code (mod 10, Luhn)."""
    total = 0
    for place, figure in enumerate(reversed(number)):
        doubled = int(figure) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10


def test_loinc_codes_have_right_check_digits() -> None:
    codes = [kind.code for kind in KINDS.values() if kind.system == LOINC]
    codes += [unit.code for kind in KINDS.values() for unit in kind.units if unit.code]
    assert len(set(codes)) == len(codes)
    for code in codes:
        found = re.fullmatch(r"(\d+)-(\d)", code)
        assert found and loinc_digit(found[1]) == int(found[2]), code


@pytest.mark.parametrize(
    ("key", "value", "unit", "base"),
    [
        ("temperature", 98.6, "[degF]", 37.0),
        ("temperature", 100.4, "[degF]", 38.0),
        ("temperature", 37.25, "", 37.3),
        ("glucose", 90, "mg/dL", 5.0),
        ("glucose", 126, "mg/dL", 7.0),
        ("glucose", 200, "mg/dL", 11.1),
        ("weight", 3250, "g", 3.25),
        ("height", 1.75, "m", 175.0),
        ("arm_circumference", 115, "mm", 11.5),
        ("weight", Decimal("70.5"), "kg", 70.5),
    ],
)
def test_conversion(key: str, value: float, unit: str, base: float) -> None:
    found = check(key, value, unit, age_days=20 if value == 3250 else 30 * YEAR if key != "arm_circumference" else 400)
    assert found.value == base and found.status == "ok" and found.unit == KINDS[key].unit
    assert to_base(key, float(value), unit) == base


@pytest.mark.parametrize(
    ("key", "value", "unit", "suggested"),
    [
        ("temperature", 98.6, "Cel", "[degF]"),
        ("temperature", 37, "[degF]", "Cel"),
        ("glucose", 110, "mmol/L", "mg/dL"),
        ("glucose", 5.5, "mg/dL", "mmol/L"),
        ("height", 1.75, "cm", "m"),
        ("weight", 70, "g", "kg"),
    ],
)
def test_the_wrong_unit_is_guessed(key: str, value: float, unit: str, suggested: str) -> None:
    found = check(key, value, unit, age_days=30 * YEAR)
    assert found.status == "refuse" and found.suggested_unit == suggested and "Is it" in str(found.reason)
    assert check(key, value, suggested, age_days=30 * YEAR).status == "ok"


def test_a_newborns_grams_are_guessed() -> None:
    assert check("weight", 3200, age_days=3).suggested_unit == "g"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spo2", 108),
        ("spo2", 5),
        ("temperature", 19.9),
        ("temperature", 46.1),
        ("pulse", 351),
        ("pulse", -1),
        ("systolic", 19),
        ("pain", 11),
        ("pain", -1),
        ("pain", 3.5),
        ("weight", 0),
        ("height", 261),
        ("oxygen", -0.1),
        ("respirations", 151),
    ],
)
def test_the_impossible_is_refused(key: str, value: float) -> None:
    found = check(key, value)
    assert found.status == "refuse" and found.reason and found.value is None


@pytest.mark.parametrize(
    ("key", "value", "age_days", "status"),
    [
        ("spo2", 70, 10000, "confirm"),
        ("spo2", 80, 10000, "ok"),
        ("pulse", 170, 10000, "confirm"),
        ("pulse", 170, 200, "ok"),
        ("pulse", 0, 10000, "confirm"),
        ("weight", 3.2, 3, "ok"),
        ("weight", 3.2, 10000, "confirm"),
        ("weight", 70, 400, "confirm"),
        ("respirations", 50, 10, "ok"),
        ("respirations", 50, 10000, "confirm"),
        ("temperature", 41.5, 10000, "confirm"),
        ("systolic", 230, 10000, "confirm"),
        ("pulse", 170, None, "ok"),
        ("glucose", 33, 10000, "confirm"),
        ("pain", 10, None, "ok"),
    ],
)
def test_the_unusual_is_asked_about_by_age(key: str, value: float, age_days: float | None, status: str) -> None:
    found = check(key, value, age_days=age_days)
    assert found.status == status and found.value == value
    assert (found.reason is None) == (status == "ok")


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("consciousness", "A", "ok"),
        ("consciousness", "a", "refuse"),
        ("consciousness", True, "refuse"),
        ("oedema", "3", "ok"),
        ("oedema", "4", "refuse"),
        ("spo2_scale", "2", "ok"),
        ("spo2_scale", 2, "refuse"),
        ("pregnant", True, "ok"),
        ("pregnant", "yes", "refuse"),
        ("lactating", False, "ok"),
        ("lactating", None, "refuse"),
    ],
)
def test_choices_and_yes_no(key: str, value: object, status: str) -> None:
    assert check(key, value, age_days=30 * YEAR, sex="female").status == status


def test_pregnancy_of_a_man_or_a_child_is_asked_about() -> None:
    assert check("pregnant", True, age_days=30 * YEAR, sex="male").status == "confirm"
    assert check("pregnant", True, age_days=5 * YEAR, sex="female").status == "confirm"
    assert check("pregnant", False, age_days=5 * YEAR, sex="male").status == "ok"


def test_diastolic_above_systolic_is_refused() -> None:
    assert check_together({"systolic": 80, "diastolic": 120})["diastolic"].status == "refuse"
    assert check_together({"systolic": 120, "diastolic": 80}) == {}
    assert check_together({"systolic": 120}) == {}


def test_unknown_unit_and_unknown_kind() -> None:
    assert check("weight", 70, "[lb_av]").status == "refuse"
    with pytest.raises(KeyError):
        check("nothing", 1)
    with pytest.raises(ValueError, match="not a unit"):
        to_base("weight", 70, "[lb_av]")


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.decimals(),
    st.lists(st.integers()),
    st.sampled_from([10**400, float("nan"), float("inf")]),
)


@given(
    st.sampled_from(WANTED),
    ANYTHING,
    st.text() | st.sampled_from(["", "Cel", "[degF]", "kg"]),
    st.none() | st.floats(0, 50000),
)
@settings(deadline=None)
def test_anything_gets_a_verdict(key: str, value: object, unit: str, age_days: float | None) -> None:
    found = check(key, value, unit, age_days=age_days)
    assert found.status in ("ok", "confirm", "refuse")
    assert (found.reason is None) == (found.status == "ok")
    assert len(str(found.reason)) < 300


@given(st.data())
@settings(deadline=None)
def test_what_is_in_range_is_stored_in_range(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([kind for kind in KINDS.values() if kind.type == "quantity"]))
    value = data.draw(st.floats(*kind.possible))
    found = check(kind.key, round(value) if kind.whole else value)
    assert isinstance(found.value, float) and kind.possible[0] <= found.value <= kind.possible[1]
    assert round(found.value, kind.decimals) == found.value


def test_readings_go_to_the_rules_under_their_names() -> None:
    readings = {
        "temperature": 37.0,
        "pulse": 70,
        "respirations": 16,
        "systolic": 120,
        "diastolic": 80,
        "spo2": 90,
        "consciousness": "A",
        "oxygen": 2.0,
        "spo2_scale": "2",
        "weight": 70,
        "pain": None,
    }
    inputs = rule_inputs(readings)
    assert inputs["on_oxygen"] is True and inputs["spo2_scale"] == 2 and "pain" not in inputs
    found = rule.get("news2").on({**inputs, "age_years": 60})
    assert found.computed and found.values["score"] == 2
    assert rule_inputs({"oxygen": 0.0})["on_oxygen"] is False


def test_a_reading_that_may_be_stored_is_accepted_by_every_rule() -> None:
    for name in rule.names():
        for field in rule.get(name).fields:
            if field.name in KINDS and "minimum" in field.schema:
                low, high = KINDS[field.name].possible
                assert field.schema["minimum"] <= low and high <= field.schema["maximum"], (name, field.name)
                # a rule may take the unit as an input of its own
                own = f"{{see:{field.name}_unit}}"
                assert field.schema["unit"] in (KINDS[field.name].unit, own)
