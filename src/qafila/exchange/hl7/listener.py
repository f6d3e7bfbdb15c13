"""Takes results over MLLP: one frame after the other, each stored durably before it is acknowledged.

Allow-listed senders alone; at most a few connections at once; a message that is too long, a sender that stops in the
middle of one, or that speaks something else, is cut off, and what is here goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import connections

from qafila.clinic.lab import acts
from qafila.clinic.lab.filing import Source
from qafila.clinic.lab.models import LabMessage
from qafila.clinic.lab.report import Report
from qafila.exchange.hl7 import message
from qafila.exchange.hl7.framing import Frames, NotMllp, TooLong, Whole, framed
from qafila.exchange.hl7.message import Head, Wrong
from qafila.exchange.hl7.peers import Peer, Settings, source_of
from qafila.kernel import clock

log = logging.getLogger("qafila.hl7")
MOST_CONNECTIONS = 16
MOST_OF_ONE = 4
CHUNK = 65536


@dataclass(frozen=True)
class Limits:
    """Seconds: between messages, within one, and until an answer has to be taken."""

    idle: float = 3600.0
    within: float = 30.0
    answer: float = 30.0


def take(data: bytes, peer: Peer, settings: Settings, node: str) -> bytes:
    """Store and file one message; its acknowledgement. Whatever happens after it is stored, it is acknowledged: it
    waits here for a person. Never raises for what stands in the message."""
    try:
        head, report = message.read(data)
        if peer.application and head.application != peer.application:
            raise Wrong("AR", message.REQUIRED, "MSH-3: not the application that this address stands for", head)
    except Wrong as wrong:
        log.warning("a message of %s was not taken: %s %s", peer.name, wrong.answer, wrong.words)
        return message.acknowledge(wrong.head or Head(), node, clock.now(), wrong.answer, wrong.code, wrong.words)
    row, new = acts.keep(head.sender, head.control, data, peer.name)
    if new or row.state == LabMessage.State.KEPT:
        try:
            acts.file_message(row, report, lambda: source_of(settings, peer.name, node))
        except Exception as error:  # noqa: BLE001 - it is stored; a person sees it in the list
            log.error("a kept message of %s was not filed: %s", peer.name, type(error).__name__)
    return message.acknowledge(head, node, clock.now())


def read_again(settings: Settings, node: str) -> Callable[[LabMessage], tuple[Report, Callable[[], Source]]]:
    """How a kept message is read once more."""
    return lambda row: (message.read(bytes(row.raw))[1], lambda: source_of(settings, row.peer, node))


@dataclass
class Listener:
    """The server of one node. `work` is called in a thread of its own, one message at a time."""

    settings: Settings
    node: str
    work: Callable[[bytes, Peer, Settings, str], bytes] = take
    limits: Limits = field(default_factory=Limits)
    taken: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._talking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hl7")
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Begin to listen; the port."""
        host = self.settings.listen or None
        self._server = await asyncio.start_server(self._serve, host, self.settings.port, limit=CHUNK)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Listen no more; the message at hand is finished."""
        if self._server is not None:
            self._server.close()
        for writer in self._talking.values():
            writer.close()
        await asyncio.gather(*self._talking, return_exceptions=True)
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        peer = self.settings.peer(address)
        if peer is None or self._open.total() >= MOST_CONNECTIONS or self._open[address] >= MOST_OF_ONE:
            self.refused += 1
            log.warning("a connection was refused: %s", "too many" if peer else "not in the list")
            writer.close()
            return
        self._open[address] += 1
        task = asyncio.current_task()
        assert task is not None
        self._talking[task] = writer
        try:
            await self._talk(reader, writer, peer)
        except (TimeoutError, ConnectionError, NotMllp) as error:
            log.info("a connection of %s ended: %s", peer.name, type(error).__name__)
        finally:
            self._open[address] -= 1
            self._talking.pop(task, None)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> None:
        frames = Frames(self.settings.most)
        while True:
            async with asyncio.timeout(self.limits.within if frames.inside else self.limits.idle):
                data = await reader.read(CHUNK)
            if not data:
                return
            for one in frames.feed(data):
                answer = await self._answer(one, peer)
                writer.write(framed(answer))
                async with asyncio.timeout(self.limits.answer):
                    await writer.drain()

    async def _answer(self, one: Whole | TooLong, peer: Peer) -> bytes:
        if isinstance(one, TooLong):
            words = f"longer than {self.settings.most // 1024} KB"
            return message.acknowledge(message.head_of(one.head), self.node, clock.now(), "AR", message.SEGMENT, words)
        self.taken += 1
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.work, one.data, peer, self.settings, self.node)
