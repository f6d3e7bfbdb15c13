"""A link that can be cut: every unit of the demonstration reaches its hub through one of these.

It passes bytes between two TCP ports and knows nothing of what is in them (it is TLS). Cut, it breaks what is open,
in the middle of whatever it is, and refuses what is new, as a vehicle's modem does behind a mountain.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any

CHUNK = 65536


class Link:
    """Passes connections on `port` to `target`, both on this machine, while it is whole. Thread-safe."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.up = 0
        """Bytes that went towards the target."""
        self.down = 0
        self.whole = False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._turn = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"link-{port}", daemon=True)
        self._thread.start()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def restore(self) -> None:
        """Let connections through. Raises `OSError` where the port is taken."""
        with self._turn:
            if not self.whole:
                self._do(self._listen())
                self.whole = True

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port, reuse_address=True)

    def cut(self) -> None:
        """Break what is open and refuse what is new."""
        with self._turn:
            if self.whole:
                self.whole = False
                self._do(self._break())

    async def _break(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    def close(self) -> None:
        """Cut it for good."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            self._forget(writer)
            return
        self._open.add(far_writer)
        for one in (writer, far_writer):
            # Small words of the handshake are not to wait for each other.
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._server is None:
            self._forget(writer, far_writer)
            return
        await asyncio.gather(self._pump(reader, far_writer, "up"), self._pump(far_reader, writer, "down"))
        self._forget(writer, far_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        try:
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
                setattr(self, way, getattr(self, way) + len(data))
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()
        except OSError:
            writer.transport.abort()

    def _forget(self, *writers: asyncio.StreamWriter) -> None:
        for writer in writers:
            self._open.discard(writer)
            writer.close() if self._server is not None else writer.transport.abort()


def free(port: int) -> bool:
    """Whether nobody listens on the port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - nodes listen on every address
        except OSError:
            return False
    return True
