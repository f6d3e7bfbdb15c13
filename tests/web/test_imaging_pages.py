"""Images that wait, the devices that may call, the viewer: as the crew and the administrator see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from pydicom import dcmread

from qafila.clinic.imaging.models import ImagingInstance, KeyImage
from qafila.clinic.models import Attachment
from qafila.clinic.visits import acts as visits
from qafila.exchange.dicom.filing import settle
from qafila.exchange.dicom.matching import study_uid
from qafila.exchange.dicom.models import Arrived, Peer
from qafila.exchange.dicom.reading import claim
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.registry.people.models import PersonName
from qafila.registry.places.here import local_day
from qafila.web.opaque import shown
from tests.clinic.conftest import new_person
from tests.exchange.dicom.objects import file_of, sample
from tests.web.vehicle import Vehicle, fields, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def arrive(name: str = "CT_small.dcm", **changed: Any) -> Arrived:
    data = file_of(sample(name, **changed))
    row = Arrived(**asdict(claim(data)), data=data, size=len(data), sha256=sha256(data).hexdigest(), peer="DEVICE")
    row.save()
    while settle():
        pass
    row.refresh_from_db()
    return row


def somebody(van: Vehicle) -> tuple[Any, Any]:
    with writing(None, "setup") as write:
        person = write.save(new_person(local_day().replace(year=1980, day=1)))
        write.save(PersonName(person=person, script="Latn", given="Zineb", family="Ouakrim"))
    return person, visits.open_visit(person, van.unit, van.crew["fatima"])


def test_two_taps_file_a_study_and_show_whom_the_file_names_beside_who_is_here(van: Vehicle) -> None:
    person, visit = somebody(van)
    row = arrive(PatientName="Ouakrim^Zineb", PatientID="4711", PatientSex="M")
    nurse = van.at("rachid")
    assert "Images wait for somebody" in text(nurse.get("/reception/queue/"))
    waiting = nurse.get("/imaging/match/")
    assert "Ouakrim Zineb" in text(waiting) and "names nobody" in text(waiting)
    one = nurse.get(f"/imaging/match/{row.study_uid}/")
    assert "4711" in text(one) and "Zineb Ouakrim" in text(one) and "differ from the file" in text(one)
    assert nurse.get(f"/imaging/match/{row.study_uid}/picture/")["Content-Type"] == "image/jpeg"
    given = nurse.post(f"/imaging/match/{row.study_uid}/", fields(one, "It is of this person"))
    assert given.status_code == 302
    while settle():
        pass
    file = Attachment.objects.get()
    assert (file.person_id, file.visit_id, file.author_id) == (person.pk, visit.pk, van.crew["rachid"].pk)
    assert van.at("hind").get("/imaging/match/").status_code == 403


def test_the_administrator_lets_devices_in_and_out(van: Vehicle) -> None:
    admin = van.at("hind")
    page = admin.get("/imaging/devices/")
    assert "QAFILA-U1" in text(page) and "every call is refused" in text(page)
    form = fields(page, 'name="title"')
    bad = admin.post("/imaging/devices/", form | {"title": "é", "name": "Ultrasound"})
    assert bad.status_code == 422 and not Peer.objects.exists()
    admin.post("/imaging/devices/", form | {"title": "US1", "name": "Ultrasound", "modality": "us"})
    peer = Peer.objects.get()
    assert (peer.title, peer.modality, peer.active) == ("US1", "US", True)
    assert van.here.directory is not None and (van.here.directory / "dicom").exists()
    admin.post(f"/imaging/devices/{shown(peer.pk)}/", {"title": "US1", "name": "Ultrasound", "may_store": "on"})
    admin.post(f"/imaging/devices/{shown(peer.pk)}/", {"active": "no"})
    peer.refresh_from_db()
    assert (peer.may_store, peer.may_query, peer.active) == (True, False, False)
    assert van.at("salma").get("/imaging/devices/").status_code == 403


def test_a_frame_comes_without_loss_with_its_meaning_and_a_key_image_stays(van: Vehicle) -> None:
    person, visit = somebody(van)
    row = arrive(StudyInstanceUID=study_uid(visit.pk), SeriesInstanceUID="1.2.3")
    assert row.state == "filed"
    file, one = Attachment.objects.get(), ImagingInstance.objects.get()
    doctor = van.at("salma")
    page = doctor.get(f"/imaging/series/{file.pk}/")
    assert page.status_code == 200 and person.code in text(page)
    assert Read.objects.filter(patient=person.pk, actor=van.crew["salma"].pk).exists()
    frames = doctor.get(f"/imaging/series/{file.pk}/frames/").json()["frames"]
    assert len(frames) == 1 and frames[0]["here"]
    answer = doctor.get(frames[0]["url"])
    meaning = json.loads(answer["X-Frame-Meaning"])
    picture = Image.open(BytesIO(answer.content))
    high, low, _ = picture.getpixel((40, 60))  # type: ignore[misc]
    values = dcmread(BytesIO(file_of(sample()))).pixel_array
    assert (high * 256 + low) * meaning["step"] + meaning["low"] == int(values[60, 40]) - 1024
    assert meaning["spacing"] == pytest.approx([0.661468, 0.661468]) and not meaning["at_detector"]
    form = fields(page, 'name="note"') | {"instance": one.pk.hex, "frame": "1", "note": "Look here"}
    assert doctor.post(f"/imaging/series/{file.pk}/mark/", form).status_code == 302
    assert KeyImage.objects.get().note == "Look here"
    again = doctor.get(f"/imaging/series/{file.pk}/")
    assert "Look here" in text(again)
    doctor.post(f"/imaging/series/{file.pk}/mark/", {"unmark": KeyImage.objects.get().pk.hex})
    assert KeyImage.objects.get().withdrawn
    assert doctor.get(f"/imaging/frame/{one.pk}/2/").status_code == 415
    assert doctor.post(f"/imaging/series/{file.pk}/fetch/").status_code == 302


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("SC_rgb_small_odd.dcm", True),
        ("JPEG2000.dcm", False),
        ("rtdose_1frame.dcm", False),
        ("examples_palette.dcm", True),
    ],
)
def test_other_kinds_of_picture_are_drawn(name: str, colour: bool) -> None:
    from qafila.clinic.imaging.frames import frame

    drawn = frame(file_of(sample(name)), 1)
    assert drawn.meaning.colour == colour and drawn.png.startswith(b"\x89PNG")
