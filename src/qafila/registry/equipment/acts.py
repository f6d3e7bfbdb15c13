"""The verbs of the equipment: right, rule, write. What was done is only added to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.text import Bad, parse_text
from qafila.packs import bedside
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.equipment.queries import state_of
from qafila.registry.places.here import local_day
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require_or_node
from qafila.registry.units.models import Unit

KEEP = "equipment.keep"
What = InstrumentEvent.What
LONGEST_DAYS = 3650


class EquipmentRefused(ActRefused):
    """What cannot be noted of an instrument."""


NO_SORT = _("Choose a kind of the list.")
NO_DAY = _("This day has not come yet.")
LONG_AGO = _("This day is too long ago: check the year.")
NO_DAYS = _("Write a whole number of days from 0 (never) to 3650.")
NO_WORDS = _("Write what is wrong.")
WHY = _("Write a reason.")
GONE = _("This instrument has left service.")
TWICE = _("The unit has this instrument already (same kind and serial number).")
NO_FAULT = _("This fault is no longer open.")
LONG = _("This text is too long.")


def add(
    unit: Unit,
    by: Staff | None,
    sort: str,
    *,
    maker: str = "",
    model: str = "",
    serial: str = "",
    since: date | None = None,
    calibrate_days: int | None = None,
    maintain_days: int | None = None,
    clean_days: int | None = None,
) -> Instrument:
    """Enter an instrument into the inventory of a unit; intervals left out are those of its kind.

    Raises `NotAllowed`, `EquipmentRefused`.
    """
    require_or_node(by, KEEP, unit)
    kind = bedside.equipment().find(sort)
    if kind is None:
        raise EquipmentRefused(NO_SORT)
    number = _words(serial, 40)
    if number and Instrument.objects.filter(unit_id=unit.pk, sort=sort, serial=number, retired__isnull=True).exists():
        raise EquipmentRefused(TWICE)
    with writing(by, "equipment.add") as write:
        return write.save(
            Instrument(
                unit=unit,
                sort=sort,
                maker=_words(maker, 40),
                model=_words(model, 40),
                serial=number,
                since=_past(since or local_day()),
                calibrate_days=_days(kind.calibrate_days if calibrate_days is None else calibrate_days),
                maintain_days=_days(kind.maintain_days if maintain_days is None else maintain_days),
                clean_days=_days(kind.clean_days if clean_days is None else clean_days),
            )
        )


def set_intervals(
    instrument: Instrument, by: Staff | None, calibrate_days: int, maintain_days: int, clean_days: int
) -> Instrument:
    """Say how often it is calibrated, maintained, cleaned. Raises `NotAllowed`, `EquipmentRefused`."""
    _ready(instrument, by)
    with writing(by, "equipment.set_intervals") as write:
        row = Instrument._base_manager.select_for_update().get(pk=instrument.pk)
        row.calibrate_days, row.maintain_days = _days(calibrate_days), _days(maintain_days)
        row.clean_days = _days(clean_days)
        return write.save(row)


def note(
    instrument: Instrument, by: Staff, what: str, day: date | None = None, *, good: bool = True, words: str = ""
) -> InstrumentEvent:
    """Write down that it was calibrated (`good`: it passed), maintained or cleaned.

    Raises `NotAllowed`, `EquipmentRefused`, `ValueError` for another word.
    """
    if what not in (What.CALIBRATION, What.MAINTENANCE, What.CLEANING):
        raise ValueError(what)
    return _event(instrument, by, what, day, good=good or what != What.CALIBRATION, note=_words(words, 300))


def report(instrument: Instrument, by: Staff, words: str, *, usable: bool) -> InstrumentEvent:
    """Open a fault. `usable`: it may be used all the same. Raises `NotAllowed`, `EquipmentRefused`."""
    said = _words(words, 300)
    if not said:
        raise EquipmentRefused(NO_WORDS)
    return _event(instrument, by, What.FAULT, None, good=usable, note=said)


def repair(instrument: Instrument, by: Staff, fault: UUID, words: str) -> InstrumentEvent:
    """End a fault, with what was done. Raises `NotAllowed`, `EquipmentRefused`."""
    said = _words(words, 300)
    if not said:
        raise EquipmentRefused(WHY)
    require_or_node(by, KEEP, instrument)
    if fault not in {f.pk for f in state_of(instrument).faults}:
        raise EquipmentRefused(NO_FAULT)
    return _event(instrument, by, What.REPAIR, None, note=said, fault=fault)


def retire(instrument: Instrument, by: Staff, reason: str) -> Instrument:
    """Take it out of service; its readings and its history stay. Raises `NotAllowed`, `EquipmentRefused`."""
    _ready(instrument, by)
    said = _words(reason, 200)
    if not said:
        raise EquipmentRefused(WHY)
    with writing(by, "equipment.retire") as write:
        row = Instrument._base_manager.select_for_update().get(pk=instrument.pk)
        row.retired, row.retired_reason = local_day(), said
        return write.save(row)


def _event(instrument: Instrument, by: Staff, what: str, day: date | None, **more: Any) -> InstrumentEvent:
    _ready(instrument, by)
    on = _past(day or local_day())
    with writing(by, f"equipment.{what}") as write:
        return write.save(
            InstrumentEvent(
                instrument_id=instrument.pk,
                unit_id=instrument.unit_id,
                what=what,
                day=on,
                by=by,
                at=clock.now(),
                **more,
            )
        )


def _ready(instrument: Instrument, by: Staff | None) -> None:
    require_or_node(by, KEEP, instrument)
    if Instrument.objects.filter(pk=instrument.pk, retired__isnull=False).exists():
        raise EquipmentRefused(GONE)


def _past(day: date) -> date:
    today = local_day()
    if day > today:
        raise EquipmentRefused(NO_DAY)
    if today - day > timedelta(days=40 * 366):
        raise EquipmentRefused(LONG_AGO)
    return day


def _days(count: int) -> int:
    if not 0 <= count <= LONGEST_DAYS:
        raise EquipmentRefused(NO_DAYS)
    return count


def _words(text: str, most: int) -> str:
    found = parse_text(text, most) if text.strip() else ""
    if isinstance(found, Bad):
        raise EquipmentRefused(LONG)
    return found.strip()
