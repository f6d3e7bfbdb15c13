"""The node as dcmtk sees it."""

from __future__ import annotations

from pathlib import Path

from qafila.clinic.imaging.models import ImagingInstance
from qafila.exchange.dicom.matching import study_uid
from qafila.exchange.dicom.models import Arrived
from qafila.journal import blobs
from qafila.journal.write import writing
from qafila.registry.people.models import PersonName
from tests.clinic.conftest import Crew
from tests.exchange.dicom.conftest import TITLE, Station
from tests.exchange.dicom.objects import sample
from tests.exchange.dicom.peer import dcmtk


def test_echo_is_answered_to_those_on_the_list_alone(station: Station) -> None:
    assert dcmtk("echoscu", station.port).returncode == 0
    stranger = dcmtk("echoscu", station.port, calling="STRANGER")
    assert stranger.returncode != 0 and "Calling AE Title Not Recognized" in stranger.stderr
    wrong = dcmtk("echoscu", station.port, called="SOMEBODY")
    assert wrong.returncode != 0 and "Called AE Title Not Recognized" in wrong.stderr


def test_storescu_and_dcmsend_send_what_is_then_in_the_record(station: Station, tmp_path: Path) -> None:
    study = study_uid(station.visit.pk)
    for n in range(4):
        sample(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=n).save_as(tmp_path / f"{n}.dcm")
    for program, files in (("storescu", "01"), ("dcmsend", "23")):
        sent = dcmtk(program, station.port, *(tmp_path / f"{n}.dcm" for n in files))
        assert sent.returncode == 0, sent.stderr
    assert Arrived.objects.count() == 4
    station.settle()
    rows = ImagingInstance.objects.filter(person_id=station.crew.patient.pk)
    assert sorted(row.number or 0 for row in rows) == [0, 1, 2, 3]
    assert all(len(blobs.read(row.sha256)) == row.size for row in rows)


def test_the_worklist_shows_the_queue_with_an_arabic_name(station: Station, tmp_path: Path) -> None:
    with writing(None, "setup") as write:
        write.save(PersonName(person=station.crew.patient, script="Arab", given="سلمى", family="تجريبي"))
    keys = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyInstanceUID",
            "ScheduledProcedureStepSequence[0].Modality=US",
            "ScheduledProcedureStepSequence[0].ScheduledProcedureStepStartDate")  # fmt: skip
    asked = [part for key in keys for part in ("-k", key)]
    found = dcmtk("findscu", station.port, "-W", "-X", "-od", tmp_path, *asked)
    assert found.returncode == 0, found.stderr
    from pydicom import dcmread

    one = dcmread(next(tmp_path.glob("rsp*.dcm")), force=True)
    assert one.SpecificCharacterSet == "ISO_IR 192"
    assert str(one.PatientName) == "Test^Salma=تجريبي^سلمى"
    assert one.PatientID == station.crew.patient.code
    assert one.StudyInstanceUID == study_uid(station.visit.pk)
    assert one.ScheduledProcedureStepSequence[0].Modality == "US"
    none = dcmtk("findscu", station.port, "-W", "-k", "PatientName=Nobody*", "-k", "PatientID")
    assert none.returncode == 0 and station.crew.patient.code not in none.stdout + none.stderr
    arabic = dcmtk("findscu", station.port, "-W", "-X", "-od", tmp_path, "-k", "SpecificCharacterSet=ISO_IR 192",
                   "-k", "PatientName=تجريبي*", "-k", "PatientID")  # fmt: skip
    assert arabic.returncode == 0 and dcmread(next(tmp_path.glob("rsp*.dcm")), force=True).PatientID
    assert TITLE == station.node.service.title


def test_inside_tls_alone_with_the_node_s_own_authority(crew: Crew, tmp_path: Path) -> None:
    import ssl

    from qafila.sync.pki import server_certificate

    server_certificate(tmp_path, "U1", ["localhost", "127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pages.crt", tmp_path / "pages.pem")
    station = Station(crew, context)
    try:
        known = dcmtk("echoscu", station.port, "+tla", "-rc", "+cf", tmp_path / "ca.crt")
        assert known.returncode == 0, known.stderr
        assert dcmtk("echoscu", station.port, "-to", "5", "-ta", "5").returncode != 0
    finally:
        station.stop()
