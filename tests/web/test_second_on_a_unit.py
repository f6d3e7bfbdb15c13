"""A second factor on a unit, where its node.toml asks for one: without a link, kept on that unit alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from qafila.journal.here import Here, at
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.staff.factors import acts, totp
from qafila.registry.staff.factors.models import FactorEvent, SecondFactor
from qafila.registry.staff.factors.queries import has_second
from qafila.registry.staff.models import Pin, Staff
from qafila.web import leavers
from tests.later import Later
from tests.sync.pair import join
from tests.web import vehicle as vehicles
from tests.web.vehicle import PASSWORD, Vehicle, vehicle

SECRET = bytes(range(20))


@pytest.fixture(params=["offered"])
def van(unit: Here, request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vehicle]:
    monkeypatch.setattr(vehicles, "NODE", f'{vehicles.NODE}second_factor = "{request.param}"\n')
    leavers.connect()
    with vehicle(unit) as made:
        yield made


def code() -> str:
    return totp.code_at(SECRET, int(clock.seconds() // totp.STEP_S))


def knock(browser: Client, name: str = "salma") -> str:
    return str(browser.post("/login/", {"username": name, "password": PASSWORD})["Location"])


@pytest.mark.parametrize("van", ["demanded"], indirect=True)
def test_where_it_is_demanded_everybody_sets_one_up_first(van: Vehicle) -> None:
    browser = Client()
    assert knock(browser) == "/login/setup/" and browser.get("/account/").status_code == 302
    assert browser.get("/login/setup/").status_code == 200


def test_whoever_has_one_shows_it_before_the_shift_begins(van: Vehicle, later: Later) -> None:
    salma = van.crew["salma"]
    assert knock(Client()) == "/"
    acts.add_totp(salma, SECRET, code())
    later.seconds += totp.STEP_S
    browser = Client()
    assert knock(browser) == "/login/second/" and browser.get("/account/").status_code == 302
    assert browser.post("/login/second/", {"code": "000000"}).status_code == 401
    assert browser.post("/login/second/", {"code": code()}).status_code == 302
    # The shift's PIN opens what the password opened: nobody types it twice.
    assert browser.post("/pin/", {"pin": "417203", "again": "417203"}).status_code == 302
    assert Pin.objects.get(staff=salma).key is not None
    assert browser.get("/doctor/").status_code == 200


def test_a_lost_telephone_is_told_the_unit_by_its_hub_and_by_nobody_else(van: Vehicle, hub: Here) -> None:
    pair = join(van.here, hub)
    pair.sync()
    salma = van.crew["salma"]
    acts.add_totp(salma, SECRET, code())
    with writing(None, act="factor.reset") as write:
        write.save(FactorEvent(staff=salma, what="reset"))
    assert has_second(salma), "a record that is not the hub's takes nothing away"
    with at(hub):
        its = Staff.objects.get(pk=salma.pk)
        acts.add_totp(its, SECRET, code())
    pair.sync()
    with at(hub):
        assert has_second(its), "no unit takes away what somebody comes in with at the hub"
        acts.reset(its, None)
    pair.sync()
    assert not SecondFactor.objects.filter(staff=salma).exists()
