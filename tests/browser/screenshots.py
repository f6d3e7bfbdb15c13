"""Takes the pictures of the screens in docs/img: a populated world, ten screens, each in one of the three languages.

make screenshots
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.browser.conftest import CHROMIUM  # noqa: E402 - the path comes first: this file is run as a script
from tests.browser.desk import DESKTOP, PHONE, Desk  # noqa: E402
from tests.world import World  # noqa: E402

OUT = ROOT / "docs" / "img"
PEOPLE = 160
MOST_BYTES = 200_000


@dataclass
class Shot:
    """One picture: who looks, in which language, at what size, and how they get there."""

    name: str
    role: str
    language: str
    way: Callable[[Page], None]
    size: dict[str, int] | None = None


def to(path: str) -> Callable[[Page], None]:
    """Open a page."""

    def way(page: Page) -> None:
        page.goto(path)

    return way


def first(path: str, link: str) -> Callable[[Page], None]:
    """Open a page and follow the first such link, or press the first such button, on it."""

    def way(page: Page) -> None:
        page.goto(path)
        with page.expect_navigation():
            page.locator(link).first.click()

    return way


CASES, REFERRED = "a[href*='/doctor/case/']", "a[href*='/specialist/case/']"
ECG = "section[aria-labelledby=h-files] img"


def among(path: str, links: str, wanted: str) -> Callable[[Page], None]:
    """Open a list and follow its links until a page shows what is wanted."""

    def way(page: Page) -> None:
        page.goto(path)
        for href in page.eval_on_selector_all(links, "found => found.map(a => a.getAttribute('href'))"):
            page.goto(href)
            if page.locator(wanted).count():
                return
        raise SystemExit(f"nothing behind {path} shows {wanted}")

    return way


def packet(page: Page) -> None:
    """The packet of a case that is being written."""
    among("/doctor/cases/", CASES, "a[href$='/packet/']")(page)
    page.goto(page.locator("a[href$='/packet/']").first.get_attribute("href") or "")


def ecg(page: Page) -> None:
    """The electrocardiogram of a case, at its true scale."""
    among("/specialist/", REFERRED, ECG)(page)
    page.wait_for_load_state("networkidle")
    page.locator("section[aria-labelledby=h-files]").evaluate("found => found.scrollIntoView({block: 'start'})")
    page.mouse.wheel(0, -80)


CONSULTATIONS = "[formaction*='/doctor/visit/'], a[href*='/doctor/visit/']"
START = "button[formaction*='/vitals/'][formaction$='/start/']"
SHOTS = (
    Shot("queue", "nurse", "fr", to("/reception/queue/"), DESKTOP),
    Shot("phone-ar", "assistant", "ar", to("/reception/queue/"), PHONE),
    Shot("vitals", "nurse", "ar", first("/reception/queue/", START), DESKTOP),
    Shot(
        "consult",
        "doctor",
        "fr",
        first("/doctor/", CONSULTATIONS),
        DESKTOP,
    ),
    Shot("packet", "doctor", "en", packet, DESKTOP),
    Shot("answer-phone", "doctor", "ar", among("/doctor/cases/", CASES, ".d-answer"), PHONE),
    Shot("worklist", "specialist", "fr", to("/specialist/"), DESKTOP),
    Shot("case", "specialist", "en", among("/specialist/", REFERRED, ECG), DESKTOP),
    Shot("ecg", "specialist", "fr", ecg, DESKTOP),
    Shot("board", "coordinator", "ar", to("/coordinator/"), DESKTOP),
)


def main(names: list[str]) -> int:
    """Take all pictures, or those named."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="qafila-screens-") as folder,
        World(Path(folder) / "nodes", people=PEOPLE) as world,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for shot in SHOTS:
            if not names or shot.name in names:
                take(world, browser, shot)
        browser.close()
    return 0


def take(world: World, browser: Browser, shot: Shot) -> None:
    """One picture."""
    at_hub = shot.role in ("specialist", "coordinator")
    specialty = "cardiology" if shot.role == "specialist" else ""
    member = world.cast.who(shot.role, "" if at_hub else world.unit(0), specialty)
    desk = Desk(browser, world.hub_url if at_hub else world.unit_url(0), shot.size, shot.language).log_in(member)
    shot.way(desk.page)
    desk.page.wait_for_load_state("networkidle")
    size = write(desk.page.screenshot(), OUT / f"{shot.name}.png")
    print(f"{shot.name}: {size // 1000} kB")
    desk.context.close()


def write(png: bytes, file: Path) -> int:
    """Keep a picture small: a screen has few colours."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{file} has {size} bytes")
    return size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
