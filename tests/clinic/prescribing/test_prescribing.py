"""Prescriptions and what is checked of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.prescribing import acts, checks
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.kernel.rights import NotAllowed
from tests.clinic.conftest import Crew

FORMULARY = [
    checks.Known("amoxicillin", ("أموكسيسيلين", "Amoxicilline", "Amoxicillin"), "J01CA04"),
    checks.Known("benzylpenicillin", ("بنزيل بنسلين", "Benzylpénicilline", "Benzylpenicillin"), "J01CE01"),
    checks.Known("folic_acid", ("حمض الفوليك", "Acide folique", "Folic acid"), "B03BB01"),
    checks.Known(
        "aspirin", ("أسبرين", "Acide acétylsalicylique (aspirine)", "Acetylsalicylic acid (aspirin)"), "B01AC06"
    ),
]


def _check(*codes: str, allergies: tuple[str, ...] = (), asked: bool = True, running: tuple[str, ...] = ()):
    names = {one.code: one.names[2] for one in FORMULARY}
    lines = [checks.Line(code if code in names else "", names.get(code, code)) for code in codes]
    return checks.check(lines, allergies=allergies, asked=asked, formulary=FORMULARY, running=running)


@pytest.mark.parametrize(
    ("allergy", "medicine", "kind"),
    [
        ("Amoxicilline", "amoxicillin", "allergy"),
        ("أموكسيسيلين", "amoxicillin", "allergy"),
        ("pénicilline", "benzylpenicillin", "allergy"),
        ("penicillin", "amoxicillin", "family"),
        ("aspirin", "aspirin", "allergy"),
    ],
)
def test_an_allergy_is_found_by_its_words_in_any_language(allergy: str, medicine: str, kind: str) -> None:
    assert [f.kind for f in _check(medicine, allergies=(allergy,)).found] == [kind]


def test_a_shared_word_is_no_shared_substance() -> None:
    assert _check("folic_acid", allergies=("acetylsalicylic acid",)).found == ()
    assert _check("amoxicillin", allergies=("peanut", "the sun")).found == ()


def test_twice_and_running() -> None:
    assert [f.kind for f in _check("amoxicillin", "folic_acid", "amoxicillin").found] == ["twice"]
    assert [f.kind for f in _check("amoxicillin", running=("amoxicillin",)).found] == ["running"]


def test_what_is_not_checked_is_said() -> None:
    shown = [str(m) for m in _check("some herbs", asked=False).not_checked]
    assert shown[0] == "Allergies have not been asked about." and any("some herbs" in one for one in shown)
    assert len(_check("amoxicillin").not_checked) == len(checks.NOT_CHECKED)


@given(st.lists(st.text(max_size=30), max_size=4), st.lists(st.text(max_size=30), max_size=4))
def test_no_words_break_the_checks(lines: list[str], allergies: list[str]) -> None:
    found = checks.check([checks.Line("", one) for one in lines], allergies=allergies, asked=True, formulary=FORMULARY)
    assert all(0 <= f.position < len(lines) and str(f.message) for f in found.found)


ITEM = acts.Item("Amoxicillin 500 mg capsule", Decimal(1), "capsule", "oral", Decimal(3), 7, "amoxicillin")


def test_written_signed_printed(crew: Crew) -> None:
    visit = crew.visit()
    with pytest.raises(NotAllowed):
        acts.write_prescription(visit, crew.nurse, [ITEM])
    paper = acts.write_prescription(visit, crew.doctor, [ITEM], advice="with food")
    assert not acts.printable(paper)
    again = acts.write_prescription(visit, crew.doctor, [ITEM], replaces=paper)
    paper = acts.sign(again, crew.doctor)
    assert acts.printable(paper) and acts.sign(paper, crew.doctor).signed_at == paper.signed_at
    with pytest.raises(Refusal):
        acts.write_prescription(visit, crew.doctor, [ITEM], replaces=paper)
    visits.mark_error(paper, crew.doctor, "wrong dose")
    assert not acts.printable(type(paper).objects.get(pk=paper.pk))


def test_an_allergy_needs_a_reason(crew: Crew) -> None:
    visit = crew.visit()
    visits.state_allergy(visit, crew.nurse, "Penicillin", "rash")
    with pytest.raises(acts.Unsafe) as unsafe:
        acts.write_prescription(visit, crew.doctor, [ITEM])
    assert unsafe.value.checked.found
    paper = acts.write_prescription(visit, crew.doctor, [ITEM], override_reason="tolerated it last year")
    assert paper.override_reason and paper.checked["found"]


def test_bad_lines_are_named(crew: Crew) -> None:
    bad = acts.Item("", Decimal(0), "", "by_magic", Decimal(99), 0)
    with pytest.raises(acts.BadItems) as wrong:
        acts.write_prescription(crew.visit(), crew.doctor, [ITEM, bad])
    assert {key for key, _ in wrong.value.errors} == {
        "1.words", "1.dose", "1.dose_unit", "1.route", "1.per_day", "1.days"
    }  # fmt: skip
    with pytest.raises(acts.BadItems):
        acts.write_prescription(crew.visit(), crew.doctor, [])
