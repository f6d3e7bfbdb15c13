"""The checks by themselves: each finds what it is for, names what it lacks, and never says that all is well without
having looked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.prescribing import checks, doses
from qafila.clinic.prescribing.findings import CHECKS, Checked, Facts, Line, Taken, said
from qafila.packs import load
from qafila.packs.catalogue import catalogue
from qafila.packs.strengths import isolated, worded

HELD = catalogue()
ADULT = Facts((), (), True, 40 * 365.25, Decimal(70), None, False, False, 95)
CHILD = replace(ADULT, age_days=3 * 365.25, weight_kg=Decimal(14))


def test_words_in_a_strength_are_said_in_each_language() -> None:
    rows = load.formulary().strength_word
    told = {tongue: {one.text: one.label.text(tongue) for one in rows} for tongue in ("ar", "fr", "en")}
    assert worded("60 mg + 400 micrograms", told["fr"]) == "60 mg + 400 microgrammes"
    assert worded("100 IU/mL", told["fr"]) == "100 UI/mL"
    assert worded("2.4 million IU", told["ar"]) == "2.4 مليون وحدة دولية"
    assert worded("160 mg iron", told["fr"]) == "160 mg iron", "another strength is not cut into"
    assert isolated(worded("20 micrograms/dose", told["ar"])) == "20 ميكروغرام/dose"


def line(code: str, dose: str = "1", per_day: str = "1", product: int = 0, strength: int = 0, unit: str = "") -> Line:
    """A line of a medicine of the list, in the first unit of its form."""
    medicine = HELD.medicines[code]
    chosen = medicine.product[product]
    return Line(
        code,
        f"{medicine.label.en} {chosen.strengths[strength]}",
        chosen.form,
        chosen.strengths[strength],
        Decimal(dose),
        unit or HELD.forms[chosen.form].units[0],
        chosen.route,
        Decimal(per_day),
        7,
    )


def free(words: str) -> Line:
    """A line written by hand."""
    return Line("", words, dose=Decimal(1), dose_unit="tablet", route="oral", per_day=Decimal(1))


def run(*lines: Line, facts: Facts = ADULT) -> Checked:
    return checks.check(list(lines), facts, HELD)


def told(found: Checked, check: str) -> list[str]:
    """Severities of one check."""
    return [f.severity for f in found.found if f.check == check]


@pytest.mark.parametrize(
    ("allergy", "code", "severity"),
    [
        ("Amoxicilline", "amoxicillin", "avoid"),
        ("أموكسيسيلين", "amoxicillin", "avoid"),
        ("pénicilline", "benzathine_benzylpenicillin", "avoid"),
        ("penicillin", "amoxicillin_clavulanate", "avoid"),
        ("penicillin", "cefalexin", "caution"),
        ("aspirin", "acetylsalicylic_acid", "avoid"),
        ("aspirine", "ibuprofen", "avoid"),
        ("Bactrim / sulfa", "cotrimoxazole", "avoid"),
        ("sulfamides", "hydrochlorothiazide", "caution"),
    ],
)
def test_an_allergy_is_found_by_substance_class_and_across_classes(allergy: str, code: str, severity: str) -> None:
    assert told(run(line(code), facts=replace(ADULT, allergies=(allergy,))), "allergy") == [severity]


def test_a_shared_word_is_no_shared_substance_and_an_unknown_allergy_is_said() -> None:
    for allergy in ("acetylsalicylic acid", "peanut", "the sun"):
        found = run(line("folic_acid"), facts=replace(ADULT, allergies=(allergy,)))
        assert told(found, "allergy") == []
    assert any(
        "peanut" in str(m) for m in run(line("amoxicillin"), facts=replace(ADULT, allergies=("peanut",))).reasons
    )


def test_one_substance_and_one_class_twice() -> None:
    assert told(run(line("paracetamol"), line("paracetamol", product=2)), "double") == ["avoid", "avoid"]
    assert told(run(line("ibuprofen"), line("diclofenac")), "double") == ["avoid", "avoid"]
    assert told(run(line("hydrocortisone_cream"), line("prednisolone")), "double") == []
    running = replace(ADULT, taking=(Taken("amlodipine", "Amlodipine 5 mg"),))
    assert told(run(line("amlodipine"), facts=running), "double") == ["caution"]
    by_words = replace(ADULT, taking=(Taken("", "Doliprane ou paracétamol"),))
    assert told(run(line("paracetamol"), facts=by_words), "double") == ["caution"]


def test_interactions_by_substance_and_class_with_source_and_date() -> None:
    found = run(line("simvastatin"), line("clarithromycin"))
    assert told(found, "interaction") == ["contraindicated", "contraindicated"]
    assert all("2026" in f.source for f in found.found if f.check == "interaction")
    taken = replace(ADULT, taking=(Taken("", "warfarine 5 mg"),))
    assert told(run(line("ibuprofen"), facts=taken), "interaction") == ["avoid"]
    assert told(run(line("miconazole"), facts=taken), "interaction") == ["monitor"], "on the skin"


def test_pregnancy_breastfeeding_and_kidneys() -> None:
    pregnant = replace(ADULT, pregnant=True)
    assert told(run(line("enalapril"), facts=pregnant), "pregnancy") == ["contraindicated"]
    assert ("pregnancy", 0) in run(line("paracetamol"), facts=pregnant).passed
    assert told(run(line("codeine"), facts=replace(ADULT, lactating=True)), "lactation") == ["contraindicated"]
    assert told(run(line("metformin"), facts=replace(ADULT, egfr=40)), "renal") == ["caution"]
    assert told(run(line("metformin"), facts=replace(ADULT, egfr=29)), "renal") == ["contraindicated"]
    assert ("renal", 0) in run(line("paracetamol"), facts=replace(ADULT, egfr=None)).passed


@pytest.mark.parametrize(
    ("given_line", "facts", "severity"),
    [
        (line("paracetamol", "2", "3"), ADULT, []),
        (line("paracetamol", "3", "3"), ADULT, ["avoid", "avoid"]),
        (line("paracetamol", "2", "8"), ADULT, ["avoid"]),
        (line("paracetamol", "7", "3", product=1), CHILD, []),  # 168 mg of 14 kg
        (line("paracetamol", "70", "3", product=1), CHILD, ["contraindicated", "avoid"]),
        (line("paracetamol", "2", "3", product=1), CHILD, ["caution"]),
        (line("amoxicillin", "12", "2", product=2, strength=1), CHILD, []),  # 1.2 g a day of 14 kg
        (line("cotrimoxazole", "1", "2", strength=1), ADULT, []),
        (line("levothyroxine", "2"), ADULT, []),
        (line("acetylsalicylic_acid", "1"), CHILD, ["avoid"]),
        (line("tramadol", "1"), CHILD, ["contraindicated"]),
    ],
)
def test_doses_by_weight_and_age(given_line: Line, facts: Facts, severity: list[str]) -> None:
    assert told(run(given_line, facts=facts), "dose") == severity


@pytest.mark.parametrize(
    ("given_line", "offer"),
    [
        (line("amoxicillin", "250", product=2, unit="mg"), (Decimal("10.00"), "mL")),
        (line("paracetamol", "1", unit="g"), (Decimal("2.00"), "tablet")),
        (line("amoxicillin", "1", product=2, unit="tablet"), None),
        (line("benzathine_benzylpenicillin", "1", unit="puff"), None),
    ],
)
def test_a_unit_that_the_form_does_not_have(given_line: Line, offer: tuple[Decimal, str] | None) -> None:
    wrong = doses.mismatch(given_line, HELD)
    assert wrong is not None
    assert (None if wrong[1] is None else (wrong[1].dose, wrong[1].unit)) == offer
    assert doses.mismatch(line(given_line.medicine), HELD) is None


# --- properties ---------------------------------------------------------------------------

CODES = sorted(HELD.medicines)
LINES = st.one_of(
    st.builds(line, st.sampled_from(CODES), st.sampled_from(["0.5", "1", "2", "40"]), st.sampled_from(["1", "3"])),
    st.builds(free, st.sampled_from(["some herbs", "Doliprane 1 g", "warfarine", "كريم"])),
)
TAKEN = st.builds(Taken, st.sampled_from(["", *CODES]), st.sampled_from(["warfarine", "thé", "Glucophage"]))
FACTS = st.builds(
    Facts,
    allergies=st.one_of(
        st.none(), st.lists(st.sampled_from(["penicillin", "peanut", "aspirine"]), max_size=2).map(tuple)
    ),
    taking=st.lists(TAKEN, max_size=2).map(tuple),
    taking_asked=st.booleans(),
    age_days=st.one_of(st.none(), st.floats(1, 36000)),
    weight_kg=st.one_of(st.none(), st.decimals("0.8", "160", places=1)),
    pregnant=st.sampled_from([True, False, None]),
    lactating=st.sampled_from([True, False, None]),
    egfr=st.one_of(st.none(), st.integers(3, 130)),
)


@given(st.lists(LINES, min_size=1, max_size=4), FACTS)
def test_a_missing_fact_never_passes(lines: list[Line], facts: Facts) -> None:
    passed = checks.check(lines, facts, HELD).passed
    lacking = {
        "allergy": facts.allergies is None,
        "double": not facts.taking_asked,
        "interaction": not facts.taking_asked,
        "pregnancy": facts.pregnant is None,
        "lactation": facts.lactating is None,
        "dose": facts.age_days is None,
    }
    for name, lacks in lacking.items():
        assert not lacks or not any(check == name for check, _ in passed)
    for position, one in enumerate(lines):
        if one.medicine not in HELD.medicines:
            assert not any(where == position for _, where in passed), "a line written by hand never passes"
            continue
        medicine = HELD.medicines[one.medicine]
        if facts.weight_kg is None and ("dose", position) in passed:
            assert not any(
                row.by_weight for row in medicine.dose if one.route in row.routes and row.who == "child"
            ) or (facts.age_days is not None and facts.age_days >= doses.GROWN_DAYS)
        if facts.egfr is None and ("renal", position) in passed:
            assert not any(row.below for row in medicine.renal)


@given(st.lists(LINES, min_size=1, max_size=4).flatmap(lambda x: st.tuples(st.just(x), st.permutations(range(len(x))))),
       FACTS)  # fmt: skip
def test_the_order_of_the_lines_does_not_matter(given: tuple[list[Line], list[int]], facts: Facts) -> None:
    lines, order = given
    first = checks.check(lines, facts, HELD)
    other = checks.check([lines[n] for n in order], facts, HELD)

    def of(result: Checked, places: list[int]) -> tuple[object, ...]:
        found = {(f.check, places[f.position], f.severity, f.message) for f in result.found}
        lacks = {(u.check, places[u.position], u.message) for u in result.not_checked}
        return found, lacks, {(check, places[where]) for check, where in result.passed}

    assert of(first, list(range(len(lines)))) == of(other, list(order))


@given(st.lists(st.text(max_size=30), max_size=4), st.lists(st.text(max_size=30), max_size=4))
def test_no_words_break_the_checks(lines: list[str], allergies: list[str]) -> None:
    found = run(*(free(one) for one in lines), facts=replace(ADULT, allergies=tuple(allergies)))
    assert all(0 <= f.position < len(lines) for f in found.found)
    for language in ("ar", "fr", "en"):
        assert all(str(said(f.message, HELD, language)) for f in found.found)


def test_labels_come_in_the_readers_language() -> None:
    found = run(line("enalapril"), facts=replace(ADULT, pregnant=True)).found[0]
    assert "reins" in str(said(found.message, HELD, "fr")) and "@" not in str(said(found.message, HELD, "ar"))


def test_every_check_has_a_name() -> None:
    assert {check for check, _ in run(line("paracetamol"), line("amoxicillin")).passed} <= set(CHECKS)
