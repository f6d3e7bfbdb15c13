"""Records of earlier and later layouts: read by today's names, kept untouched, folded when the program knows them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from qafila.journal import check, history
from qafila.journal import refold as catching_up
from qafila.journal.entries import Parcel
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Clash, Folded, Quarantine, Record
from qafila.journal.signals import ingested
from qafila.journal.stamps import Stamp
from qafila.journal.upcast import Fields, Upcast, climb
from qafila.journal.write import writing
from qafila.kernel import ids
from qafila.registry.people.models import Person
from tests.journal.author import Author

ROW = ("pk", "heads", "phone", "address", "description", "language", "code")


def cut(fields: Fields) -> Fields:
    """`place` was "street; how to find it"."""
    for name, part in (("address", 0), ("description", 1)):
        if name in fields:
            fields[name] = [*fields[name].split("; "), ""][part]
    return fields


HISTORY = {
    1: Upcast(origin={"phone": "telephone"}, unsaid={"language": "fr"}),
    2: Upcast(origin={"address": "place", "description": "place"}, fields=cut, dropped=frozenset({"fax"})),
}
"""Layout 1 had `telephone`, no language (everyone spoke French); layouts 1 and 2 had `place` and `fax`."""


@contextmanager
def program(schema: int) -> Iterator[None]:
    """As if this process ran the program that knows the person's layouts up to `schema`; 0: not even the kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Person, "schema", schema)
        patch.setattr(Person, "upcasts", {n: step for n, step in HISTORY.items() if n < schema})
        if schema == 0:
            from qafila.journal import apply

            known = apply.recorded_model
            patch.setattr(apply, "recorded_model", lambda kind: None if kind == Person.kind() else known(kind))
        yield


def update(node: Here) -> None:
    """What `migrate` runs at its end."""
    with at(node):
        catching_up.catch_up(node)


def rows(node: Here) -> list[Any]:
    with at(node):
        assert list(check.problems()) == []
        return sorted(Person.objects.values_list(*ROW))


def told(node: Here) -> list[tuple[object, ...]]:
    """All that follows from the records."""
    with at(node):
        # One that is over may never have been seen where the records came in another order.
        found = Clash.objects.filter(open=True)
        clashes = sorted(map(repr, found.values_list("subject", "field", "sides", "notice", "patient")))
        kept = sorted(map(repr, Record.objects.values_list("node", "run", "seq", "hash", "applied")))
        return [tuple(rows(node)), tuple(clashes), tuple(kept)]


def everything(node: Here) -> list[Parcel]:
    with at(node):
        return parcels_of(Record.objects.order_by("node", "run", "seq"))


WHO = ids.named("somebody")


def test_a_step_renames_cuts_drops_and_says_what_was_meant() -> None:
    old = {"telephone": "06", "place": "Street; the blue door", "fax": "1", "code": "c"}
    seen = {"telephone": ["1.1.A"], "place": ["2.1.A"], "": ["3.1.A"]}
    assert climb(HISTORY, 3, 1, "c", old, {}) == (
        {"phone": "06", "address": "Street", "description": "the blue door", "code": "c", "language": "fr"},
        {},
    )
    assert climb(HISTORY, 3, 1, "u", {"place": "x"}, seen) == (
        {"address": "x", "description": ""},
        {"phone": ["1.1.A"], "address": ["2.1.A"], "description": ["2.1.A"], "": ["3.1.A"]},
    )
    swapped = Upcast(origin={"phone": "address", "address": "phone"})
    assert swapped("u", {"phone": "1", "address": "2"}, {"phone": ["1.1.A"]}) == (
        {"phone": "2", "address": "1"},
        {"address": ["1.1.A"]},
    )
    assert climb(HISTORY, 3, 3, "c", {"phone": "1"}, {}) == ({"phone": "1"}, {})


@pytest.mark.parametrize("schema", [0, -1, 1])
def test_a_layout_without_a_step_is_refused(schema: int) -> None:
    with pytest.raises(ValueError, match="step"):
        climb({2: HISTORY[2]} if schema == 1 else HISTORY, 3, schema, "c", {}, {})


def old_and_new() -> list[Parcel]:
    """A person whose record was written under three layouts, each author having seen what was there."""
    author = Author()
    first = author.write(1, "c", WHO, {"code": "c", "telephone": "06", "place": "Street; blue door", "fax": "9"})
    second = author.write(1, "u", WHO, {"telephone": "07"}, {"": [first]})
    third = author.write(2, "u", WHO, {"phone": "08", "place": "Alley; red door"}, {"": [first], "phone": [second]})
    author.write(3, "u", WHO, {"description": "green door"}, {"": [third]})
    author.write(2, "c", ids.named("other"), {"code": "d", "place": "Square"})
    return author.parcels


