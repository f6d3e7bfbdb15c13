"""Three nodes write, exchange, reorder, repeat and lose parcels; in the end their rows are equal."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import CASE
from qafila.journal import check
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of, subjects_waiting
from qafila.journal.models import Clash, Quarantine, Record
from qafila.journal.write import writing
from qafila.kernel import ids
from qafila.registry.people.models import Person
from tests.conftest import wipe

FIELDS = ("phone", "address", "language", "description")
STEP = st.one_of(
    st.tuples(st.just("create"), st.integers(0, 2)),
    st.tuples(st.just("edit"), st.integers(0, 2), st.integers(0, 5), st.sampled_from(FIELDS), st.sampled_from("xyz")),
    st.tuples(st.just("case"), st.integers(0, 2), st.integers(0, 5)),
    st.tuples(st.just("act"), st.integers(0, 2), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("restart"), st.integers(0, 2)),
    st.tuples(st.just("send"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 10**6)),
)


def picture(node: Here) -> tuple[object, ...]:
    """All that a node believes, in comparable form."""
    with at(node):
        people = sorted(Person.objects.values_list("pk", "heads", *FIELDS))
        cases = sorted(Case.objects.values_list("pk", "heads", "status"))
        clashes = sorted(Clash.objects.filter(open=True).values_list("subject", "field", "sides", "notice"))
        return people, cases, clashes, Record.objects.count()


def step(nodes: Sequence[Here], move: tuple[object, ...]) -> None:
    node = nodes[move[1]]  # type: ignore[index, call-overload]
    with at(node):
        if move[0] == "create":
            with writing(None, "person.register") as write:
                write.save(Person(code="MMFE-T48G-2"))
        elif move[0] == "edit":
            people = list(Person.objects.order_by("pk"))
            if people:
                person = people[move[2] % len(people)]  # type: ignore[operator]
                setattr(person, str(move[3]), move[4])
                with writing(None, "person.edit") as write:
                    write.save(person)
        elif move[0] == "case":
            person = Person.objects.order_by("pk").first()
            if person:
                with writing(None, "case.draft") as write:
                    write.save(Case(person=person, unit_id=ids.named("u"), doctor_id=ids.named("d"), specialty="c"))
        elif move[0] == "act":
            cases = list(Case.objects.order_by("pk"))
            if cases:
                case = cases[move[2] % len(cases)]  # type: ignore[operator]
                rows = CASE.available(case.status)
                if rows:
                    case.status = rows[move[3] % len(rows)].target  # type: ignore[operator]
                    with writing(None, "case.act") as write:
                        write.save(case)
        elif move[0] == "restart":
            node.run = None
        elif move[0] == "send":
            deliver(node, nodes[move[2]], random.Random(str(move[3])), lossy=True)  # type: ignore[index, call-overload]


def deliver(sender: Here, receiver: Here, dice: random.Random, *, lossy: bool) -> None:
    if sender is receiver:
        return
    with at(sender):
        parcels = parcels_of(Record.objects.order_by("no"))
    if lossy:
        parcels = [p for p in parcels for _ in range(dice.choice((0, 1, 1, 2)))]
    dice.shuffle(parcels)
    with at(receiver):
        assert not ingest(parcels, sender.node).alarms


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(moves=st.lists(STEP, min_size=3, max_size=25), seed=st.integers(0, 10**6))
def test_any_order_of_arrival_gives_the_same_rows(trio: list[Here], moves: list[tuple[object, ...]], seed: int) -> None:
    for node in trio:
        wipe(node.database)
        node.run = None
    for move in moves:
        step(trio, move)
    dice = random.Random(seed)
    for _ in range(2):
        for sender in trio:
            for receiver in trio:
                deliver(sender, receiver, dice, lossy=False)
    pictures = [picture(node) for node in trio]
    assert pictures[0] == pictures[1] == pictures[2]
    for node in trio:
        with at(node):
            assert not Quarantine.objects.exists()
            assert not subjects_waiting(node)
            assert list(check.problems()) == []


def test_a_parcel_with_another_content_under_a_known_key_is_an_alarm(trio: list[Here]) -> None:
    from msgspec.structs import replace

    a, b, _ = trio
    with at(a), writing(None, "person.register") as write:
        write.save(Person(code="MMFE-T48G-2"))
    with at(a):
        parcels = parcels_of(Record.objects.order_by("no"))
    with at(b):
        ingest(parcels)
        forged = replace(parcels[1], prev=bytes(32))
        taken = ingest([forged])
        assert len(taken.alarms) == 1 and Quarantine.objects.count() == 1
        assert Person.objects.count() == 1


@pytest.mark.parametrize("what", ["header", "fields", "salt"])
def test_a_spoilt_parcel_is_kept_aside_and_stops_nothing(trio: list[Here], what: str) -> None:
    from msgspec.structs import replace

    a, b, _ = trio
    for _ in range(3):
        with at(a), writing(None, "person.register") as write:
            write.save(Person(code="MMFE-T48G-2"))
    with at(a):
        parcels = parcels_of(Record.objects.order_by("no"))
    data = bytearray(getattr(parcels[2], what))
    data[len(data) // 2] ^= 1
    parcels[2] = replace(parcels[2], **{what: bytes(data)})
    with at(b):
        taken = ingest(parcels)
        # A header may be altered into another that reads well: then it no longer chains with its neighbours.
        assert taken.quarantined == 1 or taken.alarms
        assert Person.objects.count() >= 2
