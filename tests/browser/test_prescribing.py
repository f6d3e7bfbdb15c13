"""One prescription on real screens: what lacks is asked, a usual course in two taps, signed, given from the stock."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import PHONE, TABLET, Desk
from tests.world import World

pytestmark = pytest.mark.timeout(600)


def test_prescribed_on_a_tablet_and_given_out_on_a_phone(world: World, browser: Browser) -> None:
    unit, url = world.unit(0), world.unit_url(0)
    doctor = Desk.of(browser, url, world.cast.who("doctor", unit), TABLET, "en")
    page = doctor.page
    doctor.go("/doctor/")
    page.locator("form[action*='/start/'] button, a[href*='/doctor/visit/']").first.click()
    expect(page).to_have_url(re.compile("/doctor/visit/[^/]+/$"))
    page.locator("a[href$='/prescription/']").click()
    faults = doctor.look_over()
    ask = page.locator("details:has(form[action$='/ask/'])")
    ask.locator("summary").click()
    page.fill("#ask-weight", "٧١")
    for name in ("pregnant", "lactating"):
        if page.locator(f"input[name={name}][value=no]").count():
            page.locator(f"input[name={name}][value=no]").check()
    doctor.submit(page.locator("form[action$='/ask/']"))
    expect(page.locator(".rx-known")).to_contain_text("71")

    group = page.locator(".rx-groups > details", has=page.locator("[value^='paracetamol:']"))
    group.locator("summary").click()
    group.locator("[value^='paracetamol:']").first.click()
    expect(page.locator("#w0")).to_have_value(re.compile("Paracetamol"))
    dose = page.locator("#d0")
    dose.fill("50")
    dose.blur()
    expect(page.locator("#f0 .rx-contraindicated").first).to_be_visible()
    faults += doctor.look_over()
    dose.fill("٢" if page.locator("#u0").input_value() == "tablet" else "10")
    dose.blur()
    expect(page.locator("#f0 .rx-contraindicated")).to_have_count(0)
    expect(page.locator("#rx-checked")).to_contain_text("Not checked")
    if page.locator("#rx-override").is_visible():
        page.fill("#override", "for this test")
    page.fill("#secret", world.cast.who("doctor", unit).pin)
    page.locator("form[data-check] button.btn-lg").click()
    expect(page).to_have_url(re.compile("/doctor/visit/[^/]+/$"))
    paper = page.locator("a[href*='/stock/prescription/']").first.get_attribute("href") or ""

    nurse = Desk.of(browser, url, world.cast.who("nurse", unit), PHONE, "en")
    nurse.go("/stock/")
    faults += nurse.look_over()
    nurse.go(paper)
    faults += nurse.look_over()
    give = nurse.page.locator("form:has(input[name=lot])").first
    give.locator("input[name=quantity]").fill("٣")
    give.locator("button").click()
    expect(nurse.page.locator(".notice-success")).to_be_visible()
    expect(nurse.page.locator(".s-facts").first).to_contain_text("3")
    nurse.go("/stock/moves/")
    expect(nurse.page.locator(".s-move").first).to_contain_text("-3")
    faults += nurse.look_over()
    nurse.leave()
    doctor.leave()
    assert not faults, "\n".join(faults)
