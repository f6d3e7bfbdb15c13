"""The pages of a hub, asked by Django's test client as a specialist, a coordinator or an administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django.test.utils import override_settings

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.models import Case
from qafila.journal.here import Here, at
from qafila.journal.write import writing
from qafila.node.directory import NodeDirectory
from qafila.registry.people import keys
from qafila.registry.places import here as place_here
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from tests.clinic.conftest import Crew, make_crew, new_person, on_duty
from tests.founded import founded, state

NODE = """
code = "H"
profile = "hub"
country = "morocco"
language = "en"
hosts = ["testserver"]
port = 8443
"""


class Desk:
    """A hub with its people, a unit's crew and a patient: all on one node, as if everything had been sent."""

    def __init__(self, here: Here) -> None:
        self.here = here
        self.crew: Crew = make_crew(here)
        self.admin, *spoken = founded(here, "desk", self._settled)
        self.crew.heart, self.crew.other_heart, self.crew.coordinator = spoken
        self.crew.base, self.crew.untouched = "desk", state(here)

    def _settled(self) -> list[Staff]:
        with writing(None, "setup") as write:
            made = [write.save(Staff(username="admin", name="Admin", roles=["admin"], interface_language="en"))]
            for one in (self.crew.heart, self.crew.other_heart, self.crew.coordinator):
                one.interface_language = "en"
                made.append(write.save(one))
        return made

    def at(self, who: Any) -> Client:
        """The browser of somebody, logged in."""
        client = Client(raise_request_exception=False)
        client.force_login(who, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    def sent(self, urgency: str = "routine", *, duty: bool = True) -> Any:
        """A case that the hub has; assigned where somebody is on duty."""
        return self.crew.begun(f"sent {urgency} {duty}", lambda: self._sent(urgency, duty))

    def _sent(self, urgency: str, duty: bool) -> Any:
        if duty and not Case.objects.exists():
            on_duty(self.crew.heart)
        patient = self.another() if Case.objects.exists() else None
        case = cases.send(self.crew.filled(urgency, patient), self.crew.doctor)
        return cases.receive(case)

    def another(self) -> Any:
        """One more person, without a name."""
        with writing(None, "setup") as write:
            return write.save(new_person(local_day().replace(year=1970, day=1)))


@contextmanager
def desk(unit: Here) -> Iterator[Desk]:
    """A hub in the place of the node of the `unit` fixture."""
    assert isinstance(unit.directory, Path)
    (unit.directory / "node.toml").write_text(NODE)
    (unit.directory / "blobs").mkdir()
    directory = NodeDirectory(unit.directory)
    directory.secret("web")
    keys.connect()
    here = Here("H", "hub", custodian="MS", programme="UMMC", directory=unit.directory)
    with at(here), override_settings(DIRECTORY=directory, SECRET_KEY="only of a test"):
        place_here.use("MA")
        try:
            yield Desk(here)
        finally:
            place_here.use(None)