NOW = [("08", "Alley", "green door", "fr", "c"), ("", "Square", "", "", "d")]


def test_one_frame_single_records_and_a_later_update_give_the_same_rows(trio: list[Here]) -> None:
    parcels = old_and_new()
    at_once, singly, updated = trio
    with program(3):
        with at(at_once):
            assert not ingest(parcels).quarantined
        with at(singly):
            for parcel in reversed(parcels):
                ingest([parcel])
    with program(1), at(updated):
        ingest(parcels)
        assert Record.objects.filter(applied=False).count() == 3 and Person.objects.count() == 1
    with program(3):
        update(updated)
        assert told(at_once) == told(singly) == told(updated)
        assert sorted(r[2:] for r in rows(at_once)) == sorted(NOW)
        assert everything(at_once) == everything(updated) == parcels
        with at(singly):
            words = [e.fields for e in history.of_subject(WHO)]
            assert words[0] and words[0]["phone"] == "06" and "telephone" not in words[0]
            assert Folded.objects.count() == 0
        update(singly)
        assert told(singly) == told(updated)


def test_both_sides_of_a_renamed_field_meet_in_one_clash(trio: list[Here]) -> None:
    old, new = Author("A"), Author("B", 2 << 50)
    first = old.write(1, "c", WHO, {"code": "c", "telephone": "06"})
    one = old.write(1, "u", WHO, {"telephone": "07"}, {"": [first]})
    two = new.write(3, "u", WHO, {"phone": "08"}, {"": [first]})
    parcels = [*old.parcels, *new.parcels]
    a, b, c = trio
    with program(3):
        for node, some in ((a, parcels), (b, parcels[::-1])):
            with at(node):
                ingest(some)
                clash = Clash.objects.get(open=True)
                assert clash.field == "phone" and '"07"' in clash.sides and '"08"' in clash.sides
        assert told(a) == told(b)
    with program(1), at(c):
        ingest(parcels)
        assert not Clash.objects.exists()
    new.write(3, "u", WHO, {"phone": "09"}, {"phone": [one, two]})
    with program(3):
        update(c)
        assert told(c)[:2] == told(a)[:2]
        for node in trio:
            with at(node):
                ingest(new.parcels)
                assert Person.objects.get().phone == "09" and not Clash.objects.filter(open=True).exists()


@pytest.mark.parametrize("before", [0, 1])
def test_what_is_too_new_is_kept_passed_on_and_folded_after_the_update(trio: list[Here], before: int) -> None:
    parcels = old_and_new()
    early, late, third = trio
    with program(before):
        with at(early):
            taken = ingest(parcels)
            assert (taken.new, taken.quarantined, taken.alarms) == (5, 0, [])
            assert list(check.chain_faults()) == []
            # A person at the old node goes on working with what is seen there.
            for person in Person.objects.all():
                person.sex = "female"
                with writing(None, "person.edit") as write:
                    write.save(person)
        assert everything(early)[-5:] == parcels
        with at(late):
            ingest(everything(early), "N0")
            ingest(everything(early), "N0")
        assert everything(late) == everything(early)
    with program(3):
        for node in trio[:2]:
            with at(node):
                call_command("migrate", database=node.database, verbosity=0)
        with at(third):
            ingest(everything(late))
        assert rows(early) == rows(late) == rows(third)
        assert told(early) == told(late)
        with at(early):
            assert not Record.objects.filter(applied=False).exists() and not Quarantine.objects.exists()


def test_what_follows_from_an_arrival_follows_once_when_it_takes_effect(trio: list[Here]) -> None:
    node = trio[0]
    heard: list[tuple[str, UUID, bool]] = []

    def listen(records: list[Any], **more: Any) -> None:
        heard.extend((r.kind, r.subject, r.applied) for r in records)

    ingested.connect(listen)
    try:
        with program(1), at(node):
            ingest(old_and_new())
        heard.clear()
        with program(3):
            update(node)
            assert len(heard) == 3 and {h[1] for h in heard} == {WHO, ids.named("other")} and all(h[2] for h in heard)
            update(node)
            assert len(heard) == 3
    finally:
        ingested.disconnect(listen)


