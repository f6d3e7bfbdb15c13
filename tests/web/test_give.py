"""The people to whom a case can be given stand once in the board, and in a form's list once somebody comes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test.utils import override_settings
from playwright.sync_api import expect, sync_playwright

from qafila.clinic.cases.models import Case
from qafila.journal.here import Here
from tests.web.desk import Desk, desk
from tests.web.looking import CHROMIUM
from tests.web.served import served


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made, override_settings(ALLOWED_HOSTS=["*"]):
        yield made


def test_a_case_is_given_from_the_board_to_somebody_else(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    case = hub_desk.sent("emergency")
    assert case.specialist_id == crew.heart.pk
    cookie = hub_desk.at(crew.coordinator).cookies[settings.SESSION_COOKIE_NAME].value
    with served(hub_desk.here) as address, sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM)
        context = chromium.new_context()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/coordinator/")
        page.locator("details.c-give summary").first.click()
        choice = page.locator("select[name=to]").first
        assert choice.locator("option").count() == 1
        choice.focus()
        # Whoever has it is not offered.
        expect(choice.locator(f"option[value='{crew.other_heart.pk}']")).to_have_count(1)
        assert choice.locator(f"option[value='{crew.heart.pk}']").count() == 0
        choice.select_option(str(crew.other_heart.pk))
        page.locator("input[name=reason]").first.fill("Speaks Tamazight")
        page.locator("details.c-give button").first.click()
        page.wait_for_url(f"{address}/coordinator/")
        expect(page.locator("main")).to_contain_text(crew.other_heart.name)
        chromium.close()
    assert Case.objects.get(pk=case.pk).specialist_id == crew.other_heart.pk
