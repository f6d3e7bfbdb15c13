"""Where an arrived object goes: into the record that its numbers name, else to a person who says whose it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qafila.clinic.imaging.models import ImagingInstance
from qafila.clinic.models import Attachment, Visit
from qafila.clinic.visits import acts as visits
from qafila.exchange.dicom import filing, matching
from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.reading import NotKept, claim
from qafila.journal import blobs
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.registry.places.here import local_day
from tests.clinic.conftest import Crew, new_person
from tests.exchange.dicom.objects import file_of, sample


def arrive(**changed: Any) -> Arrived:
    from dataclasses import asdict
    from hashlib import sha256

    data = file_of(sample(**changed))
    row = Arrived(**asdict(claim(data)), data=data, size=len(data), sha256=sha256(data).hexdigest(), peer="DEVICE")
    row.save()
    return row


def settle() -> None:
    while filing.settle():
        pass


def today(crew: Crew) -> Visit:
    return visits.open_visit(crew.patient, crew.unit, crew.assistant)


def test_a_series_of_the_worklist_is_one_attachment_and_its_bytes_are_those_that_came(crew: Crew) -> None:
    visit = today(crew)
    study = matching.study_uid(visit.pk)
    sent = [arrive(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=n) for n in (1, 2, 3)]
    data = {row.sha256: bytes(row.data or b"") for row in sent}
    settle()
    whole = Attachment.objects.get()
    assert (whole.person_id, whole.visit_id, whole.kind_of_file) == (crew.patient.pk, visit.pk, "dicom")
    assert blobs.have(whole.preview)
    instances = list(ImagingInstance.objects.order_by("number"))
    assert [one.number for one in instances] == [1, 2, 3]
    assert {one.attachment_id for one in instances} == {whole.pk}
    assert {one.sha256: blobs.read(one.sha256) for one in instances} == data
    row = Arrived.objects.first()
    assert row is not None and row.state == "filed" and row.data is None and row.patient_name == ""


@pytest.mark.parametrize("by", ["accession", "code"])
def test_accession_number_and_card_code_name_the_visit(crew: Crew, by: str) -> None:
    visit = today(crew)
    code = crew.patient.code
    arrive(**({"AccessionNumber": matching.accession(visit.pk), "PatientID": code} if by == "accession" else
              {"PatientID": code, "StudyDate": local_day().strftime("%Y%m%d")}))  # fmt: skip
    settle()
    assert Attachment.objects.get().visit_id == visit.pk


def test_what_contradicts_itself_or_names_nobody_waits_for_a_person(crew: Crew) -> None:
    visit = today(crew)
    with writing(None, "setup") as write:
        other = write.save(new_person(local_day().replace(year=1970, day=1)))
    study, code = matching.study_uid(visit.pk), crew.patient.code
    wrong = {
        matching.ANOTHER_PERSON: {"StudyInstanceUID": study, "PatientID": other.code},
        matching.CONTRADICTS: {"StudyInstanceUID": study, "PatientID": code, "PatientSex": "M"},
        matching.NO_VISIT: {"PatientID": other.code},
        matching.NOBODY: {"PatientID": "4711", "PatientName": "Test^Salma"},
    }
    rows = {reason: arrive(**values) for reason, values in wrong.items()}
    settle()
    for reason, row in rows.items():
        row.refresh_from_db()
        assert (row.state, row.reason) == ("unmatched", reason)
    assert not Attachment.objects.exists()


def test_a_person_says_whose_it_is_and_a_mistake_is_moved_with_the_whole_series(crew: Crew) -> None:
    visit = today(crew)
    study = arrive(SeriesInstanceUID="1.2.9", StudyInstanceUID="1.2.8").study_uid
    arrive(SeriesInstanceUID="1.2.9", StudyInstanceUID="1.2.8", InstanceNumber=2)
    settle()
    with pytest.raises(NotAllowed):
        filing.give(study, visit, crew.heart)
    assert filing.give(study, visit, crew.nurse) == 2
    settle()
    whole = Attachment.objects.get()
    assert (whole.author_id, whole.visit_id) == (crew.nurse.pk, visit.pk)
    with writing(None, "setup") as write:
        other = write.save(new_person(local_day().replace(year=1970, day=1)))
    moved = visits.move_fact(whole, other, crew.nurse, "The wrong card was on the table")
    assert ImagingInstance.objects.filter(attachment_id=moved.pk, person_id=other.pk).count() == 2
    # what comes later of the moved series is not put back to the first person
    arrive(SeriesInstanceUID="1.2.9", StudyInstanceUID="1.2.8", InstanceNumber=3, PatientID=crew.patient.code)
    settle()
    assert Arrived.objects.get(state="unmatched").reason == filing.MOVED_ON


def test_the_same_object_twice_is_kept_once_and_another_content_under_its_number_is_shown(crew: Crew) -> None:
    study = matching.study_uid(today(crew).pk)
    row = arrive(StudyInstanceUID=study, SOPInstanceUID="1.2.7", SeriesInstanceUID="1.2.6")
    settle()
    again = Arrived(**{f.attname: getattr(row, f.attname) for f in Arrived._meta.concrete_fields if f.name != "id"})
    Arrived.objects.bulk_create([again], ignore_conflicts=True)
    arrive(StudyInstanceUID=study, SOPInstanceUID="1.2.7", SeriesInstanceUID="1.2.6", InstanceNumber=77)
    settle()
    assert ImagingInstance.objects.count() == 1
    assert Arrived.objects.get(state="unmatched").reason == matching.OTHER_CONTENT


@pytest.mark.parametrize("name", ["DICOMDIR", "CT_small.dcm"])
def test_what_is_no_object_to_keep_is_refused(name: str) -> None:
    from pydicom.data import get_testdata_file

    data = Path(str(get_testdata_file(name))).read_bytes()
    with pytest.raises(NotKept):
        claim(data if name == "DICOMDIR" else data[:-1000])
