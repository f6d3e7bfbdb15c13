"""Spirometry from the nurse's form to the page and the paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string

from qafila.clinic.spirometry.session import opened
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Attachment, Observation, Visit
from qafila.clinic.visits.vitals import Reading
from qafila.journal import blobs
from qafila.journal.here import Here
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.web.records.attachments import shown
from tests.clinic.spirometry.test_session import STEP, curve
from tests.web.vehicle import Vehicle, fields, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    person = people.register(
        van.crew["fatima"], van.unit, names=[NameParts("Latn", "Said")], sex="male", birth=PartialDate(1976, 5, 2)
    )
    made = visits.open_visit(person, van.unit, van.crew["fatima"], "dyspnoea")
    visits.record_vitals(made, van.crew["rachid"], [Reading("height", 172.0)])
    return made


def blows() -> bytes:
    rows = ["phase,step,volumes"]
    for phase, fvc, tau in (("pre", 4.0, 0.9), ("pre", 3.95, 0.9), ("pre", 3.9, 0.88), ("post", 4.3, 0.7)):
        rows.append(f"{phase},{STEP},{' '.join(f'{one:.3f}' for one in curve(fvc, tau))}")
    return "\n".join(rows).encode()


def test_a_file_with_curves_before_and_after(van: Vehicle, visit: Visit) -> None:
    nurse, url = van.at("rachid"), f"/nurse/spirometry/{visit.pk}/"
    form = {**fields(nurse.get(url), "id_equation"), "equation": "gli-2012-other", "drug": "Salbutamol 400 µg"}
    answer = nurse.post(url, {**form, "file": SimpleUploadedFile("s.csv", blows())})
    file = Attachment.objects.get(kind_of_file="spirometry")
    assert answer.status_code == 302 and answer["Location"] == f"/records/files/{file.pk}/spirometry/"
    session = opened(blobs.read(file.sha256))
    assert session.by.startswith("pyspiro") and set(session.scores["pre"]) == {"fev1", "fvc", "fev1_fvc", "fef2575"}
    kept = {o.code: float(o.number or 0) for o in Observation.objects.filter(visit_id=visit.pk)}
    assert kept["fvc"] == pytest.approx(4.0, abs=0.01) and kept["fev1_post"] > kept["fev1"]
    page = text(van.at("salma").get(answer["Location"]))
    assert "GLI 2012, other/mixed" in page and "Response to the bronchodilator" in page and page.count("<svg") >= 2
    assert "Three or more acceptable manoeuvres" in page and "No reference equation was made" in page
    record = text(nurse.get(f"/nurse/record/{visit.pk}/"))
    assert "FEV1 after bronchodilator" not in page and "FEV1 after bronchodilator" in record
    assert "FEV1/FVC" in text(nurse.get(f"/nurse/tests/{visit.pk}/")) and "fev1_fvc" not in record
    # among the files of a case: curves, grade, z-scores and response without another page
    case = render_to_string("records/file.html", {"one": shown(file), "teaches": False})
    assert case.count("<svg viewBox") == 2 and 'data-grade="A"' in case and "GLI 2012, other/mixed" in case
    assert "(z " in case and "of predicted" in case


def test_by_hand_and_what_is_refused(van: Vehicle, visit: Visit) -> None:
    nurse, url = van.at("rachid"), f"/nurse/spirometry/{visit.pk}/"
    hidden = fields(nurse.get(url), "id_equation")
    wrong = nurse.post(url, {**hidden, "equation": "gli-global-2022", "m1_fvc": "3.2", "m1_fev1": "3.9"})
    assert wrong.status_code == 422 and "FEV1 &gt; FVC" in text(wrong) and 'value="3.9"' in text(wrong)
    hidden = fields(wrong, "id_equation")
    assert nurse.post(url, {**hidden, "equation": "gli-global-2022"}).status_code == 422
    hidden = fields(nurse.get(url), "id_equation")
    typed = {"m1_fvc": "٣٫٢", "m1_fev1": "2,4", "m1_cough": "yes", "m1_bev": "0.05", "equation": "gli-global-2022"}
    answer = nurse.post(url, {**hidden, **typed})
    assert answer.status_code == 302
    page = text(nurse.get(answer["Location"]))
    assert "Cough in the first second" in page and "<svg viewBox" not in page
    assert Observation.objects.filter(code="fvc").count() == 1 and not Observation.objects.filter(code="fev1").exists()
