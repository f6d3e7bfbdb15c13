"""Deny by default: every address says who may open it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from qafila.journal.here import Here
from qafila.packs import load
from qafila.web.opaque import shown
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

OPEN = {"", "logout/", "language/", "switch/", "lock/", "enrol", "healthz"}
"""Pages that are for whoever stands before the screen."""


def addresses(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one, here)
        else:
            yield here, one


EVERY = dict(addresses(get_resolver()))


@pytest.mark.parametrize("address", sorted(EVERY))
def test_every_view_says_who_may_open_it(address: str) -> None:
    access = getattr(EVERY[address].callback, "access", None)
    assert access, f"{address} says nothing of who may open it"
    if access == ("public",):
        assert address in OPEN or address.startswith(("prints/", "login/")), f"{address} is open to anybody"
    known = {right for role in load.roles().values() for right in role.rights}
    assert set(access) <= known | {"public", "anyone who is logged in"}


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def filled(address: str) -> str:
    """An address with something in each of its places."""
    import re

    values = {"uuid": str(UUID(int=1)), "int": "1", "slug": "x", "str": "x", "opaque": shown(1)}
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: values.get(m.group(1) or "str", "x"), address)


def test_nobody_gets_in_without_logging_in(hub_desk: Desk) -> None:
    stranger = Client(raise_request_exception=False)
    for address, pattern in EVERY.items():
        if pattern.callback.access == ("public",):
            continue
        for method in (stranger.get, stranger.post):
            answer = method(filled(address))
            assert answer.status_code in (302, 403, 405), (address, answer.status_code)
            if answer.status_code == 302:
                assert "/login/" in answer["Location"], address


def test_nobody_opens_what_their_role_does_not_hold(hub_desk: Desk) -> None:
    admin = hub_desk.at(hub_desk.admin)
    for address in ("/specialist/", "/coordinator/", "/records/clashes/"):
        answer = admin.get(address)
        assert answer.status_code == 403 and "Your role does not allow this" in text(answer)
    heart = hub_desk.at(hub_desk.crew.heart)
    for address in ("/coordinator/", "/coordinator/duty/", "/coordinator/units/", "/records/quarantine/"):
        assert heart.get(address).status_code == 403
