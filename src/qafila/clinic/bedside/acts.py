"""The verbs of instruments that send their readings: what arrives is kept, and a person takes it into a visit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from qafila.clinic.bedside.models import Arrived, Nearby, Pairing, Radio
from qafila.clinic.bedside.moments import CLOCK, taken_at
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Observation, Visit
from qafila.clinic.visits.vitals import Reading, record_vitals
from qafila.devices.load import devices
from qafila.devices.measurement import Measurement
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.equipment.queries import by_serial
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Room, Unit

SEARCH = timedelta(seconds=20)
LIVE = timedelta(minutes=2)
"""A running series is one line that changes; after such a pause it is another."""
SHOWN = timedelta(hours=2)
KEEP = "equipment.keep"
DONE = N_("Somebody has dealt with this reading already.")
NO_READING = N_("The instrument has no reading.")
UNKNOWN = N_("This instrument is not known here.")


def receive(pairing: Pairing, found: Measurement) -> Arrived | None:
    """Keep what a paired instrument sent; None for what is here already, and for a running series without a reading.

    Some instruments send their last measurement again at each connection: they count once.
    """
    now = clock.now()
    at, believed = taken_at(found.taken, now, timezone.get_current_timezone(), stored=found.stored)
    values = [asdict(v) | {"number": None if v.number is None else f"{v.number:f}"[:30]} for v in found.values]
    nothing = all(v.number is None for v in found.values)
    if found.live and nothing:
        return None
    warns = [*found.warns, *([CLOCK] if found.taken is not None and not believed else [])]
    facts: dict[str, Any] = {
        "device": pairing.device, "maker": pairing.maker, "model": pairing.model, "serial": pairing.serial,
        "instrument": pairing.instrument, "room": pairing.room, "address": pairing.address, "values": values,
        "site": found.site, "warns": warns, "live": found.live, "stored": found.stored, "number": found.number,
        "taken": found.taken.isoformat() if found.taken else "", "at": at, "received_at": now,
    }  # fmt: skip
    if (
        found.taken is not None
        and Arrived.objects.filter(
            address=pairing.address, taken=facts["taken"], number=found.number, values=values
        ).exists()
    ):
        return None
    try:
        with transaction.atomic():
            before = None
            if found.live:
                open_ = Arrived.objects.filter(address=pairing.address, live=True, state=Arrived.State.WAITING)
                before = open_.filter(received_at__gte=now - LIVE).select_for_update().first()
            if before is not None:
                Arrived.objects.filter(pk=before.pk).update(**facts)
                kept = before
            else:
                kept = Arrived.objects.create(**facts)
            seen: dict[str, Any] = {"seen_at": now, "trouble": ""}
            if found.number is not None and found.stored:
                seen["last_number"] = found.number
            Pairing.objects.filter(pk=pairing.pk).update(**seen)
            return kept
    except IntegrityError:
        return None


def accept(arrived: Arrived, visit: Visit, by: Staff, *, confirmed: bool = False) -> list[Observation]:
    """Take a reading into a visit, with the instrument that it came from.

    Raises `NotAllowed`, `Refusal`, `Implausible`, `NeedsConfirmation`, `WrongState`.
    """
    require(by, "vitals.record", visit)
    with writing(by, "vitals.accept"):
        row = Arrived.objects.select_for_update().get(pk=arrived.pk)
        if row.state != Arrived.State.WAITING:
            raise Refusal(Message(DONE))
        readings = readings_of(row, confirmed=confirmed)
        if not readings:
            raise Refusal(Message(NO_READING))
        saved = record_vitals(visit, by, readings)
        row.state, row.visit, row.by, row.settled_at = Arrived.State.ACCEPTED, visit.pk, by.pk, clock.now()
        row.save()
    return saved


def readings_of(row: Arrived, *, confirmed: bool = False) -> list[Reading]:
    """What an arrived measurement is as readings of the clinic; what the instrument gave no number for is left out."""
    named = f"{row.maker} {row.model}".strip() or row.device
    return [
        Reading(
            v["key"], Decimal(v["number"]), v["unit"], v["sent"], method="", site=row.site, source="device",
            confirmed=confirmed, at=row.at, entered_unit=v["sent_unit"], device=named[:80], serial=row.serial,
            instrument=row.instrument,
        )
        for v in row.values
        if v["number"] is not None
    ]  # fmt: skip


def dismiss(arrived: Arrived, by: Staff) -> None:
    """Put a reading aside: of nobody, a trial, of another person. Raises `NotAllowed`."""
    require(by, "vitals.record")
    Arrived.objects.filter(pk=arrived.pk, state=Arrived.State.WAITING).update(
        state=Arrived.State.DISMISSED, by=by.pk, settled_at=clock.now()
    )


def waiting(visit: Visit) -> list[Arrived]:
    """What arrived lately at the visit's station, newest first."""
    rows = Arrived.objects.filter(state=Arrived.State.WAITING, received_at__gte=clock.now() - SHOWN)
    here = [r for r in rows.order_by("-received_at")[:50] if r.room is None or r.room == visit.room_id]
    return here[:12]


def radio() -> Radio:
    """What the radio says of itself."""
    return Radio.objects.order_by("pk").first() or Radio()


def search(by: Staff) -> None:
    """Ask the radio to look what is near. Raises `NotAllowed`."""
    require(by, KEEP)
    row = radio()
    row.search_until = clock.now() + SEARCH
    row.save()
    Nearby.objects.all().delete()


def pair(nearby: Nearby, by: Staff, unit: Unit, room: Room | None = None) -> Pairing:
    """Read an instrument from now on. Raises `NotAllowed`, `Refusal`."""
    require(by, KEEP, unit)
    if nearby.device not in devices():
        raise Refusal(Message(UNKNOWN))
    facts = {"device": nearby.device, "name": nearby.name, "room": room.pk if room else None, "by": by.pk}
    made, _new = Pairing.objects.update_or_create(address=nearby.address, defaults={**facts, "active": True})
    Nearby.objects.filter(pk=nearby.pk).delete()
    return made


def unpair(pairing: Pairing, by: Staff) -> None:
    """Read it no more; what it sent stays. Raises `NotAllowed`."""
    require(by, KEEP)
    Pairing.objects.filter(pk=pairing.pk).update(active=False)


def identify(pairing: Pairing, unit: Unit | None, maker: str, model: str, serial: str) -> Pairing:
    """What an instrument says of itself; its row in the inventory by its serial number."""
    row = Pairing.objects.get(pk=pairing.pk)
    row.maker, row.model, row.serial = maker[:40] or row.maker, model[:40] or row.model, serial[:40] or row.serial
    found = by_serial(unit, row.device, row.serial) if unit else None
    row.instrument = found.pk if found else row.instrument
    row.trouble, row.seen_at = "", clock.now()
    row.save()
    return row
