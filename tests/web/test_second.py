"""The second step at the hub's door: an app, recovery codes, passkeys that do not fit, setting up, losing the phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from qafila.journal.here import Here
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.factors import acts, totp
from qafila.registry.staff.factors.models import FactorEvent, SecondFactor
from qafila.registry.staff.factors.queries import codes_left, has_second, opened
from qafila.registry.staff.models import Staff
from qafila.web import leavers
from qafila.web.models import LoginSession
from tests.later import Later
from tests.web.desk import Desk, desk
from tests.web.vehicle import PASSWORD, text

SECRET = bytes(range(20))


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    leavers.connect()
    with desk(unit) as made:
        yield made


@pytest.fixture
def amal(hub_desk: Desk) -> Staff:
    """A coordinator: her role asks for a second factor."""
    return create_staff(None, "amal", PASSWORD, "Amal", ["coordinator"], interface_language="en")


def knock(browser: Client, **more: Any) -> Any:
    return browser.post("/login/", {"username": "amal", "password": PASSWORD, **more})


def code(shift: int = 0) -> str:
    return totp.code_at(SECRET, int(clock.seconds() // totp.STEP_S) + shift)


def with_app(staff: Staff) -> list[str]:
    """An app whose last code was used a while ago, and recovery codes."""
    assert acts.add_totp(staff, SECRET, code())
    SecondFactor.objects.update(used=0)
    return acts.new_codes(staff)


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_a_password_alone_opens_nothing_until_the_second_factor_is_set_up(amal: Staff) -> None:
    browser = Client()
    assert knock(browser, next="/account/")["Location"] == "/login/setup/"
    assert not is_in(browser)
    assert browser.get("/login/setup/").status_code == 200
    page = text(browser.get("/login/setup/app/"))
    typed = re.search(r"<code dir=\"ltr\">([A-Z2-7 ]+)</code>", page)
    assert typed is not None
    assert browser.post("/login/setup/app/", {"code": "000000"}).status_code == 422
    assert not is_in(browser)
    import base64

    secret = base64.b32decode(typed[1].replace(" ", ""))
    before = browser.session.session_key
    now = int(clock.seconds() // totp.STEP_S)
    done = browser.post("/login/setup/app/", {"code": totp.code_at(secret, now)})
    codes = re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", done.content.decode())
    assert len(codes) == 10 and 'href="/account/"' in done.content.decode()
    assert is_in(browser) and browser.session.session_key != before
    # The code that set it up is used.
    other = Client()
    assert knock(other)["Location"] == "/login/second/"
    assert other.post("/login/second/", {"code": totp.code_at(secret, now)}).status_code == 401


def test_an_app_lets_in_once_with_each_code(amal: Staff, later: Later) -> None:
    with_app(amal)
    browser = Client()
    assert knock(browser)["Location"] == "/login/second/"
    assert not is_in(browser)
    assert browser.post("/login/second/", {"code": "12345a"}).status_code == 401
    mine = code()
    assert browser.post("/login/second/", {"code": f"{mine[:3]} {mine[3:]}"})["Location"] == "/"
    assert is_in(browser)
    again = Client()
    knock(again)
    assert again.post("/login/second/", {"code": mine}).status_code == 401
    # Nor an earlier one.
    assert again.post("/login/second/", {"code": code(-1)}).status_code == 401
    later.seconds += totp.STEP_S
    assert again.post("/login/second/", {"code": code()})["Location"] == "/"


def test_arabic_digits_are_digits(amal: Staff) -> None:
    with_app(amal)
    browser = Client()
    knock(browser)
    assert (
        browser.post(
            "/login/second/", {"code": code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))}
        ).status_code
        == 302
    )


def test_a_recovery_code_is_good_once_and_is_kept_as_no_text(amal: Staff) -> None:
    codes = with_app(amal)
    for expected in (302, 401):
        browser = Client()
        knock(browser)
        assert browser.post("/login/second/", {"code": codes[3].lower().replace("-", " ")}).status_code == expected
    assert codes_left(amal) == 9
    kept = [opened(row) or b"" for row in SecondFactor.objects.all()]
    rows = " ".join(row.sealed for row in SecondFactor.objects.all())
    assert not any(one.replace("-", "").encode() in b" ".join(kept) or one in rows for one in codes)


def test_what_is_sealed_opens_for_its_own_row_alone(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    row = SecondFactor.objects.get(kind="totp")
    assert opened(row) == SECRET
    row.staff_id = hub_desk.admin.pk
    assert opened(row) is None


def test_the_first_step_is_forgotten_after_a_while(amal: Staff, later: Later) -> None:
    with_app(amal)
    browser = Client()
    knock(browser)
    later.seconds += 601
    assert browser.post("/login/second/", {"code": code()})["Location"] == "/login/"


def test_guessing_the_second_step_has_to_wait_and_a_known_device_does_not(amal: Staff, later: Later) -> None:
    with_app(amal)
    own = Client()
    knock(own)
    own.post("/login/second/", {"code": code()})
    own.post("/logout/")
    guesser = Client()
    for n in range(30):
        if knock(guesser, username="amal").status_code == 429:
            break
        guesser.post("/login/second/", {"code": f"{n:06}"}, REMOTE_ADDR=f"10.1.1.{n}")
    assert knock(Client()).status_code == 302
    stranger = Client()
    knock(stranger)
    assert stranger.post("/login/second/", {"code": code(1)}, REMOTE_ADDR="10.2.2.2")["Location"] == "/login/"
    knock(own)
    assert own.post("/login/second/", {"code": code(1)})["Location"] == "/"


def test_a_passkey_that_nobody_asked_for_opens_nothing(amal: Staff) -> None:
    with_app(amal)
    for said in ("{}", "[]", "null", "x" * 30_000, '{"response": {"userHandle": 5}}', "[" * 5000):
        browser = Client()
        assert browser.post("/login/passkey/", {"credential": said}, REMOTE_ADDR="10.3.3.3").status_code in (302, 401)
        knock(browser)
        assert browser.post("/login/second/", {"credential": said}).status_code in (302, 401)
        assert not is_in(browser)


def test_a_lost_telephone_is_reset_by_somebody_else_and_everything_ends(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    browser = Client()
    knock(browser)
    browser.post("/login/second/", {"code": code()})
    assert is_in(browser)
    admin = hub_desk.at(hub_desk.admin)
    session = admin.session
    session["proved"] = clock.seconds()
    session.save()
    assert admin.get(f"/account/colleagues/{amal.pk}/").status_code == 200
    assert admin.post(f"/account/colleagues/{amal.pk}/reset/").status_code == 302
    assert not is_in(browser)
    assert not has_second(amal) and FactorEvent.objects.filter(staff=amal, what="reset").count() == 1
    assert knock(Client())["Location"] == "/login/setup/"
    record = Record.objects.filter(kind="registry.factorevent").order_by("-no").first()
    assert record is not None and b"factor.reset" in bytes(record.header)


def test_nobody_resets_without_the_right_or_without_showing_who_they_are(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    assert hub_desk.at(hub_desk.crew.heart).post(f"/account/colleagues/{amal.pk}/reset/").status_code == 403
    unproven = hub_desk.at(hub_desk.admin).post(f"/account/colleagues/{amal.pk}/reset/")
    assert unproven["Location"].startswith("/account/security/confirm/")
    assert has_second(amal)


def test_changing_the_way_in_asks_who_it_is(amal: Staff, hub_desk: Desk, later: Later) -> None:
    browser = hub_desk.at(amal)
    away = browser.get("/account/security/app/")["Location"]
    assert away == "/account/security/confirm/?next=%2Faccount%2Fsecurity%2Fapp%2F"
    assert browser.post(away, {"password": "wrong-wrong-wrong", "next": "/account/security/app/"}).status_code == 401
    assert browser.post(away, {"password": PASSWORD, "next": "/account/security/app/"}).status_code == 302
    assert browser.get("/account/security/app/").status_code == 200
    later.seconds += 301
    assert browser.get("/account/security/app/").status_code == 302


def test_the_last_factor_stays_where_the_role_asks_for_one(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    browser = hub_desk.at(amal)
    browser.post("/account/security/confirm/", {"password": PASSWORD})
    row = SecondFactor.objects.get(kind="totp")
    assert browser.post(f"/account/security/remove/{row.pk}/").status_code == 302
    assert has_second(amal)
    with writing(None, "setup") as write:
        amal = Staff.objects.get(pk=amal.pk)
        amal.roles = []
        write.save(amal)
    # Another role: everybody is out and shows again who they are.
    assert not is_in(browser)
    browser = hub_desk.at(amal)
    browser.post("/account/security/confirm/", {"password": PASSWORD})
    browser.post(f"/account/security/remove/{row.pk}/")
    assert SecondFactor.objects.count() == 0


def test_somebody_elses_factor_is_not_there(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    browser = hub_desk.at(hub_desk.admin)
    session = browser.session
    session["proved"] = clock.seconds()
    session.save()
    row = SecondFactor.objects.get(kind="totp")
    assert browser.post(f"/account/security/remove/{row.pk}/").status_code == 404
    assert has_second(amal)


def test_every_page_of_the_way_in_opens(amal: Staff, hub_desk: Desk) -> None:
    with_app(amal)
    browser = hub_desk.at(amal)
    browser.post("/account/security/confirm/", {"password": PASSWORD})
    for page in ("security/", "security/confirm/", "security/app/", "security/passkey/", "security/password/"):
        assert browser.get(f"/account/{page}").status_code == 200, page
    assert len(re.findall(r"<code>[A-Z2-9]{5}-", browser.post("/account/security/codes/").content.decode())) == 10
    assert hub_desk.at(hub_desk.admin).get("/account/colleagues/").status_code == 200
    assert LoginSession.objects.filter(staff=amal.pk).count() == 1
