"""Logging in through an identity provider: a mock of one in this process, asked over HTTP as a browser asks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.conf import settings
from django.test import Client
from oidc_provider_mock import User, run_server_in_thread

from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.node.directory import NodeDirectory
from qafila.registry.staff.acts import create_staff, set_active
from qafila.registry.staff.factors.models import FactorEvent, Identity
from qafila.registry.staff.models import Staff
from qafila.web.account import oidc
from tests.web.desk import NODE, Desk, desk
from tests.web.vehicle import PASSWORD, text

PEOPLE = (
    User(sub="s-1", claims={"preferred_username": "Amal", "amr": ["pwd", "mfa"]}),
    User(sub="s-2", claims={"preferred_username": "amal", "amr": ["pwd", "mfa"]}),
    User(sub="s-3", claims={"preferred_username": "nobody"}),
    User(sub="s-4", claims={"preferred_username": "nadia", "amr": ["pwd"]}),
    User(sub="s-5", claims={}),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with run_server_in_thread(user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@dataclass
class Place:
    desk: Desk
    amal: Staff
    nadia: Staff


@pytest.fixture
def place(unit: Here, provider: str) -> Iterator[Place]:
    with desk(unit) as made:
        assert unit.directory is not None
        said = (
            f'[ministry]\nissuer = "{provider}"\nclient_id = "qafila"\nsecond = ["mfa"]\nname = {{ en = "Ministry" }}\n'
        )
        (unit.directory / "node.toml").write_text(f"{NODE}\n{said}")
        settings.DIRECTORY = NodeDirectory(unit.directory)
        (unit.directory / "keys" / "ministry.key").write_text("a secret of a test")
        amal = create_staff(None, "amal", PASSWORD, "Amal", ["coordinator"], interface_language="en")
        nadia = create_staff(None, "nadia", PASSWORD, "Nadia", ["coordinator"], interface_language="en")
        yield Place(made, amal, nadia)


def through(browser: Client, subject: str, **changed: str) -> Any:
    """Away to the provider, there as `subject`, and back."""
    away = browser.get("/login/ministry/?next=/account/")
    assert away.status_code == 302
    there = httpx.post(away["Location"], data={"sub": subject}, follow_redirects=False)
    back = urlsplit(there.headers["Location"])
    came = {name: values[0] for name, values in parse_qs(back.query).items()}
    return browser.get(back.path, came | changed)


def is_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def test_somebody_who_works_here_comes_in_and_is_bound(place: Place) -> None:
    browser = Client()
    assert "Ministry" in text(browser.get("/login/"))
    assert through(browser, "s-1")["Location"] == "/account/"
    assert is_in(browser)
    assert Identity.objects.get().subject == "s-1"
    assert FactorEvent.objects.get(staff=place.amal).what == "bound"
    again = Client()
    through(again, "s-1")
    assert is_in(again) and Identity.objects.count() == 1


@pytest.mark.parametrize("subject", ["s-3", "s-5"])
def test_nobody_is_made(place: Place, subject: str) -> None:
    before = Staff.objects.count()
    browser = Client()
    assert through(browser, subject).status_code == 401
    assert not is_in(browser) and Staff.objects.count() == before and not Identity.objects.exists()


def test_a_name_that_somebody_else_has_got_there_now_opens_nothing(place: Place) -> None:
    through(Client(), "s-1")
    thief = Client()
    assert through(thief, "s-2").status_code == 401
    assert not is_in(thief)


def test_somebody_who_left_stays_out(place: Place) -> None:
    through(Client(), "s-1")
    set_active(place.amal, False, None)
    assert through(Client(), "s-1").status_code == 401


def test_one_factor_there_is_one_factor_here(place: Place) -> None:
    browser = Client()
    assert through(browser, "s-4")["Location"] == "/login/setup/"
    assert not is_in(browser)


@pytest.mark.parametrize(
    "changed", [{"state": "x"}, {"state": ""}, {"code": "x"}, {"code": ""}, {"iss": "https://elsewhere.example"}]
)
def test_what_was_not_asked_for_is_not_believed(place: Place, changed: dict[str, str]) -> None:
    browser = Client()
    assert through(browser, "s-1", **changed).status_code == 401
    assert not is_in(browser)


def test_an_answer_counts_once_and_in_the_browser_that_asked(place: Place) -> None:
    assert Client().get("/login/ministry/back/?code=x&state=y").status_code == 401
    first = Client()
    away = first.get("/login/ministry/")
    there = httpx.post(away["Location"], data={"sub": "s-1"}, follow_redirects=False).headers["Location"]
    came = urlsplit(there)
    assert Client().get(f"{came.path}?{came.query}").status_code == 401
    assert first.get(f"{came.path}?{came.query}").status_code == 302
    assert first.get(f"{came.path}?{came.query}").status_code == 401


def test_without_a_provider_there_is_no_such_page(unit: Here) -> None:
    with desk(unit):
        browser = Client()
        assert browser.get("/login/ministry/").status_code == 404
        assert browser.get("/login/ministry/back/?code=x&state=y").status_code == 404


# --- tokens -------------------------------------------------------------------------------

KEY = generate_private_key(65537, 2048)
ONE = oidc.Provider("https://id.example", "qafila", "", "preferred_username", frozenset(), oidc.Label("a", "b", "c"))


def token(key: Any = KEY, alg: str = "RS256", kid: str = "k", **changed: Any) -> str:
    now = int(clock.seconds())
    said = {"iss": ONE.issuer, "aud": "qafila", "sub": "s", "nonce": "n", "iat": now, "exp": now + 60} | changed
    return jwt.encode({k: v for k, v in said.items() if v is not None}, key, alg, headers={"kid": kid})


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    said = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
    return {"keys": [said | {"kid": "k", "use": "sig", "alg": "RS256"}]}


def test_a_token_that_fits_is_believed(keys: dict[str, Any]) -> None:
    assert oidc.verified(ONE, token(), keys, "n")["sub"] == "s"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"}, {"aud": "other"}, {"aud": ["qafila", "other"]}, {"azp": "other"},
        {"exp": 1}, {"nonce": "m"}, {"nonce": None}, {"sub": None}, {"sub": "x" * 256}, {"kid": "other"},
        {"alg": "HS256", "key": "a shared secret that is long enough for it"}, {"alg": "none", "key": None},
        {"key": generate_private_key(65537, 2048)},
    ],
)  # fmt: skip
def test_a_token_that_does_not_fit_is_not(keys: dict[str, Any], changed: dict[str, Any]) -> None:
    with pytest.raises(oidc.Refused):
        oidc.verified(ONE, token(**changed), keys, "n")


@pytest.mark.parametrize("said", ["", "x", "a.b.c", "e30.e30.", "{}", "\0" * 10])
def test_what_is_no_token_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(oidc.Refused):
        oidc.verified(ONE, said, keys, "n")
    with pytest.raises(oidc.Refused):
        oidc.verified(ONE, token(), {"keys": said}, "n")


@pytest.mark.parametrize(
    "address", ["http://id.example/x", "ftp://localhost/", "//x", "", "http://localhost.example/", "http://[::1"]
)
def test_only_https_is_an_address_of_a_provider(address: str) -> None:
    with pytest.raises(oidc.Refused):
        oidc._safe(address)
