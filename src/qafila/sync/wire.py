"""One connection to the hub: HTTP/2 over TLS 1.3 with several requests under way, measured and kept thin.

Only so much is handed to the kernel as the link holds (twice its rate × its round trip), so that an urgent frame
overtakes what has not left yet instead of waiting behind a full buffer. The kernel's own measurements are used.
"""

from __future__ import annotations

import fcntl
import select
import socket
import ssl
import struct
import termios
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes

from qafila.kernel import clock
from qafila.sync.frames import MAX_FRAME, PATH, Headers
from qafila.sync.versions import heard

SLICE = 4096
RECORD = 16_000
"""Bytes of one TLS record at most."""
MOST_UNDER_WAY = 8
"""Requests without an answer: a hub that is slower than the link is not to be buried."""
LEAST_WINDOW, MOST_WINDOW = 12 * 1024, 512 * 1024
SHORTEST_S, LONGEST_S = 4.0, 30.0
PING_S = 30.0
TCP_INFO_BYTES = 208
HEADERS = {socket.AF_INET: 52, socket.AF_INET6: 72}
"""Bytes of the IP and TCP headers of a packet, time stamps included."""
_REFUSALS = {"unknown_sender", "revoked", "altered", "other_receiver", "too_old", "too_new", "too_large", "truncated",
             "not_a_frame", "unreadable", "unexpected", "dictionary", "greet_again"}  # fmt: skip
_WINDOW, _WIDEN_AFTER = 1 << 20, 8_000
_SETTINGS: dict[SettingCodes | int, int] = {SettingCodes.ENABLE_PUSH: 0, SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW}
_DEFAULTS = (SettingCodes.HEADER_TABLE_SIZE, SettingCodes.MAX_FRAME_SIZE, SettingCodes.ENABLE_CONNECT_PROTOCOL,
             SettingCodes.MAX_CONCURRENT_STREAMS, SettingCodes.MAX_HEADER_LIST_SIZE)  # fmt: skip
"""Settings that need not be told: they stand so in RFC 9113, or matter to streams that a hub would open."""
MAKING_S = 0.5
"""So long it takes to make a frame, at worst: the link is not to be idle meanwhile."""
CONTROL_S = 1.0
"""What only confirms may wait so long for a request to go with."""


class LinkDown(Exception):
    """The hub was not reached, or it refused. `reason` is a key of `state.REASONS`; `spoken`: with "too_old" and
    "too_new" the versions that the hub speaks."""

    def __init__(self, reason: str, retry_s: int = 0, spoken: range = range(0)) -> None:
        self.reason, self.retry_s, self.spoken = reason, retry_s, spoken
        super().__init__(reason)


@dataclass
class _Stream:
    """A request under way."""

    held_s: int
    sent: float
    size: int
    status: int = 0
    retry_s: int = 0
    body: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True)
class Measured:
    """What the kernel knows of the connection."""

    rtt_s: float
    least_rtt_s: float
    rate: int
    """Bytes a second, of late."""
    acked: int
    """Bytes that the other end has confirmed."""
    up: int = 0
    """Bytes of IP packets that have left on this connection, what went twice and every header included."""
    down: int = 0
    """Bytes of IP packets that have come."""