def test_one_that_fails_keeps_nobody_from_starting(trio: list[Here]) -> None:
    node = trio[0]
    author = Author()
    author.write(2, "c", WHO, {"code": "c", "place": 7})
    author.write(3, "c", ids.named("long"), {"code": "x" * 99})
    for n in range(5):
        author.write(3, "c", ids.named(f"p{n}"), {"code": f"{n}"})

    def stumble(records: list[Any], **more: Any) -> None:
        if any(r.subject == ids.named("p3") for r in records):
            raise KeyError("a side effect")

    with program(1), at(node):
        ingest(author.parcels)
        assert Person.objects.count() == 0
    ingested.connect(stumble)
    try:
        with program(3):
            update(node)
    finally:
        ingested.disconnect(stumble)
    with program(3), at(node):
        assert set(Person.objects.values_list("code", flat=True)) == {"0", "1", "2", "4"}
        assert {(q.seq, q.settled) for q in Quarantine.objects.all()} == {(1, False), (2, False)}
        update(node)
        assert Person.objects.count() == 5 and Quarantine.objects.count() == 2
        # Mail of the same frame that arrives today fares no better and no worse.
        with at(trio[1]):
            assert ingest(author.parcels).quarantined == 2 and Person.objects.count() == 5


def test_an_older_program_put_back_folds_nothing_away(trio: list[Here]) -> None:
    node = trio[0]
    with program(3), at(node):
        ingest(old_and_new())
        update(node)
        before = rows(node)
    with program(1):
        update(node)
    with program(3):
        assert rows(node) == before


def life(dice: random.Random, people: list[UUID]) -> list[Parcel]:
    """Three authors of three releases write about the same people, each having seen some of what the others wrote."""
    old = {1: ("telephone", "place", "code"), 2: ("phone", "place", "code"), 3: ("phone", "address", "code")}
    authors = [Author(f"A{schema}", (1 << 50) + schema * 100) for schema in old]
    stamps: dict[UUID, list[Stamp]] = {}
    for person in people:
        author, schema = authors[dice.randrange(3)], dice.choice((1, 2, 3))
        stamps[person] = [author.write(schema, "c", person, {"code": "c", old[schema][1]: f"a{dice.random():.3f}; b"})]
    for _ in range(dice.randint(3, 14)):
        person, schema, author = dice.choice(people), dice.choice((1, 2, 3)), dice.choice(authors)
        names = dice.sample(old[schema], dice.choice((1, 2)))
        base: dict[str, list[Stamp]] = {
            "": dice.sample(stamps[person], min(len(stamps[person]), dice.choice((1, 1, 2))))
        }
        if dice.random() < 0.3:
            base[names[0]] = [dice.choice(stamps[person])]
        fields = {name: f"v{dice.random():.3f}; w"[:20] for name in names}
        stamps[person].append(author.write(schema, "u", person, fields, base))
    return [parcel for author in authors for parcel in author.parcels]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_order_and_whenever_a_node_is_updated_all_are_equal(trio: list[Here], seed: int) -> None:
    dice = random.Random(seed)
    parcels = life(dice, [ids.named(f"p{n}") for n in range(3)])
    for node in trio:
        mixed = [p for p in parcels for _ in range(dice.choice((1, 1, 2)))]
        dice.shuffle(mixed)
        size = dice.choice((1, 3, 50))
        for schema in (dice.choice((0, 1)), 2, 3):
            share = len(mixed) if schema == 3 else dice.randrange(len(mixed) + 1)
            some, mixed = mixed[:share], mixed[share:]
            with program(schema):
                update(node)
                with at(node):
                    for start in range(0, len(some), size):
                        assert not ingest(some[start : start + size]).alarms
    with program(3):
        assert told(trio[0]) == told(trio[1]) == told(trio[2])
        with at(trio[0]):
            assert not Record.objects.filter(applied=False).exists() and not Quarantine.objects.exists()


def test_a_batch_that_is_cut_off_goes_on(trio: list[Here], monkeypatch: pytest.MonkeyPatch) -> None:
    node = trio[0]
    author = Author()
    for n in range(25):
        author.write(2, "c", ids.named(f"p{n}"), {"code": f"{n}", "place": f"s{n}; t"})
    with program(1), at(node):
        ingest(author.parcels)
    monkeypatch.setattr(catching_up, "BATCH", 4)
    whole, turns = catching_up._refold, []

    def killed(*args: Any) -> int:
        turns.append(1)
        if len(turns) == 3:
            raise KeyboardInterrupt
        return whole(*args)

    with program(3), at(node):
        monkeypatch.setattr(catching_up, "_refold", killed)
        with pytest.raises(KeyboardInterrupt):
            catching_up.catch_up(node)
        assert 0 < Person.objects.count() < 25
        monkeypatch.setattr(catching_up, "_refold", whole)
        assert catching_up.catch_up(node) == 25 - 8
        assert Person.objects.filter(description="t").count() == 25
        assert list(check.problems()) == []
