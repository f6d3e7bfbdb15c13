"""Taking photographs, looking at them, marking them, comparing two."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
import skimage.data
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageFilter

from qafila.clinic.imaging.models import Mark
from qafila.clinic.models import Attachment
from qafila.clinic.visits.models import Visit
from tests.web.test_nurse import arrives
from tests.web.vehicle import Vehicle, text, vehicle

ASTRONAUT = Image.fromarray(skimage.data.astronaut())


@pytest.fixture
def van(unit: object) -> Iterator[Vehicle]:
    with vehicle(unit) as made:  # type: ignore[arg-type]
        yield made


def jpeg(picture: Image.Image) -> SimpleUploadedFile:
    out = BytesIO()
    picture.save(out, "JPEG", quality=95)
    return SimpleUploadedFile("photo.jpg", out.getvalue(), "image/jpeg")


def taken(van: Vehicle, visit: Visit, view: str, **more: str) -> Attachment:
    sent = {"set": "skin", "view": view, "file": jpeg(ASTRONAUT), "site": "left_forearm"} | more
    answer = van.at("rachid").post(f"/nurse/photos/{visit.pk}/", sent)
    assert answer.status_code == 302, text(answer)
    return Attachment.objects.order_by("id").last()


def test_the_three_views_one_after_the_other(van: Vehicle) -> None:
    visit, browser = arrives(van), van.at("rachid")
    page = browser.get(f"/nurse/photos/{visit.pk}/")
    assert page.status_code == 200 and 'value="region"' in page.content.decode()
    assert "default-src" in page.headers["Content-Security-Policy"]
    for n, view in enumerate(("region", "close", "oblique"), 1):
        row = taken(van, visit, view)
        assert (row.view, row.site, row.kind_of_file) == (view, "left_forearm", "photo")
        after = browser.get(f"/nurse/photos/{visit.pk}/?set=skin&site=left_forearm")
        assert after.content.decode().count("cp-taken") == n
    assert "Every view is there" in text(after)
    assert 'value="left_forearm" selected' in after.content.decode()
    assert f"/records/files/{row.pk}/look/" in browser.get(f"/nurse/record/{visit.pk}/").content.decode()


def test_a_doubtful_picture_is_asked_about_and_the_reason_is_shown(van: Vehicle) -> None:
    visit, browser = arrives(van), van.at("rachid")
    url = f"/nurse/photos/{visit.pk}/"
    soft = ASTRONAUT.filter(ImageFilter.GaussianBlur(6))
    asked = browser.post(url, {"set": "skin", "view": "close", "file": jpeg(soft)})
    assert asked.status_code == 422 and "blurred" in text(asked) and 'name="kept"' in asked.content.decode()
    assert not Attachment.objects.exists()
    kept = browser.post(url, {"set": "skin", "view": "close", "file": jpeg(soft), "kept": "moves"})
    assert kept.status_code == 302
    row = Attachment.objects.get()
    page = text(browser.get(f"/records/files/{row.pk}/look/"))
    assert "not quite sharp; kept because: The person cannot hold still" in page
    back = f'<a class="back" href="/nurse/record/{visit.pk}/">'
    assert back in page and page.count(f'href="/nurse/record/{visit.pk}/"') == 1, "one way back"
    again = text(browser.get(f"/records/files/{row.pk}/look/", HTTP_REFERER="http://testserver/reception/queue/"))
    assert back in again, "a page that is not told of is no way back"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG drawings are not taken"),
        (b"<!doctype html><script>1</script>", "SVG drawings are not taken"),
        (b"\xff\xd8\xff\xe0 cut", "damaged or incomplete"),
        (b"%PDF-1.4\n%%EOF", "This picture format is not taken"),
        (b"", "empty"),
    ],
)
def test_what_is_no_photograph_is_refused_with_a_word(van: Vehicle, data: bytes, words: str) -> None:
    visit = arrives(van)
    sent = {"set": "skin", "view": "close", "file": SimpleUploadedFile("skin.jpg", data, "image/jpeg")}
    answer = van.at("rachid").post(f"/nurse/photos/{visit.pk}/", sent)
    assert answer.status_code == 422 and words in text(answer) and not Attachment.objects.exists()


def test_nobody_without_the_right_and_no_view_that_there_is_not(van: Vehicle) -> None:
    visit = arrives(van)
    assert van.at("hind").get(f"/nurse/photos/{visit.pk}/").status_code == 403
    sent = {"set": "skin", "view": "wing", "file": jpeg(ASTRONAUT)}
    assert van.at("rachid").post(f"/nurse/photos/{visit.pk}/", sent).status_code == 404
    assert van.at("rachid").post(f"/nurse/photos/{visit.pk}/", {"set": "skin", "view": "close"}).status_code == 422


def test_marks_and_comparison(van: Vehicle) -> None:
    visit, browser = arrives(van), van.at("rachid")
    first, second = taken(van, visit, "region"), taken(van, visit, "region")
    look = f"/records/files/{second.pk}/"
    sent = {"shape": "arrow", "x": "100", "y": "200", "to_x": "500", "to_y": "600", "text": "<b>here</b>"}
    assert browser.post(f"{look}marks/", sent).status_code == 302
    page = browser.get(f"{look}look/").content.decode()
    assert 'x2="51.2" y2="102.4"' in page and "&lt;b&gt;here&lt;/b&gt;" in page
    for wrong in ({"x": "no"}, {"x": "2000"}, {"shape": "star"}):
        assert browser.post(f"{look}marks/", sent | wrong).status_code == 422
    mark = Mark.objects.get()
    assert van.at("salma").post(f"{look}marks/{mark.pk}/away/").status_code == 422
    assert browser.post(f"{look}marks/{mark.pk}/away/").status_code == 302
    assert "Nothing is marked" in text(browser.get(f"{look}look/"))
    compared = browser.get(f"{look}compare/").content.decode()
    assert f"/records/files/{first.pk}/original/" in compared and f"/records/files/{second.pk}/original/" in compared
    assert van.at("hind").get(f"{look}look/").status_code == 403


def test_heart_sounds_are_kept_with_their_site_and_drawn(van: Vehicle) -> None:
    from tests.clinic.imaging.test_imaging_sound import bomb, heart

    visit, browser = arrives(van), van.at("rachid")
    url = f"/nurse/sounds/{visit.pk}/"
    assert 'data-code="mitral"' in browser.get(url).content.decode()

    def wav(data: bytes) -> SimpleUploadedFile:
        return SimpleUploadedFile("sound.wav", data, "audio/wav")

    assert browser.post(url, {"site": "", "file": wav(heart())}).status_code == 422
    refused = browser.post(url, {"site": "mitral", "file": wav(bomb(10**9))})
    assert refused.status_code == 422 and "far longer" in text(refused)
    assert browser.post(url, {"site": "mitral", "file": wav(heart(15))}).status_code == 302
    row = Attachment.objects.get()
    assert "Mitral" in text(browser.get(url)) and "Mitral" in text(browser.get(f"/records/files/{row.pk}/listen/"))
    drawn = browser.get(f"/records/files/{row.pk}/sound/")
    assert drawn.status_code == 200 and drawn["Content-Type"] == "image/svg+xml" and b"<image" in drawn.content
    assert van.at("hind").get(f"/records/files/{row.pk}/listen/").status_code == 403
