"""Prescriptions written, proposed, adopted, signed; and what is gathered of the person for the checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases import answering
from qafila.clinic.history import acts as history
from qafila.clinic.models import Answer, Observation
from qafila.clinic.prescribing import acts, queries
from qafila.clinic.prescribing.person import facts_of
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.acts import Reading
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty

ITEM = acts.Item(
    "Amoxicillin 500 mg capsule", Decimal(1), "capsule", "oral", Decimal(3), 7, "amoxicillin", "", "capsule", "500 mg"
)
ENALAPRIL = acts.Item(
    "Enalapril 5 mg tablet", Decimal(1), "tablet", "oral", Decimal(1), 30, "enalapril", "", "tablet", "5 mg"
)


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
    assert unsafe.value.checked.found and not unsafe.value.never
    paper = acts.write_prescription(visit, crew.doctor, [ITEM], override_reason="tolerated it last year")
    assert paper.override_reason and paper.checked["found"]


def test_a_contraindication_is_not_talked_away(crew: Crew) -> None:
    visit = crew.visit()
    visits.record_vitals(visit, crew.nurse, [Reading("pregnant", True)])
    with pytest.raises(acts.Unsafe) as unsafe:
        acts.write_prescription(visit, crew.doctor, [ENALAPRIL], override_reason="it will be all right")
    assert unsafe.value.never


def test_bad_lines_are_named(crew: Crew) -> None:
    bad = acts.Item("", Decimal(0), "", "by_magic", Decimal(99), 0)
    with pytest.raises(acts.BadItems) as wrong:
        acts.write_prescription(crew.visit(), crew.doctor, [ITEM, bad])
    assert {key for key, _ in wrong.value.errors} == {
        "1.words", "1.dose", "1.dose_unit", "1.route", "1.per_day", "1.days"
    }  # fmt: skip
    with pytest.raises(acts.BadItems):
        acts.write_prescription(crew.visit(), crew.doctor, [])


def test_milligrams_of_a_syrup_are_refused_with_the_millilitres(crew: Crew) -> None:
    syrup = replace(ITEM, form="oral_liquid", strength="250 mg/5 mL", dose=Decimal(500), dose_unit="mg")
    with pytest.raises(acts.BadItems) as wrong:
        acts.write_prescription(crew.visit(), crew.doctor, [syrup])
    ((key, message),) = wrong.value.errors
    assert key == "0.dose_unit" and message.params["offer"] == "10 mL"


def test_what_is_taken_and_prescribed_counts(crew: Crew) -> None:
    visit = crew.visit()
    assert facts_of(crew.patient.pk).taking_asked is False and facts_of(crew.patient.pk).allergies is None
    history.add(crew.patient, "medication", crew.nurse, "Warfarin 5 mg")
    paper = acts.write_prescription(visit, crew.doctor, [ITEM])
    assert [t.words for t in facts_of(crew.patient.pk).taking] == ["Warfarin 5 mg"]
    acts.sign(paper, crew.doctor)
    assert [t.medicine for t in facts_of(crew.patient.pk).taking] == ["", "amoxicillin"]
    assert facts_of(crew.patient.pk, without=[paper.pk]).taking[0].words == "Warfarin 5 mg"
    found = acts.check(visit, [ITEM]).found
    assert {f.check for f in found} >= {"double", "interaction"} or {f.check for f in found} == {"double"}


def test_kidneys_are_known_from_a_creatinine_and_not_from_an_old_one(crew: Crew) -> None:
    visit = crew.visit()
    assert facts_of(crew.patient.pk).egfr is None
    visits.record_vitals(visit, crew.nurse, [Reading("creatinine", Decimal(300), "umol/L")])
    known = facts_of(crew.patient.pk)
    assert known.egfr is not None and known.egfr < 30
    with writing(None, "test.age") as write:
        row = Observation.objects.get(code="creatinine")
        row.at = clock.now() - timedelta(days=400)
        write.save(row)
    old = facts_of(crew.patient.pk)
    assert old.egfr is None and "days old" in str(old.egfr_why)


def test_a_childs_weight_grows_old(crew: Crew) -> None:
    with writing(None, "setup") as write:
        child = write.save(new_person((clock.now() - timedelta(days=900)).date(), "male"))
    visit = crew.visit(child)
    visits.record_vitals(visit, crew.nurse, [Reading("weight", Decimal("12.4"))])
    assert facts_of(child.pk).weight_kg == Decimal("12.4") and facts_of(child.pk).pregnant is False
    with writing(None, "test.age") as write:
        row = Observation.objects.get(code="weight")
        row.at = clock.now() - timedelta(days=90)
        write.save(row)
    assert facts_of(child.pk).weight_kg is None and "90" in str(facts_of(child.pk).weight_why)


def test_a_proposal_is_adopted_by_the_units_doctor_after_new_checks(crew: Crew) -> None:
    on_duty(crew.heart)
    case = cases.receive(cases.send(crew.filled(), crew.doctor))
    answer = answering.answer(answering.accept(case, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    with pytest.raises(NotAllowed):
        acts.adopt(answer, crew.nurse, [ENALAPRIL])
    visit = case.visit
    visits.record_vitals(visit, crew.nurse, [Reading("pregnant", True)])
    with pytest.raises(acts.Unsafe):
        acts.adopt(answer, crew.doctor, [ENALAPRIL])
    visits.record_vitals(visit, crew.nurse, [Reading("pregnant", False)])
    first = acts.adopt(answer, crew.doctor, [ITEM])
    made = acts.adopt(answer, crew.doctor, [ENALAPRIL])
    assert (made.author_id, made.case_id, made.answer_id, made.replaces) == (
        crew.doctor.pk, case.pk, answer.pk, first.pk
    )  # fmt: skip
    assert queries.adopted([answer.pk]) == set()
    assert acts.printable(acts.sign(made, crew.doctor)) and queries.adopted([answer.pk]) == {answer.pk}
    with pytest.raises(Refusal):
        acts.adopt(answer, crew.doctor, [ITEM], visit=crew.visit(another()))
    answering.correct_answer(case, crew.heart, ANSWER, key_of(crew.heart))
    with pytest.raises(Refusal):
        acts.adopt(Answer.objects.get(pk=answer.pk), crew.doctor, [ITEM])


def another() -> object:
    """Somebody else."""
    with writing(None, "setup") as write:
        return write.save(new_person(clock.now().date() - timedelta(days=15000)))
