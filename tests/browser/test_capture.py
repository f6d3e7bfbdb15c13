"""A nurse photographs a lesion and records a heart with Chromium's made-up camera and microphone, in Arabic."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Playwright, expect

from qafila.clinic.imaging import teaching
from tests.browser.conftest import CHROMIUM, _key
from tests.browser.desk import PHONE, TABLET
from tests.browser.journey import LONG, Journey
from tests.browser.stories import STORIES
from tests.world import World

pytestmark = pytest.mark.timeout(400)


def film(picture: bytes) -> bytes:
    """The picture as a film of three images a second (YUV4MPEG2): a real camera gives thirty, and all are drawn."""
    luma, *chroma = Image.open(BytesIO(picture)).convert("YCbCr").split()
    width, height = luma.size
    planes = [luma, *(plane.resize((width // 2, height // 2)) for plane in chroma)]
    frame = b"FRAME\n" + b"".join(plane.tobytes() for plane in planes)
    return f"YUV4MPEG2 W{width} H{height} F3:1 Ip A1:1 C420\n".encode() + frame * 2


@pytest.fixture(scope="module")
def browser(world: World, playing: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium that sees a drawn skin and hears a low tone, and asks nobody."""
    folder = Path(tmp_path_factory.mktemp("camera"))
    (folder / "skin.y4m").write_bytes(film(teaching.skin(5, 1280, 960)))
    with wave.open(str(folder / "heart.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        low = b"".join((6000 if i // 130 % 2 else -6000).to_bytes(2, "little", signed=True) for i in range(16_000))
        file.writeframes(low * 4)
    keys = ",".join(_key(world.node(code).path / "keys" / "pages.crt") for code in world.layout.nodes)
    started = playing.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            f"--ignore-certificate-errors-spki-list={keys}",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={folder / 'skin.y4m'}",
            f"--use-file-for-fake-audio-capture={folder / 'heart.wav'}",
        ],
    )
    yield started
    started.close()


def test_three_photographs_in_four_taps_and_a_heart(world: World, browser: Browser) -> None:
    journey = Journey(world, browser, "ar", 0, ("فاضمة", "أيت صور"), TABLET, STORIES["dermatology"])
    nurse = journey.desk("nurse")
    journey.register(journey.desk("assistant"))
    page = nurse.go("/reception/queue/").page
    journey.in_queue(page).locator("[formaction$='/start/'], form[action$='/start/'] button").first.click()
    record = page.url.replace("/vitals/", "/record/")
    page.goto(record)
    taps = 0

    def tap(where: str) -> None:
        nonlocal taps
        page.locator(where).first.click()
        taps += 1

    tap("a[href*='/nurse/photos/']")
    expect(page.locator("[data-live-hint]")).to_have_attribute("data-state", "good", timeout=LONG)
    journey.look(nurse)
    for n in range(1, 4):
        tap("[data-shutter]")
        expect(page.locator(".cp-taken")).to_have_count(n, timeout=LONG)
        expect(page.locator("[data-busy]")).to_be_hidden()
    assert taps <= 6
    expect(page.locator("#cp-said .notice-success")).to_be_visible()
    page.locator("path[data-code=left_forearm]").click()
    expect(page.locator("#site")).to_have_value("left_forearm")
    page.locator("#site").select_option("right_palm")
    expect(page.locator("path[data-code=right_palm]")).to_have_class("on")

    journey.press(page, ".cp-thumb")
    picture = page.locator("[data-picture]")
    picture.focus()
    for key in ("Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.locator("#text").fill("الحافة")
    journey.press(page, "[data-marking] button.btn-primary")
    expect(page.locator("[data-marks] text")).to_have_text("الحافة")
    journey.look(nurse)
    journey.press(page, "a[href$='/compare/']")
    world.until(lambda: page.evaluate(BOTH), "two pictures")
    page.locator("[data-zoom]").fill("3")
    frames = page.locator("[data-frame]")
    frames.first.evaluate("frame => { frame.scrollTop = 100; }")
    world.until(lambda: page.evaluate(MOVED_TOGETHER), "the other picture")
    journey.look(nurse)

    page.goto(record)
    journey.press(page, "a[href*='/nurse/sounds/']")
    page.locator("circle[data-code=mitral]").click()
    page.locator("[data-start]").click()
    expect(page.locator("[data-stop]")).to_be_visible()
    expect(page.locator("[data-time]")).to_have_text("11 s", timeout=LONG)
    page.locator("[data-stop]").click()
    expect(page.locator("[data-keeping]")).to_be_visible()
    journey.look(nurse)
    journey.press(page, "[data-keep]")
    journey.press(page, ".sd-kept a")
    heard = page.locator("[data-listen] audio")
    world.until(lambda: page.evaluate(READY), "the sound")
    assert 3.5 < heard.evaluate("audio => audio.duration") < 6
    page.locator("input[value=bell]").check()
    expect(page.locator("[data-listen]")).to_have_attribute("data-pass", "20-200")
    world.until(lambda: page.evaluate(DRAWN), "the picture of the sound")
    journey.look(nurse)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    journey.end()


MOVED_TOGETHER = "() => [...document.querySelectorAll('[data-frame]')].every(frame => frame.scrollTop > 20)"
DRAWN = "() => document.querySelector('.ls-picture img').naturalWidth > 0"
BOTH = "() => [...document.querySelectorAll('[data-frame] img')].every(one => one.naturalWidth > 0)"
READY = "() => document.querySelector('[data-listen] audio').readyState >= 1"
