"""A frame taken in at once leaves what its records leave one by one, on both engines; two processes take turns."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Observation
from qafila.journal import bulk, canon, check, header, ingest, layouts
from qafila.journal.apply import model_for
from qafila.journal.entries import Parcel, Taken, entry
from qafila.journal.here import Here, at
from qafila.journal.ingest import parcels_of
from qafila.journal.models import Clash, Quarantine, Record, Run
from qafila.journal.write import writing
from qafila.kernel import ids
from qafila.registry.people.models import Person
from tests.conftest import wipe
from tests.journal.test_merge import FIELDS, STEP, step

STRANGE: list[Any] = [
    "x" * 21, "nul\0in it", 5, 1.5, True, None, "", ["a"], {"a": 1}, 2**70, -1, "\u202eturned", "a\nb", "12.3400",
    "2026-02-31", "2026-02-03", "2026-02-03T04:05:06.789Z", ids.named("a").hex, "not a row",
]  # fmt: skip
NAMES = (*FIELDS, "code", "sex", "birth_date", "birth_margin", "no_fixed_address", "home_unit", "label", "nonsense",
         "heads", "id", "custodian")  # fmt: skip
ODD = st.tuples(
    st.sampled_from("cu"),
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(STRANGE), max_size=3),
)


def forged(odd: Sequence[tuple[str, int, dict[str, Any]]], people: Sequence[Any]) -> list[Parcel]:
    """Records of a node that says strange things about known and unknown people, in one chain."""
    out, prev = [], b""
    for seq, (op, who, fields) in enumerate(odd, 1):
        subject = people[who] if who < len(people) else ids.named(f"p{who}")
        data = json.dumps(fields).encode()
        base = {"": ["1.1.N0"]} if op == "u" and who % 2 else {}
        said = header.Header("X", 7, seq, (1 << 50) + seq, "", "act", "registry.person", 1, op, subject.hex,
                             subject.hex, base, [], "MS", "P", canon.digest(b"s", data).hex())  # fmt: skip
        out.append(Parcel(said.encode(), data, b"s", 2, prev))
        prev = canon.link(prev, out[-1].header)
    return out


def one_by_one(node: Here, parcels: Sequence[Parcel]) -> Taken:
    """A frame without the bulk way: each record is looked at alone."""
    taken = Taken()
    read = []
    with transaction.atomic(using=node.database):
        for place, parcel in enumerate(parcels):
            said = None
            try:
                said = header.decode(parcel.header)
                ingest._verify(said, parcel)
            except ValueError as error:
                taken.set_aside(parcel, said, str(error))
                continue
            read.append(entry(said, parcel, place))
        runs, ends = ingest._locked(node, read), ingest._ends(node, read)
        fresh, _ = ingest._unknown(read, ends, taken)
        if fresh:
            ingest._store(node, fresh)
            ingest._note(node, runs, fresh)
            ingest._verify_links(fresh, ends, taken)
            bulk.carry_out(node, bulk.Plan(odd=[e for e in fresh if model_for(e)]), taken)
        taken.write(node.database)
    return taken


def picture(node: Here) -> tuple[object, ...]:
    """All that a node believes and keeps."""
    with at(node):
        people = sorted(map(repr, Person.objects.values_list()))
        cases = sorted(map(repr, Case.objects.values_list()))
        records = sorted(
            map(repr, Record.objects.values_list("node", "run", "seq", "hash", "applied", "subject", "lane"))
        )
        runs = sorted(map(repr, Run.objects.values_list("node", "run", "last", "head", "ranges")))
        clashes = sorted(map(repr, Clash.objects.values_list("subject", "field", "sides", "notice", "open", "patient")))
        aside = sorted(map(repr, Quarantine.objects.values_list("node", "run", "seq", "reason")))
        return people, cases, records, runs, clashes, aside


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    moves=st.lists(STEP, min_size=3, max_size=20),
    odd=st.lists(ODD, max_size=6),
    dice=st.randoms(use_true_random=False),
)
def test_a_frame_at_once_is_its_records_one_by_one(
    trio: list[Here], moves: list[tuple[object, ...]], odd: list[tuple[str, int, dict[str, Any]]], dice: random.Random
) -> None:
    for node in trio:
        wipe(node.database)
        node.run = None
    for move in moves:
        if 2 not in move[1:3] or move[0] not in ("send", "create", "edit", "case", "act", "restart"):
            step(trio, move)
    parcels: list[Parcel] = []
    people: list[Any] = []
    for node in trio[:2]:
        with at(node):
            parcels += parcels_of(Record.objects.order_by("no"))
            people += Person.objects.order_by("pk").values_list("pk", flat=True)
    parcels += forged(odd, people)
    parcels = [p for p in parcels for _ in range(dice.choice((0, 1, 1, 1, 2)))]
    if parcels and dice.random() < 0.3:
        spoilt = dice.randrange(len(parcels))
        parcels[spoilt] = Parcel(parcels[spoilt].header, parcels[spoilt].fields, b"other", 2, parcels[spoilt].prev)
    dice.shuffle(parcels)
    cuts = sorted(dice.randint(0, len(parcels)) for _ in range(2))
    frames = [parcels[: cuts[0]], parcels[cuts[0] : cuts[1]], parcels[cuts[1] :]]
    target = trio[2]
    seen = []
    for way in (lambda frame: ingest.ingest(frame, "X"), lambda frame: one_by_one(target, frame)):
        wipe(target.database)
        target.run = None
        with at(target):
            told = [way(frame) for frame in frames]
        seen.append((picture(target), [(t.known, t.quarantined, t.alarms) for t in told]))
    assert seen[0] == seen[1]


@given(value=st.one_of(st.sampled_from(STRANGE), st.text(max_size=30), st.integers(), st.decimals().map(str)))
def test_the_quick_way_reads_what_the_careful_way_reads(value: Any) -> None:
    for model in (Person, Case, Observation):
        for field in canon.payload_fields(model):
            quick, careful = (_tried(way, value) for way in (layouts.layout(model).readers[field.name],
                                                             lambda v, f=field: canon.native(f, v)))  # fmt: skip
            assert quick == careful and type(quick) is type(careful), (field, value)


def _tried(way: Any, value: Any) -> Any:
    try:
        return way(value)
    except canon.Unfit as error:
        return str(error)


@given(data=st.binary(max_size=40) | st.text(max_size=40).map(str.encode), place=st.integers(0, 400))
def test_a_header_is_its_canonical_form_or_refused(data: bytes, place: int) -> None:
    said = header.Header("N", 1, 1, 5, "", "act", "registry.person", 1, "c", ids.named("s").hex, "", {},
                         ["é\x7f\\"], "", "", "0" * 64).encode()  # fmt: skip
    altered = said[:place] + data + said[place + len(data) :]
    try:
        found = header.decode(altered)
    except ValueError:
        return
    assert found.encode() == altered


def test_the_number_of_queries_does_not_grow_with_the_frame(trio: list[Here]) -> None:
    counts = []
    for many in (3, 90):
        for node in trio[:2]:
            wipe(node.database)
            node.run = None
        with at(trio[0]):
            for number in range(many):
                with writing(None, "person.register") as write:
                    person = write.save(Person(code="MMFE-T48G-2", phone=str(number + 10)))
                with writing(None, "person.edit") as write:
                    person.phone = "1"
                    write.save(person)
            parcels = parcels_of(Record.objects.order_by("no"))
        with at(trio[1]), CaptureQueriesContext(connections[trio[1].database]) as queries:
            assert ingest.ingest(parcels, "N0").new == 2 * many + 1
        counts.append(len(queries))
        with at(trio[1]):
            assert Person.objects.filter(phone="1").count() == many
            assert list(check.problems()) == []
    assert counts[0] == counts[1]


def test_two_processes_take_in_the_same_records_at_once(postgres: None, template: object) -> None:
    writer, hub = Here("N0", "unit", database="default"), Here("H", "hub", database="pg0")
    wipe("default")
    wipe("pg0")
    with at(writer):
        for number in range(30):
            with writing(None, "person.register") as write:
                person = write.save(Person(code="MMFE-T48G-2", phone=str(number)))
            with writing(None, "person.edit") as write:
                person.address = "x"
                write.save(person)
        parcels = parcels_of(Record.objects.order_by("no"))
    faults: list[BaseException] = []

    def take(seed: int) -> None:
        mixed = parcels.copy()
        random.Random(seed).shuffle(mixed)
        try:
            with at(hub):
                for start in range(0, len(mixed), 20):
                    ingest.ingest(mixed[start : start + 20], "N0")
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            faults.append(error)
        finally:
            connections["pg0"].close()

    threads = [threading.Thread(target=take, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    with at(hub):
        assert Record.objects.count() == len(parcels) and Person.objects.filter(address="x").count() == 30
        assert not Quarantine.objects.exists() and list(check.problems()) == []


def test_a_row_that_no_column_takes_is_found_by_halving(postgres: None, template: object) -> None:
    """JSON with a NUL in it passes Python's look and no PostgreSQL column."""
    hub = Here("H", "hub", database="pg0")
    wipe("pg0")
    parcels, prev = [], b""
    for seq in range(1, 40):
        subject = ids.named(f"v{seq}")
        fields = {"person": subject.hex, "unit": subject.hex, "day": "2026-01-02", "ticket": seq,
                  "opened_at": "2026-01-02T03:04:05.678Z"}  # fmt: skip
        if seq in (7, 23):
            fields["triage_basis"] = {"words": "a\0b"}
        data = canon.dumps(fields)
        said = header.Header("X", 7, seq, seq, "", "act", "clinic.visit", 1, "c", subject.hex, "", {}, [], "MS", "P",
                             canon.digest(b"s", data).hex())  # fmt: skip
        parcels.append(Parcel(said.encode(), data, b"s", 2, prev))
        prev = canon.link(prev, parcels[-1].header)
    with at(hub):
        taken = ingest.ingest(parcels, "X")
        from qafila.clinic.visits.models import Visit

        assert taken.quarantined == 2 and not taken.aside and Visit.objects.count() == 37
        assert set(Quarantine.objects.values_list("seq", flat=True)) == {7, 23}
        assert Record.objects.filter(applied=False).count() == 2


@pytest.mark.parametrize("text", ['{"a": 1', "[1]", "5", '"x"'])
def test_fields_that_are_no_object_are_set_aside(trio: list[Here], text: str) -> None:
    data = text.encode()
    subject = ids.named("s")
    said = header.Header("X", 7, 1, 5, "", "act", "registry.person", 1, "c", subject.hex, "", {}, [], "", "",
                         canon.digest(b"s", data).hex())  # fmt: skip
    with at(trio[0]):
        taken = ingest.ingest([Parcel(said.encode(), data, b"s", 2, b"")], "X")
        assert taken.quarantined == 1 and not taken.aside and not Person.objects.exists()
