"""Reads the paired instruments, several at once: each is followed by a task of its own that connects when it is there,
asks what it keeps in its memory, and hands every measurement over to be stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from qafila.devices.load import Device, by_service, devices
from qafila.devices.measurement import Measurement
from qafila.devices.packet import BadPacket
from qafila.node.radio.port import Link, Radio, Seen, Trouble

log = logging.getLogger("qafila.radio")
MAKER, MODEL, SERIAL = "2A29", "2A24", "2A25"
"""Device Information Service, 0x180A."""
MOST_WAITING = 256
"""Packets between the radio and the database; beyond it the oldest of a running series go."""
MEMORY_S = 60.0


@dataclass(frozen=True)
class Paired:
    """An instrument to follow."""

    key: int
    address: str
    device: str
    last_number: int | None = None


class Store(Protocol):
    """Where readings and states go; every call may block, and is made in one thread."""

    def paired(self) -> list[Paired]:
        """The instruments to follow."""

    def searching(self) -> bool:
        """A person wants to see what is near."""

    def near(self, found: Iterable[tuple[Seen, str]]) -> None:
        """What a search saw: with the name of the device folder."""

    def identified(self, key: int, maker: str, model: str, serial: str) -> None:
        """What an instrument says of itself."""

    def received(self, key: int, found: Measurement) -> None:
        """A measurement: durable when this returns."""

    def troubled(self, key: int, why: str) -> None:
        """An instrument cannot be read just now."""

    def radio(self, why: str) -> None:
        """The state of the radio itself; "" works."""


class Collector:
    """Follows what is paired until told to stop."""

    def __init__(self, radio: Radio, store: Store, *, pause: float = 2.0, scan_s: float = 5.0) -> None:
        self.radio, self.store, self.pause, self.scan_s = radio, store, pause, scan_s
        self._followed: dict[int, asyncio.Task[None]] = {}
        self._one = asyncio.Lock()

    async def _do(self, work: Callable[..., Any], *args: Any) -> Any:
        async with self._one:
            return await asyncio.to_thread(work, *args)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`."""
        try:
            while not stop.is_set():
                try:
                    await self._look()
                except Exception as error:  # noqa: BLE001 - the instruments that are read go on
                    log.error("looking around failed: %s", type(error).__name__)
                try:
                    async with asyncio.timeout(self.pause):
                        await stop.wait()
                except TimeoutError:
                    continue
        finally:
            for task in self._followed.values():
                task.cancel()
            await asyncio.gather(*self._followed.values(), return_exceptions=True)

    async def _look(self) -> None:
        """Search when asked; begin to follow what was paired, leave what was not."""
        if await self._do(self.store.searching):
            try:
                await self._search()
                await self._do(self.store.radio, "")
            except Trouble as trouble:
                await self._do(self.store.radio, trouble.why)
        else:
            await self._do(self.store.radio, "")
        wanted = {one.key: one for one in await self._do(self.store.paired) if one.device in devices()}
        for key in [k for k, task in self._followed.items() if k not in wanted or task.done()]:
            self._followed.pop(key).cancel()
        for key, one in wanted.items():
            if key not in self._followed:
                self._followed[key] = asyncio.create_task(self._follow(one))

    async def _search(self) -> None:
        found = []
        for one in await self.radio.scan(self.scan_s):
            device = next((d for s in one.services if (d := by_service(s)) is not None), None)
            if device is not None:
                found.append((one, device.name))
        await self._do(self.store.near, found)

    async def _follow(self, one: Paired) -> None:
        """One instrument until it ends its connection; `_look` begins anew."""
        device = devices()[one.device]
        try:
            link = await self.radio.connect(one.address)
        except Trouble as trouble:
            await self._do(self.store.troubled, one.key, trouble.why)
            return
        try:
            await self._read(link, one, device)
        except (Trouble, TimeoutError) as error:
            await self._do(self.store.troubled, one.key, getattr(error, "why", "away"))
        finally:
            try:
                await link.close()
            except Trouble:
                pass

    async def _read(self, link: Link, one: Paired, device: Device) -> None:
        told = [_text(await link.read(c)) for c in (MAKER, MODEL, SERIAL)]
        await self._do(self.store.identified, one.key, *told)
        packets: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MOST_WAITING)

        def handler(characteristic: str) -> Callable[[bytes], None]:
            def arrived(data: bytes) -> None:
                if packets.full():
                    packets.get_nowait()
                    packets.task_done()
                packets.put_nowait((characteristic, data))

            return arrived

        subscribed = [await link.subscribe(c, handler(c)) for c in device.said.subscribe]
        if not any(subscribed):
            raise Trouble("unreadable")
        keeping = asyncio.create_task(self._keep(packets, one, device))
        try:
            if device.said.memory:
                await self._ask(link, one, device)
            await self._until_gone(link, keeping)
            # What came with the last breath of the connection is kept, too.
            await asyncio.wait({asyncio.ensure_future(packets.join()), keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})

    async def _until_gone(self, link: Link, keeping: asyncio.Task[None]) -> None:
        """Until the connection has ended, or nothing can be kept: then it is ended here, and begun anew."""
        gone = asyncio.ensure_future(link.gone())
        try:
            await asyncio.wait({gone, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if keeping.done() and not keeping.cancelled() and keeping.exception() is not None:
            log.error("a measurement could not be kept: %s", type(keeping.exception()).__name__)
            raise Trouble("failed")

    async def _ask(self, link: Link, one: Paired, device: Device) -> None:
        """Have the instrument send what it keeps; the end of its answer is awaited, or a minute."""
        ended = asyncio.Event()

        def answered(data: bytes) -> None:
            try:
                if device.answered(data):
                    ended.set()
            except BadPacket as bad:
                log.warning("the memory of a %s answers: %s", device.name, bad)
                ended.set()

        if not await link.subscribe(device.said.memory, answered):
            raise Trouble("unreadable")
        await link.write(device.said.memory, device.ask(one.last_number))
        try:
            async with asyncio.timeout(MEMORY_S):
                await ended.wait()
        except TimeoutError:
            log.warning("the memory of a %s did not end its answer", device.name)

    async def _keep(self, packets: asyncio.Queue[tuple[str, bytes]], one: Paired, device: Device) -> None:
        while True:
            characteristic, data = await packets.get()
            try:
                found = device.decode(characteristic, data)
            except BadPacket as bad:
                log.warning("a %s sent what is no measurement: %s", device.name, bad)
            else:
                await self._do(self.store.received, one.key, found)
            finally:
                packets.task_done()


def _text(data: bytes) -> str:
    """What an instrument calls itself: printable, at most 40 characters."""
    text = data.decode("utf-8", "replace").strip("\0 ")
    return "".join(c for c in text if c.isprintable())[:40].strip()
