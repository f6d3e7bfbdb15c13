"""A virtual radio: Bumble's controllers on one link, invented instruments as peripherals, and our port's adapter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData, BaseBumbleError
from bumble.device import Device, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from qafila.node.radio.port import Seen, Trouble

INDICATED = {"2A1C", "2A35", "2A9D", "2A5E"}
READ = Characteristic.Properties.READ
P = Characteristic.Properties


def address_of(number: int) -> str:
    return ":".join([f"F{number:X}"] * 6)


def device_on(link: LocalLink, number: int, name: str) -> Device:
    controller = Controller(name, link=link, public_address=address_of(number))
    return Device(name=name, address=Address(address_of(number)), host=Host(controller, AsyncPipeSink(controller)))


class Instrument:
    """A peripheral: sends its packets to whoever subscribes, or, with a memory, to whoever asks."""

    def __init__(
        self, link: LocalLink, number: int, service: str, packets: list[tuple[str, bytes]], *, serial: str,
        memory: str = "", leaves: bool = False,
    ) -> None:  # fmt: skip
        self.device = device_on(link, number, f"Virtual {service}")
        self.address, self.service, self.packets, self.memory = address_of(number), service, packets, memory
        self.leaves, self.asked = leaves, asyncio.Queue[bytes]()
        self.sent = asyncio.Event()
        names = list(dict.fromkeys(c for c, _ in packets))
        self.characteristics = {c: self._measured(c) for c in names}
        own = list(self.characteristics.values())
        if memory:
            value = CharacteristicValue(write=lambda _connection, data: self.asked.put_nowait(bytes(data)))
            self.control = Characteristic(memory, P.WRITE | P.INDICATE, Characteristic.Permissions.WRITEABLE, value)
            own.append(self.control)
        texts = (("2A29", b"Acme"), ("2A24", f"Model {service}".encode()), ("2A25", serial.encode()))
        info = [Characteristic(c, READ, Characteristic.Permissions.READABLE, text) for c, text in texts]
        self.device.add_services([Service(service, own), Service("180A", info)])
        self._tasks: set[asyncio.Task[None]] = set()

    def _measured(self, name: str) -> Characteristic[bytes]:
        how = P.INDICATE if name in INDICATED else P.NOTIFY
        made: Characteristic[bytes] = Characteristic(name, how, Characteristic.Permissions.READABLE, b"")
        made.on("subscription", lambda *said: self._subscribed(name, said))
        return made

    def _subscribed(self, name: str, said: tuple[Any, ...]) -> None:
        if any(said[1:]) and not self.memory:
            self._start(self._send(name))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, name: str) -> None:
        one = self.characteristics[name]
        for characteristic, data in self.packets:
            if characteristic == name:
                await self._tell(one, data)
        self.sent.set()
        if self.leaves:
            for connection in list(self.device.connections.values()):
                await connection.disconnect()

    async def _tell(self, one: Any, data: bytes) -> None:
        if one.properties & P.INDICATE:
            await self.device.indicate_subscribers(one, data)
        else:
            await self.device.notify_subscribers(one, data)

    async def _answer(self) -> None:
        """Be a meter: send what is asked for, then say that this was all."""
        while True:
            request = await self.asked.get()
            after = int.from_bytes(request[3:5], "little") if len(request) > 2 else 0
            for name, data in self.packets:
                if int.from_bytes(data[1:3], "little") >= after:
                    await self._tell(self.characteristics[name], data)
            await self._tell(self.control, bytes((0x06, 0x00, 0x01, 0x01)))
            self.sent.set()

    async def start(self) -> None:
        await self.device.power_on()
        said = AdvertisingData([
            (AdvertisingData.COMPLETE_LOCAL_NAME, self.device.name.encode()),
            (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, bytes.fromhex(self.service)[::-1]),
        ])  # fmt: skip
        await self.device.start_advertising(
            auto_restart=True, advertising_data=bytes(said), advertising_interval_min=1.0
        )
        if self.memory:
            self._start(self._answer())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.device.power_off()


class VirtualLink:
    """A connection of the virtual radio."""

    def __init__(self, connection: Any, peer: Peer) -> None:
        self._connection, self._peer, self._ended = connection, peer, asyncio.Event()
        connection.on("disconnection", lambda *_: self._ended.set())

    def _one(self, characteristic: str) -> Any:
        return next(iter(self._peer.get_characteristics_by_uuid(UUID(characteristic))), None)

    async def read(self, characteristic: str) -> bytes:
        one = self._one(characteristic)
        return bytes(await self._peer.read_value(one)) if one else b""

    async def write(self, characteristic: str, data: bytes) -> None:
        await self._peer.write_value(self._one(characteristic), data, with_response=True)

    async def subscribe(self, characteristic: str, handler: Callable[[bytes], None]) -> bool:
        one = self._one(characteristic)
        if one is None:
            return False
        await self._peer.subscribe(one, lambda data: handler(bytes(data)))
        return True

    async def gone(self) -> None:
        await self._ended.wait()

    async def close(self) -> None:
        if not self._ended.is_set():
            try:
                await self._connection.disconnect()
            except BaseBumbleError:
                raise Trouble("failed") from None


class VirtualRadio:
    """Bumble's central role behind our port."""

    def __init__(self, link: LocalLink) -> None:
        self.device = device_on(link, 0, "Unit")
        self._one = asyncio.Lock()
        self.made = 0

    async def start(self) -> None:
        await self.device.power_on()

    async def scan(self, seconds: float) -> list[Seen]:
        found: dict[str, Seen] = {}
        enough = asyncio.Event()

        def seen(said: Any) -> None:
            services = said.data.get(AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS) or []
            name = said.data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or ""
            address = str(said.address).split("/")[0]
            found[address] = Seen(address, name, tuple(s.to_hex_str().upper()[-4:] for s in services))
            if len(found) >= self.expected:
                enough.set()

        self.device.on("advertisement", seen)
        async with self._one:
            await self.device.start_scanning(filter_duplicates=True)
            try:
                async with asyncio.timeout(seconds):
                    await enough.wait()
            except TimeoutError:
                pass
            await self.device.stop_scanning()
        return list(found.values())

    expected = 1

    async def connect(self, address: str) -> VirtualLink:
        try:
            async with self._one:
                connection = await self.device.connect(Address(address), timeout=5.0)
                peer = Peer(connection)
                await peer.discover_all()
        except (BaseBumbleError, TimeoutError):
            raise Trouble("away") from None
        self.made += 1
        return VirtualLink(connection, peer)
