"""Every page that can be reached by links, in every language: accessible, in its language, never wider than a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.desk import PHONE, TABLET, Desk, crawl
from tests.world import World

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_pages_of_the_unit(world: World, browser: Browser, language: str) -> None:
    unit = world.unit(0)
    members = [world.cast.who(role, unit) for role in ("assistant", "nurse", "doctor")]
    found = _faults(browser, world.unit_url(0), members, language)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_pages_of_the_hub(world: World, browser: Browser, language: str) -> None:
    members = [world.cast.who("specialist", specialty="cardiology"), world.cast.who("coordinator")]
    found = _faults(browser, world.hub_url, members, language)
    assert not found, "\n".join(found)


SIZES = {"ar": TABLET, "fr": PHONE, "en": TABLET}


def _faults(browser: Browser, url: str, members: list, language: str) -> list[str]:
    found: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    door = Desk(browser, url, SIZES[language], language).go("/login/")
    found += door.look_over(seen)
    door.close()
    known: set[str] = set()
    for member in members:
        desk = Desk.of(browser, url, member, SIZES[language], language)
        kinds = crawl(desk, ["/", "/account/", "/link/"], looked_over := LookedOver(seen), known)
        assert len(kinds) > 3, f"{member.username} saw only {kinds}"
        found += looked_over.found + desk.faults
        desk.go("about:blank")
    return found


class LookedOver:
    """What was wrong with the pages that were visited."""

    def __init__(self, seen: dict[tuple[str, str], str]) -> None:
        self.found: list[str] = []
        self.seen = seen

    def __call__(self, desk: Desk) -> None:
        self.found += desk.look_over(self.seen, stay=True)
