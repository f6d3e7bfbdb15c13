"""A unit with a queue and its DICOM services, on a port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from bench.ports import free_ports
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.exchange.dicom.filing import settle
from qafila.exchange.dicom.models import Peer
from qafila.registry.places import here as place_here
from tests.clinic.conftest import Crew, make_crew

TITLE = "QAFILA-U1"


class Station:
    """A unit's node as an imaging device sees it, with one person in the queue."""

    def __init__(self, crew: Crew, tls: Any = None) -> None:
        from qafila.exchange.dicom.scp import Node, Service

        self.crew = crew
        self.device = Peer.objects.create(title="DEVICE", name="Ultrasound", modality="US")
        self.visit: Visit = visits.open_visit(crew.patient, crew.unit, crew.assistant)
        self.node = Node(crew.node, Service(TITLE, "127.0.0.1", free_ports(1)[0], tls))
        self.node.start()
        self.port = self.node.port
        self.thread = threading.Thread(target=self.node.serve, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End the services."""
        self.node.stop()
        self.thread.join(10)

    def settle(self) -> None:
        """File all that came."""
        while self.node.desk.ask(settle):
            pass


@pytest.fixture
def crew(unit: Any) -> Iterator[Crew]:
    """A unit on SQLCipher with its crew, and a woman of forty."""
    place_here.use("MA")
    yield make_crew(unit)
    place_here.use(None)


@pytest.fixture
def station(crew: Crew) -> Iterator[Station]:
    """The same with its DICOM services."""
    station = Station(crew)
    yield station
    station.stop()
