"""Logging in and out, the PIN of a shift, the language of a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.registry.staff.models import Pin, Staff
from qafila.web import login as doors
from qafila.web import throttle
from qafila.web.models import Failure
from tests.web.vehicle import PASSWORD, Vehicle, text, vehicle

PIN = "204817"
SLOW_AFTER = throttle.AT_ADDRESS.free


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def stranger(van: Vehicle) -> Client:
    return Client(raise_request_exception=False)


def knock(browser: Client, name: str = "fatima", password: str = PASSWORD, **more: Any) -> Any:
    address = more.pop("address", "10.0.0.7")
    return browser.post("/login/", {"username": name, "password": password, **more}, REMOTE_ADDR=address)


def test_the_password_then_the_pin_then_the_persons_own_page(stranger: Client) -> None:
    assert knock(stranger)["Location"] == "/"
    assert stranger.get("/")["Location"] == "/pin/"
    assert stranger.post("/pin/", {"pin": PIN, "again": PIN})["Location"] == "/"
    assert stranger.get("/")["Location"] == "/reception/queue/"


@pytest.mark.parametrize(
    ("name", "password"), [("fatima", "wrong-wrong-1"), ("nobody", PASSWORD), ("", ""), ("'--", "x")]
)
def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody(stranger: Client, name: str, password: str) -> None:
    answer = knock(stranger, name, password)
    assert answer.status_code == 401
    assert "Name or password is not right" in text(answer)
    assert stranger.get("/account/").status_code == 302


def test_somebody_who_left_does_not_get_in(van: Vehicle, stranger: Client) -> None:
    from qafila.registry.staff.acts import set_active

    set_active(van.crew["fatima"], False, None)
    assert knock(stranger).status_code == 401


def test_whoever_tries_too_often_waits_and_holds_up_nobody_else(van: Vehicle, stranger: Client) -> None:
    for _ in range(SLOW_AFTER):
        assert knock(stranger, password="guess-guess-1").status_code == 401
    assert knock(stranger).status_code == 429
    assert knock(stranger, "FATIMA").status_code == 429
    assert knock(Client(), address="10.0.0.8").status_code == 302
    assert knock(Client(), "rachid").status_code == 302
    assert not any("fatima" in row.key or "10.0.0.7" in row.key for row in Failure.objects.all())


def test_a_right_password_forgets_the_wrong_ones(stranger: Client) -> None:
    for _ in range(SLOW_AFTER - 1):
        knock(stranger, password="guess-guess-1")
    assert knock(stranger).status_code == 302
    # What is left counts for the whole address, and is patient.
    assert Failure.objects.count() == 1
    assert not Failure.objects.filter(until__gt=clock.now()).exists()


@pytest.mark.parametrize("next_", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_logging_in_leads_nowhere_else(stranger: Client, next_: str) -> None:
    assert knock(stranger, next=next_)["Location"] == "/"


def test_logging_in_leads_back_to_the_page_that_was_asked_for(stranger: Client) -> None:
    assert stranger.get("/account/?a=1")["Location"] == "/login/?next=/account/%3Fa%3D1"
    assert knock(stranger, next="/account/?a=1")["Location"] == "/account/?a=1"


@pytest.mark.parametrize("pin", ["12345", "111111", "123456", "987654", "abcdef", "1234567", ""])
def test_a_pin_that_is_guessed_at_once_is_not_taken(van: Vehicle, pin: str) -> None:
    browser = van.at("fatima")
    answer = browser.post("/pin/", {"pin": pin, "again": pin})
    # Only six digits are read of what is longer, and these stand in a row.
    assert answer.status_code == 400
    assert Pin.objects.count() == 0


def test_two_different_pins_are_asked_for_again(van: Vehicle) -> None:
    assert van.at("fatima").post("/pin/", {"pin": PIN, "again": "204818"}).status_code == 400


def test_a_pin_may_be_typed_in_arabic_digits_and_is_kept_as_a_digest(van: Vehicle) -> None:
    tablet = van.at("fatima")
    assert tablet.post("/pin/", {"pin": "٢٠٤٨١٧", "again": PIN, "password": PASSWORD}).status_code == 302
    row = Pin.objects.get()
    assert PIN not in row.digest
    tablet.post("/lock/")
    assert tablet.post("/switch/", {"staff": str(van.crew["fatima"].pk), "pin": PIN}).status_code == 302


def test_people_switch_by_name_and_pin(van: Vehicle) -> None:
    for name in ("fatima", "rachid"):
        doors.set_pin(van.crew[name], PIN)
    tablet = van.at("fatima")
    assert tablet.post("/lock/")["Location"] == "/switch/"
    assert tablet.get("/account/").status_code == 302
    names = text(tablet.get("/switch/"))
    assert "Fatima" in names and "Rachid" in names and "Salma" not in names
    assert tablet.post("/switch/", {"staff": str(van.crew["rachid"].pk), "pin": PIN})["Location"] == "/"
    assert "Rachid" in text(tablet.get("/account/"))


def test_the_fifth_wrong_pin_asks_for_the_password(van: Vehicle) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    tablet = van.at("fatima")
    tablet.post("/lock/")
    mine = {"staff": str(van.crew["fatima"].pk)}
    told = [tablet.post("/switch/", mine | {"pin": "000111"}).status_code for _ in range(doors.PIN_FAILURES)]
    assert told == [401] * (doors.PIN_FAILURES - 1) + [302]
    assert tablet.post("/switch/", mine | {"pin": PIN})["Location"] == "/login/"


@pytest.mark.parametrize("staff", ["", "x", "00000000-0000-0000-0000-000000000001"])
def test_a_pin_of_nobody_opens_nothing(van: Vehicle, staff: str) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    tablet = van.at("fatima")
    tablet.post("/lock/")
    assert tablet.post("/switch/", {"staff": staff, "pin": PIN}).status_code == 200
    assert tablet.get("/account/").status_code == 302


def test_a_pin_is_worth_nothing_on_a_device_from_which_nobody_has_come_in(van: Vehicle, stranger: Client) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    mine = {"staff": str(van.crew["fatima"].pk), "pin": PIN}
    assert stranger.get("/switch/")["Location"] == "/login/"
    assert stranger.post("/switch/", mine)["Location"] == "/login/"
    # Nor can anybody there use the tries up, or learn who works here.
    assert Pin.objects.get().failures == 0
    assert "Already logged in this shift?" not in text(stranger.get("/login/"))
    knock(stranger, "rachid")
    stranger.post("/lock/")
    assert stranger.post("/switch/", mine)["Location"] == "/"


def test_wrong_pins_on_one_tablet_leave_the_pin_on_the_others(van: Vehicle) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    other, own = Client(), Client()
    knock(other, "rachid")
    knock(own, "fatima")
    mine = {"staff": str(van.crew["fatima"].pk)}
    for _ in range(doors.PIN_FAILURES):
        other.post("/switch/", mine | {"pin": "000111"})
    assert other.post("/switch/", mine | {"pin": PIN})["Location"] == "/login/"
    assert own.post("/switch/", mine | {"pin": PIN})["Location"] == "/"


def test_a_pin_that_is_guessed_at_everywhere_is_gone(van: Vehicle) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    Pin.objects.update(failures=doors.PIN_MOST)
    tablet = van.at("rachid")
    assert tablet.post("/switch/", {"staff": str(van.crew["fatima"].pk), "pin": PIN})["Location"] == "/login/"


def test_whoever_finds_an_open_screen_chooses_no_pin_for_its_owner(van: Vehicle) -> None:
    assert van.at("fatima").post("/pin/", {"pin": PIN, "again": PIN}).status_code == 400
    assert Pin.objects.count() == 0


def test_the_end_of_a_shift_destroys_the_pin(van: Vehicle) -> None:
    doors.set_pin(van.crew["fatima"], PIN)
    tablet = van.at("fatima")
    assert tablet.post("/logout/")["Location"] == "/login/"
    assert Pin.objects.count() == 0
    assert tablet.get("/account/").status_code == 302


def test_a_link_cannot_log_anybody_out(van: Vehicle) -> None:
    tablet = van.at("fatima")
    assert tablet.get("/logout/").status_code == 405
    assert tablet.get("/account/").status_code == 200


def test_the_language_is_the_persons_own_on_every_screen(van: Vehicle) -> None:
    first = van.at("fatima")
    assert first.post("/language/", {"language": "ar", "next": "/account/"})["Location"] == "/account/"
    assert Staff.objects.get(username="fatima").interface_language == "ar"
    page = van.at("fatima").get("/account/").content.decode()
    assert '<html lang="ar" dir="rtl">' in page and "bootstrap.rtl.min.css" in page


def test_before_the_door_the_language_is_the_devices(stranger: Client) -> None:
    stranger.post("/language/", {"language": "fr"})
    assert '<html lang="fr" dir="ltr">' in stranger.get("/login/").content.decode()
    assert stranger.post("/language/", {"language": "xx"}).status_code == 302
    assert '<html lang="fr" dir="ltr">' in stranger.get("/login/").content.decode()