class Wire:
    """A connection. Not thread-safe. All methods raise `LinkDown` when it is over."""

    def __init__(self, url: str, context: ssl.SSLContext, ticket: ssl.SSLSession | None = None) -> None:
        split = urlsplit(url)
        self.host, self.port = split.hostname or "", split.port or 443
        self._context, self._ticket = context, ticket
        self._streams: dict[int, _Stream] = {}
        self._waiting: deque[tuple[int, memoryview]] = deque()
        self._out, self._control, self._control_since = bytearray(), bytearray(), 0.0
        self._corked = self._widened = self._owed = self.stood = False
        self._received = 0
        self._rates: deque[tuple[float, int]] = deque(maxlen=32)
        self._acked, self._moved, self._pinged = 0, clock.monotonic(), 0.0
        self.ahead = 2.0
        """How many round trips' worth is under way: what a cut throws away. `stood`: the other end was reached."""
        self._socket: ssl.SSLSocket | None = None
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))

    # --- begin and end ---------------------------------------------------------------------

    def open(self, patience_s: float) -> None:
        """Connect, verify the hub, begin HTTP/2."""
        until = clock.monotonic() + max(patience_s, SHORTEST_S) * 2
        try:
            plain = _connected(self.host, self.port, patience_s)
            self.stood = True
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(OSError):
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket = self._context.wrap_socket(
                plain, server_hostname=self.host, session=self._ticket, do_handshake_on_connect=False
            )
            self._shake_hands(self._socket, until)
            if self._socket.selected_alpn_protocol() != "h2":
                raise LinkDown("version")
        except TimeoutError as error:
            raise LinkDown("no_link") from error
        except (OSError, ssl.SSLError) as error:
            raise LinkDown(_reason(str(error))) from error
        for default in _DEFAULTS:
            del self._h2.local_settings[default]
        self._h2.local_settings.update(_SETTINGS)
        self._h2.initiate_connection()
        self._moved = clock.monotonic()

    def _shake_hands(self, tls: ssl.SSLSocket, until: float) -> None:
        """The end of the handshake stays in the kernel (200 ms at most) until the first request goes with it."""
        tls.setblocking(False)
        while True:
            try:
                tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                tls.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                self._corked = True
                if not select.select([tls], [], [], max(0.0, until - clock.monotonic()))[0]:
                    raise TimeoutError from None
            except ssl.SSLWantWriteError:
                select.select([], [tls], [], max(0.0, until - clock.monotonic()))

    @property
    def ticket(self) -> ssl.SSLSession | None:
        """By which the next connection begins with less."""
        return self._socket.session if self._socket is not None else None

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            with suppress(OSError):
                if self.under_way:
                    # Lost in the middle: what the kernel still has is not to go up once the link is back.
                    self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._socket.close()
            self._socket = None

    # --- what is under way ------------------------------------------------------------------

    @property
    def hungry(self) -> bool:
        """Whether another frame may be made: what was given has gone to the kernel, or will have before it is made."""
        left = sum(len(data) for _, data in self._waiting)
        soon = not self._out and left <= min(2 * SLICE, self.rate * MAKING_S) and self.under_way < MOST_UNDER_WAY
        return soon and (left > 0 or self._unsent() < self.window)

    @property
    def window(self) -> int:
        """Bytes that may be between here and the hub: `ahead` times rate × round trip."""
        return int(max(LEAST_WINDOW, min(MOST_WINDOW, self.ahead * self.rate * self.measured().least_rtt_s)))

    @property
    def rate(self) -> int:
        """Bytes a second that the link has carried of late; 0 until it is known."""
        return max((r for _, r in self._rates), default=0)

    @property
    def under_way(self) -> int:
        """Requests that wait for an answer, those that the hub may hold left out."""
        return sum(not s.held_s for s in self._streams.values())

    def send(self, body: bytes, *, urgent: bool = False, held_s: int = 0, headers: Headers = ()) -> int:
        """Send a request; its number. An urgent one overtakes what has not left."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, [
            (":method", "POST"), (":scheme", "https"), (":authority", self.host), (":path", PATH),
            ("content-length", str(len(body))), *headers,
        ])  # fmt: skip
        self._streams[stream] = _Stream(held_s, clock.monotonic(), len(body))
        (self._waiting.appendleft if urgent else self._waiting.append)((stream, memoryview(body)))
        self._flush()
        return stream

    def poll(self, wait_s: float) -> list[tuple[int, bytes]]:
        """Send what there is, and the answers that have come within `wait_s`: (number, body)."""
        assert self._socket is not None
        self._flush()
        if not self._socket.pending():
            busy = [self._socket] if self._out else []
            # What waits only for room in the window is looked at again soon: the kernel wakes nobody for that.
            select.select([self._socket], busy, [], min(wait_s, 0.05) if self._waiting else wait_s)
        done = self._read()
        self._check()
        return done

    # --- inside ------------------------------------------------------------------------------

    def _flush(self) -> None:
        """Hand over to the kernel what the window has room for, in as few TLS records as it takes."""
        assert self._socket is not None
        while True:
            self._collect(all_of_it=bool(self._waiting or self._out))
            room = self.window - self._unsent()
            while self._waiting and len(self._out) < min(room, RECORD) and self._slice():
                self._collect(all_of_it=True)
            if not self._out:
                return
            try:
                sent = self._socket.send(self._out[:RECORD])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except (OSError, ssl.SSLError) as error:
                raise LinkDown(_reason(str(error))) from error
            del self._out[:sent]
            if self._corked:
                self._corked = False
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)

    def _collect(self, *, all_of_it: bool) -> None:
        """Take over what HTTP/2 has to say; what only confirms may wait a little for a request."""
        said = self._h2.data_to_send()
        if said and not self._control:
            self._control_since = clock.monotonic()
        self._control += said
        if all_of_it or clock.monotonic() - self._control_since > CONTROL_S:
            self._out += self._control
            self._control.clear()

    def _slice(self) -> bool:
        """Put the next part of what waits into HTTP/2 frames; False where the hub takes no more for now."""
        stream, left = self._waiting.popleft()
        try:
            size = min(SLICE, len(left), self._h2.local_flow_control_window(stream))
            if size <= 0:
                self._waiting.appendleft((stream, left))
                return False
            self._h2.send_data(stream, left[:size], end_stream=size == len(left))
        except h2.exceptions.StreamClosedError:
            return True
        except h2.exceptions.ProtocolError as error:
            raise LinkDown("no_link") from error
        if size < len(left):
            self._waiting.appendleft((stream, left[size:]))
        return True

    def _read(self) -> list[tuple[int, bytes]]:
        assert self._socket is not None
        done: list[tuple[int, bytes]] = []
        while True:
            try:
                # The kernel forgets it: confirm with what is sent next, within 40 ms.
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
                data = self._socket.recv(65536)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return done
            except (OSError, ssl.SSLError) as error:
                raise LinkDown(_reason(str(error))) from error
            if not data:
                raise LinkDown("no_link")
            self._moved = clock.monotonic()
            try:
                events = self._h2.receive_data(data)
            except h2.exceptions.ProtocolError as error:
                raise LinkDown("no_link") from error
            for event in events:
                found = self._event(event)
                if found is not None:
                    done.append(found)

    def _event(self, event: h2.events.Event) -> tuple[int, bytes] | None:
        if isinstance(event, h2.events.ConnectionTerminated):
            raise LinkDown("no_link")
        number = getattr(event, "stream_id", None)
        stream = self._streams.get(number or 0)
        if isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._widen(event.flow_controlled_length)
        if stream is None or number is None:
            return None
        if isinstance(event, h2.events.ResponseReceived):
            headers = {str(k): str(v) for k, v in event.headers}
            stream.status = int(headers.get(":status", "0"))
            stream.retry_s = int(headers["retry-after"]) if headers.get("retry-after", "").isdecimal() else 0
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            if len(stream.body) > MAX_FRAME:
                raise LinkDown("too_large")
        elif isinstance(event, h2.events.StreamReset):
            raise LinkDown("no_link")
        elif isinstance(event, h2.events.StreamEnded):
            del self._streams[number]
            if stream.status != 200:
                word, _, more = bytes(stream.body[:40]).decode("ascii", "replace").partition(" ")
                raise LinkDown(word if word in _REFUSALS else "busy", min(stream.retry_s, 300), heard(more))
            return number, bytes(stream.body)
        return None

    def _widen(self, received: int) -> None:
        """Let the hub send more at once, when it begins to send much."""
        self._received += received
        if not self._widened and self._received > _WIDEN_AFTER:
            self._widened = True
            self._h2.increment_flow_control_window(_WINDOW)

    def _check(self) -> None:
        """Whether the link still moves. Raises `LinkDown` where nothing has for longer than it may."""
        now = clock.monotonic()
        told = self.measured()
        if told.acked > self._acked:
            self._acked, self._moved = told.acked, now
        if self._unsent() and told.rate:
            self._rates.append((now, told.rate))
        while self._rates and self._rates[0][0] < now - 15:
            self._rates.popleft()
        owed = bool(self.under_way or self._waiting or self._unsent())
        if owed and not self._owed:
            self._moved = now
        self._owed = owed
        if owed and now - self._moved > self.stall_s:
            raise LinkDown("no_link")
        if not owed and now - max(self._moved, self._pinged) > PING_S:
            self._h2.ping(b"qafila..")
            self._pinged = now
            self._flush()

    @property
    def stall_s(self) -> float:
        """How long nothing may move while something is owed."""
        return min(LONGEST_S, max(SHORTEST_S, 6 * self.measured().rtt_s))

    def _unsent(self) -> int:
        """Bytes in the kernel that the hub's machine has not confirmed."""
        assert self._socket is not None
        return int(struct.unpack("i", fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])

    def measured(self) -> Measured:
        """What the kernel has measured (`struct tcp_info` of Linux)."""
        assert self._socket is not None
        raw = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES).ljust(TCP_INFO_BYTES, b"\0")
        rtt, least = struct.unpack_from("I", raw, 68)[0], struct.unpack_from("I", raw, 148)[0]
        acked, rate = struct.unpack_from("Q", raw, 120)[0], struct.unpack_from("Q", raw, 160)[0]
        rtt_s = rtt / 1e6 or 0.5
        packets_up, packets_down = struct.unpack_from("II", raw, 136)
        sent, received = struct.unpack_from("Q", raw, 200)[0], struct.unpack_from("Q", raw, 128)[0]
        header = HEADERS[self._socket.family]
        return Measured(
            rtt_s,
            least / 1e6 if 0 < least < 1 << 31 else rtt_s,
            rate,
            acked,
            # A kernel older than 4.19 does not count what it sent: what was confirmed is close.
            max(sent, acked) + header * packets_up,
            received + header * packets_down,
        )


def _connected(host: str, port: int, patience_s: float) -> socket.socket:
    """A connection that confirms with what it sends next rather than at once. Raises `OSError`."""
    failed: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(patience_s)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            plain.connect(address)
            return plain
        except OSError as error:
            plain.close()
            failed = error
    raise failed or OSError(f"no address for the port {port}")


def _reason(words: str) -> str:
    upper = words.upper()
    if "NOT YET VALID" in upper or "HAS EXPIRED" in upper:
        return "clock"
    if "ALERT" in upper:
        return "refused"
    if "CERTIFICATE" in upper or "WRONG_VERSION_NUMBER" in upper:
        return "not_the_hub"
    return "no_link"
