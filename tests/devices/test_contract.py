"""What every folder of `devices/` has to keep: a new device is held by these without a line here."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.rules.observations import KINDS
from qafila.devices.load import HERE, Device, by_service, devices
from qafila.devices.measurement import CONVERTED, Measurement
from qafila.devices.packet import LONGEST, BadPacket

NAMES = sorted(devices())
SAMPLES = sorted(HERE.glob("*/samples/*.json"))


def sample(path: Path) -> tuple[Device, str, bytes, dict[str, Any]]:
    said = json.loads(path.read_text())
    return devices()[path.parent.parent.name], said["characteristic"], bytes.fromhex(said["packet"]), said


def read(device: Device, characteristic: str, payload: bytes) -> Measurement | None:
    """What a driver makes of any bytes: a measurement that may be shown, or a clean refusal."""
    try:
        found = device.decode(characteristic, payload)
    except BadPacket as refused:
        assert str(refused)
        return None
    assert found.values
    for one in found.values:
        assert one.key in device.said.measures
        # No reading is never zero, and a number never comes without the digits it was sent as.
        assert (one.number is None) == bool(one.why)
        if one.number is not None:
            assert one.number.is_finite() and one.sent and len(one.sent) <= 20
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_is_whole(name: str) -> None:
    device = devices()[name]
    assert {p.name for p in (HERE / name).iterdir() if p.name != "__pycache__"} == {
        "__init__.py", "device.toml", "driver.py", "samples",
    }  # fmt: skip
    assert len(list((HERE / name / "samples").glob("*.json"))) >= 3
    assert all((device.said.label.ar, device.said.label.fr, device.said.label.en, device.said.source))
    assert set(device.said.measures) <= set(KINDS)
    assert by_service(device.said.service.lower()) is device
    if device.said.memory:
        assert device.ask(None) and device.ask(5) != device.ask(None)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_a_sample_means_what_it_says(path: Path) -> None:
    device, characteristic, payload, said = sample(path)
    found = read(device, characteristic, payload)
    assert found is not None
    shown = [[v.key, None if v.number is None else str(v.number), v.unit] for v in found.values]
    assert [[k, None if n is None else Decimal(n), u] for k, n, u in said["values"]] == [
        [k, None if n is None else Decimal(n), u] for k, n, u in shown
    ]
    assert (found.taken.isoformat() if found.taken else None) == said.get("taken")
    assert found.site == said.get("site", "") and list(found.warns) == said.get("warns", [])
    assert found.live == said.get("live", False) and found.stored == said.get("stored", False)
    assert found.number == said.get("number")
    assert [v.why for v in found.values] == said.get("why", [""] * len(found.values))
    if "sent" in said:
        assert [[v.sent, v.sent_unit] for v in found.values] == said["sent"]
    for one in found.values:
        units = {u.ucum for u in KINDS[one.key].units}
        assert one.unit in units and (one.sent_unit in {*units, *CONVERTED, "[in_i]", ""})


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: f"{p.parent.parent.name}-{p.stem}")
def test_a_damaged_sample_is_refused_or_read_and_never_crashes(path: Path) -> None:
    device, characteristic, payload, _said = sample(path)
    for end in range(len(payload)):
        with pytest.raises(BadPacket):
            device.decode(characteristic, payload[:end])
    for longer in (payload + b"\0", payload + b"\xff" * LONGEST, payload * 50, b"\xff" * 1_000_000):
        with pytest.raises(BadPacket):
            device.decode(characteristic, longer)
    for place in range(len(payload) * 8):
        flipped = bytearray(payload)
        flipped[place // 8] ^= 1 << place % 8
        read(device, characteristic, bytes(flipped))
    for wrong in ("", "0000", "2A00", "🌡"):
        with pytest.raises(BadPacket):
            device.decode(wrong, payload)


@pytest.mark.parametrize("name", NAMES)
def test_chance_bytes(name: str) -> None:
    device = devices()[name]
    chance = random.Random(name)
    for _ in range(3000):
        payload = chance.randbytes(chance.randrange(0, 40))
        for characteristic in device.said.subscribe:
            read(device, characteristic, payload)
        if device.said.memory:
            try:
                device.answered(payload)
            except BadPacket:
                pass


@given(st.binary(max_size=LONGEST + 4))
def test_any_bytes(payload: bytes) -> None:
    for device in devices().values():
        for characteristic in device.said.subscribe:
            read(device, characteristic, payload)
