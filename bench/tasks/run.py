"""How long two everyday tasks take at a person's pace, in a real browser on a real unit.

    qafila bench tasks [--json]

The pace: 5 characters a second (Enter and Tab are characters), 0.8 s for every tap, page loads included. A telephone's
number pad has a key for the next field, so going from field to field costs a character. What is timed: from the queue
page until the queue page is there again. Nothing is filled in beforehand.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM
from tests.browser.desk import TABLET, Desk
from tests.world import World

CHARACTER_S, TAP_S = 0.2, 0.8
BARS = {"vitals": 13.0, "registration": 60.0}
NINE = {
    "temperature": "37.2", "pulse": "82", "respirations": "16", "systolic": "124", "diastolic": "78", "spo2": "97",
    "glucose": "5.4", "weight": "64", "height": "165",
}  # fmt: skip
NEW = (("given", "Zineb"), ("family", "Ouakrim"))


class Hand:
    """Types and taps at a person's pace, and counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps, self.characters = page, 0, 0

    def tap(self, what: Locator) -> None:
        """One tap."""
        time.sleep(TAP_S)
        self.taps += 1
        what.click()

    def type(self, text: str) -> None:
        """Type where the cursor is."""
        self.characters += len(text)
        self.page.keyboard.type(text, delay=CHARACTER_S * 1000)

    def press(self, key: str) -> None:
        """One key: on to the next field."""
        self.characters += 1
        time.sleep(CHARACTER_S)
        self.page.keyboard.press(key)

    def into(self, field: Locator, text: str) -> None:
        """Go to a field by the next-field key where it is near, else by a tap, and type."""
        for _ in range(3):
            if field.evaluate("found => found === document.activeElement"):
                break
            self.press("Enter")
        else:
            self.tap(field)
        self.type(text)


def main() -> int:
    """Measure and print; exit status 1 where a bar is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="qafila-tasks-") as folder,
        World(Path(folder) / "nodes") as world,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        url, unit = world.unit_url(0), world.unit(0)
        nurse, clerk = (
            Desk(browser, url, TABLET, "en").log_in(world.cast.who(role, unit)) for role in ("nurse", "assistant")
        )
        found = {"registration": registration(clerk.page), "vitals": vitals(nurse.page)}
        version = browser.version
    report = {
        "bench": "tasks", "pace": {"character_s": CHARACTER_S, "tap_s": TAP_S}, "tasks": found, "bar_s": BARS,
        "within_bar": all(found[name]["seconds"] <= most for name, most in BARS.items()),
        "versions": {"chromium": version, "python": platform.python_version(), "qafila": metadata.version("qafila")},
    }  # fmt: skip
    print(json.dumps(report, indent=2) if arguments.json else table(report))
    return 0 if report["within_bar"] else 1


def registration(page: Page) -> dict[str, Any]:
    """Somebody new, from the queue page into the queue: names, sex, birth, telephone, reason."""
    page.goto("/reception/queue/")
    hand, begun = Hand(page), time.perf_counter()
    hand.tap(page.locator("a[href$='/people/register/']").first)
    for name, text in NEW:
        hand.into(page.locator(f"input[name={name}]"), text)
    hand.tap(page.locator("label:has(input[name=sex][value=female])"))
    hand.into(page.locator("input[name=birth]"), "34")
    hand.into(page.locator("input[name=phone]"), "0612000000")
    hand.into(page.locator("input[name=reason]"), "Headache")
    hand.tap(page.locator("#register button.btn-primary").last)
    again = page.locator("button[name=new]")
    saved = page.get_by_role("link", name=" ".join(text for _, text in NEW))
    expect(again.or_(saved.first)).to_be_visible()
    if again.count():
        hand.tap(again)
    expect(page).to_have_url(re.compile("/reception/queue/$"))
    expect(saved.first).to_be_visible()
    return told(begun, hand)


def vitals(page: Page) -> dict[str, Any]:
    """Nine readings of a person who came before, from the queue page until the queue page says that they are saved."""
    page.goto("/reception/queue/")
    hand, begun = Hand(page), time.perf_counter()
    hand.tap(page.locator("button[formaction*='/vitals/'][formaction$='/start/']").last)
    for name, text in NINE.items():
        field = page.locator(f"input[name={name}]")
        expect(field).to_have_value("")
        hand.into(field, text)
    hand.tap(page.locator("form:has(input[name=temperature]) button.btn-primary").first)
    expect(page).to_have_url(re.compile("/reception/queue/$"))
    return told(begun, hand)


def told(begun: float, hand: Hand) -> dict[str, Any]:
    """Seconds, taps and characters of a task."""
    return {"seconds": round(time.perf_counter() - begun, 1), "taps": hand.taps, "characters": hand.characters}


def table(report: dict[str, Any]) -> str:
    """The report as people read it."""
    lines = [f"{'':14}{'seconds':>9}{'at most':>9}{'taps':>6}{'characters':>12}"]
    for name, task in report["tasks"].items():
        lines.append(f"{name:14}{task['seconds']:>9}{BARS[name]:>9}{task['taps']:>6}{task['characters']:>12}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
