"""Who gets which mail, for whole frames at once: as record by record, and in a constant number of queries."""

from __future__ import annotations

import random
import threading
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person, PersonLink
from qafila.registry.units.models import Assignment, Unit
from qafila.sync import mailbox
from qafila.sync.models import Mail, Peer, Scope
from tests.conftest import wipe
from tests.sync.pair import Pair

BOXES = ("U1", "U2", "U3")


@pytest.fixture
def fleet(pair: Pair) -> dict[str, Unit]:
    """A hub with three boxes; M1 is served by U1 and U2, M3 by U3 alone."""
    with at(pair.hub):
        for code in BOXES[1:]:
            Peer.objects.create(code=code, profile="unit")
        with writing(None, "unit.create") as write:
            units = {name: write.save(Unit(code=name, name=name)) for name in ("M1", "M3")}
            for name, node in (("M1", "U1"), ("M1", "U2"), ("M3", "U3")):
                write.save(Assignment(unit=units[name], node=node, starts=clock.now().date()))
        Mail.objects.all().delete()
    return units


def visit(unit: Here, person: Person, where: Unit) -> None:
    with at(unit), writing(None, "visit.open") as write:
        write.save(Visit(person=person, unit=where, day=clock.now().date(), ticket=1))


def register(unit: Here, home: Unit | None = None) -> Person:
    with at(unit), writing(None, "person.register") as write:
        return write.save(Person(code="MMFE-T48G-2", home_unit=home))


def post(pair: Pair, start: int = 0) -> int:
    """Everything of the unit from a record on, taken in by the hub as one frame; the last record's number."""
    with at(pair.unit):
        rows = list(Record.objects.filter(no__gt=start).order_by("no"))
    with at(pair.hub):
        ingest(parcels_of(rows), "U1")
    return rows[-1].no


def mail(hub: Here) -> dict[str, set[UUID]]:
    """Box → people about whom it gets mail."""
    found: dict[str, set[UUID]] = {}
    with at(hub):
        for to, person in Mail.objects.values_list("to", "record__patient"):
            found.setdefault(to, set()).add(person)
    return found


def test_the_boxes_of_one_unit_share_its_people_and_nobody_hears_himself(pair: Pair, fleet: dict[str, Unit]) -> None:
    shared, own = register(pair.unit, fleet["M1"]), register(pair.unit)
    post(pair)
    assert mail(pair.hub) == {"U2": {shared.pk}}
    with at(pair.hub):
        assert set(Scope.objects.values_list("person", "node")) == {
            (shared.pk, "U1"), (shared.pk, "U2"), (own.pk, "U1")
        }  # fmt: skip


def test_a_visit_elsewhere_brings_what_was_written_before(pair: Pair, fleet: dict[str, Unit]) -> None:
    person = register(pair.unit)
    last = post(pair)
    assert mail(pair.hub) == {}
    visit(pair.unit, person, fleet["M3"])
    post(pair, last)
    with at(pair.hub):
        assert Mail.objects.filter(to="U3").count() == 2 and set(mail(pair.hub)) == {"U3"}


def test_a_link_goes_to_the_boxes_of_both(pair: Pair, fleet: dict[str, Unit]) -> None:
    one, other = register(pair.unit), register(pair.unit, fleet["M3"])
    last = post(pair)
    with at(pair.unit), writing(None, "person.link") as write:
        write.save(PersonLink(person=one, other=other, relation="mother"))
    with at(pair.hub):
        Mail.objects.all().delete()
    post(pair, last)
    assert mail(pair.hub) == {"U3": {one.pk}}


def test_mail_costs_the_same_number_of_queries_for_a_large_frame(pair: Pair, fleet: dict[str, Unit]) -> None:
    counts, last = [], 0
    for many in (2, 2, 60):
        for number in range(many):
            person = register(pair.unit, fleet["M1"] if number % 2 else fleet["M3"])
            visit(pair.unit, person, fleet["M1"])
        with CaptureQueriesContext(connections[pair.hub.database]) as queries:
            last = post(pair, last)
        counts.append(len(queries))
    # The first frame also made the sender's run known.
    assert counts[1] == counts[2]


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["register", "M1", "M3"])), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, dice=st.randoms(use_true_random=False))
def test_a_frame_at_once_gives_the_mail_of_its_records_one_by_one(
    pair: Pair, fleet: dict[str, Unit], steps: list[tuple[int, str]], dice: random.Random
) -> None:
    wipe(pair.unit.database)
    pair.unit.run = None
    people: list[Person] = []
    for who, what in steps:
        if what in fleet and people:
            visit(pair.unit, people[who % len(people)], fleet[what])
        else:
            people.append(register(pair.unit, fleet["M1"] if who == 0 else None))
    with at(pair.unit):
        parcels = parcels_of(Record.objects.order_by("no"))
    boxes = []
    for frames in ([parcels], [[p] for p in dice.sample(parcels, len(parcels))]):
        with at(pair.hub):
            for model in (Mail, Scope):
                model.objects.all().delete()
            Record.objects.filter(node="U1").delete()
            _forget(pair.hub)
            for frame in frames:
                ingest(frame, "U1")
            boxes.append(set(Mail.objects.values_list("to", "record__run", "record__seq", "lane")))
    assert boxes[0] == boxes[1]


def _forget(hub: Here) -> None:
    """The hub never heard of U1."""
    from qafila.journal.guard import writer_token
    from qafila.journal.models import Run

    Run.objects.filter(node="U1").delete()
    with writer_token(), connections[hub.database].cursor() as cursor:
        for model in (Person, Visit):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


def test_a_holder_that_comes_at_the_same_moment_misses_nothing(
    unit: Here, hub: Here, postgres: None, request: pytest.FixtureRequest
) -> None:
    """One process takes in what is said of a person while another lets a further box hold that person."""
    hub.database = "pg0"
    wipe("pg0")
    with at(hub):
        for code in ("U1", "U3"):
            Peer.objects.create(code=code, profile="unit")
    mailbox.connect()
    request.addfinalizer(mailbox.disconnect)
    people = [register(unit) for _ in range(20)]
    with at(unit):
        first = parcels_of(Record.objects.order_by("no"))
        last = Record.objects.latest("no").no
        for person in people:
            person.phone = "1"
            with writing(None, "person.edit") as write:
                write.save(person)
        then = parcels_of(Record.objects.filter(no__gt=last).order_by("no"))
    with at(hub):
        ingest(first, "U1")
    start = threading.Barrier(2)
    faults: list[BaseException] = []

    def change() -> None:
        for parcel in then:
            ingest([parcel], "U1")

    def hold() -> None:
        for person in people:
            mailbox.admit([(person.pk, "U3")])

    def run(act: object) -> None:
        try:
            with at(hub):
                start.wait()
                act()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            faults.append(error)
        finally:
            connections["pg0"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in (change, hold)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    with at(hub):
        assert Mail.objects.filter(to="U3").count() == 40 == Record.objects.filter(patient__isnull=False).count()
