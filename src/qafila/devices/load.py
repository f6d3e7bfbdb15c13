"""The devices that this version reads: one folder each, found by itself.

    <name>/device.toml   what it is, its Bluetooth service, what it measures
    <name>/driver.py     decode(characteristic, payload) -> Measurement; pure
    <name>/samples/      packets with what they mean, for the contract test

A device that keeps readings (`memory`) also has `ask(after)` and `answered(payload)` in its driver.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

import msgspec

from qafila.devices.measurement import Measurement

HERE = Path(__file__).parent


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in every language of the program."""

    ar: str
    fr: str
    en: str


class Described(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`device.toml`. Services and characteristics are four hexadecimal digits (Bluetooth assigned numbers)."""

    name: str
    version: int
    label: Words
    source: str
    service: str
    subscribe: tuple[str, ...]
    """Characteristics whose notifications or indications are measurements."""
    measures: tuple[str, ...]
    memory: str = ""
    """The Record Access Control Point, of a device that keeps its readings."""


@dataclass(frozen=True)
class Device:
    """A folder, read."""

    said: Described
    driver: ModuleType

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.said.name

    def decode(self, characteristic: str, payload: bytes) -> Measurement:
        """What a packet says. Raises `BadPacket` for everything that is no measurement of this device."""
        found: Measurement = self.driver.decode(characteristic.upper(), bytes(payload))
        return found

    @property
    def ask(self) -> Callable[[int | None], bytes]:
        """Of a device with a memory: the request for the readings after a number (None: all)."""
        found: Callable[[int | None], bytes] = self.driver.ask
        return found

    @property
    def answered(self) -> Callable[[bytes], bool]:
        """Of a device with a memory: does this end its answer?"""
        found: Callable[[bytes], bool] = self.driver.answered
        return found


@lru_cache(maxsize=1)
def devices() -> MappingProxyType[str, Device]:
    """All of them by name, in order of names."""
    found = {}
    for path in sorted(HERE.glob("*/device.toml")):
        said = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Described)
        if said.name != path.parent.name:
            raise ValueError(f"{path}: its name is not that of its folder")
        found[said.name] = Device(said, import_module(f"qafila.devices.{said.name}.driver"))
    return MappingProxyType(found)


def by_service(service: str) -> Device | None:
    """The device that offers a Bluetooth service, by its four digits."""
    return next((d for d in devices().values() if d.said.service == service.upper()), None)
