"""Teaching copies: nobody in them, pixels masked by a person, only with consent."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy
import pytest
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from qafila.clinic.history import consents
from qafila.clinic.imaging import anonymous, copies, refused
from qafila.clinic.imaging.anonymous import Secret, without_identity
from qafila.clinic.imaging.models import TeachingCopy, TeachingSource
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts
from qafila.journal import blobs
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from tests.clinic.conftest import Crew
from tests.clinic.imaging.imaging_files import shipped

SECRET = Secret(b"k" * 32)
NAME = "SYNTHETIC^NAME"
WORDS = ("SYNTHETIC", "Doctor Invented", "P-4711", "Invented Clinic", "+212600000000")


def dicom(modality: str = "CT", storage: str = "1.2.840.10008.5.1.4.1.1.2", **more: Any) -> bytes:
    """A small object that says who the person is in every way that there is."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID = storage
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID = "1.2.3.4.5"
    found.StudyInstanceUID, found.SeriesInstanceUID, found.Modality = "1.2.3.4", "1.2.3.4.1", modality
    found.PatientName, found.PatientID, found.PatientBirthDate, found.PatientSex = NAME, "P-4711", "19700102", "F"
    found.StudyDate, found.ContentDate, found.AcquisitionDateTime = "20260110", "20260112", "20260112093000"
    found.ReferringPhysicianName = "Doctor Invented"
    found.InstitutionName, found.PatientTelephoneNumbers = "Invented Clinic", "+212600000000"
    found.StudyDescription, found.ImageComments = f"of {NAME}", f"{NAME} moved"
    found.AdditionalPatientHistory = f"{NAME} has asthma"
    inner = Dataset()
    inner.PatientName, inner.ScheduledProcedureStepStartDate = NAME, "20260109"
    inner.CommentsOnTheScheduledProcedureStep = "Doctor Invented"
    inner.ReferencedSOPInstanceUID = "1.2.3.4.5"
    found.AnatomicRegionSequence = Sequence([inner])
    found.add_new((0x0009, 0x0010), "LO", "VENDOR")
    found.add_new((0x0009, 0x1001), "LO", NAME)
    found.Rows = found.Columns = 40
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit, found.PixelRepresentation = 7, 0
    found.PixelData = bytes([200]) * 1600
    for name, value in more.items():
        setattr(found, name, value)
    out = BytesIO()
    found.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_nobody_is_in_a_copy_and_it_says_so() -> None:
    made = without_identity(dicom(), SECRET, "person")
    for word in WORDS:
        assert word.encode() not in made
    copy = dcmread(BytesIO(made))
    assert (copy.PatientIdentityRemoved, copy.DeidentificationMethod) == ("YES", anonymous.METHOD)
    assert [one.CodeValue for one in copy.DeidentificationMethodCodeSequence] == ["113100", "113107"]
    assert copy.LongitudinalTemporalInformationModified == "MODIFIED"
    assert copy.PatientBirthDate == "" and not any(one.is_private for one in copy.iterall())
    assert bytes([200]) * 1600 == copy.PixelData and copy.file_meta.MediaStorageSOPInstanceUID == copy.SOPInstanceUID
    assert copy.AnatomicRegionSequence[0].ReferencedSOPInstanceUID == copy.SOPInstanceUID != "1.2.3.4.5"


def test_dates_move_together_and_not_alike_for_two_people() -> None:
    one = dcmread(BytesIO(without_identity(dicom(), SECRET, "one")))
    again = dcmread(BytesIO(without_identity(dicom(StudyDate="20260111"), SECRET, "one")))
    other = dcmread(BytesIO(without_identity(dicom(), SECRET, "two")))
    assert one.StudyDate < "20251212" and again.StudyDate == plus(one.StudyDate, 1)
    assert one.ContentDate == plus(one.StudyDate, 2) and one.AcquisitionDateTime == one.ContentDate + "093000"
    assert other.StudyDate != one.StudyDate and other.StudyInstanceUID == one.StudyInstanceUID


def plus(day: str, days: int) -> str:
    from datetime import datetime, timedelta

    return (datetime.strptime(day, "%Y%m%d") + timedelta(days=days)).strftime("%Y%m%d")


@pytest.mark.parametrize(
    "more",
    [
        {"modality": "US", "storage": "1.2.840.10008.5.1.4.1.1.6.1"},
        {"modality": "OT", "storage": "1.2.840.10008.5.1.4.1.1.7"},
        {"BurnedInAnnotation": "YES"},
    ],
)
def test_pixels_that_may_carry_a_name_go_only_when_masked(more: dict[str, str]) -> None:
    with pytest.raises(Refused) as caught:
        without_identity(dicom(**more), SECRET, "one")
    assert caught.value.reason == refused.NOT_MASKED
    copy = dcmread(BytesIO(without_identity(dicom(**more), SECRET, "one", [(0, 0, 500, 100)])))
    assert (copy.pixel_array[:4, :20] == 0).all() and (copy.pixel_array[4:, :] == 200).all()
    assert copy.BurnedInAnnotation == "NO"


