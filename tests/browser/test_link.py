"""The link's own page on a real unit, beside a real hub: it shows what was measured and renews itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import DESKTOP, PHONE, Desk
from tests.world import World

pytestmark = pytest.mark.timeout(400)
LONG = 40_000
"""Milliseconds until a contact was noted and the page has renewed itself."""


def test_the_page_of_the_link_is_measured_and_renews_itself(world: World, browser: Browser) -> None:
    doctor = Desk.of(browser, world.unit_url(0), world.cast.who("doctor", unit=world.unit(0)), DESKTOP, "en")
    page = doctor.page
    try:
        doctor.go("/link/")
        expect(page.locator(".l-head .bars-4, .l-head .bars-3")).to_be_visible(timeout=LONG)
        expect(page.get_by_text("Nothing waits at the hub")).to_be_visible(timeout=LONG)
        expect(page.locator(".l-cost")).not_to_contain_text(" 0 B", timeout=LONG)
        page.locator("input[name=megabytes]").fill("20")
        page.locator("input[name=line]").fill("SIM 1")
        page.locator("input[name=parked_only]").check()
        doctor.submit(page.locator("form[action='/link/cost/']"))
        expect(page.locator("#l-cost")).to_contain_text("SIM 1")
        page.get_by_role("button", name="We are parked").click()
        expect(page.get_by_role("button", name="We drive on")).to_be_visible()
        world.cut(0)
        doctor.go("/link/")
        expect(page.locator(".l-head .bars-0")).to_be_visible(timeout=LONG)
        expect(page.locator(".l-head .notice-warn")).to_be_visible(timeout=LONG)
        for language in ("ar", "fr", "en"):
            doctor.choose_language(language)
            for size in (PHONE, DESKTOP):
                page.set_viewport_size(size)
                assert not doctor.look_over()
                _picture(page, f"link-{language}-{size['width']}")
            _picture(doctor.go("/clock/").page, f"clock-{language}")
            assert not doctor.look_over()
            doctor.go("/link/")
    finally:
        world.restore(0)
    doctor.leave()


def _picture(page: object, name: str) -> None:
    folder = os.environ.get("QAFILA_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)  # type: ignore[attr-defined]
