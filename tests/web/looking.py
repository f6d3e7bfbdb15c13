"""A specialist's tablet before a series that came from a scanner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test.utils import override_settings
from playwright.sync_api import Page, sync_playwright

from qafila.clinic.imaging.models import ImagingInstance
from qafila.exchange.dicom.arriving import arrived
from qafila.exchange.dicom.filing import settle
from qafila.exchange.dicom.matching import study_uid
from qafila.journal.here import Here
from qafila.journal.write import writing
from tests.exchange.dicom.objects import file_of, sample
from tests.web.desk import desk
from tests.web.served import served

CHROMIUM = "/usr/bin/chromium-headless-shell"


@dataclass(frozen=True)
class Looking:
    """What there is to see: a CT of three slices of one study, and who may see it."""

    address: str
    cookie: str
    client: Any
    reader: UUID
    study: str
    series: UUID
    object: Any


@pytest.fixture
def looking(unit: Here) -> Iterator[Looking]:
    """A hub whose specialist, who reads Arabic, has the case of a CT; its pages are served."""
    with desk(unit) as made, override_settings(ALLOWED_HOSTS=["*"]):
        study = study_uid(made.sent().visit_id)
        slices = [sample(StudyInstanceUID=study, SeriesInstanceUID="1.2.3", InstanceNumber=n) for n in (1, 2, 3)]
        for one in slices:
            arrived(file_of(one), "DEVICE").save()
        while settle():
            pass
        reader = made.crew.heart
        with writing(None, "setup") as write:
            reader.interface_language = "ar"
            write.save(reader)
        series = ImagingInstance.objects.filter(series_uid="1.2.3").values_list("attachment_id", flat=True)[0]
        client = made.at(reader)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        with served(made.here) as address:
            yield Looking(address, cookie, client, reader.pk, study, series, slices[0])


def in_browser(made: Looking, do: Callable[[Page], None], wide: int = 1280, high: int = 800) -> None:
    """Do something on a page of the reader's tablet; what the browser complains of fails.

    Nothing may ask the database meanwhile: Playwright's event loop runs in this thread.
    """
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": wide, "height": high})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": made.cookie, "url": made.address}])
        page, complaints = context.new_page(), []
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        do(page)
        browser.close()
    assert complaints == []
