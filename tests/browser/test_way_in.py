"""Passkeys in a browser with a device of its own, and the screen of a shared tablet that is covered and then locked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk import TABLET, Desk
from tests.world import World

pytestmark = pytest.mark.timeout(600)

DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
          "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


def gone(desk: Desk) -> None:
    """Forget who was here, once no page is open that would ask again by itself who it is."""
    desk.go("about:blank")
    desk.context.clear_cookies(name=re.compile("^qafila-"))


def test_a_passkey_is_made_opens_the_door_and_is_taken_away(world: World, browser: Browser) -> None:
    desk = Desk(browser, world.hub_url, TABLET, "en").log_in(world.cast.who("coordinator"))
    page, cdp = desk.page, desk.context.new_cdp_session(desk.page)
    cdp.send("WebAuthn.enable")
    device = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    desk.go("/account/security/passkey/")
    page.locator("#name").fill("Synthetic device")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator(".a-codes li")).to_have_count(10)
    code = page.locator(".a-codes li").first.inner_text()
    page.get_by_role("link", name="I have written them down").click()
    expect(page.get_by_text("Synthetic device")).to_be_visible()
    faults = desk.look_over()

    # In without a name and a password; a device that does not know who holds it does not open.
    gone(desk)
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    desk.go("/login/")
    page.locator("form[action='/login/passkey/'] button").click()
    expect(page.locator("[data-passkey-wrong]")).to_be_visible()
    cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.locator("form[action='/login/passkey/'] button").click()
    expect(page.locator("header form[action='/logout/']")).to_have_count(1)

    # After the password as the second step; then a recovery code in its place.
    for step in ("passkey", "code"):
        gone(desk)
        desk.go("/login/")
        page.locator("#username").fill(world.cast.who("coordinator").username)
        page.locator("#password").fill(world.cast.who("coordinator").password)
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page).to_have_url(re.compile("/login/second/$"))
        faults += desk.look_over() if step == "code" else []
        if step == "passkey":
            page.get_by_role("button", name="Use a passkey").click()
        else:
            page.locator("#code").fill(code)
            page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.locator("header form[action='/logout/']")).to_have_count(1)

    desk.go("/account/security/")
    page.get_by_role("button", name="Take away").click()
    expect(page.get_by_text("Synthetic device")).to_have_count(0)
    assert not faults, "\n".join(faults)
    desk.close()


def heard(cdp: Any) -> str:
    """What a screen reader finds in the page, its title left out."""
    nodes = [n for n in cdp.send("Accessibility.getFullAXTree")["nodes"] if not n.get("ignored")]
    inside = [n for n in nodes if n.get("role", {}).get("value") != "RootWebArea"]
    return " ".join(str(n.get("name", {}).get("value", "")) for n in inside)


def test_a_tablet_left_alone_is_covered_then_locked(world: World, browser: Browser) -> None:
    desk = Desk(browser, world.unit_url(0), TABLET, "en")
    desk.page.clock.install()
    desk.log_in(world.cast.who("nurse", world.unit(0)))
    page, cdp = desk.page, desk.context.new_cdp_session(desk.page)
    heading = page.locator("h1").inner_text()
    assert heading in heard(cdp)
    page.clock.fast_forward(170_000)
    expect(page.locator("#cover")).to_be_visible()
    assert heading not in heard(cdp) and page.locator("#cover").inner_text().strip() in heard(cdp)
    assert "blur" in page.locator("main").evaluate("part => getComputedStyle(part).filter")
    # No key of a keyboard leads into what is covered: a key uncovers first, as a touch does.
    assert page.evaluate("[...document.querySelectorAll('body > :not(.cover)')].every(part => part.inert)")
    page.mouse.click(400, 400)
    expect(page.locator("#cover")).to_be_hidden()
    assert heading in heard(cdp)
    page.clock.fast_forward(185_000)
    expect(page).to_have_url(re.compile("/switch/"))
    page.go_back()
    expect(page).to_have_url(re.compile("/switch/"))
    desk.close()
