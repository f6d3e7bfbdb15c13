"""Instruments: what is due is computed from dates, and said of each reading of one that was out of calibration."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.devices.load import devices
from qafila.kernel.rights import NotAllowed
from qafila.packs import bedside
from qafila.registry.equipment import acts, due, queries
from qafila.registry.equipment.acts import EquipmentRefused
from qafila.registry.equipment.due import Event
from qafila.registry.places.here import local_day

SINCE = date(2026, 1, 1)
days = st.integers(0, 900).map(lambda n: SINCE + timedelta(days=n))
events = st.lists(
    st.builds(Event, st.sampled_from([due.CALIBRATION, due.MAINTENANCE, due.CLEANING]), days, st.booleans()), max_size=6
)


@given(events, days, st.integers(0, 400))
def test_the_order_of_what_was_done_does_not_count(done: list[Event], on: date, every: int) -> None:
    found = due.due(due.MAINTENANCE, SINCE, every, done, on)
    before = [e for e in done if e.day <= on]
    assert found == due.due(due.MAINTENANCE, SINCE, every, before, on)
    if all(e.good for e in done):
        assert found == due.due(due.MAINTENANCE, SINCE, every, list(reversed(done)), on)
    assert (found.state == "none") == (every == 0)


def test_the_last_day_counts_and_a_failed_calibration_does_not() -> None:
    year = [Event(due.CALIBRATION, SINCE)]
    last = SINCE + timedelta(days=365)
    assert due.trust(SINCE, 365, year, last).state == "good"
    late = due.trust(SINCE, 365, year, last + timedelta(days=1))
    assert late.state == "over" and late.since == last and late.doubtful
    # A calibration that is entered late sets it right from its own day on.
    more = [*year, Event(due.CALIBRATION, last + timedelta(days=2))]
    assert due.trust(SINCE, 365, more, last + timedelta(days=2)).state == "good"
    assert due.trust(SINCE, 365, more, last + timedelta(days=1)).state == "over"
    failed = [Event(due.CALIBRATION, SINCE, good=False)]
    assert due.trust(SINCE, 365, failed, SINCE).state == "failed"
    assert due.trust(SINCE, 0, [], date(2050, 1, 1)).state == "good"


def test_an_open_fault_stops_it_until_it_is_repaired() -> None:
    fault = uuid4()
    broken = [Event(due.FAULT, SINCE, good=False, own=fault)]
    assert due.trust(SINCE, 0, broken, SINCE).state == "broken"
    mended = [*broken, Event(due.REPAIR, SINCE + timedelta(days=3), of=fault)]
    assert due.trust(SINCE, 0, mended, SINCE + timedelta(days=2)).state == "broken"
    assert due.trust(SINCE, 0, mended, SINCE + timedelta(days=3)).state == "good"
    assert due.trust(SINCE, 0, [Event(due.FAULT, SINCE, good=True, own=fault)], SINCE).state == "good"


def test_every_bluetooth_device_is_a_kind_of_instrument() -> None:
    assert {bedside.equipment().find(name) is not None for name in devices()} == {True}


def test_the_life_of_an_instrument(crew: Any) -> None:
    by, unit, today = crew.assistant, crew.unit, local_day()
    one = acts.add(unit, by, "thermometer", maker="Acme", model="T3", serial="S-1", since=today - timedelta(days=400))
    state = queries.state_of(one)
    assert (state.state, state.calibration.state, state.calibration.by) == ("over", "over", today - timedelta(days=35))
    trusted = queries.trust_on(one.pk, today)
    assert trusted is not None and trusted[1].state == "over"
    with pytest.raises(EquipmentRefused):
        acts.note(one, by, "calibration", today + timedelta(days=1))
    acts.note(one, by, "calibration", today, words="Certificate 7")
    acts.note(one, by, "cleaning")
    assert queries.state_of(one).state == "good"
    fault = acts.report(one, by, "The cap is broken", usable=True)
    assert queries.state_of(one).state == "fault"
    acts.repair(one, by, fault.pk, "A new cap")
    with pytest.raises(EquipmentRefused):
        acts.repair(one, by, fault.pk, "again")
    with pytest.raises(EquipmentRefused):
        acts.add(unit, by, "thermometer", serial="S-1")
    one = acts.set_intervals(one, by, 0, 30, 0)
    assert queries.state_of(one).calibration.state == "none"
    acts.retire(one, by, "Lost")
    with pytest.raises(EquipmentRefused):
        acts.note(one, by, "cleaning")
    assert queries.of_unit(unit) == [] and len(queries.of_unit(unit, retired=True)) == 1
    assert queries.by_serial(unit, "thermometer", "S-1") is None


def test_who_may_and_what_is_refused(crew: Any) -> None:
    with pytest.raises(NotAllowed):
        acts.add(crew.unit, crew.admin, "thermometer")
    for wrong in ({"sort": "toaster"}, {"sort": "ecg", "maker": "x" * 41}, {"sort": "ecg", "calibrate_days": -1}):
        with pytest.raises(EquipmentRefused):
            acts.add(crew.unit, crew.assistant, **wrong)
    one = acts.add(crew.unit, crew.assistant, "ecg")
    for words in ("", "  ", "x" * 301):
        with pytest.raises(EquipmentRefused):
            acts.report(one, crew.assistant, words, usable=False)
    assert queries.trust_on(uuid4(), local_day()) is None
