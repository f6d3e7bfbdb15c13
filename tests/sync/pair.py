"""A unit and its hub in one process, joined by hand; each with its own encrypted database."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from qafila.journal.here import Here, at
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.registry.units.models import Assignment, Unit
from qafila.sync import endpoint, enrolment, leaving, mailbox, pki, restored
from qafila.sync.frames import Frame, open_frame, seal
from qafila.sync.messages import Message
from qafila.sync.models import Peer
from qafila.sync.session import UnitSession
from qafila.sync.store import JournalStore


@dataclass
class Pair:
    unit: Here
    hub: Here
    backs_up: bool = False
    """Whether each contact is followed by a backup of the hub that stands elsewhere, of which the unit hears."""

    def seal(self, message: Message, number: int = 1) -> bytes:
        assert self.unit.directory
        key = pki.signing_key(self.unit.directory / "keys")
        return seal(message, self.unit.node, self.hub.node, number, clock.now_ms(), key)

    def open_reply(self, data: bytes) -> Frame:
        assert self.hub.directory
        public = pki.signing_public(self.hub.directory / "keys")
        return open_frame(data, self.unit.node, lambda sender: public)

    def ask(self, data: bytes) -> tuple[int, bytes]:
        with at(self.hub):
            reply = endpoint.handle(data)
            return reply.status, reply.body

    def session(self, seed: int = 0) -> UnitSession:
        return UnitSession(JournalStore(self.hub.node), self.seal, self.open_reply, Random(seed))

    def sync(self) -> UnitSession:
        """A contact without faults."""
        session = self._contact()
        if self.backs_up:
            self._contact()
            with at(self.hub):
                restored.backup_stands(restored.begin_backup())
            self._contact()
        return session

    def _contact(self) -> UnitSession:
        with at(self.unit):
            session = self.session()
            while (request := session.next()) is not None:
                status, reply = self.ask(request.data)
                assert status == 200, reply
                session.receive(reply)
        return session


def join(unit: Here, hub: Here) -> Pair:
    """Make the two known to each other, as enrolment does."""
    mailbox.connect()
    leaving.connect()
    with at(hub):
        Peer.objects.create(
            code=unit.node,
            profile="unit",
            signing_key=pki.signing_public(_keys(unit)),
            sealing_key=pki.sealing_public(_keys(unit)),
        )
    with at(unit):
        Peer.objects.create(
            code=hub.node,
            upward=True,
            url="https://hub.invalid",
            signing_key=pki.signing_public(_keys(hub)),
            sealing_key=pki.sealing_public(_keys(hub)),
        )
    return Pair(unit, hub)


def _keys(node: Here):  # type: ignore[no-untyped-def]
    with at(node):
        return enrolment.keys_folder()


def register(node: Here, phone: str = "") -> Person:
    with at(node), writing(None, "person.register") as write:
        return write.save(Person(code="MMFE-T48G-2", phone=phone))


def serve_unit(hub: Here, node: str) -> Unit:
    """The hub knows a medical unit, and that this box serves it."""
    with at(hub), writing(None, "unit.create") as write:
        unit = write.save(Unit(code=f"MU-{node}", name="Unit of the south"))
        write.save(Assignment(unit=unit, node=node, starts=clock.now().date()))
        return unit


def keys_of(node: Here) -> set[tuple[str, int, int]]:
    with at(node):
        return set(Record.objects.values_list("node", "run", "seq"))


def pending(node: Here) -> int:
    with at(node):
        return Record.objects.filter(pending=True).count()
