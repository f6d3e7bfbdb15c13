"""The node's own viewer in Debian's Chromium, on a tablet in Arabic: window, zoom, measure, cine, a key image."""

from __future__ import annotations

from typing import Any

import jpeg_ls
from playwright.sync_api import Page, expect

from qafila.clinic.imaging import frames
from qafila.clinic.imaging.models import KeyImage
from tests.exchange.dicom.objects import file_of, sample
from tests.web.looking import Looking, in_browser, looking  # noqa: F401 - a fixture

JPEG_LS = "1.2.840.10008.1.2.4.80"


def said(page: Page) -> str:
    return page.locator("#state").inner_text()


def drag(page: Page, across: int, down: int) -> None:
    """From the middle of the image."""
    box = page.locator("#image").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across, y + down, steps=3)
    page.mouse.up()


def test_a_series_is_looked_through_measured_and_marked(looking: Looking) -> None:  # noqa: F811
    def do(page: Page) -> None:
        page.goto(f"{looking.address}/imaging/series/{looking.series}/")
        image = page.locator("#image")
        expect(image).to_have_attribute("data-drawn", "1")
        before = said(page)
        drag(page, 60, 0)
        assert said(page) != before, "window"
        page.locator("[data-act=in]").click()
        assert "125 %" in said(page)
        page.locator("[data-act=reset]").click()
        assert said(page) == before
        page.locator("[data-tool=measure]").click()
        drag(page, 100, 0)
        # CT_small says 0.66 mm a pixel, and has 128 of them
        drawn = image.evaluate("c => Math.min(c.clientWidth, c.clientHeight) / 128")
        assert f"{100 / drawn * 0.661468:.1f}" in said(page), said(page)
        page.locator("#place").fill("3")
        expect(image).to_have_attribute("data-drawn", "3")
        page.locator("[data-act=play]").click()
        expect(image).to_have_attribute("data-drawn", "2")
        page.locator("[data-act=play]").click()
        page.locator("#place").fill("3")
        expect(image).to_have_attribute("data-drawn", "3")
        page.locator("#note").fill("العقدة هنا")
        page.locator("#mark button").click()
        page.locator("[data-go='2']").click()
        expect(image).to_have_attribute("data-drawn", "3")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    in_browser(looking, do)
    key = KeyImage.objects.get()
    assert (key.note, key.frame, key.author_id) == ("العقدة هنا", 1, looking.reader)


def test_frames_are_given_as_they_are_stored(looking: Looking) -> None:  # noqa: F811
    client: Any = looking.client
    address = f"/dicomweb/studies/{looking.study}/series/1.2.3/instances/{looking.object.SOPInstanceUID}/frames"
    answer = client.get(f"{address}/1", headers={"Accept": 'multipart/related; type="application/octet-stream"'})
    assert answer.status_code == 200
    head, _, rest = answer.content.partition(b"\r\n\r\n")
    assert b"transfer-syntax=1.2.840.10008.1.2.1" in head
    assert rest.startswith(looking.object.PixelData)
    assert client.get(f"{address}/2").status_code == 406
    assert client.get(f"{address}/1,x").status_code == 400
    assert client.get(f"{address}/1", headers={"Accept": "image/jpeg"}).status_code == 406
    wanted = f'multipart/related; type="image/jls"; transfer-syntax={JPEG_LS}'
    small = client.get(f"{address}/1", headers={"Accept": wanted}).content
    head, _, rest = small.partition(b"\r\n\r\n")
    assert f"image/jls; transfer-syntax={JPEG_LS}".encode() in head and len(rest) < 0.6 * len(looking.object.PixelData)
    back, _ = jpeg_ls.decode_pixel_data(rest.rpartition(b"\r\n--")[0])
    assert bytes(back) == looking.object.PixelData


def test_a_frame_that_jpeg_ls_would_change_is_not_packed() -> None:
    for name in ("MR_small_bigendian.dcm", "rtdose.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "CT_small.dcm"):
        found = frames.opened(file_of(sample(name)))
        made = frames.packed(found, 1)
        assert (made is not None) == (name in ("CT_small.dcm", "MR_small.dcm")), name
