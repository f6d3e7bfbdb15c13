"""Performed steps and storage commitment, asked by pynetdicom as a device; Orthanc as a neighbour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE, evt

from bench.ports import free_ports
from qafila.exchange.dicom.commitment import MODEL, WELL_KNOWN
from qafila.exchange.dicom.matching import study_uid
from qafila.exchange.dicom.models import Arrived, Peer, Step
from qafila.exchange.dicom.reactor import STEADY
from qafila.journal import blobs
from tests.exchange.dicom.conftest import TITLE, Station
from tests.exchange.dicom.objects import sample
from tests.exchange.dicom.peer import ask, orthanc_beside, send

STEP = "1.2.840.10008.3.1.2.3.3"


def calling(station: Station, *models: str, handlers: Any = ()) -> Any:
    entity = AE("DEVICE")
    for model in models:
        entity.add_requested_context(model)
    found = entity.associate("127.0.0.1", station.port, ae_title=TITLE, evt_handlers=[STEADY, *handlers])
    assert found.is_established
    return found


def test_a_performed_step_is_begun_once_and_over_once(station: Station) -> None:
    begun = Dataset()
    begun.PerformedProcedureStepStatus = "IN PROGRESS"
    begun.PatientID = station.crew.patient.code
    named = Dataset()
    named.StudyInstanceUID = study_uid(station.visit.pk)
    begun.ScheduledStepAttributesSequence = Sequence([named])
    over, uid = Dataset(), generate_uid()
    over.PerformedProcedureStepStatus = "COMPLETED"
    device = calling(station, STEP)
    assert device.send_n_create(begun, STEP, uid)[0].Status == 0x0000
    assert device.send_n_create(begun, STEP, uid)[0].Status == 0x0111
    assert device.send_n_create(over, STEP, generate_uid())[0].Status == 0x0106
    assert device.send_n_set(over, STEP, generate_uid())[0].Status == 0x0112
    assert device.send_n_set(over, STEP, uid)[0].Status == 0x0000
    assert device.send_n_set(over, STEP, uid)[0].Status == 0x0110
    device.release()
    step = Step.objects.get()
    assert (step.status, step.visit) == ("COMPLETED", station.visit.pk)


@pytest.mark.parametrize("own_port", [False, True], ids=["same association", "association of its own"])
def test_commitment_says_what_is_safe_and_what_is_not(station: Station, tmp_path: Path, own_port: bool) -> None:
    one = sample(StudyInstanceUID=study_uid(station.visit.pk))
    one.save_as(tmp_path / "one.dcm")
    assert send(station.port, tmp_path / "one.dcm") == 0
    station.settle()
    told: list[tuple[int, Dataset]] = []
    came = threading.Event()

    def report(event: Any) -> tuple[int, None]:
        told.append((event.event_type, event.event_information))
        came.set()
        return 0x0000, None

    handlers = [(evt.EVT_N_EVENT_REPORT, report)]
    listening = None
    if own_port:
        entity = AE("DEVICE")
        entity.add_supported_context(MODEL, scu_role=True, scp_role=True)
        port = free_ports(1)[0]
        listening = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
        Peer.objects.filter(title="DEVICE").update(host="127.0.0.1", port=port)
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    items = []
    for uid in (one.SOPInstanceUID, generate_uid()):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.SOPClassUID, uid
        items.append(item)
    asked.ReferencedSOPSequence = Sequence(items)
    device = calling(station, MODEL, handlers=handlers)
    assert device.send_n_action(asked, 9, MODEL, WELL_KNOWN)[0].Status == 0x0123
    assert device.send_n_action(asked, 1, MODEL, WELL_KNOWN)[0].Status == 0x0000
    assert came.wait(60)
    device.release()
    if listening is not None:
        listening.shutdown()
    kind, said = told[0]
    assert kind == 2 and said.TransactionUID == asked.TransactionUID
    assert [i.ReferencedSOPInstanceUID for i in said.ReferencedSOPSequence] == [one.SOPInstanceUID]
    assert [i.FailureReason for i in said.FailedSOPSequence] == [0x0112]


@pytest.fixture
def orthanc(station: Station, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Debian's Orthanc, which knows our node; its DICOM and HTTP ports."""
    with orthanc_beside(tmp_path, TITLE, station.port) as ports:
        yield ports


def test_orthanc_sends_to_the_unit_and_what_the_unit_holds_goes_to_orthanc(
    station: Station, orthanc: tuple[int, int], tmp_path: Path
) -> None:
    port, http = orthanc
    Peer.objects.create(title="ORTHANC", name="Archive")
    sample(StudyInstanceUID=study_uid(station.visit.pk)).save_as(tmp_path / "one.dcm")
    made = ask(http, "/instances", (tmp_path / "one.dcm").read_bytes())
    assert ask(http, "/modalities/ours/store", made["ID"].encode())["FailedInstancesCount"] == 0
    station.settle()
    back = tmp_path / "back.dcm"
    back.write_bytes(blobs.read(Arrived.objects.get().sha256))
    assert send(port, back, called="ORTHANC") == 0
    assert ask(http, "/modalities/ours/echo", b"{}") == {}
