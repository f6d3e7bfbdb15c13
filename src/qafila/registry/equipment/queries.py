"""What is read of instruments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from qafila.registry.equipment import due
from qafila.registry.equipment.due import Due, Event, Trust
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.places.here import local_day
from qafila.registry.units.models import Unit


@dataclass
class State:
    """An instrument with all that is known of it today."""

    instrument: Instrument
    events: list[InstrumentEvent] = field(default_factory=list)
    calibration: Due = field(default_factory=lambda: Due("none"))
    maintenance: Due = field(default_factory=lambda: Due("none"))
    cleaning: Due = field(default_factory=lambda: Due("none"))
    faults: list[InstrumentEvent] = field(default_factory=list)
    """Those that are open."""

    @property
    def state(self) -> str:
        """The gravest of it: `retired`, `broken`, `fault`, `over`, `dirty`, `soon`, `good`."""
        if self.instrument.retired is not None:
            return "retired"
        if any(not f.good for f in self.faults):
            return "broken"
        if self.faults:
            return "fault"
        if {self.calibration.state, self.maintenance.state} & {"over", "failed"}:
            return "over"
        if self.cleaning.state == "over":
            return "dirty"
        return "soon" if "soon" in (self.calibration.state, self.maintenance.state) else "good"


def of_unit(unit: Unit | None, *, retired: bool = False) -> list[State]:
    """The instruments of a unit (None: of all units) in order of kind. Two queries."""
    rows = Instrument.objects.all() if unit is None else Instrument.objects.filter(unit_id=unit.pk)
    if not retired:
        rows = rows.filter(retired__isnull=True)
    return _states(list(rows.order_by("unit_id", "sort", "id")))


def state_of(instrument: Instrument) -> State:
    """One of them."""
    return _states([instrument])[0]


def _states(instruments: list[Instrument]) -> list[State]:
    events, today = events_of(i.pk for i in instruments), local_day()
    return [_state(one, events[one.pk], today) for one in instruments]


def _state(one: Instrument, events: list[InstrumentEvent], today: date) -> State:
    plain = _plain(events)
    open_now = {e.own for e in due.open_faults(plain, today)}
    return State(
        one,
        events,
        due.due(due.CALIBRATION, one.since, one.calibrate_days, plain, today),
        due.due(due.MAINTENANCE, one.since, one.maintain_days, plain, today),
        due.due(due.CLEANING, one.since, one.clean_days, plain, today),
        [e for e in events if e.pk in open_now],
    )


def events_of(instruments: Iterable[UUID]) -> dict[UUID, list[InstrumentEvent]]:
    """Instrument → what was done to it, oldest first."""
    found: dict[UUID, list[InstrumentEvent]] = defaultdict(list)
    for event in InstrumentEvent.objects.filter(instrument_id__in=list(instruments)).order_by("day", "at", "id"):
        found[event.instrument_id].append(event)
    return found


def _plain(events: Iterable[InstrumentEvent]) -> list[Event]:
    return [Event(e.what, e.day, e.good, e.pk, e.fault) for e in events]


def trust_on(instrument: UUID, day: date) -> tuple[Instrument, Trust] | None:
    """Whether a reading that an instrument took on a day may be relied on; None for one that is not on this node.

    Two queries. Computed from the dates each time, so that a calibration entered late counts.
    """
    one = Instrument.objects.filter(pk=instrument).first()
    if one is None:
        return None
    return one, due.trust(one.since, one.calibrate_days, _plain(events_of([instrument])[instrument]), day)


def by_serial(unit: Unit, sort: str, serial: str) -> Instrument | None:
    """The instrument of a unit that has this number."""
    rows = Instrument.objects.filter(unit_id=unit.pk, sort=sort, serial=serial, retired__isnull=True)
    return rows.order_by("-id").first() if serial else None
