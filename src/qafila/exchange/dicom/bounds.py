"""What pynetdicom leaves open: how long a message may be, how much memory all of them may take, how many may call.

A PDU states its length in 32 bits and a message is as long as its sender likes; both are read into memory. Here a PDU
is bounded where it is read, and the bytes of messages come out of one budget: what goes beyond it is still read, so
that the sender can be told with the standard's status, but not kept.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from io import BytesIO
from typing import Any

from pynetdicom import evt
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from qafila.clinic.imaging.dataset import DICOM_BYTES
from qafila.kernel import clock

MAX_PDU = 131_072
"""Bytes that a peer may put into one PDU (it is told so when it calls)."""
ENVELOPE = 64 * 1024
ASSOCIATIONS = 10
CONNECTIONS = 30
"""Associations, and calls that have not said who they are yet."""
THREADS = 150
"""Calls whose threads have not ended yet, those of callers who hung up among them."""
GREETING_S = 10
MEMORY = 2 * DICOM_BYTES
TOO_LONG_S = 30
"""Seconds for which a peer may say nothing before or within a message."""
BUSY = bytes.fromhex("03000000000400020302")
"""A-ASSOCIATE-RJ: rejected transient, by the provider (presentation), local limit exceeded (PS3.8 section 9.3.4)."""


class Budget:
    """Memory that all messages of this process share."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether so many bytes were left; they are taken then."""
        with self._lock:
            if self.taken + size > self.most:
                return False
            self.taken += size
            return True

    def give(self, size: int) -> None:
        """Give back."""
        with self._lock:
            self.taken -= size


MESSAGES = Budget(MEMORY)


class Bounded(BytesIO):
    """A message's data set while it comes in; `over` once it was too much, and then it holds nothing."""

    def __init__(self, budget: Budget = MESSAGES, most: int = DICOM_BYTES) -> None:
        super().__init__()
        self.budget, self.most = budget, most
        self.held = 0
        self.over = False

    def write(self, data: Any) -> int:
        """Keep, or count and forget."""
        size = len(data)
        if self.over:
            return size
        if self.held + size > self.most or not self.budget.take(size):
            self.over = True
            self.release()
            return size
        self.held += size
        return super().write(data)

    def release(self) -> None:
        """Give the memory back."""
        self.budget.give(self.held)
        self.held = 0
        self.truncate(0)
        self.seek(0)

    def __del__(self) -> None:
        self.budget.give(self.held)
        self.held = 0


def bound(event: Any) -> None:
    """Give the message that is coming in a bounded data set (event handler: a PDU was read)."""
    event.assoc.qafila_heard = clock.monotonic()
    message = event.assoc.dimse.message
    if message is None or isinstance(message.data_set, Bounded):
        return
    begun = message.data_set.getvalue()
    message.data_set = Bounded()
    message.data_set.write(begun)
    if message.encoded_command_set.tell() > ENVELOPE:
        event.assoc.abort()


class Handler(RequestHandler):
    """Makes the association of a call, with a socket that reads no PDU longer than allowed."""

    def _create_association(self) -> Any:
        assoc = super()._create_association()
        assert assoc.dul.socket is not None
        client: socket.socket = assoc.dul.socket.socket  # type: ignore[assignment]
        assoc.dul.socket.recv = lambda count: _listen(assoc, client, count)  # type: ignore[method-assign,assignment]
        self.made = assoc
        return assoc

    def handle(self) -> None:
        """Begin the association; from now on its own thread says whether the call goes on."""
        super().handle()
        assert isinstance(self.server, Server)
        self.server.begun(self.request, self.made)


def _listen(assoc: Any, client: socket.socket, count: int) -> bytearray:
    """As `read`; a caller who hung up before saying who they are is forgotten at once, not after `GREETING_S`."""
    data = bytearray()
    try:
        data = read(client, count)
    finally:
        if len(data) < count:
            assoc.qafila_gone = True
            if assoc.requestor.primitive is None:
                assoc.dul.to_user_queue.put(None)
    return data


def read(client: socket.socket, count: int) -> bytearray:
    """So many bytes, fewer where the peer has closed. Raises `OSError`, also for more than a PDU may hold."""
    if count > MAX_PDU + ENVELOPE:
        raise OSError("a PDU longer than allowed")
    data, got = bytearray(count), 0
    with memoryview(data) as view:
        while got < count:
            more = client.recv_into(view[got:])
            if not more:
                break
            got += more
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return data[:got] if got < count else data


def alive(association: Any) -> bool:
    """Whether the caller is still on the line."""
    line = association.dul.socket
    return line is not None and line.socket is not None and not getattr(association, "qafila_gone", False)


class Server(ThreadedAssociationServer):
    """Listens; refuses at once what is more than it can carry."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *args: Any, **options: Any) -> None:
        self._calls: dict[Any, Any] = {}
        self._lock = threading.RLock()
        super().__init__(*args, **{**options, "request_handler": Handler})

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a call; TLS shakes hands in the call's own thread, so that a silent caller holds up nobody."""
        assert self.socket is not None
        client, address = self.socket.accept()
        client.settimeout(TOO_LONG_S)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.ssl_context:
            client = self.ssl_context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        return client, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more; who finds none is told so in the standard's words."""
        with self._lock:
            # Counted when they are taken, not when their thread runs: a flood comes faster than threads start.
            self._calls = {call: assoc for call, assoc in self._calls.items() if assoc is None or assoc.is_alive()}
            if len(self._calls) < THREADS and self.carried < CONNECTIONS:
                self._calls[request] = None
                return True
        with contextlib.suppress(OSError):
            if not self.ssl_context:
                request.send(BUSY)
        return False

    def begun(self, request: Any, association: Any) -> None:
        """The call has an association, whose thread has started."""
        with self._lock:
            self._calls[request] = association

    @property
    def carried(self) -> int:
        """Calls that are on the line now."""
        with self._lock:
            return sum(assoc is None or (assoc.is_alive() and alive(assoc)) for assoc in self._calls.values())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A call that breaks off is no news."""
        with self._lock:
            self._calls.pop(request, None)


HANDLERS = [(evt.EVT_PDU_RECV, bound)]
