"""What the link may cost: what waits for tomorrow and for the parked vehicle, and what always goes."""

from __future__ import annotations

import os
from datetime import timedelta
from uuid import uuid4

import pytest

from qafila.journal import blobs
from qafila.journal.here import at
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.sync import budget, outlook, state
from qafila.sync.models import LinkDay
from tests.sync.pair import Pair, pending, register

BY = uuid4()


def files(pair: Pair) -> dict[int, str]:
    """A file in each of the lanes 0, 3 and 4."""
    with at(pair.unit):
        return {lane: blobs.put(os.urandom(20_000), "image/jpeg", lane=lane).sha256 for lane in (0, 3, 4)}


def on_hub(pair: Pair, names: dict[int, str]) -> set[int]:
    with at(pair.hub):
        return {lane for lane, name in names.items() if blobs.have(name)}


def test_records_and_urgent_files_go_when_the_bytes_of_the_day_are_used_up(pair: Pair) -> None:
    names = files(pair)
    register(pair.unit)
    with at(pair.unit):
        budget.choose(BY, 1, "", parked_only=False)
        budget.note(600_000, 400_000)
        assert budget.read().used_up
    pair.sync()
    assert on_hub(pair, names) == {0} and pending(pair.unit) == 0
    with at(pair.unit):
        assert {w.lane: w.held for w in outlook.read().lanes} == {3: "tomorrow", 4: "tomorrow"}
        budget.send_anyway(BY)
    pair.sync()
    assert on_hub(pair, names) == {0, 3, 4}


def test_the_next_day_has_bytes_of_its_own_and_no_leave_of_yesterday(pair: Pair) -> None:
    names = files(pair)
    with at(pair.unit):
        budget.choose(BY, 1, "", parked_only=False)
        budget.note(2_000_000, 0)
        budget.send_anyway(BY)
        with clock.reading_from((clock.now() + timedelta(days=1)).timestamp):
            assert not budget.read().anyway and not budget.read().used_up
    pair.sync()
    assert on_hub(pair, names) == {0, 3, 4}


def test_large_files_wait_for_parking_which_ends_by_itself(pair: Pair) -> None:
    names = files(pair)
    with at(pair.unit):
        budget.choose(BY, 0, "", parked_only=True)
    pair.sync()
    assert on_hub(pair, names) == {0, 3}
    with at(pair.unit):
        assert state.of_file(names[4]).held and not state.of_file(names[3]).held
        budget.park(BY)
        with clock.reading_from((clock.now() + budget.PARKED + timedelta(seconds=1)).timestamp):
            assert budget.read().held_back == {Lane.BULK}
        with clock.reading_from((clock.now() - timedelta(days=365)).timestamp):
            # A clock set back must not park the vehicle for a year.
            assert budget.read().held_back == {Lane.BULK}
    pair.sync()
    assert on_hub(pair, names) == {0, 3, 4}


def test_each_line_has_its_own_bytes(pair: Pair) -> None:
    with at(pair.unit):
        budget.choose(BY, 1, "SIM 1", parked_only=False)
        budget.note(2_000_000, 0)
        budget.choose(BY, 1, "SIM 2", parked_only=False)
        assert not budget.read().used_up
        budget.note(1, -5)
        assert LinkDay.objects.get(line="SIM 2").down == 0
        with pytest.raises(ValueError, match="megabytes"):
            budget.choose(BY, -1, "", parked_only=False)


def test_the_hub_hears_what_waits_on_the_unit(pair: Pair) -> None:
    register(pair.unit)
    names = files(pair)
    with at(pair.unit):
        budget.choose(BY, 0, "", parked_only=True)
    pair.sync()
    with at(pair.hub):
        told = state.nodes()[0].told
        assert told == (2, 3, 60_000)
    assert on_hub(pair, names) == {0, 3}


def test_how_far_the_sending_is_are_bytes_that_the_hub_has_confirmed(pair: Pair) -> None:
    with at(pair.unit), writing(None, "person.register") as write:
        for number in range(40):
            write.save(Person(code=f"P{number}"))
    with at(pair.unit):
        whole = outlook.read()
        assert (whole.done, whole.percent, whole.rate, whole.sending) == (0, 0, None, False)
        session = pair.session()
        request = session.next()
        assert request
        session.receive(pair.ask(request.data)[1])
        outlook.note_sent(session.report.raw_up, 2_000, session.report.frames_up / session.report.raw_up, 0)
        after = outlook.read()
        assert after.done == session.report.raw_up and after.total == whole.total
        while (request := session.next()) is not None:
            session.receive(pair.ask(request.data)[1])
        assert session.report.raw_up == whole.total
        outlook.note_sent(0, 2_000, None, 0)
        assert outlook.read().done == 0


def test_sizes_of_many_records_come_from_a_sample(pair: Pair) -> None:
    with at(pair.unit), writing(None, "person.register") as write:
        for number in range(state.SAMPLE + 100):
            write.save(Person(code=f"P{number:04}"))
    with at(pair.unit):
        (lane,) = outlook.read().lanes
        assert lane.records == state.SAMPLE + 101
        assert lane.size == pytest.approx(state.records_bytes(Lane.RECORD, 1) * lane.records, rel=0.01)
