"""OHIF against the node's DICOMweb under its own policy. Here because it compiles 20 MB of scripts: 15 s of processor.

It needs the npm package `@ohif/app` (`package.json`).
"""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import Page, Response, expect

from qafila.journal.models import Read
from tests.web.looking import Looking, in_browser, looking  # noqa: F401 - a fixture

pytestmark = pytest.mark.timeout(300)
PATIENCE_MS = 200_000


def test_ohif_draws_a_series_that_comes_as_jpeg_ls(looking: Looking) -> None:  # noqa: F811
    answers: list[tuple[str, int]] = []

    def note(answer: Response) -> None:
        answers.append((answer.url.removeprefix(looking.address), answer.status))

    def do(page: Page) -> None:
        page.on("response", note)
        page.goto(f"{looking.address}/imaging/more/viewer/?StudyInstanceUIDs={looking.study}", timeout=PATIENCE_MS)
        expect(page.get_by_text("(1/3)")).to_be_visible(timeout=PATIENCE_MS)
        canvas = page.locator("canvas").first
        for _ in range(200):
            drawn = Image.open(BytesIO(canvas.screenshot())).convert("L")
            if ImageStat.Stat(drawn).stddev[0] > 25:
                return
        raise AssertionError("nothing was drawn")

    in_browser(looking, do)
    assert [url for url, status in answers if status >= 400] == []
    assert any("/frames/" in url for url, _ in answers)
    assert all(url.startswith(("/", "blob:")) for url, _ in answers), "nobody else is asked"
    assert Read.objects.filter(actor=looking.reader, page="dicomweb.object").exists()
