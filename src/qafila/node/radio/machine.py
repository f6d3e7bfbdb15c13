"""The machine's own radio, by bleak (BlueZ on Linux). Imported in the radio's process alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qafila.node.radio.port import Seen, Trouble

BASE = "-0000-1000-8000-00805f9b34fb"
CONNECT_S = 20.0
SYSTEM = Path("/sys/class/bluetooth")


def adapter_present(system: Path = SYSTEM) -> bool:
    """Whether this machine has a Bluetooth radio, without asking for it."""
    return any(system.glob("hci*"))


def long_uuid(short: str) -> str:
    """Four digits as the UUID that bleak speaks."""
    return f"0000{short.lower()}{BASE}"


def short_uuid(text: str) -> str:
    """The four digits of a UUID of the Bluetooth base; "" for another."""
    plain = text.lower()
    return plain[4:8].upper() if plain.startswith("0000") and plain.endswith(BASE) else ""


def _why(error: BaseException) -> str:
    from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason

    if isinstance(error, BleakBluetoothNotAvailableError):
        off = error.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
        return "off" if off else "none"
    if isinstance(error, OSError):
        # No D-Bus, so no BlueZ.
        return "none"
    return "refused" if "auth" in str(error).lower() else "failed"


class MachineLink:
    """A connection to one instrument."""

    def __init__(self, client: Any, ended: asyncio.Event) -> None:
        self._client, self._ended = client, ended

    async def _do(self, work: Any) -> Any:
        from bleak.exc import BleakError

        try:
            async with asyncio.timeout(CONNECT_S):
                return await work
        except (BleakError, OSError, EOFError) as error:
            raise Trouble(_why(error)) from None

    def _has(self, characteristic: str) -> bool:
        return self._client.services.get_characteristic(long_uuid(characteristic)) is not None

    async def read(self, characteristic: str) -> bytes:
        """A value; b"" where the instrument has no such one."""
        if not self._has(characteristic):
            return b""
        return bytes(await self._do(self._client.read_gatt_char(long_uuid(characteristic))))

    async def write(self, characteristic: str, data: bytes) -> None:
        """Write with an answer."""
        await self._do(self._client.write_gatt_char(long_uuid(characteristic), data, response=True))

    async def subscribe(self, characteristic: str, handler: Callable[[bytes], None]) -> bool:
        """Be told of each value from now on."""
        if not self._has(characteristic):
            return False
        told = self._client.start_notify(long_uuid(characteristic), lambda _sender, data: handler(bytes(data)))
        await self._do(told)
        return True

    async def gone(self) -> None:
        """Wait until the connection has ended."""
        await self._ended.wait()

    async def close(self) -> None:
        """End it."""
        await self._do(self._client.disconnect())


class MachineRadio:
    """bleak's central role. Finding and connecting go one after the other: BlueZ bears no two at once."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def scan(self, seconds: float) -> list[Seen]:
        """What is near."""
        from bleak import BleakScanner
        from bleak.exc import BleakError

        try:
            async with self._one:
                found = await BleakScanner.discover(timeout=seconds, return_adv=True)
        except (BleakError, OSError, EOFError) as error:
            raise Trouble(_why(error)) from None
        return [
            Seen(
                address, device.name or said.local_name or "", tuple(filter(None, map(short_uuid, said.service_uuids)))
            )
            for address, (device, said) in found.items()
        ]

    async def connect(self, address: str) -> MachineLink:
        """A connection; most instruments are there for half a minute after a measurement only."""
        from bleak import BleakClient, BleakScanner
        from bleak.exc import BleakError

        ended = asyncio.Event()
        try:
            async with self._one:
                device = await BleakScanner.find_device_by_address(address, timeout=CONNECT_S)
                if device is None:
                    raise Trouble("away")
                client = BleakClient(device, lambda _client: ended.set(), timeout=CONNECT_S, pair=True)
                await client.connect()
        except TimeoutError:
            raise Trouble("away") from None
        except (BleakError, OSError, EOFError) as error:
            raise Trouble(_why(error)) from None
        return MachineLink(client, ended)
