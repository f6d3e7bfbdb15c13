"""The packet's pages for every specialty: one form for all, views named on their files, red flags with where to go."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from qafila.clinic.cases import acts as cases
from qafila.clinic.forms import gate
from qafila.clinic.models import Attachment, Case
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here
from qafila.packs import load
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def visit(van: Vehicle) -> Visit:
    person = people.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Zineb", family="Alami")])
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def photo() -> SimpleUploadedFile:
    held = io.BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(held, "JPEG")
    return SimpleUploadedFile("p.jpg", held.getvalue())


@pytest.mark.parametrize("specialty", load.specialties())
def test_the_form_of_each_specialty_is_shown_and_saved(van: Vehicle, visit: Visit, specialty: str) -> None:
    browser, case = van.at("salma"), cases.draft_case(visit, specialty, van.crew["salma"])
    address = f"/doctor/case/{case.pk}/packet/"
    page = browser.get(address).content.decode()
    pack = load.load_specialty(specialty)
    always = [i for g in pack.group if not g.enable_when for i in g.item if not i.enable_when]
    assert len(always) > 8
    for item in always:
        assert f'id="f-{item.link_id}"' in page, item.link_id
    assert "Draft: not approved yet" in page
    first = next(i for i in always if i.type == "choice")
    sent = {"question": "Que faire ?", "urgency": "urgent", first.link_id: first.options[0].code, "duration_days": "٧"}
    assert browser.post(address, sent).status_code == 302
    held = Case.objects.get().intake
    assert held["duration_days"] == 7
    assert held[first.link_id] in (first.options[0].code, [first.options[0].code])
    for lack in gate.missing(Case.objects.get()):
        target = browser.get(f"/doctor/case/{case.pk}/").content.decode()
        assert lack.label.text("en") in target.replace("&quot;", '"').replace("&#x27;", "'")


def test_three_pictures_are_named_by_the_view_they_show(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), cases.draft_case(visit, "dermatology", van.crew["salma"])
    for view in ("region", "close", "oblique"):
        assert view in {lack.jump.partition(".")[2] for lack in gate.missing(case)}
        answer = browser.post(f"/doctor/case/{case.pk}/packet/view/{view}/", {"file": photo()})
        assert answer.status_code == 302 and answer["Location"].endswith(f"/packet/#f-{view}")
    assert {a.view for a in Attachment.objects.all()} == {"region", "close", "oblique"}
    page = browser.get(f"/doctor/case/{case.pk}/packet/").content.decode()
    assert all(f"/records/files/{a.pk}/look/" in page for a in Attachment.objects.all())
    assert not [lack for lack in gate.missing(case) if lack.jump.startswith("attachments")]
    assert browser.post(f"/doctor/case/{case.pk}/packet/view/no_such/", {"file": photo()}).status_code == 404


def test_a_refused_picture_is_told_and_what_was_typed_stays(van: Vehicle, visit: Visit) -> None:
    browser, case = van.at("salma"), cases.draft_case(visit, "dermatology", van.crew["salma"])
    browser.post("/nurse/draft/", {"draft": f"packet:{case.pk.hex}", "question": "Quelle lésion ?"})
    wrong = SimpleUploadedFile("x.jpg", b"not one" * 99)
    answer = browser.post(f"/doctor/case/{case.pk}/packet/view/region/", {"file": wrong})
    assert answer.status_code == 422 and "Quelle lésion ?" in text(answer)
    assert browser.post(f"/doctor/case/{case.pk}/packet/view/region/", {}).status_code == 422
    assert not Attachment.objects.exists()


def test_a_red_flag_says_where_to_take_the_person(van: Vehicle, visit: Visit, tmp_path: Path) -> None:
    browser, case = van.at("salma"), cases.draft_case(visit, "gynaecology_obstetrics", van.crew["salma"])
    sent = {"stage": "pregnant", "danger": ["bleeding", "headache"], "pads_hour": "3", "urgency": "emergency"}
    page = text(browser.post(f"/doctor/case/{case.pk}/packet/live/", sent))
    assert "Vaginal bleeding" in page and "Headache, blurred vision" in page
    assert "Nearest that can take this:" in page or "not known" in page
    assert "data of" in page or "Call:" in page
    browser.post("/nurse/draft/", sent | {"draft": f"packet:{case.pk.hex}"})
    (tmp_path / "sheet.pdf").write_bytes(browser.get(f"/prints/transfer/{case.pk}/").content)
    words = subprocess.run(["pdftotext", str(tmp_path / "sheet.pdf"), "-"], capture_output=True, text=True, check=True)
    assert "Vaginal bleeding" in words.stdout, "what is typed and not saved yet goes with the person"
    browser.post(f"/doctor/case/{case.pk}/packet/", sent | {"question": "Transférer maintenant ?"})
    assert browser.get(f"/prints/transfer/{case.pk}/").content.startswith(b"%PDF")
    general = text(browser.post(f"/doctor/case/{case.pk}/packet/live/", sent | {"fetal_movement": "none",
                                                                              "gestation_weeks": "30"}))  # fmt: skip
    assert "general knowledge, not approved yet" in general
