"""Published examples and the boundaries of the tables."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from qafila.clinic.rules import rule
from qafila.clinic.rules.bands import Bands, above, below, least, upto


def values(name: str, **inputs: object) -> Any:
    """The values of a rule that must be computed."""
    result = rule.get(name)(**inputs)
    assert result.computed, result.reason
    return result.values


def test_bands_have_no_gap() -> None:
    table = Bands(below(9, 3), upto(11, 1), above(11, 0))
    assert [table(number) for number in (8.9, 9, 11, 11.1)] == [3, 1, 1, 0]
    for wrong in ((upto(5, 1), upto(5, 2), above(5, 3)), (upto(5, 1),), (upto(5, 1), least(6, 2)), ()):
        with pytest.raises(ValueError, match="must|last"):
            Bands(*wrong)
    with pytest.raises(ValueError, match="not a number"):
        table(float("nan"))


@pytest.mark.parametrize(
    ("weight", "bmi", "name"),
    [
        (46.25, 16.0, "Moderate"),
        (46.2, 16.0, "Severe"),
        (53.5, 18.5, "Normal"),
        (53.4, 18.5, "Mild"),
        (72.2, 25.0, "Normal"),
        (72.25, 25.0, "Pre-obesity"),
        (86.7, 30.0, "Obesity class I"),
        (115.6, 40.0, "Obesity class III"),
    ],
)
def test_bmi_at_170_cm(weight: float, bmi: float, name: str) -> None:
    found = values("bmi", weight=weight, height=170, age_years=30)
    assert found["bmi"] == bmi and found["class"].startswith(name)


def test_bmi_is_not_classed_in_children_pregnancy_or_unknown_age() -> None:
    for more in ({"age_years": 18}, {"age_years": 30, "pregnant": True}, {}):
        assert "class" not in values("bmi", weight=60, height=160, **more)


def test_body_surface_mosteller() -> None:
    assert values("bsa", weight=70, height=170)["bsa"] == 1.82
    assert values("bsa", weight=3.5, height=50)["bsa"] == 0.22


def test_ideal_weight_devine() -> None:
    man = values("ideal-weight", age_years=40, sex="male", height=177.8, weight=100)
    assert man["ideal"] == 73.0 and man["adjusted"] == 83.8
    woman = values("ideal-weight", age_years=40, sex="female", height=152.4, weight=40)
    assert woman["ideal"] == 45.5 and "adjusted" not in woman
    assert not rule.get("ideal-weight")(age_years=40, sex="male", height=150, weight=60).computed
    assert not rule.get("ideal-weight")(age_years=12, sex="male", height=160, weight=60).computed


def test_qtc_three_formulae() -> None:
    assert values("qtc", qt=400, heart_rate=60, sex="male") | {"unit": "ms"} == {
        "bazett": 400,
        "fridericia": 400,
        "framingham": 400,
        "unit": "ms",
        "judged_by": "fridericia",
        "prolonged": False,
    }
    fast = values("qtc", qt=360, heart_rate=90)
    assert (fast["bazett"], fast["fridericia"], fast["framingham"]) == (441, 412, 411)
    assert "prolonged" not in fast
    assert values("qtc", qt=450, heart_rate=60, sex="male")["prolonged"]
    assert not values("qtc", qt=459, heart_rate=60, sex="female")["prolonged"]
    assert not rule.get("qtc")(qt=499, heart_rate=60, sex="male").red_flags
    assert rule.get("qtc")(qt=500, heart_rate=60, sex="male").red_flags


@pytest.mark.parametrize(
    ("sex", "age", "creatinine", "expected", "stage"),
    [
        ("male", 60, 1.0, 86, "G2"),
        ("female", 55, 0.7, 102, "G1"),
        ("male", 50, 0.9, 104, "G1"),
        ("female", 70, 2.0, 26, "G4"),
        ("male", 80, 6.0, 9, "G5"),
        ("male", 40, 1.8, 48, "G3a"),
        ("female", 65, 1.5, 38, "G3b"),
    ],
)
def test_egfr(sex: str, age: int, creatinine: float, expected: int, stage: str) -> None:
    found = values("egfr", sex=sex, age_years=age, creatinine=creatinine, creatinine_unit="mg/dL")
    assert (found["egfr"], found["stage"]) == (expected, stage)
    micro = values("egfr", sex=sex, age_years=age, creatinine=creatinine * 88.4, creatinine_unit="umol/L")
    assert micro["egfr"] == expected


def test_egfr_doubts_the_unit_and_is_for_adults() -> None:
    for value, unit in ((88, "mg/dL"), (0.9, "umol/L"), (0, "mg/dL")):
        result = rule.get("egfr")(sex="male", age_years=40, creatinine=value, creatinine_unit=unit)
        assert not result.computed and "unit" in str(result.reason)
    child = rule.get("egfr")(sex="male", age_years=17.9, creatinine=1, creatinine_unit="mg/dL")
    assert not child.computed and "18" in str(child.reason)
    early = rule.get("egfr")(sex="male", age_years=40, creatinine=1, creatinine_unit="mg/dL")
    assert "not chronic kidney disease" in str(early.notes[0])


def test_gestation_by_last_period() -> None:
    found = values("gestation", on="2024-06-03", method="lmp", lmp="2024-01-01")
    assert (found["weeks"], found["days"], found["trimester"], found["method"]) == (22, 0, 2, "lmp")
    assert found["due_date"] == datetime.date(2024, 10, 7)
    long = values("gestation", on="2024-06-03", method="lmp", lmp="2024-01-01", cycle_days=35)
    assert long["total_days"] == 147 and long["due_date"] == datetime.date(2024, 10, 14)


def test_gestation_by_ultrasound() -> None:
    found = values(
        "gestation", on="2024-06-03", method="ultrasound", scan_date="2024-03-25", scan_weeks=12, scan_days=3
    )
    assert (found["weeks"], found["days"], found["method"]) == (22, 3, "ultrasound")


@pytest.mark.parametrize(
    ("days", "trimester", "term"),
    [
        (97, 1, "preterm"),
        (98, 2, "preterm"),
        (195, 2, "preterm"),
        (196, 3, "preterm"),
        (258, 3, "preterm"),
        (259, 3, "term"),
        (293, 3, "term"),
        (294, 3, "post-term"),
    ],
)
def test_gestation_boundaries(days: int, trimester: int, term: str) -> None:
    start = datetime.date(2024, 1, 1)
    found = values("gestation", on=start + datetime.timedelta(days), method="lmp", lmp=start)
    assert (found["trimester"], found["term"]) == (trimester, term)


def test_gestation_names_what_its_method_lacks_and_doubts_dates() -> None:
    one = rule.get("gestation")
    assert one(on="2024-06-03", method="lmp").missing == ["lmp"]
    assert one(on="2024-06-03", method="ultrasound", scan_weeks=12).missing == ["scan_date", "scan_days"]
    assert "check the dates" in str(one(on="2024-06-03", method="lmp", lmp="2024-07-01").reason)
    assert "check the dates" in str(one(on="2024-06-03", method="lmp", lmp="2023-01-01").reason)


PNEUMONIA = {"age_years": 64, "confusion": False, "respirations": 29, "systolic": 90, "diastolic": 61}


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 0),
        ({"age_years": 65}, 1),
        ({"confusion": True}, 1),
        ({"respirations": 30}, 1),
        ({"systolic": 89}, 1),
        ({"diastolic": 60}, 1),
        ({"systolic": 89, "diastolic": 60}, 1),
    ],
)
def test_crb65_boundaries(change: dict[str, object], score: int) -> None:
    assert values("crb65", **{**PNEUMONIA, **change})["score"] == score
    assert values("curb65", **{**PNEUMONIA, **change}, urea=7)["score"] == score
    assert values("curb65", **{**PNEUMONIA, **change}, urea=7.1)["score"] == score + 1


def test_crb65_and_curb65_risk() -> None:
    old = {**PNEUMONIA, "age_years": 80}
    assert values("crb65", **PNEUMONIA)["risk"] == "low"
    assert values("crb65", **old)["risk"] == "intermediate"
    assert values("crb65", **old | {"confusion": True, "respirations": 32})["risk"] == "high"
    assert values("curb65", **old, urea=5)["risk"] == "low"
    assert values("curb65", **old, urea=9)["risk"] == "intermediate"
    assert values("curb65", **old | {"confusion": True}, urea=9)["risk"] == "high"


@pytest.mark.parametrize("grade", range(5))
def test_mmrc(grade: int) -> None:
    found = values("mmrc", grade=grade)
    assert found == {"grade": grade, "many_symptoms": grade >= 2}


@pytest.mark.parametrize(
    ("age_days", "rate", "fast", "band"),
    [
        (60, 49, False, "2-11 months"),
        (60, 50, True, "2-11 months"),
        (364, 50, True, "2-11 months"),
        (365, 39, False, "1-5 years"),
        (365, 40, True, "1-5 years"),
        (1826, 40, True, "1-5 years"),
        (59, 59, False, "0-59 days"),
    ],
)
def test_fast_breathing(age_days: int, rate: int, fast: bool, band: str) -> None:
    found = values("fast-breathing", age_days=age_days, respirations=rate)
    assert (found["fast"], found["age_band"]) == (fast, band)


def test_fast_breathing_of_a_young_infant_is_counted_twice() -> None:
    once = rule.get("fast-breathing")(age_days=20, respirations=64)
    assert once.missing == ["respirations_again"] and "again" in str(once.reason)
    assert values("fast-breathing", age_days=20, respirations=64, respirations_again=61)["fast"]
    assert not values("fast-breathing", age_days=20, respirations=64, respirations_again=52)["fast"]
    assert not rule.get("fast-breathing")(age_days=1827, respirations=64).computed


def points(name: str, *scores: int) -> dict[str, int]:
    """Points for the items of a questionnaire, in their order, the rest zero."""
    items = [field.name for field in rule.get(name).fields]
    return {item: scores[place] if place < len(scores) else 0 for place, item in enumerate(items)}


@pytest.mark.parametrize(
    ("name", "score", "key", "word"),
    [
        ("phq9", 4, "severity", "Minimal"),
        ("phq9", 5, "severity", "Mild"),
        ("phq9", 9, "severity", "Mild"),
        ("phq9", 10, "severity", "Moderate"),
        ("phq9", 14, "severity", "Moderate d"),
        ("phq9", 15, "severity", "Moderately"),
        ("phq9", 19, "severity", "Moderately"),
        ("phq9", 20, "severity", "Severe"),
        ("gad7", 4, "severity", "Minimal"),
        ("gad7", 5, "severity", "Mild"),
        ("gad7", 10, "severity", "Moderate"),
        ("gad7", 15, "severity", "Severe"),
        ("epds", 9, "class", "Depression not"),
        ("epds", 10, "class", "Depression possible"),
        ("epds", 12, "class", "Depression possible"),
        ("epds", 13, "class", "Depression likely"),
    ],
)
def test_questionnaires(name: str, score: int, key: str, word: str) -> None:
    full, rest = divmod(score, 3)
    result = rule.get(name)(**points(name, *([3] * full), rest))
    assert result.values["score"] == score and str(result.values[key]).startswith(word)
    assert not result.red_flags
    assert result.values["positive"] == (score >= (13 if name == "epds" else 10))


@pytest.mark.parametrize("name", ["phq9", "epds"])
def test_self_harm_is_a_red_flag_even_alone(name: str) -> None:
    alone = rule.get(name)(self_harm=1)
    assert not alone.computed and alone.red_flags
    full = rule.get(name)(**{**points(name), "self_harm": 1})
    assert full.computed and full.values["score"] == 1 and full.red_flags
    assert not rule.get(name)(self_harm=0).red_flags


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ((0, 0, 0, 1, 2), "low"),
        ((2, 1, 0, 0, 1), "moderately abnormal"),
        ((2, 2, 1, 1, 0), "moderately abnormal"),
        ((2, 2, 1, 1, 1), "reassuring"),
    ],
)
def test_apgar(scores: tuple[int, ...], word: str) -> None:
    names = ("appearance", "pulse", "grimace", "activity", "respiration")
    inputs = dict(zip(names, scores, strict=True))
    result = rule.get("apgar")(minute=5, **inputs)
    assert result.values["class"] == word and result.values["score"] == sum(inputs.values())
    assert bool(result.red_flags) == (word != "reassuring")


NO_RISK: dict[str, Any] = {
    "age_years": 44,
    "sex": "male",
    "bmi": 24.9,
    "waist": 93,
    "active": True,
    "vegetables_daily": True,
    "pressure_drugs": False,
    "high_glucose_once": False,
    "family": "none",
}


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 0),
        ({"age_years": 45}, 2),
        ({"age_years": 54.9}, 2),
        ({"age_years": 55}, 3),
        ({"age_years": 64.9}, 3),
        ({"age_years": 65}, 4),
        ({"bmi": 25}, 1),
        ({"bmi": 30}, 1),
        ({"bmi": 30.1}, 3),
        ({"waist": 94}, 3),
        ({"waist": 102}, 3),
        ({"waist": 102.1}, 4),
        ({"sex": "female", "waist": 79}, 0),
        ({"sex": "female", "waist": 80}, 3),
        ({"sex": "female", "waist": 89}, 4),
        ({"active": False}, 2),
        ({"vegetables_daily": False}, 1),
        ({"pressure_drugs": True}, 2),
        ({"high_glucose_once": True}, 5),
        ({"family": "distant"}, 3),
        ({"family": "close"}, 5),
    ],
)
def test_findrisc_points(change: dict[str, object], score: int) -> None:
    assert values("findrisc", **{**NO_RISK, **change})["score"] == score


def test_findrisc_classes() -> None:
    worst = {
        "age_years": 70,
        "bmi": 35,
        "waist": 120,
        "active": False,
        "vegetables_daily": False,
        "pressure_drugs": True,
        "high_glucose_once": True,
        "family": "close",
        "sex": "male",
    }
    found = values("findrisc", **worst)
    assert (found["score"], found["risk"], found["one_in"]) == (26, "very high", 2)
    twenty = values("findrisc", **{**worst, "vegetables_daily": True, "family": "none"})
    assert (twenty["score"], twenty["risk"]) == (20, "high")
    assert values("findrisc", **{**NO_RISK, "family": "close", "pressure_drugs": True})["risk"] == "slightly elevated"
    assert values("findrisc", **{**NO_RISK, "family": "close", "vegetables_daily": False})["risk"] == "low"


@pytest.mark.parametrize(
    ("percent", "mmol", "mg", "mean"),
    [
        (5, 31, 97, 5.4),
        (6, 42, 126, 7.0),
        (6.5, 48, 140, 7.8),
        (7, 53, 154, 8.6),
        (8, 64, 183, 10.2),
        (9, 75, 212, 11.7),
        (10, 86, 240, 13.4),
        (12, 108, 298, 16.5),
    ],
)
def test_hba1c_published_table(percent: float, mmol: int, mg: int, mean: float) -> None:
    found = values("hba1c", value=percent, unit="%")
    assert found["mmol/mol"] == mmol
    assert found["average_mg/dL"] == pytest.approx(mg, abs=1) and found["average_mmol/L"] == pytest.approx(
        mean, abs=0.1
    )
    assert values("hba1c", value=mmol, unit="mmol/mol")["%"] == pytest.approx(percent, abs=0.05)


def test_units_in_doubt_are_not_converted() -> None:
    assert not rule.get("hba1c")(value=7, unit="mmol/mol").computed
    assert not rule.get("hba1c")(value=53, unit="%").computed
    assert not rule.get("glucose-units")(value=180, unit="mmol/L").computed
    assert not rule.get("glucose-units")(value=5, unit="mg/dL").computed
    assert values("glucose-units", value=126, unit="mg/dL")["mmol/L"] == 7.0
    assert values("glucose-units", value=11.1, unit="mmol/L")["mg/dL"] == 200
