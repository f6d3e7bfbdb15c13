"""Growth against WHO's published tables and the survey that WHO's own software has scored.

The rows are of WHO's z-score tables by month, as printed (one decimal): Child Growth Standards, 2006 and 2007
(who.int/tools/child-growth-standards/standards), and Growth reference data for 5-19 years, 2007
(who.int/tools/growth-reference-data-for-5to19-years). A month is 30.4375 days.
"""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.growth.run import BAR, compare, packaged
from qafila.clinic.rules import growth_tables as tables
from qafila.clinic.rules.growth import LABELS, LIMITS, corrected_height, row_for, who_growth
from qafila.clinic.rules.growth_tables import LAST_DAY, MONTH
from qafila.clinic.rules.observations import rule_inputs

# indicator, sex, months, -3 -2 -1 median +1 +2 +3
PRINTED = [
    ("weight_for_age", "male", 0, (2.1, 2.5, 2.9, 3.3, 3.9, 4.4, 5.0)),
    ("weight_for_age", "male", 12, (6.9, 7.7, 8.6, 9.6, 10.8, 12.0, 13.3)),
    ("weight_for_age", "male", 60, (12.4, 14.1, 16.0, 18.3, 21.0, 24.2, 27.9)),
    ("weight_for_age", "female", 0, (2.0, 2.4, 2.8, 3.2, 3.7, 4.2, 4.8)),
    ("weight_for_age", "female", 12, (6.3, 7.0, 7.9, 8.9, 10.1, 11.5, 13.1)),
    ("weight_for_age", "female", 60, (12.1, 13.7, 15.8, 18.2, 21.2, 24.9, 29.5)),
    ("height_for_age", "male", 0, (44.2, 46.1, 48.0, 49.9, 51.8, 53.7, 55.6)),
    ("height_for_age", "male", 731 / MONTH, (78.0, 81.0, 84.1, 87.1, 90.2, 93.2, 96.3)),
    ("height_for_age", "male", 60, (96.1, 100.7, 105.3, 110.0, 114.6, 119.2, 123.9)),
    ("height_for_age", "female", 60, (95.2, 99.9, 104.7, 109.4, 114.2, 118.9, 123.7)),
    ("head_for_age", "male", 0, (30.7, 31.9, 33.2, 34.5, 35.7, 37.0, 38.3)),
    ("height_for_age", "male", 120, (118.7, 125.0, 131.4, 137.8, 144.2, 150.5, 156.9)),
    ("height_for_age", "female", 228, (143.5, 150.1, 156.6, 163.2, 169.7, 176.2, 182.8)),
    ("bmi_for_age", "male", 120, (12.8, 13.7, 14.9, 16.4, 18.5, 21.4, 26.1)),
    ("bmi_for_age", "female", 120, (12.4, 13.5, 14.8, 16.6, 19.0, 22.6, 28.4)),
    ("bmi_for_age", "male", 228, (15.9, 17.6, 19.6, 22.2, 25.4, 29.7, 35.5)),
    ("bmi_for_age", "female", 228, (14.7, 16.5, 18.7, 21.4, 25.0, 29.7, 36.2)),
]


def z(indicator: str, **inputs: object) -> float:
    """One z-score that must be computed."""
    found: Any = who_growth(**inputs)
    assert found.computed, found.reason
    return float(found.values[indicator]["z"])


@pytest.mark.parametrize(("indicator", "sex", "months", "printed"), PRINTED)
def test_printed_tables(indicator: str, sex: str, months: float, printed: tuple[float, ...]) -> None:
    row = row_for(indicator, sex, months * MONTH)
    assert row is not None
    assert [round(row.value(step), 1) for step in range(-3, 4)] == list(printed)


def test_every_score_of_the_survey_agrees() -> None:
    with packaged().open(newline="") as file:
        report = compare(csv.DictReader(file))
    assert report["children"] == 498
    for name, one in report["scores"].items():
        assert one["compared"] > 90 and one["one_side"] == 0 and one["most"] <= BAR, name


def test_restricted_beyond_three() -> None:
    # WHO 2006, chapter 7: 3 + (y - SD3) / (SD3 - SD2), from the printed 12-month row of boys.
    found = z("weight_for_age", sex="male", age_days=365, weight=15.0)
    assert found == pytest.approx(3 + (15.0 - 13.3) / (13.3 - 12.0), abs=0.1)
    # Height is not restricted: 5 SD of 3.06 cm over the median of a boy of 24 months.
    assert z("height_for_age", sex="male", age_days=731, height=87.1 + 5 * 3.06) == pytest.approx(5, abs=0.05)


@pytest.mark.parametrize(
    ("age", "posture", "seen"),
    [(400, "standing", 75.7), (400, "lying", 75), (400, None, 75), (800, "lying", 74.3), (800, None, 75),
     (731, "lying", 74.3), (730, "standing", 75.7), (2000, "lying", 75)],
)  # fmt: skip
def test_posture_is_corrected_by_7_mm(age: float, posture: str | None, seen: float) -> None:
    assert corrected_height(75, age, posture) == pytest.approx(seen)