def test_masks_reach_every_frame_of_a_compressed_colour_film() -> None:
    data = shipped("examples_ybr_color.dcm")
    copy = dcmread(BytesIO(without_identity(data, SECRET, "one", [(0, 0, 1000, 100)])))
    pixels = copy.pixel_array
    assert pixels.ndim == 4 and (pixels[:, : pixels.shape[1] // 10] == 0).all()
    assert not copy.file_meta.TransferSyntaxUID.is_compressed


def report() -> bytes:
    """A structured report with a name in its words, a measurement and a person."""
    text, number, who = Dataset(), Dataset(), Dataset()
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "121071", "DCM", "Finding"
    text.ValueType, text.TextValue, text.ConceptNameCodeSequence = "TEXT", f"{NAME} has a cyst", Sequence([concept])
    value = Dataset()
    value.NumericValue = "12"
    number.ValueType, number.MeasuredValueSequence = "NUM", Sequence([value])
    who.ValueType, who.PersonName = "PNAME", "Doctor Invented"
    text.ContentSequence = Sequence([number])
    return dicom("SR", "1.2.840.10008.5.1.4.1.1.88.33", ContentSequence=Sequence([text, who]), ValueType="CONTAINER")


def test_a_report_keeps_codes_and_numbers_and_loses_its_words() -> None:
    made = without_identity(report(), SECRET, "one")
    copy = dcmread(BytesIO(made))
    text, who = copy.ContentSequence
    assert text.ConceptNameCodeSequence[0].CodeMeaning == "Finding" and text.TextValue == anonymous.SCRUBBED
    assert text.ContentSequence[0].MeasuredValueSequence[0].NumericValue == 12
    assert str(who.PersonName) in ("", anonymous.SCRUBBED)
    assert all(word.encode() not in made for word in WORDS)


def test_a_document_is_not_copied() -> None:
    with pytest.raises(Refused):
        without_identity(dicom("DOC", EncapsulatedDocument=b"%PDF-1.4"), SECRET, "one")


@given(st.lists(st.tuples(st.integers(132, 1400), st.integers(0, 255)), max_size=6))
@example([(300, 65)])
@settings(max_examples=40)
def test_damaged_objects_are_refused_or_copied_without_the_name(flips: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for place, value in flips:
        data[place % len(data)] = value
    try:
        made = without_identity(bytes(data), SECRET, "one")
    except Refused:
        return
    assert dcmread(BytesIO(made)).PatientIdentityRemoved == "YES"


WHOLE = dicom()


def astronaut() -> bytes:
    out = BytesIO()
    Image.fromarray(skimage.data.astronaut()).save(out, "JPEG", quality=95)
    return out.getvalue()


def test_only_with_consent_and_only_while_it_stands(crew: Crew) -> None:
    with writing(None, "setup") as write:
        crew.heart.roles = ["admin", "specialist"]
        write.save(crew.heart)
    visit = crew.visit()
    row = acts.add_attachment(visit, crew.nurse, astronaut(), "a.jpg", title="Salma Test")
    case = crew.filled()
    with writing(None, "setup") as write:
        case.specialist_id = crew.heart.pk
        write.save(case)
    box = [(300, 0, 700, 500)]
    with pytest.raises(NotAllowed):
        copies.make(row, crew.nurse, box, True)
    with pytest.raises(Refusal):
        copies.make(row, crew.heart, box, True)
    consent = consents.give(crew.patient, crew.nurse, "teaching", "permit", "spoken")
    for boxes, looked in ((box, False), ([(0, 0, 1001, 5)], True), ([(5, 5, 5, 9)], True)):
        with pytest.raises(Refusal):
            copies.make(row, crew.heart, boxes, looked)
    copy = copies.make(row, crew.heart, box, True, "A face that is covered")
    picture = numpy.asarray(Image.open(BytesIO(blobs.read(copy.sha256))))
    assert picture[5:250, 160:350].max() < 20 and picture[300:].max() > 100
    assert copy.subject_of_care() is None and TeachingSource.objects.get().attachment == row.pk
    assert copies.usable(copy) and copies.review() == 0
    consents.withdraw(consent, crew.nurse)
    assert not copies.usable(copy) and copies.review() == 1
    assert TeachingCopy.objects.get().withdrawn and not blobs.have(copy.sha256) and blobs.have(row.sha256)
