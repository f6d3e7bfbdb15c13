"""Five instruments on a virtual radio, read at once, into a visit; and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from bumble.link import LocalLink
from django.db import connections
from django.utils import timezone as django_timezone

from qafila.clinic.bedside import acts
from qafila.clinic.bedside.models import Arrived, Nearby, Pairing, Radio
from qafila.clinic.bedside.moments import taken_at
from qafila.clinic.refusal import Implausible, NeedsConfirmation, Refusal
from qafila.clinic.visits.models import Observation
from qafila.devices.load import HERE, devices
from qafila.devices.measurement import Measurement, Value
from qafila.journal.here import at
from qafila.kernel import clock
from qafila.node.radio.collector import MOST_WAITING, Collector, Paired
from qafila.node.radio.inbox import Inbox
from qafila.node.radio.machine import MachineRadio, adapter_present, long_uuid, short_uuid
from qafila.node.radio.port import Seen, Trouble
from qafila.registry.equipment import acts as equipment
from qafila.registry.units.acts import assign_node
from tests.node.radio.virtual import Instrument, VirtualRadio, address_of


def packet(device: str, name: str) -> tuple[str, bytes]:
    said = json.loads((HERE / device / "samples" / f"{name}.json").read_text())
    return said["characteristic"], bytes.fromhex(said["packet"])


async def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait for a state of the database."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(true):
            pass


@pytest.fixture
def here(crew: Any) -> Any:
    assign_node(crew.unit, "U1", None)
    return crew


def five(link: LocalLink) -> list[Instrument]:
    meter = [packet("glucose_meter", n) for n in ("molar", "per_litre_with_offset", "control_solution")]
    return [
        Instrument(
            link,
            1,
            "1809",
            [packet("thermometer", "fahrenheit_with_time_and_place"), ("2A1C", b"\xff")],
            serial="T-1",
            leaves=True,
        ),
        Instrument(link, 2, "1810", [packet("blood_pressure", "plain")], serial="B-1"),
        Instrument(link, 3, "1822", [packet("oximeter", "running")] * 3, serial="O-1"),
        Instrument(link, 4, "181D", [packet("weight_scale", "pounds_with_height")], serial="W-1"),
        Instrument(link, 5, "1808", meter, serial="G-1", memory="2A52"),
    ]


def test_five_instruments_at_once_into_a_visit(here: Any) -> None:
    scale = equipment.add(here.unit, None, "weight_scale", serial="W-1", since=clock.now().date() - timedelta(days=500))
    acts.search(here.nurse)
    Radio.objects.update(search_until=clock.now() + timedelta(hours=1))

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        link = LocalLink()
        instruments, radio = five(link), VirtualRadio(link)
        radio.expected = 5
        for one in instruments:
            await one.start()
        await radio.start()
        stop = asyncio.Event()
        working = asyncio.create_task(Collector(radio, Inbox(), pause=0.01, scan_s=1).run(stop))
        await until(lambda: Nearby.objects.count() == 5)
        await asyncio.to_thread(Radio.objects.update, search_until=None)
        await asyncio.to_thread(pair_all, here)
        await until(lambda: Arrived.objects.count() >= 7 and Pairing.objects.filter(serial="").count() == 0)
        stop.set()
        await working
        for one in instruments:
            await one.stop()
        await asyncio.to_thread(connections.close_all)

    with at(here.node):
        contextvars.copy_context().run(lambda: asyncio.run(run()))
    kept = {(r.device, r.number): r for r in Arrived.objects.all()}
    assert {d for d, _ in kept} == set(devices())
    assert Radio.objects.get().trouble == "" and Pairing.objects.get(device="glucose_meter").last_number == 10
    assert Pairing.objects.get(device="weight_scale").instrument == scale.pk
    # A running series is one line, whatever number of packets came.
    assert sum(1 for d, _ in kept if d == "oximeter") == 1

    visit = here.visit()
    assert len(acts.waiting(visit)) == len(kept)
    for (device, number), row in kept.items():
        if (device, number) == ("glucose_meter", 10):
            with pytest.raises(Refusal):
                acts.accept(row, visit, here.nurse)
            acts.dismiss(row, here.nurse)
        else:
            acts.accept(row, visit, here.nurse)
            with pytest.raises(Refusal):
                acts.accept(row, visit, here.nurse)
    found = {o.code: o for o in Observation.objects.all()}
    assert {"temperature", "systolic", "diastolic", "pulse", "spo2", "weight", "height", "glucose"} <= set(found)
    assert {o.source for o in found.values()} == {"device"}
    weight = found["weight"]
    assert (float(weight.number or 0), weight.unit) == (68.13, "kg")
    assert (weight.entered, weight.entered_unit) == ("150.20", "[lb_av]")
    assert (weight.device, weight.serial, weight.instrument_id) == ("Acme Model 181D", "W-1", scale.pk)
    assert acts.waiting(visit) == []


def pair_all(here: Any) -> None:
    for one in Nearby.objects.all():
        acts.pair(one, here.nurse, here.unit)


def pairing(**more: Any) -> Pairing:
    facts = {"address": address_of(1), "device": "thermometer", "maker": "Acme", "model": "T", "serial": "T-1"}
    made: Pairing = Pairing.objects.create(**facts | more)
    return made


def measured(key: str = "temperature", number: str | None = "38.2", **more: Any) -> Measurement:
    from decimal import Decimal

    value = Value(key, None if number is None else Decimal(number), "Cel", number or "", "Cel", "" if number else "nan")
    return Measurement((value,), **more)


def test_what_is_unusual_is_asked_and_what_is_not_possible_refused(here: Any) -> None:
    visit, one = here.visit(), pairing()
    odd = acts.receive(one, measured(number="42.5"))
    assert odd is not None
    with pytest.raises(NeedsConfirmation):
        acts.accept(odd, visit, here.nurse)
    assert acts.accept(odd, visit, here.nurse, confirmed=True)[0].confirmed
    wild = acts.receive(one, measured(number="93"))
    assert wild is not None
    with pytest.raises(Implausible):
        acts.accept(wild, visit, here.nurse, confirmed=True)
    none = acts.receive(one, measured(number=None))
    assert none is not None
    with pytest.raises(Refusal):
        acts.accept(none, visit, here.nurse)
    assert acts.receive(one, measured(number=None, live=True)) is None
    assert len(acts.waiting(visit)) == 2 and Observation.objects.count() == 1


def test_a_stored_reading_comes_once_and_a_station_sees_its_own(here: Any) -> None:
    one, visit = pairing(), here.visit()
    taken = datetime(2026, 11, 20, 9, 0)
    assert acts.receive(one, measured(stored=True, number="37", taken=taken)) is not None
    stored = Measurement(measured().values, taken, stored=True, number=7)
    assert acts.receive(one, stored) is not None and acts.receive(one, stored) is None
    assert Pairing.objects.get().last_number == 7
    other = here.patient.pk
    Arrived.objects.update(room=other)
    assert acts.waiting(visit) == []
    acts.unpair(one, here.nurse)
    assert Inbox().paired() == []


def test_whose_clock_is_believed() -> None:
    zone = timezone(timedelta(hours=1))
    now = datetime(2026, 11, 21, 10, 12, tzinfo=zone)
    plain = now.replace(tzinfo=None)
    assert taken_at(None, now, zone, stored=False) == (now, False)
    early = plain - timedelta(minutes=9)
    assert taken_at(early, now, zone, stored=False) == (early.replace(tzinfo=zone), True)
    assert taken_at(plain - timedelta(minutes=11), now, zone, stored=False) == (now, False)
    assert taken_at(plain - timedelta(days=3), now, zone, stored=True)[1]
    assert taken_at(plain + timedelta(minutes=6), now, zone, stored=True) == (now, False)
    assert taken_at(plain + timedelta(minutes=4), now, zone, stored=False) == (now, True)
    assert taken_at(datetime(9999, 12, 31), now, zone, stored=True) == (now, False)
    assert django_timezone.is_aware(now)


class Broken:
    """A radio that is not there."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def scan(self, seconds: float) -> list[Seen]:
        raise Trouble(self.why)

    async def connect(self, address: str) -> Any:
        raise Trouble("away")


