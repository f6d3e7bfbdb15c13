"""A hub on PostgreSQL behind its second wall: devices reach its owner's process, DICOMweb its pages' role."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test.utils import override_settings
from pydicom import dcmread

from bench.ports import free_ports
from qafila.clinic.imaging.models import ImagingInstance, KeyImage
from qafila.exchange.dicom.filing import settle, waiting
from qafila.exchange.dicom.matching import study_uid
from qafila.exchange.dicom.models import Arrived, Peer
from qafila.exchange.dicom.scp import Node, Service
from qafila.journal import blobs
from qafila.journal.here import Here, at
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.node.directory import NodeDirectory
from qafila.registry.people import keys
from qafila.registry.people.models import PersonName
from qafila.registry.places import here as place_here
from tests.conftest import SCRATCH
from tests.exchange.dicom.objects import sample
from tests.exchange.dicom.peer import ask, dcmtk, orthanc_beside, send
from tests.walled import OWNER, PAGES, behind_a_wall
from tests.web.desk import NODE, Desk
from tests.web.test_dicomweb import client_of

TITLE = "QAFILA-H"


@pytest.fixture
def hub_walled(postgres: None, tmp_path: Path) -> Iterator[Any]:
    """The hub as its devices' process (owner) and as its pages have it, with a case that a specialist has."""
    (tmp_path / "node.toml").write_text(NODE)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "keys").mkdir()
    shutil.copy(SCRATCH / "database.key", tmp_path / "keys" / "database.key")
    directory = NodeDirectory(tmp_path)
    directory.secret("web")
    owner, pages = (
        Here("H", "hub", custodian="MS", programme="UMMC", directory=tmp_path, database=alias)
        for alias in (OWNER, PAGES)
    )
    with behind_a_wall(), override_settings(DIRECTORY=directory, SECRET_KEY="only of a test"):
        keys.connect()
        place_here.use("MA")
        try:
            with at(owner):
                desk = Desk(owner)
                case = desk.sent()
                Peer.objects.create(title="DEVICE", name="Scanner")
                node = Node(owner, Service(TITLE, "127.0.0.1", free_ports(1)[0]))
            node.start()
            serving = threading.Thread(target=node.serve, daemon=True)
            serving.start()
            yield SimpleNamespace(owner=owner, pages=pages, desk=desk, case=case, node=node)
            node.stop()
            serving.join(10)
        finally:
            place_here.use(None)


def test_what_a_device_sends_and_what_a_client_stores_is_seen_by_who_may(hub_walled: Any, tmp_path: Path) -> None:
    desk, study = hub_walled.desk, study_uid(hub_walled.case.visit_id)
    one, two, nobodys = (
        sample(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=1),
        sample(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=2),
        sample(),
    )
    for name, found in (("one", one), ("nobodys", nobodys)):
        found.save_as(tmp_path / f"{name}.dcm")
        assert dcmtk("storescu", hub_walled.node.port, tmp_path / f"{name}.dcm", called=TITLE).returncode == 0
    with at(hub_walled.pages):
        coordinator = client_of(desk, desk.crew.coordinator)
        assert len(coordinator.store_instances([two]).ReferencedSOPSequence) == 1
    while hub_walled.node.desk.ask(settle):
        pass
    with at(hub_walled.owner):
        assert ImagingInstance.objects.count() == 2
        assert [row.study_uid for row in waiting(nobodys.StudyInstanceUID)] == [nobodys.StudyInstanceUID]
    with at(hub_walled.pages):
        _the_pages(desk, study, one)
        _the_list_to_be_matched(desk, hub_walled, nobodys.StudyInstanceUID)
    while hub_walled.node.desk.ask(settle):
        pass
    with at(hub_walled.owner):
        assert ImagingInstance.objects.count() == 3 and not Arrived.objects.exclude(state="filed").exists()
        assert Read.objects.filter(actor=desk.crew.heart.pk, page="dicomweb.object").exists()
        assert KeyImage.objects.get().author_id == desk.crew.heart.pk


