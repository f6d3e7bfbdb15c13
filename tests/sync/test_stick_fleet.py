"""Two units, their hub, two sticks and a network that is cut: in whatever order, all end with the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs, check
from qafila.journal.here import Here, at
from qafila.journal.models import Blob, Quarantine, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync import mailbox, stick
from tests.conftest import wipe
from tests.sync.pair import Pair, join, register
from tests.sync.usb import restore, save

NODES = ("U1", "U2", "H")
DOES = st.one_of(
    st.tuples(st.sampled_from(["write", "put", "read", "read", "clean", "file", "limit"]), st.sampled_from(NODES)),
    st.tuples(st.sampled_from(["call", "cut", "restore"]), st.sampled_from(NODES[:2])),
    st.tuples(st.sampled_from(["swap", "spoil", "copy", "lose", "restore"]), st.just("H")),
)


class Fleet:
    """Does one thing after another, and knows what the hub has confirmed."""

    def __init__(self, pairs: dict[str, Pair], path: Path, seed: int) -> None:
        self.pairs, self.path, self.dice = pairs, path, Random(seed)
        self.hub = pairs["U1"].hub
        self.nodes = {"H": self.hub, **{code: p.unit for code, p in pairs.items()}}
        self.usb = 0
        for number in (0, 1):
            (path / f"usb{number}").mkdir(parents=True)
        for code, node in self.nodes.items():
            if not node.database.startswith("pg"):
                save(node, path / f"backup-{code}")

    @property
    def stick(self) -> Path:
        return self.path / f"usb{self.usb}"

    def do(self, what: str, code: str) -> None:
        getattr(self, what)(code)
        self.confirmed_is_held()

    def write(self, code: str) -> None:
        node = self.nodes[code]
        with at(node):
            person = self.dice.choice([None, *Person.objects.order_by("pk")])
            if person is not None:
                with writing(None, "person.edit") as write:
                    person.phone = str(self.dice.randrange(10**6))
                    write.save(person)
        if person is None:
            register(node)

    def file(self, code: str) -> None:
        with at(self.nodes[code]):
            person = Person.objects.order_by("pk").first()
            if person is None:
                return
            row = blobs.put(self.dice.randbytes(blobs.CHUNK + 5), "image/jpeg", person.pk)
            with writing(None, "attachment.add") as write:
                write.save(Attachment(person=person, kind_of_file="photo", media=row.media, sha256=row.sha256,
                                      size=row.size))  # fmt: skip

    def put(self, code: str, **options: int) -> None:
        with at(self.nodes[code]):
            stick.to_stick(self.stick, receiver="all" if code == "H" else "", **options)

    def limit(self, code: str) -> None:
        self.put(code, limit=3000)

    def read(self, code: str) -> None:
        with at(self.nodes[code]):
            stick.from_stick(self.stick)

    def clean(self, code: str) -> None:
        with at(self.nodes[code]):
            stick.from_stick(self.stick, clean=True)

    def call(self, code: str) -> None:
        self.pairs[code].sync()

    def cut(self, code: str) -> None:
        pair = self.pairs[code]
        with at(pair.unit):
            session = pair.session(self.dice.randrange(10**9))
            for _ in range(self.dice.randrange(5)):
                request = session.next()
                if request is None:
                    return
                reply = pair.ask(request.data)[1]
                if self.dice.random() < 0.8:
                    session.receive(reply)

    def swap(self, code: str) -> None:
        self.usb = 1 - self.usb

    def copy(self, code: str) -> None:
        shutil.copytree(self.stick, self.path / f"usb{1 - self.usb}", dirs_exist_ok=True)

    def lose(self, code: str) -> None:
        shutil.rmtree(self.stick)
        self.stick.mkdir()

    def spoil(self, code: str) -> None:
        files = sorted(f for f in self.stick.rglob("*.qfb") if f.stat().st_size)
        if files:
            file = self.dice.choice(files)
            data = bytearray(file.read_bytes())
            data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)
            file.write_bytes(data[: self.dice.choice([len(data), self.dice.randrange(len(data))])])

    def restore(self, code: str) -> None:
        backup = self.path / f"backup-{code}"
        if not backup.exists():
            return
        if self.dice.random() < 0.5:
            save(self.nodes[code], backup)
            return
        restore(self.nodes[code], backup)
        self.restored_hub = code == "H" or self.restored_hub

    restored_hub = False

    def confirmed_is_held(self) -> None:
        """Until the hub itself forgets, whatever a unit takes to be safe is there."""
        if self.restored_hub:
            return
        with at(self.hub):
            held = set(Record.objects.values_list("node", "run", "seq"))
        for code in self.pairs:
            with at(self.nodes[code]):
                rows = Record.objects.filter(node=code, pending=False)
                assert held.issuperset(rows.values_list("node", "run", "seq"))

    def settle(self, by_stick: bool) -> None:
        for _ in range(6):
            if not by_stick:
                for code in self.pairs:
                    self.call(code)
                continue
            self.lose("H")
            for code in ("U1", "U2"):
                self.put(code)
            self.read("H")
            self.put("H")
            for code in ("U1", "U2"):
                self.read(code)

    def equal(self) -> None:
        rows: dict[str, dict[object, tuple[object, ...]]] = {}
        records: dict[str, set[tuple[str, int, int]]] = {}
        for code, node in self.nodes.items():
            with at(node):
                rows[code] = {p.pk: (p.phone, p.heads) for p in Person.objects.all()}
                records[code] = set(Record.objects.values_list("node", "run", "seq"))
                assert list(check.problems()) == [] and list(blobs.problems()) == []
                assert not Quarantine.objects.exists() and not Record.objects.filter(pending=True).exists()
                assert code == "H" or not Blob.objects.filter(sent=False, complete=True).exists()
        for code in self.pairs:
            # No sharing between the two: what one has of the hub's, the hub has too; own ones are all there.
            assert rows[code].items() <= rows["H"].items() and records[code] <= records["H"]
            assert {k for k in records["H"] if k[0] == code} <= records[code]
            with at(self.hub):
                assert mailbox.waiting(code) == 0


@pytest.fixture
def fleet_nodes(pair: Pair, tmp_path: Path) -> dict[str, Pair]:
    directory = tmp_path / "unit2"
    shutil.copytree(pair.unit.directory or "", directory)
    for key in ("signing.pem", "sealing.pem"):
        (directory / "keys" / key).unlink()
    second = Here("U2", "unit", directory=directory, database="n2", confirmed_by_hub=True)
    return {"U1": pair, "U2": Pair(second, pair.hub)}


def _begun(pairs: dict[str, Pair], path: Path, seed: int) -> Fleet:
    """A fleet whose nodes are as new."""
    shutil.rmtree(path / "sticks", ignore_errors=True)
    for node in (pairs["U1"].hub, *(p.unit for p in pairs.values())):
        wipe(node.database)
        node.run = None
    for found in pairs.values():
        join(found.unit, found.hub)
    return Fleet(pairs, path / "sticks", seed)


@pytest.mark.parametrize("by_stick", [True, False])
def test_a_unit_restored_from_before_it_wrote_at_all(
    fleet_nodes: dict[str, Pair], tmp_path: Path, by_stick: bool
) -> None:
    fleet = _begun(fleet_nodes, tmp_path, 0)
    fleet.write("U1")
    fleet.call("U1")
    restore(fleet.nodes["U1"], fleet.path / "backup-U1")
    fleet.settle(by_stick)
    fleet.equal()


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(acts=st.lists(DOES, max_size=30), seed=st.integers(0, 10**6), by_stick=st.booleans())
def test_sticks_and_network_in_any_order(
    fleet_nodes: dict[str, Pair], tmp_path: Path, acts: list[tuple[str, str]], seed: int, by_stick: bool
) -> None:
    fleet = _begun(fleet_nodes, tmp_path, seed)
    for what, code in acts:
        fleet.do(what, code)
    fleet.settle(by_stick)
    fleet.equal()