class Notes:
    """A store in memory."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.found: list[Measurement] = []

    def paired(self) -> list[Paired]:
        return [Paired(1, address_of(1), "thermometer"), Paired(2, address_of(2), "toaster")]

    def searching(self) -> bool:
        return True

    def near(self, found: Any) -> None:
        raise AssertionError("nothing is near")

    def identified(self, key: int, *told: str) -> None:
        self.said.append(f"identified {key}")

    def received(self, key: int, found: Measurement) -> None:
        self.found.append(found)

    def troubled(self, key: int, why: str) -> None:
        self.said.append(f"{key} {why}")

    def radio(self, why: str) -> None:
        self.said.append(why)


def test_a_radio_that_is_not_there_is_said() -> None:
    async def run() -> Notes:
        notes, stop = Notes(), asyncio.Event()
        working = asyncio.create_task(Collector(Broken("none"), notes, pause=0.001).run(stop))
        await until(lambda: "1 away" in notes.said and "none" in notes.said)
        stop.set()
        await working
        return notes

    assert "2 away" not in asyncio.run(run()).said


def test_a_flood_is_bounded() -> None:
    """A peer that sends more than can be stored loses the oldest, never the memory of the process."""
    flood = [packet("oximeter", "running")] * (MOST_WAITING * 4)

    class Flooding:
        async def read(self, characteristic: str) -> bytes:
            return b"\xff" * 400

        async def subscribe(self, characteristic: str, handler: Any) -> bool:
            for _name, data in flood:
                handler(data)
            return True

        async def gone(self) -> None:
            return

    async def run() -> Notes:
        notes = Notes()
        collector = Collector(Broken("off"), notes)
        await collector._read(Flooding(), Paired(1, "x", "oximeter"), devices()["oximeter"])  # type: ignore[arg-type]
        return notes

    assert len(asyncio.run(run()).found) == MOST_WAITING


def test_what_cannot_be_kept_ends_the_connection() -> None:
    """A full disk: the instrument is left and tried again, its memory asked once more; nothing is lost in silence."""

    class Full(Notes):
        def received(self, key: int, found: Measurement) -> None:
            raise OSError("no room")

    class Patient:
        async def read(self, characteristic: str) -> bytes:
            return b""

        async def subscribe(self, characteristic: str, handler: Any) -> bool:
            handler(packet("oximeter", "running")[1])
            return True

        async def gone(self) -> None:
            await asyncio.Event().wait()

    async def run() -> None:
        collector = Collector(Broken("off"), Full())
        with pytest.raises(Trouble):
            await collector._read(Patient(), Paired(1, "x", "oximeter"), devices()["oximeter"])  # type: ignore[arg-type]

    asyncio.run(run())


def test_the_machine_without_bluetooth(tmp_path: Any) -> None:
    assert not adapter_present(tmp_path)
    (tmp_path / "hci0").mkdir()
    assert adapter_present(tmp_path)
    assert short_uuid(long_uuid("2A1C")) == "2A1C" and short_uuid("not one") == ""

    async def run() -> str:
        try:
            await MachineRadio().scan(0.01)
        except Trouble as trouble:
            return trouble.why
        return "works"

    # This machine may have a radio; one that has none says so in a word, and nothing else is raised.
    assert asyncio.run(run()) in ("none", "off", "failed", "works")