def test_dcmtk_and_orthanc_talk_to_the_hub(hub_walled: Any, tmp_path: Path) -> None:
    port, desk, study = hub_walled.node.port, hub_walled.desk, study_uid(hub_walled.case.visit_id)
    assert dcmtk("echoscu", port, called=TITLE).returncode == 0
    assert dcmtk("echoscu", port, called=TITLE, calling="STRANGER").returncode != 0
    one, two = tmp_path / "one.dcm", tmp_path / "two.dcm"
    for path in (one, two):
        sample(StudyInstanceUID=study).save_as(path)
    assert dcmtk("dcmsend", port, one, called=TITLE).returncode == 0
    with at(hub_walled.owner):
        Peer.objects.create(title="ORTHANC", name="Archive")
        with writing(None, "setup") as write:
            write.save(PersonName(person=desk.crew.patient, script="Arab", given="سلمى", family="تجريبي"))
    with orthanc_beside(tmp_path, TITLE, port) as (theirs, http):
        made = ask(http, "/instances", two.read_bytes())
        assert ask(http, "/modalities/ours/store", made["ID"].encode())["FailedInstancesCount"] == 0
        assert ask(http, "/modalities/ours/echo", b"{}") == {}
        while hub_walled.node.desk.ask(settle):
            pass
        with at(hub_walled.owner):
            held = [blobs.read(name) for name in Arrived.objects.values_list("sha256", flat=True)]
        assert len(held) == 2
        (tmp_path / "back.dcm").write_bytes(held[0])
        assert send(theirs, tmp_path / "back.dcm", called="ORTHANC") == 0
    asked = ("-k", "SpecificCharacterSet=ISO_IR 192", "-k", "PatientName=تجريبي*", "-k", "PatientID",
             "-k", "StudyInstanceUID")  # fmt: skip
    found = dcmtk("findscu", port, "-W", "-X", "-od", tmp_path, *asked, called=TITLE)
    assert found.returncode == 0, found.stderr
    line = dcmread(next(tmp_path.glob("rsp*.dcm")), force=True)
    assert str(line.PatientName) == "Test^Salma=تجريبي^سلمى" and line.StudyInstanceUID == study


def _the_pages(desk: Desk, study: str, one: Any) -> None:
    heart, other = client_of(desk, desk.crew.heart), client_of(desk, desk.crew.other_heart)
    assert len(heart.search_for_studies()) == 1
    found = heart.search_for_studies(search_filters={"PatientName": "Test*"})
    assert [line["00201208"]["Value"] for line in found] == [[2]]
    assert other.search_for_studies() == []
    assert len(heart.retrieve_study(study)) == 2
    address = f"/dicomweb/studies/{study}/series/1.2.3/instances/{one.SOPInstanceUID}"
    raw = b"".join(desk.at(desk.crew.heart).get(address).streaming_content)
    assert one.PixelData in raw
    assert desk.at(desk.crew.other_heart).get(address).status_code == 404
    mine = desk.at(desk.crew.heart)
    rows = mine.get("/dicomweb/instances").json()
    assert len(rows) == 2
    assert heart.retrieve_instance_rendered(study, "1.2.3", one.SOPInstanceUID).startswith(b"\xff\xd8")


def _the_list_to_be_matched(desk: Desk, hub: Any, study: str) -> None:
    coordinator = desk.at(desk.crew.coordinator)
    assert coordinator.get("/imaging/match/").status_code == 200
    assert coordinator.get(f"/imaging/match/{study}/").status_code == 200
    given = coordinator.post(f"/imaging/match/{study}/", {"visit": hub.case.visit_id.hex})
    assert given.status_code == 302
    series = desk.at(desk.crew.heart)
    with at(hub.owner):
        row = ImagingInstance.objects.filter(series_uid="1.2.3").order_by("number").first()
    assert row is not None
    page = f"/imaging/series/{row.attachment_id}/"
    assert series.get(page).status_code == 200
    assert series.get(f"/imaging/frame/{row.pk}/1/").status_code == 200
    assert series.post(f"{page}mark/", {"instance": row.pk.hex, "frame": "1", "note": "Here"}).status_code == 302
    assert desk.at(desk.crew.other_heart).get(page).status_code in (403, 404)
