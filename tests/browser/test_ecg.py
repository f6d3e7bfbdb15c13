"""An ECG on a tablet: taken in, in true size after a bank card, measured with callipers by hand and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pydicom.data import get_testdata_file

from tests.browser.desk import TABLET, Desk
from tests.world import World

pytestmark = pytest.mark.timeout(300)
CARD_MM = 85.6
CARD_PX = 400.0
"""How wide the card in somebody's hand lies on this screen."""
SCALE = CARD_PX / CARD_MM


def width(page: Page, name: str) -> float:
    box = page.locator(name).first.bounding_box()
    assert box is not None
    return box["width"]


def calibrate(page: Page) -> None:
    """Until the drawn card is as wide as the one in the hand."""
    page.locator("#e-calibrate summary").click()
    page.locator("#e-size").fill("4.6")
    for _ in range(40):
        off = width(page, "#e-card") - CARD_PX
        if abs(off) < 0.5:
            break
        page.locator("#e-less" if off > 0 else "#e-more").click()
    page.locator("#e-save").click()


def test_true_size_and_callipers_in_arabic(world: World, browser: Browser) -> None:
    nurse = Desk.of(browser, world.unit_url(0), world.cast.who("nurse", world.unit(0)), TABLET, "ar")
    page = nurse.go("/reception/queue/").page
    visit = re.search(r"/nurse/record/[0-9a-f-]{36}/", page.content())
    assert visit is not None
    nurse.go(visit[0])
    page.locator("#id_file").set_input_files(str(get_testdata_file("waveform_ecg.dcm", download=False)))
    nurse.submit(page.locator("form:has(#id_file)"))
    page.locator(".e-strip").first.wait_for()
    about = page.locator("#e-state").inner_text()
    calibrate(page)
    expect(page.locator("#e-state")).not_to_have_text(about)

    # the paper: what the SVG says in millimetres is what lies on the screen
    address = page.locator(".e-strip").first.get_attribute("src") or ""
    svg = page.request.get(address).text()
    wide = float(re.search(r'width="([\d.]+)mm"', svg)[1])  # type: ignore[index]
    assert width(page, ".e-strip") == pytest.approx(wide * SCALE, rel=0.01)
    units = float(re.search(r'viewBox="0 0 (\d+)', svg)[1]) / wide  # type: ignore[index]
    drawn = drawn_in(browser, svg)
    assert drawn["pulse"] / units == pytest.approx(10, rel=0.01), "1 mV is 10 mm"
    assert drawn["rhythm"] / units == pytest.approx(250, rel=0.01), "10 s are 250 mm"

    # callipers: a centimetre down is a millivolt, 25 mm across are a second; the keyboard moves by 5 ms and 0.05 mV
    page.locator("#e-measure").click()
    start, before = page.locator(".e-start"), said(page)
    start.scroll_into_view_if_needed()
    box = start.bounding_box()
    assert box is not None and box["width"] >= 44 and box["height"] >= 44
    page.mouse.move(box["x"] + 22, box["y"] + 22)
    page.mouse.down()
    page.mouse.move(box["x"] + 22 - 12.5 * SCALE, box["y"] + 22, steps=4)
    page.mouse.up()
    assert said(page)[0] - before[0] == pytest.approx(500, rel=0.01)
    page.locator(".e-end").press("ArrowRight")
    assert said(page)[0] - before[0] == pytest.approx(505, rel=0.01)
    page.locator(".e-low").press("Shift+ArrowDown")
    assert said(page)[1] - before[1] == pytest.approx(0.5, abs=0.01)

    # another paper, the same screen
    page.locator(".e-scale a", has_text="50").click()
    expect(page.locator(".e-strip").first).to_have_attribute("src", re.compile("speed=50"))
    expect(page.locator("#e-state")).not_to_have_text(about)
    assert not nurse.look_over()
    nurse.leave()


def said(page: Page) -> tuple[float, float]:
    """Milliseconds and millivolts of the callipers."""
    return float(page.locator("#e-time").inner_text().split()[0]), float(
        page.locator("#e-level").inner_text().split()[0]
    )


SIZES = """() => ({
  pulse: document.querySelector('path.pulse').getBBox().height,
  rhythm: [...document.querySelectorAll('path.trace')].at(-1).getBBox().width,
})"""


def drawn_in(browser: Browser, svg: str) -> dict[str, float]:
    """Height of the calibration pulse and length of the rhythm strip as Chromium draws them, in the drawing's units."""
    page = browser.new_page()
    page.set_content(svg)
    found = dict(page.evaluate(SIZES))
    page.close()
    return found
