"""Readings, facts and their correction."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from qafila.clinic.history import consents
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.models import Allergy, Case, CaseEvent, Consent, Message, Note, Observation, Prescription, Visit
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.refusal import Implausible, NeedsConfirmation, Refusal
from qafila.clinic.visits import acts, assessment, queries
from qafila.clinic.visits.acts import Reading
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.registry.places.here import local_day
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty, readings


def test_readings_are_observations_with_their_codes(crew: Crew) -> None:
    acts.record_vitals(
        crew.visit(),
        crew.nurse,
        [Reading("glucose", Decimal("99"), "mg/dL", entered="٩٩", method="glucometer", source="device")],
    )
    found = Observation.objects.get()
    assert (found.loinc, found.unit, found.entered, found.entered_unit) == ("41653-7", "mmol/L", "٩٩", "mg/dL")
    assert float(found.number) == 5.5 and found.source == "device" and found.author_id == crew.nurse.pk


def test_triage_is_computed_with_its_inputs(crew: Crew) -> None:
    visit = crew.visit()
    acts.record_vitals(visit, crew.nurse, readings(), then_ready=True)
    visit = Visit.objects.get()
    assert (visit.triage, visit.status, visit.triage_basis["table"]) == ("green", "ready", "news2")
    assert visit.triage_basis["inputs"]["pulse"] == 76 and visit.reassess_at is not None
    acts.record_vitals(visit, crew.nurse, readings(pulse=140, respirations=28, spo2=90, temperature=None))
    visit = Visit.objects.get()
    assert visit.triage == "red" and any("NEWS2" in text for text in assessment.reasons(visit))


def test_what_lacks_is_named_and_not_taken_for_normal(crew: Crew) -> None:
    acts.record_vitals(crew.visit(), crew.nurse, [Reading("pulse", 72)])
    visit = Visit.objects.get()
    assert visit.triage == "" and "spo2" in assessment.missing(visit)


def test_a_hand_set_level_stays_until_readings_are_worse(crew: Crew) -> None:
    visit = acts.override_triage(crew.visit(), "orange", "mother is worried", crew.nurse)
    acts.record_vitals(visit, crew.nurse, readings())
    assert Visit.objects.get().triage == "orange"
    acts.record_vitals(visit, crew.nurse, readings(pulse=150, respirations=30, spo2=88))
    visit = Visit.objects.get()
    assert visit.triage == "red" and visit.triage_reason == ""


def test_implausible_readings_write_nothing(crew: Crew) -> None:
    visit = crew.visit()
    with pytest.raises(Implausible) as wrong:
        acts.record_vitals(visit, crew.nurse, [Reading("pulse", 72), Reading("temperature", 377), Reading("spo2", 300)])
    assert [key for key, _ in wrong.value.errors] == ["temperature", "spo2"]
    with pytest.raises(NeedsConfirmation) as unsure:
        acts.record_vitals(visit, crew.nurse, [Reading("pulse", 72), Reading("weight", 25)])
    assert [key for key, _ in unsure.value.errors] == ["weight"]
    assert not Observation.objects.exists() and Visit.objects.get().triage_basis == {}
    acts.record_vitals(visit, crew.nurse, [Reading("weight", 25, confirmed=True)])
    assert Observation.objects.get().confirmed


def test_crossed_pressures_of_one_arm_are_refused(crew: Crew) -> None:
    visit = crew.visit()
    crossed = [Reading("systolic", 80, site="left"), Reading("diastolic", 120, site="left", confirmed=True)]
    with pytest.raises(Implausible):
        acts.record_vitals(visit, crew.nurse, crossed)
    with pytest.raises(Implausible):
        acts.record_vitals(visit, crew.nurse, [Reading("no_such", 1)])
    with pytest.raises(Implausible):
        acts.record_vitals(visit, crew.nurse, [])


def test_signs_of_a_child_enter_triage(crew: Crew) -> None:
    with writing(None, "setup") as write:
        child = write.save(new_person(local_day() - timedelta(days=400)))
    visit = crew.visit(child)
    acts.record_vitals(visit, crew.nurse, [Reading("respirations", 40)], signs={"convulsions": True})
    visit = Visit.objects.get()
    assert visit.triage == "red" and Observation.objects.filter(code="convulsions", choice="true").exists()
    with pytest.raises(Implausible):
        acts.record_vitals(visit, crew.nurse, [], signs={"made_up": True})


def test_notes_replace_each_other_and_repeat_nothing(crew: Crew) -> None:
    visit = crew.visit()
    first = acts.record_note(visit, "complaint", "ألم في الصدر", crew.assistant)
    assert acts.record_note(visit, "complaint", " ألم في الصدر ", crew.assistant).pk == first.pk
    second = acts.record_note(visit, "complaint", "Chest pain since noon", crew.doctor)
    assert second.replaces == first.pk and [n.pk for n in queries.page(visit).notes] == [second.pk]
    with pytest.raises(NotAllowed):
        acts.record_note(visit, "exam", "clear", crew.assistant)
    for bad in ("", "x" * 8001):
        with pytest.raises(Refusal):
            acts.record_note(visit, "exam", bad, crew.doctor)


def test_allergies_not_asked_none_known_and_some(crew: Crew) -> None:
    visit = crew.visit()
    assert queries.summary(crew.patient.pk).allergies_known == "not_asked"
    acts.no_known_allergy(visit, crew.nurse)
    assert queries.summary(crew.patient.pk).allergies_known == "none_known"
    acts.state_allergy(visit, crew.nurse, "Penicillin", "rash")
    found = queries.summary(crew.patient.pk)
    assert found.allergies_known == "some" and [a.substance for a in found.allergies] == ["Penicillin"]
    with pytest.raises(Refusal):
        acts.no_known_allergy(visit, crew.nurse)
    assert Allergy.objects.count() == 2


def test_conditions_carry_code_version_and_words(crew: Crew) -> None:
    visit = crew.visit()
    one = acts.add_condition(visit, "i209", "provisional", "", "fr", crew.doctor)
    assert (one.code, one.code_version, one.words) == ("I20.9", "ICD-10 WHO 2019", "Angine de poitrine")
    two = acts.add_condition(visit, "I20.9", "confirmed", "", "fr", crew.doctor)
    assert two.replaces == one.pk and len(queries.summary(crew.patient.pk).problems) == 1
    for code, certainty in (("ZZZ", "confirmed"), ("I10", "maybe")):
        with pytest.raises(Refusal):
            acts.add_condition(visit, code, certainty, "", "en", crew.doctor)


def test_consent_is_complete_or_refused(crew: Crew) -> None:
    visit = crew.visit()
    for wrong in (
        {"decision": "permit"},
        {"decision": "emergency"},
        {"decision": "perhaps", "method": "spoken"},
        {"decision": "permit", "method": "spoken", "given_by": "mother"},
        {"decision": "permit", "method": "spoken", "purpose": "fun"},
    ):
        with pytest.raises(Refusal):
            consents.give(visit, crew.nurse, **{"purpose": "referral", **wrong})
    with pytest.raises(Refusal):
        consents.give(crew.patient, crew.nurse, "referral", "emergency", reason="outside of a visit")
    given = consents.give(
        visit, crew.nurse, "referral", "permit", "thumbprint",
        given_by="mother", guardian_name="Hafsa Test", language="ber", witness="the driver",
    )  # fmt: skip
    assert (given.visit_id, given.witness, given.language) == (visit.pk, "the driver", "ber")
    back = consents.withdraw(given, crew.nurse, "changed her mind")
    assert (back.visit_id, back.replaces, back.decision) == (visit.pk, given.pk, "withdrawn")


def test_files_are_known_by_their_content(crew: Crew) -> None:
    from io import BytesIO

    from PIL import Image
    from pydicom.data import get_testdata_file

    from qafila.journal import blobs

    visit = crew.visit()
    with open(str(get_testdata_file("waveform_ecg.dcm")), "rb") as file:
        data = file.read()
    ecg = acts.add_attachment(visit, crew.nurse, data, "anything.jpg", view="ecg12")
    assert ecg.kind_of_file == "ecg" and blobs.read(ecg.sha256) == data
    out = BytesIO()
    Image.effect_noise((320, 240), 60).save(out, "PNG")
    photo = acts.add_attachment(visit, crew.nurse, out.getvalue(), "skin.png")
    assert (photo.kind_of_file, photo.media, photo.width) == ("photo", "image/jpeg", 320) and blobs.have(photo.preview)
    with pytest.raises(Refused):
        acts.add_attachment(visit, crew.nurse, b"MZ not a picture", "virus.dcm")
    with pytest.raises(Refusal):
        acts.add_attachment(visit, crew.nurse, data, "x", clock.now() + timedelta(hours=1))


def _answered(crew: Crew, patient=None) -> Case:
    from qafila.clinic.cases import acts as cases

    on_duty(crew.heart)
    case = cases.receive(cases.send(crew.filled(patient=patient), crew.doctor))
    cases.answer(cases.accept(case, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    return cases.deliver(case)


def test_an_error_after_the_answer_asks_for_confirmation(crew: Crew) -> None:
    from qafila.clinic.cases import acts as cases

    case = _answered(crew)
    weight = Observation.objects.get(code="weight")
    with pytest.raises(NotAllowed):
        acts.mark_error(weight, crew.assistant, "wrong person on the scale")
    with pytest.raises(Refusal):
        acts.mark_error(weight, crew.nurse, "  ")
    acts.mark_error(weight, crew.nurse, "wrong person on the scale")
    case = Case.objects.get(pk=case.pk)
    assert case.reconfirm and CaseEvent.objects.filter(case_id=case.pk, act="corrected").count() == 1
    told = Message.objects.get(case_id=case.pk)
    assert "wrong person on the scale" in told.said() and told.author_id == crew.nurse.pk
    with pytest.raises(Refusal):
        cases.explain(case, crew.doctor)
    case = cases.confirm_answer(case, crew.heart)
    assert not case.reconfirm and cases.explain(case, crew.doctor).status == "explained"
    with pytest.raises(Refusal):
        acts.mark_error(weight, crew.nurse, "again")


def test_a_fact_moves_to_the_person_it_is_of(crew: Crew) -> None:
    with writing(None, "setup") as write:
        other = write.save(new_person(local_day() - timedelta(days=9000)))
    visit, theirs = crew.visit(), crew.visit(other)
    acts.record_vitals(visit, crew.nurse, readings(pulse=150, respirations=28, oxygen=2))
    assert Visit.objects.get(pk=visit.pk).triage == "red"
    wrong = Observation.objects.get(code="pulse")
    moved = acts.move_fact(wrong, other, crew.nurse, "two women of one name")
    assert (moved.person_id, moved.visit_id, moved.replaces, moved.status) == (other.pk, theirs.pk, wrong.pk, "final")
    assert Observation.objects.get(pk=wrong.pk).status == "entered-in-error"
    assert Visit.objects.get(pk=visit.pk).triage != "red"
    assert Note.objects.filter(kind_of_note="notice").count() == 2
    with translation.override("en"):
        assert "two women of one name" in Note.objects.filter(person=other).get().said()
    with pytest.raises(Refusal):
        acts.move_fact(moved, other, crew.nurse, "same")


def test_a_whole_visit_moves_with_its_case_and_answer(crew: Crew) -> None:
    case = _answered(crew)
    visit = Visit.objects.get(pk=case.visit_id)
    item = prescribing.Item("Paracetamol 500 mg tablet", Decimal(1), "tablet", "oral", Decimal(3), 5, "paracetamol")
    paper = prescribing.sign(prescribing.write_prescription(visit, crew.doctor, [item]), crew.doctor)
    with writing(None, "setup") as write:
        right = write.save(new_person(local_day() - timedelta(days=12000)))
    before = Observation.objects.count()
    new = acts.move_visit(visit, right, crew.doctor, "registered as her sister")
    assert (new.person_id, new.ticket, new.status) == (right.pk, visit.ticket, visit.status)
    assert Visit.objects.get(pk=visit.pk).status == "error"
    assert Observation.objects.filter(visit_id=new.pk, status="final", person=right).count() == before
    assert not Observation.objects.filter(visit_id=visit.pk).exclude(status="entered-in-error").exists()
    case = Case.objects.get(pk=case.pk)
    assert case.person_id == right.pk and case.visit_id == new.pk and case.reconfirm
    assert Consent.objects.get(pk=case.consent_id).person_id == right.pk
    copy = Prescription.objects.get(replaces=paper.pk)
    assert copy.signed_at is None and len(prescribing.items_of(copy)) == 1
    assert not prescribing.printable(Prescription.objects.get(pk=paper.pk))
    assert CaseEvent.objects.filter(case_id=case.pk, act="corrected").exists()


def test_the_summary_shows_trends(crew: Crew) -> None:
    visit = crew.visit()
    acts.record_vitals(visit, crew.nurse, [Reading("systolic", 150)])
    later = clock.seconds() + 600
    with clock.reading_from(lambda: later):
        acts.record_vitals(visit, crew.nurse, [Reading("systolic", 135)])
    found = queries.summary(crew.patient.pk)
    assert found.vitals["systolic"].change == "down" and float(found.vitals["systolic"].latest.number) == 135
    assert [float(o.number) for o in queries.vitals_of(crew.patient.pk)["systolic"]] == [150, 135]