def test_weight_for_length_stands_between_two_rows_and_changes_table_at_two_years() -> None:
    low, high = (row_for("weight_for_height", "female", 300, x) for x in (65.0, 65.1))
    between = row_for("weight_for_height", "female", 300, 65.05)
    assert low and high and between and between.median == pytest.approx((low.median + high.median) / 2)
    assert row_for("weight_for_height", "female", 800, 65.05) != between
    assert row_for("weight_for_height", "female", 300, 44.9) is None
    assert row_for("weight_for_height", "female", 800, 120.1) is None


def test_oedema_leaves_out_what_weighs() -> None:
    child: dict[str, Any] = {"sex": "female", "age_days": 500, "weight": 9.0, "height": 76.0, "arm_circumference": 13.5}
    with_it, without = who_growth(**child, oedema=True), who_growth(**child, oedema=False)
    assert set(without.values) - set(with_it.values) == {"weight_for_age", "weight_for_height", "bmi_for_age"}
    assert with_it.red_flags and not without.red_flags
    alone = who_growth(sex="female", age_days=500, weight=9.0, oedema=True)
    assert alone.computed and alone.red_flags and "weight_for_age" not in alone.values
    young = who_growth(sex="female", age_days=90, weight=5.0, oedema=True)
    assert not young.computed and "oedema" in str(young.reason)


def test_what_is_implausible_is_flagged_and_given() -> None:
    found: Any = who_growth(sex="male", age_days=365, weight=40.0, height=40.0).values
    for name in ("weight_for_age", "height_for_age"):
        assert found[name]["implausible"], name
    assert not LIMITS["height_for_age"][0] <= found["height_for_age"]["z"]


def test_severe_acute_malnutrition_from_6_to_59_months() -> None:
    child: dict[str, Any] = {"sex": "male", "arm_circumference": 11.4}
    for age, flagged in ((182, False), (183, True), (1826, True), (1827, False)):
        assert bool(who_growth(**child, age_days=age).red_flags) == flagged, age
    assert not who_growth(sex="male", age_days=400, arm_circumference=11.5).red_flags
    assert any("Moderate" in str(n) for n in who_growth(sex="male", age_days=400, arm_circumference=12.4).notes)
    thin = who_growth(sex="male", age_days=300, weight=5.6, height=65.0)
    assert any("weight for height" in str(flag) for flag in thin.red_flags)


def test_the_reference_follows_the_standards_without_a_gap() -> None:
    for age in (LAST_DAY, LAST_DAY + 0.5, LAST_DAY + 1):
        found: Any = who_growth(sex="female", age_days=age, weight=18.0, height=110.0).values
        assert {"weight_for_age", "height_for_age", "bmi_for_age"} <= set(found)
        assert found["reference"] == ("WHO 2006" if age < LAST_DAY + 1 else "WHO 2007")
    over: Any = who_growth(sex="female", age_days=121 * MONTH, weight=30.0, height=140.0).values
    assert "weight_for_age" not in over and "bmi_for_age" in over
    assert "19 years" in str(who_growth(sex="female", age_days=229 * MONTH, weight=60.0).reason)


def test_words() -> None:
    def word(indicator: str, **inputs: object) -> str:
        found: Any = who_growth(**inputs).values
        return str(found[indicator]["class"])

    assert word("weight_for_age", sex="male", age_days=365, weight=7.5) == "Underweight"
    assert word("height_for_age", sex="male", age_days=731, height=77.0) == "Severely stunted"
    assert word("bmi_for_age", sex="male", age_days=120 * MONTH, weight=40.0, height=137.8) == "Overweight"
    assert word("bmi_for_age", sex="male", age_days=120 * MONTH, weight=31.0, height=137.8) == ""


def test_nothing_measured_or_nothing_with_a_table() -> None:
    assert set(who_growth(sex="male", age_days=400).missing) == {
        "weight", "height", "head_circumference", "arm_circumference"
    }  # fmt: skip
    assert who_growth(sex="male", age_days=3000).missing == ["weight", "height"]
    assert who_growth(sex="male", age_days=400, weight=10.0).missing == [
        "height", "head_circumference", "arm_circumference"
    ]  # fmt: skip


def test_stored_readings_reach_the_rule() -> None:
    inputs = rule_inputs({"weight": 9.5, "oedema": "2", "height": 76.0})
    assert who_growth.on({**inputs, "sex": "male", "age_days": 500}).red_flags
    assert rule_inputs({"oedema": "0"})["oedema"] is False


@given(
    st.sampled_from(sorted(LABELS)), st.sampled_from(tables.SEXES), st.floats(0, 6939), st.floats(45, 120),
    st.floats(-3, 3),
)  # fmt: skip
@settings(max_examples=300)
def test_value_and_z_are_each_others_inverse(indicator: str, sex: str, age: float, height: float, score: float) -> None:
    row = row_for(indicator, sex, age, height)
    if row is not None:
        assert row.z(row.value(score)) == pytest.approx(score, abs=1e-6)
        assert row.restricted_z(row.value(score)) == pytest.approx(score, abs=1e-6)
