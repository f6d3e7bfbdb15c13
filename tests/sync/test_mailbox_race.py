"""Two processes of one hub at once, on PostgreSQL: whichever commits first, nobody misses a record.

One process does its part and rests before its commit; the other has to wait for it, seen in the database's own list
of locks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connections, transaction

from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.registry.units.models import Unit
from qafila.sync import mailbox
from qafila.sync.models import Mail, Peer
from tests.conftest import wipe

PATIENCE_S = 30
Act = Callable[[], object]


@pytest.fixture
def busy_hub(hub: Here, postgres: None) -> Iterator[Here]:
    """A hub on PostgreSQL with two boxes."""
    hub.database = "pg0"
    wipe("pg0")
    with at(hub):
        for code in ("U1", "U3"):
            Peer.objects.create(code=code, profile="unit")
    mailbox.connect()
    yield hub
    mailbox.disconnect()


def one_rests(hub: Here, first: Act, second: Act) -> bool:
    """`first` rests before its commit until `second` waits for it or is done; whether it had to wait."""
    rests, go_on, done = threading.Event(), threading.Event(), threading.Event()
    faults: list[BaseException] = []

    def process(act: Act) -> None:
        try:
            with at(hub):
                act()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            faults.append(error)
        finally:
            connections[hub.database].close()

    def resting() -> None:
        with transaction.atomic(using=hub.database):
            first()
            rests.set()
            assert go_on.wait(PATIENCE_S)

    def after() -> None:
        try:
            process(second)
        finally:
            done.set()

    threads = [threading.Thread(target=process, args=(resting,)), threading.Thread(target=after)]
    threads[0].start()
    assert rests.wait(PATIENCE_S) or faults
    threads[1].start()
    waited = False
    while not waited and not done.wait(0.01):
        with connections["pg1"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            waited = bool(cursor.fetchone()[0])
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not faults
    return waited


def sent_to(hub: Here, node: str) -> int:
    with at(hub):
        return Mail.objects.filter(to=node).count()


@pytest.mark.parametrize("admits_first", [True, False])
def test_a_record_and_a_new_holder_of_its_person(unit: Here, busy_hub: Here, admits_first: bool) -> None:
    with at(unit):
        with writing(None, "person.register") as write:
            person = write.save(Person(code="MMFE-T48G-2"))
        first = parcels_of(Record.objects.order_by("no"))
        last = Record.objects.latest("no").no
        with writing(None, "person.edit") as write:
            person.phone = "1"
            write.save(person)
        then = parcels_of(Record.objects.filter(no__gt=last))
    with at(busy_hub):
        ingest(first, "U1")
    acts: list[Act] = [lambda: mailbox.admit([(person.pk, "U3")]), lambda: ingest(then, "U1")]
    assert one_rests(busy_hub, *(acts if admits_first else acts[::-1]))
    assert sent_to(busy_hub, "U3") == 2


@pytest.mark.parametrize("joins_first", [True, False])
def test_reference_data_and_a_node_that_joins(busy_hub: Here, joins_first: bool) -> None:
    with at(busy_hub):
        ingest([], "U1")
        with writing(None, "unit.create") as write:
            write.save(Unit(code="M0", name="M0"))
    run = busy_hub.run

    def join() -> None:
        with transaction.atomic(using=busy_hub.database):
            mailbox.welcome(Peer.objects.create(code="U4", profile="unit"))

    def write_reference() -> None:
        with writing(None, "unit.create") as write:
            write.save(Unit(code="M1", name="M1"))

    acts: list[Act] = [join, write_reference]
    assert one_rests(busy_hub, *(acts if joins_first else acts[::-1]))
    assert busy_hub.run == run and sent_to(busy_hub, "U4") == 2


def test_two_frames_with_the_same_people_in_another_order(unit: Here, busy_hub: Here) -> None:
    """Nobody waits in a circle."""
    with at(unit):
        frames = []
        for _ in range(2):
            with writing(None, "person.register") as write:
                people = [write.save(Person(code="MMFE-T48G-2")) for _ in range(10)]
        rows = list(Record.objects.filter(patient__isnull=False).order_by("no"))
        frames = [parcels_of(rows[::2]), parcels_of(rows[1::2])]
    assert len(people) == 10
    one, other = [p.pk for p in people], [p.pk for p in reversed(people)]

    def act(order: list, frame: list) -> Act:  # type: ignore[type-arg]
        def run() -> None:
            mailbox.admit([(pk, "U3") for pk in order])
            ingest(frame, "U1")

        return run

    one_rests(busy_hub, act(one, frames[0]), act(other, []))
    with at(busy_hub):
        ingest(frames[1], "U1")
    assert sent_to(busy_hub, "U3") == 10
