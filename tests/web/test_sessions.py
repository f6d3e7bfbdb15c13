"""How long somebody is in, under which key, and what ends it; whose draft is whose on a shared tablet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Record
from qafila.registry.staff.acts import create_staff, set_active, set_password
from qafila.registry.staff.models import Pin, Staff
from qafila.web import leavers
from qafila.web import login as doors
from qafila.web.models import LoginSession
from tests.later import Later
from tests.web.desk import desk
from tests.web.vehicle import PASSWORD, Vehicle, text, vehicle

PIN, OTHER_PIN, NEW = "204817", "930562", "sept-oliviers-du-puits"


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    leavers.connect()
    with vehicle(unit) as made:
        yield made


def knock(browser: Client, name: str = "fatima", password: str = PASSWORD) -> Any:
    return browser.post("/login/", {"username": name, "password": password})


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def begin_shift(browser: Client, name: str, pin: str) -> None:
    knock(browser, name)
    assert browser.post("/pin/", {"pin": pin, "again": pin}).status_code == 302


def test_every_way_in_makes_a_new_key(van: Vehicle) -> None:
    browser, seen = Client(), set[str | None]()
    browser.get("/login/")
    begin_shift(browser, "fatima", PIN)
    seen.add(browser.session.session_key)
    browser.post("/lock/")
    browser.post("/switch/", {"staff": str(van.crew["fatima"].pk), "pin": PIN})
    seen.add(browser.session.session_key)
    browser.post("/account/security/confirm/", {"password": PASSWORD})
    seen.add(browser.session.session_key)
    assert len(seen) == 3 and LoginSession.objects.count() == 1


def test_a_shift_ends_however_often_the_pin_is_typed(van: Vehicle, later: Later) -> None:
    browser = Client()
    begin_shift(browser, "fatima", PIN)
    later.seconds += 13 * 3600
    browser.get("/account/")
    assert browser.post("/switch/", {"staff": str(van.crew["fatima"].pk), "pin": PIN}).status_code == 302
    assert is_in(browser)
    # Another PIN is no longer shift.
    browser.post("/pin/", {"pin": OTHER_PIN, "again": OTHER_PIN, "password": PASSWORD})
    later.seconds += 3600 + 60
    assert not is_in(browser)
    assert browser.get("/switch/")["Location"] == "/login/"
    assert not Pin.objects.exists()


def test_a_desk_at_the_hub_that_nobody_uses_is_closed(unit: Here, later: Later) -> None:
    with desk(unit) as hub:
        browser = hub.at(hub.crew.heart)
        for _ in range(3):
            later.seconds += 59 * 60
            assert is_in(browser)
        later.seconds += 1800
        browser.get("/account/", headers={"X-Live": "queue"})
        later.seconds += 1801
        assert not is_in(browser)


def test_one_sees_where_one_is_in_and_ends_the_others(van: Vehicle) -> None:
    own, other = Client(), Client(headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15) Chrome/140.0"})
    knock(own)
    knock(other)
    assert "Chrome · Android" in text(own.get("/account/security/"))
    own.post("/account/security/sessions/")
    assert is_in(own) and not is_in(other)


def test_another_password_ends_the_other_sessions_and_keeps_the_key(van: Vehicle) -> None:
    own, other = Client(), Client()
    knock(own)
    knock(other)
    form = {"old": PASSWORD, "new": NEW, "again": NEW}
    at_ = "/account/security/password/"
    for wrong in (
        {"old": "wrong-wrong-wrong"},
        {"new": "short"},
        {"again": "another"},
        {"new": "password" * 3, "again": "password" * 3},
    ):
        assert own.post(at_, form | wrong).status_code == 422
    assert own.post(at_, form).status_code == 302
    assert is_in(own) and not is_in(other)
    assert knock(Client()).status_code == 401 and knock(Client(), password=NEW).status_code == 302
    assert doors.queries.open_by_password(van.crew["fatima"], NEW) is not None


def test_a_password_is_read_as_it_was_typed(van: Vehicle) -> None:
    long = "un mot et un autre mot " * 8
    set_password(van.crew["fatima"], long, None)
    assert knock(Client(), password=long[:-1]).status_code == 401
    assert knock(Client(), password=long + "x" * 50).status_code == 401
    assert knock(Client(), password=long).status_code == 302


def test_whoever_leaves_is_out_at_once(van: Vehicle) -> None:
    browser = Client()
    begin_shift(browser, "fatima", PIN)
    set_active(van.crew["fatima"], False, None)
    assert not is_in(browser) and not LoginSession.objects.exists() and not Pin.objects.exists()


def test_whoever_leaves_at_the_hub_is_out_on_the_unit_when_the_record_comes(van: Vehicle, hub: Here) -> None:
    browser = Client()
    begin_shift(browser, "fatima", PIN)
    ours = list(parcels_of(Record.objects.order_by("no")))
    with at(hub):
        ingest(ours, "U1")
        set_active(Staff.objects.get(username="fatima"), False, None)
        sent = list(parcels_of(Record.objects.filter(node="H").order_by("no")))
    assert is_in(browser)
    ingest(sent, "H")
    assert not is_in(browser) and not LoginSession.objects.filter(staff=van.crew["fatima"].pk).exists()
    assert not Pin.objects.exists()


def test_the_end_of_a_shift_ends_it_on_every_tablet(van: Vehicle) -> None:
    one, two = Client(), Client()
    begin_shift(one, "fatima", PIN)
    knock(two)
    one.post("/logout/")
    assert not is_in(one) and not is_in(two)


def test_a_draft_belongs_to_whoever_typed_it(van: Vehicle) -> None:
    tablet = Client()
    begin_shift(tablet, "fatima", PIN)
    doors.set_pin(van.crew["rachid"], OTHER_PIN)
    tablet.post("/nurse/draft/", {"draft": "register", "given": "Zineb"})
    tablet.post("/lock/")
    assert tablet.post("/nurse/draft/", {"draft": "register", "given": "Other"}).status_code == 302
    tablet.post("/switch/", {"staff": str(van.crew["rachid"].pk), "pin": OTHER_PIN})
    assert "Zineb" not in text(tablet.get("/reception/people/register/"))
    tablet.post("/lock/")
    tablet.post("/switch/", {"staff": str(van.crew["fatima"].pk), "pin": PIN})
    assert "Zineb" in text(tablet.get("/reception/people/register/"))


def test_a_page_left_open_by_one_person_writes_nothing_for_the_next(van: Vehicle) -> None:
    tablet = Client(enforce_csrf_checks=True)
    for name, pin in (("fatima", PIN), ("rachid", OTHER_PIN)):
        doors.set_pin(van.crew[name], pin)

    def token(page: str) -> str:
        import re

        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', tablet.get(page).content.decode())
        assert found is not None
        return found[1]

    tablet.post("/login/", {"username": "fatima", "password": PASSWORD, "csrfmiddlewaretoken": token("/login/")})
    left_open = token("/reception/people/register/")
    tablet.post("/lock/", {"csrfmiddlewaretoken": left_open})
    mine = {
        "staff": str(van.crew["rachid"].pk),
        "pin": OTHER_PIN,
        "csrfmiddlewaretoken": token(f"/switch/?staff={van.crew['rachid'].pk}"),
    }
    assert tablet.post("/switch/", mine)["Location"] == "/"
    stale = {"draft": "register", "given": "Zineb", "csrfmiddlewaretoken": left_open}
    assert tablet.post("/nurse/draft/", stale).status_code == 403
    assert (
        tablet.post("/nurse/draft/", stale | {"csrfmiddlewaretoken": token("/reception/people/register/")}).status_code
        == 204
    )


def test_the_person_hears_of_tries_with_their_name(van: Vehicle) -> None:
    for n in range(3):
        Client().post("/login/", {"username": "fatima", "password": "guess-guess-guess"}, REMOTE_ADDR=f"10.9.9.{n}")
    browser = Client()
    knock(browser)
    assert "somebody tried 3 times to log in with your name" in text(browser.get("/account/"))


def test_everybody_is_slowed_down_elsewhere_and_the_person_is_not_at_their_own_device(van: Vehicle) -> None:
    own = Client()
    knock(own)
    own.post("/logout/")
    for n in range(14):
        Client().post("/login/", {"username": "fatima", "password": "guess-guess-guess"}, REMOTE_ADDR=f"10.9.9.{n}")
    assert knock(Client()).status_code == 429
    assert knock(Client(), "rachid").status_code == 302
    assert knock(own).status_code == 302


def test_a_device_cookie_of_somebody_else_or_made_up_is_none(van: Vehicle) -> None:
    create_staff(None, "omar", PASSWORD, "Omar", ["nurse"])
    own = Client()
    knock(own, "omar")
    name = next(c for c in own.cookies if c.endswith("-known"))
    value = own.cookies[name].value
    assert own.cookies[name]["httponly"]
    for n in range(14):
        Client().post("/login/", {"username": "fatima", "password": "guess-guess-guess"}, REMOTE_ADDR=f"10.9.9.{n}")
    for said in (value, value[:-2], "x", ""):
        browser = Client()
        browser.cookies[name] = said
        assert knock(browser).status_code == 429
