"""DICOMweb as other people's programs use it: dicomweb-client against the hub's pages."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
from django.test import Client
from pydicom import dcmread

from qafila.clinic.imaging.models import ImagingInstance, KeyImage
from qafila.exchange.dicom.filing import settle
from qafila.exchange.dicom.matching import study_uid
from qafila.journal.here import Here
from qafila.journal.models import Read
from tests.exchange.dicom.objects import file_of, sample
from tests.web.desk import Desk, desk


class Wire(requests.adapters.BaseAdapter):
    """Carries a `requests` call to Django's test client."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client

    def send(self, request: Any, **options: Any) -> requests.Response:
        body = request.body
        data = body if isinstance(body, bytes) else b"".join(body) if body else b""
        headers = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in request.headers.items() if k != "Content-Type"}
        answer = self.client.generic(
            request.method, request.path_url, data, request.headers.get("Content-Type", ""), **headers
        )
        found = requests.Response()
        found.status_code, found.url, found.request = answer.status_code, request.url, request
        found.headers.update(dict(answer.items()))
        found.raw = BytesIO(b"".join(answer.streaming_content) if answer.streaming else answer.content)
        found._content = found.raw.getvalue()
        return found

    def close(self) -> None:
        pass


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def client_of(made: Desk, who: Any) -> Any:
    from dicomweb_client.api import DICOMwebClient

    session = requests.Session()
    session.mount("http://testserver", Wire(made.at(who)))
    return DICOMwebClient("http://testserver/dicomweb", session=session)


def test_a_client_stores_finds_and_gets_back_the_same_bytes(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    study = study_uid(case.visit_id)
    sets = [sample(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=n) for n in (1, 2)]
    client = client_of(hub_desk, hub_desk.crew.coordinator)
    stored = client.store_instances(sets)
    assert len(stored.ReferencedSOPSequence) == 2
    while settle():
        pass
    heart = client_of(hub_desk, hub_desk.crew.heart)
    found = heart.search_for_studies(search_filters={"PatientID": hub_desk.crew.patient.code}, limit=10)
    assert [one["0020000D"]["Value"][0] for one in found] == [study]
    assert found[0]["00201208"]["Value"] == [2]
    assert len(heart.search_for_studies(search_filters={"PatientName": "Test*"})) == 1
    assert heart.search_for_studies(search_filters={"StudyDate": "19000101-19000102"}) == []
    assert len(heart.search_for_series(study)) == 1
    assert len(heart.search_for_instances(study, "1.2.3")) == 2
    assert len(heart.search_for_instances(study, limit=1, offset=1)) == 1
    one = heart.retrieve_instance(study, "1.2.3", sets[0].SOPInstanceUID)
    assert one.PixelData == sets[0].PixelData
    row = ImagingInstance.objects.get(sop_uid=sets[0].SOPInstanceUID)
    raw = hub_desk.at(hub_desk.crew.heart).get(f"/dicomweb/studies/{study}/series/1.2.3/instances/{row.sop_uid}")
    assert len(b"".join(raw.streaming_content).split(b"\r\n\r\n", 1)[1]) > row.size
    assert len(heart.retrieve_study(study)) == 2
    assert heart.retrieve_instance_metadata(study, "1.2.3", row.sop_uid)["00080018"]["Value"] == [row.sop_uid]
    assert heart.retrieve_instance_rendered(study, "1.2.3", row.sop_uid).startswith(b"\xff\xd8")
    assert Read.objects.filter(actor=hub_desk.crew.heart.pk, page="dicomweb.object").exists()
    _the_specialist_marks_a_key_image(hub_desk, row)


def _the_specialist_marks_a_key_image(made: Desk, row: ImagingInstance) -> None:
    page = f"/imaging/series/{row.attachment_id}/"
    mine, other = made.at(made.crew.heart), made.at(made.crew.other_heart)
    assert mine.get(page).status_code == 200 and other.get(page).status_code == 403
    values = {"instance": row.pk.hex, "frame": "1", "note": "The left one"}
    assert other.post(f"{page}mark/", values).status_code == 403
    assert mine.post(f"{page}mark/", values).status_code == 302
    assert KeyImage.objects.get().author_id == made.crew.heart.pk


def test_nobody_sees_another_s_patient_and_a_broken_request_stores_nothing(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    study = study_uid(case.visit_id)
    mine = hub_desk.at(hub_desk.crew.coordinator)
    whole = file_of(sample(StudyInstanceUID=study))
    mark = 'multipart/related; type="application/dicom"; boundary=x'

    def post(who: Any, body: bytes, kind: str = mark) -> Any:
        return who.generic("POST", "/dicomweb/studies", body, kind)

    def body(file: bytes) -> bytes:
        return b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file + b"\r\n--x--"

    assert post(mine, body(whole[:-500])).status_code == 409
    assert post(mine, body(whole)[:-40]).status_code == 400
    assert post(mine, whole, "application/dicom").status_code == 415
    assert post(hub_desk.at(hub_desk.crew.heart), body(whole)).status_code == 403
    assert post(mine, body(whole)).status_code == 200
    while settle():
        pass
    assert ImagingInstance.objects.count() == 1
    other = hub_desk.at(hub_desk.crew.other_heart)
    assert other.get("/dicomweb/studies").json() == []
    assert other.get(f"/dicomweb/studies/{study}").status_code == 404
    assert mine.get("/dicomweb/studies?StudyDate=soon").status_code == 400
    wrong = mine.get(f"/dicomweb/studies/{study}", headers={"Accept": "image/jpeg"})
    assert wrong.status_code == 406
    fuzzy = mine.get("/dicomweb/studies?fuzzymatching=true")
    assert "fuzzymatching" in fuzzy["Warning"] and len(fuzzy.json()) == 1
    assert dcmread(BytesIO(whole)).StudyInstanceUID == study
