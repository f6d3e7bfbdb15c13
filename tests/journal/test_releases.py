"""The journal of every release, read by the program of today; and no layout that changes unnoticed."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from qafila.journal import canon, check
from qafila.journal.header import CREATE
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Quarantine, Record, Recorded
from qafila.journal.upcast import Upcast, climb
from qafila.registry.people.models import Person
from tests.conftest import wipe
from tests.journal.layouts import faults, known, released
from tests.journal.release_log import RELEASES, parcel, read, recorded, rows_here

FOUND = sorted(p.name for p in RELEASES.iterdir())


@pytest.fixture(params=["sqlcipher", "postgresql"])
def empty(request: pytest.FixtureRequest, template: object) -> Here:
    """A node that has nothing: a unit on SQLCipher, a hub on PostgreSQL."""
    if request.param == "postgresql":
        request.getfixturevalue("postgres")
        wipe("pg0")
        return Here("NEW", "hub", database="pg0")
    wipe("default")
    return Here("NEW", "unit", database="default", confirmed_by_hub=True)


def today(log: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The rows of a release as they have to be now: what it saw, brought to today's layout."""
    models = {m.kind(): m for m in recorded()}
    return {
        kind: {pk: _row(models[kind], log["schemas"][kind], values) for pk, values in rows.items()}
        for kind, rows in log["rows"].items()
    }


def _row(model: type[Recorded], schema: int, values: dict[str, Any]) -> dict[str, Any]:
    fields, _ = climb(model.upcasts, model.schema, schema, CREATE, values, {})
    return {f.name: fields[f.name] if f.name in fields else canon.unsaid(f) for f in canon.payload_fields(model)}


def test_there_is_a_log_of_each_release_and_it_is_small() -> None:
    assert "0.1" in FOUND
    assert all((RELEASES / name / "journal.json.xz").stat().st_size < 150_000 for name in FOUND)


@pytest.mark.parametrize("order", ["as it came", "shuffled"])
@pytest.mark.parametrize("release", FOUND)
def test_the_journal_of_a_release_gives_its_rows(empty: Here, release: str, order: str) -> None:
    log = read(release)
    parcels = [parcel(said) for said in log["records"]]
    hashes = {said["hash"] for said in log["records"]}
    assert {canon.link(p.prev, p.header).hex() for p in parcels} == hashes
    if order == "shuffled":
        random.Random(7).shuffle(parcels)
    with at(empty):
        size = 150 if order == "shuffled" else len(parcels)
        for start in range(0, len(parcels), size):
            taken = ingest(parcels[start : start + size])
            assert not taken.quarantined and not taken.alarms
        assert list(check.problems()) == []
        assert not Quarantine.objects.exists()
        assert not Record.objects.filter(applied=False).exists()
        assert rows_here() == today(log)
        key = ("node", "run", "seq")
        assert sorted(map(repr, parcels_of(Record.objects.order_by(*key)))) == sorted(map(repr, parcels))
        assert {bytes(h).hex() for h in Record.objects.values_list("hash", flat=True)} == hashes


@pytest.mark.parametrize("release", FOUND)
def test_the_log_of_a_release_holds_every_kind_that_it_had(release: str) -> None:
    log = read(release)
    assert set(log["rows"]) == set(log["schemas"]) == set(log["layouts"])
    assert {name for rows in log["rows"].values() for row in rows.values() for name in row} >= {"label", "custodian"}


def test_no_kind_changes_its_layout_without_a_number_and_a_step() -> None:
    assert faults(known(), released(), recorded()) == []


def test_a_layout_that_changed_in_silence_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    layouts = known()
    kind, number = Person.kind(), str(Person.schema)

    def found(said: Any) -> list[str]:
        return faults(said, released(), recorded())

    longer = copy.deepcopy(layouts)
    longer[kind][number]["phone"] = 'CharField 19 unsaid ""'
    assert any("Raise `schema`" in words for words in found(longer))
    dropped = copy.deepcopy(layouts)
    del dropped[kind][number]["phone"]
    assert found(dropped)
    monkeypatch.setattr(Person, "schema", Person.schema + 1)
    raised = copy.deepcopy(layouts)
    raised[kind][str(Person.schema)] = raised[kind][number]
    assert found(raised) == [f"{kind}: needs one step from each number below {Person.schema}, no more and no less"]
    monkeypatch.setattr(Person, "upcasts", {**Person.upcasts, Person.schema - 1: Upcast()})
    assert found(raised) == []
    raised[kind][number]["phone"] = "another"
    assert any("not what was released" in words for words in found(raised))
    gone = [m for m in recorded() if m is not Person]
    assert any("keeps its name" in words for words in faults(layouts, released(), gone))
