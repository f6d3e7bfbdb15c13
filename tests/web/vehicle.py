"""The pages of a unit's node, asked by Django's test client as somebody of its crew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.test.utils import override_settings

from qafila.journal.here import Here
from qafila.node.directory import NodeDirectory
from qafila.registry.people import keys
from qafila.registry.places import here as place_here
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_node, assign_staff, create_unit
from qafila.registry.units.models import Unit
from tests.founded import founded

NODE = """
code = "U1"
profile = "unit"
country = "morocco"
language = "en"
hosts = ["testserver"]
port = 8443
"""
PASSWORD = "Chevre-montagne-11"
FAST = ["django.contrib.auth.hashers.MD5PasswordHasher"]


class Vehicle:
    """A unit with a crew, and a browser of each of them."""

    def __init__(self, here: Here) -> None:
        self.here = here
        self.unit: Unit
        self.crew: dict[str, Staff]
        self.unit, self.crew = founded(here, "vehicle", lambda: _crew_of(here))

    def at(self, name: str) -> Client:
        """The browser of somebody of the crew, logged in."""
        client = Client(raise_request_exception=False)
        client.force_login(self.crew[name], backend=settings.AUTHENTICATION_BACKENDS[0])
        return client


def _crew_of(here: Here) -> tuple[Unit, dict[str, Staff]]:
    unit = create_unit(None, "U1", "Unit one", home="05.081")
    assign_node(unit, here.node, None)
    crew = {}
    for name, role in (("fatima", "assistant"), ("rachid", "nurse"), ("salma", "doctor"), ("hind", "admin")):
        crew[name] = create_staff(None, name, PASSWORD, name.title(), [role], interface_language="en")
        assign_staff(unit, crew[name], None)
    return unit, crew


@contextmanager
def vehicle(here: Here) -> Iterator[Vehicle]:
    """A vehicle at the node `here`, whose directory exists."""
    assert isinstance(here.directory, Path)
    (here.directory / "node.toml").write_text(NODE)
    (here.directory / "blobs").mkdir()
    directory = NodeDirectory(here.directory)
    directory.secret("web")
    keys.connect()
    with override_settings(DIRECTORY=directory, SECRET_KEY="only of a test", PASSWORD_HASHERS=FAST):
        place_here.use("MA")
        try:
            yield Vehicle(here)
        finally:
            place_here.use(None)


def text(response: HttpResponse) -> str:
    """The page as text, spaces collapsed, isolates left out."""
    return re.sub(r"\s+", " ", re.sub("[\u2066-\u2069]", "", response.content.decode()))


def fields(response: HttpResponse, of: str = "") -> dict[str, Any]:
    """Hidden fields of the first form whose HTML contains `of`."""
    form = next(f for f in re.findall(r"<form.*?</form>", response.content.decode(), re.S) if of in f)
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: value.replace("&quot;", '"') for name, value in hidden if name != "csrfmiddlewaretoken"}
