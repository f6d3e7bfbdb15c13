"""A shared tablet that is left alone: the node locks it by its own clock, and gives nobody else's page away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from qafila.journal.here import Here
from qafila.web import login as doors
from qafila.web.middleware import IDLE_S, LATE_S
from tests.later import Later
from tests.web.vehicle import Vehicle, text, vehicle

PIN, OTHER_PIN = "204817", "930562"


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def tablet(van: Vehicle) -> Client:
    doors.set_pin(van.crew["rachid"], PIN)
    doors.set_pin(van.crew["fatima"], OTHER_PIN)
    browser = van.at("rachid")
    assert browser.get("/account/").status_code == 200
    return browser


def test_a_screen_left_alone_asks_who_is_there(later: Later, tablet: Client) -> None:
    later.seconds += IDLE_S + LATE_S + 1
    answer = tablet.get("/account/")
    assert answer.status_code == 302 and answer["Location"] == "/switch/?next=/account/"
    # It stays locked: the next request is no touch.
    assert tablet.get("/account/").status_code == 302


def test_a_screen_in_use_stays_open(later: Later, tablet: Client) -> None:
    for _ in range(5):
        later.seconds += IDLE_S
        assert tablet.get("/healthz").status_code == 200
    assert tablet.get("/account/").status_code == 200


def test_a_list_that_renews_itself_is_nobodys_touch(later: Later, tablet: Client) -> None:
    for _ in range(3):
        later.seconds += IDLE_S / 2
        tablet.get("/account/", headers={"X-Live": "queue"})
    assert tablet.get("/account/")["Location"].startswith("/switch/")


def test_whoever_left_comes_back_to_the_page_by_pin(later: Later, van: Vehicle, tablet: Client) -> None:
    later.seconds += IDLE_S + LATE_S + 1
    door = tablet.get("/account/", follow=True)
    assert "next=/account/" in door.content.decode()
    mine = {"staff": str(van.crew["rachid"].pk), "next": "/account/"}
    wrong = tablet.post("/switch/", mine | {"pin": "111222"})
    assert wrong.status_code == 401 and tablet.get("/account/").status_code == 302
    assert tablet.post("/switch/", mine | {"pin": PIN})["Location"] == "/account/"
    assert "Rachid" in text(tablet.get("/account/"))


def test_somebody_else_begins_at_their_own_first_page(later: Later, van: Vehicle, tablet: Client) -> None:
    later.seconds += IDLE_S + LATE_S + 1
    tablet.get("/account/")
    other = {"staff": str(van.crew["fatima"].pk), "next": "/account/?of=rachid", "pin": OTHER_PIN}
    assert tablet.post("/switch/", other)["Location"] == "/"
    assert "Fatima" in text(tablet.get("/account/"))


def test_a_foreign_address_is_never_gone_back_to(later: Later, van: Vehicle, tablet: Client) -> None:
    later.seconds += IDLE_S + LATE_S + 1
    tablet.get("/account/")
    mine = {"staff": str(van.crew["rachid"].pk), "next": "https://elsewhere.example/", "pin": PIN}
    assert tablet.post("/switch/", mine)["Location"] == "/"


def test_without_a_pin_the_password_is_asked_for(later: Later, van: Vehicle, tablet: Client) -> None:
    doors.end_shift(van.crew["rachid"])
    doors.end_shift(van.crew["fatima"])
    later.seconds += IDLE_S + LATE_S + 1
    assert "/login/" in [place for place, _ in tablet.get("/account/", follow=True).redirect_chain]
