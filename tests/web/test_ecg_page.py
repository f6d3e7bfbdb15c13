"""An ECG from the nurse's file to the viewer: judged at once, kept with a reason, compared, printed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from qafila.clinic.imaging.measuring import connect, disconnect
from qafila.clinic.imaging.models import EcgCheck, EcgMeasures
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Attachment, Visit
from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from tests.clinic.imaging import ecg_files as files
from tests.web.vehicle import Vehicle, fields, text, vehicle

LEADS = files.counts()


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    connect()
    try:
        with vehicle(unit) as made:
            yield made
    finally:
        disconnect()


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    person = people.register(
        van.crew["fatima"], van.unit, names=[NameParts("Latn", "Amal")], sex="female",
        birth=PartialDate(1980, 5, 2),
    )  # fmt: skip
    return visits.open_visit(person, van.unit, van.crew["fatima"], "palpitations")


def sent(nurse: Client, visit: Visit, *given: tuple[str, bytes]) -> HttpResponse:
    page = nurse.get(f"/nurse/record/{visit.pk}/")
    hidden = fields(page, "/files/")
    uploads = [SimpleUploadedFile(name, data) for name, data in given]
    return nurse.post(f"/nurse/record/{visit.pk}/files/", {**hidden, "file": uploads})


def test_a_bad_ecg_is_said_at_once_and_kept_with_a_reason(van: Vehicle, visit: Visit) -> None:
    nurse = van.at("rachid")
    bad = {**LEADS, "V3": [0] * 5000}
    answer = sent(nurse, visit, ("device.scp", files.scp(bad, huffman=True, differences=1)))
    file = Attachment.objects.get(kind_of_file="ecg")
    assert answer.status_code == 302 and answer["Location"] == f"/records/files/{file.pk}/ecg/"
    source = Attachment.objects.get(kind_of_file="source")
    assert EcgCheck.objects.get().source == source.sha256 and source.title == "SCP-ECG"
    page = nurse.get(answer["Location"])
    assert "Flat line" in text(page) and "V3" in text(page) and "put on a new electrode" in text(page)
    assert "Kept, but the check doubts it: Flat line (V3)" in text(page)
    assert f'href="/nurse/record/{visit.pk}/"' in page.content.decode(), "back to the visit"
    assert f"/records/files/{file.pk}/ecg/" in nurse.get(f"/nurse/record/{visit.pk}/").content.decode()
    hidden = fields(page, "/keep/")
    assert nurse.post(f"/records/files/{file.pk}/ecg/keep/", {**hidden, "reason": " "}).status_code == 422
    hidden = fields(nurse.get(answer["Location"]), "/keep/")
    nurse.post(f"/records/files/{file.pk}/ecg/keep/", {**hidden, "reason": "Burn on the chest"})
    said = text(nurse.get(answer["Location"]))
    assert "Burn on the chest" in said and "Keep it all the same" not in said


def told_of(pdf: bytes, folder: Path) -> str:
    """What `pdfinfo` says."""
    (folder / "x.pdf").write_bytes(pdf)
    return subprocess.run(["pdfinfo", str(folder / "x.pdf")], capture_output=True, text=True, check=True).stdout


def test_the_viewer_compares_and_says_what_is_not_computed(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    doctor, nurse = van.at("salma"), van.crew["rachid"]
    old = visits.add_attachment(
        visit, nurse, files.aecg(files.counts(rate=60)), "a.xml", clock.now() - timedelta(days=30)
    )
    new = visits.add_attachment(visit, nurse, files.scp(LEADS), "a.scp")
    assert set(EcgMeasures.objects.values_list("sha256", "state")) == {(old.sha256, "waiting"), (new.sha256, "waiting")}
    page = text(doctor.get(f"/records/files/{new.pk}/ecg/?speed=50&gain=20"))
    assert "The one before" in page and "Being computed" in page
    values = {"rate": 72, "pr": 160, "qrs": 90, "qt": 400, "lead": "II", "beats": 11, "by": "neurokit2 0"}
    EcgMeasures.objects.filter(sha256=new.sha256).update(state="done", values=values)
    EcgMeasures.objects.filter(sha256=old.sha256).update(state="done", values={**values, "pr": None, "rate": 60})
    page = text(doctor.get(f"/records/files/{new.pk}/ecg/"))
    assert "not computed" in page, "the PR of the one before"
    assert "QTc (Fridericia)" in page and "425 ms" in page.replace("\u00a0", " ") and "11 beats, medians" in page
    strip = doctor.get(f"/records/files/{new.pk}/strip/?speed=50&gain=5").content.decode()
    assert "50 mm/s" in strip and "5 mm/mV" in strip
    assert doctor.get(f"/records/files/{old.pk}/ecg/").status_code == 200
    printed = doctor.get(f"/prints/ecg/{new.pk}/")
    told = told_of(printed.content, tmp_path)
    assert "Pages:           1\n" in told and "841.89 x 595.276 pts" in told


def test_a_file_that_is_no_ecg_has_no_viewer(van: Vehicle, visit: Visit) -> None:
    nurse = van.at("rachid")
    assert sent(nurse, visit, ("x.csv", b"a,b\n1,2\n")).status_code == 422
    assert sent(nurse, visit, ("x.pdf", b"%PDF-1.4 %%EOF"), ("y.pdf", b"%PDF-1.4 %%EOF")).status_code == 422
    assert sent(nurse, visit, ("x.pdf", b"%PDF-1.4 %%EOF")).status_code == 302
    file = Attachment.objects.get()
    assert nurse.get(f"/records/files/{file.pk}/ecg/").status_code == 404
