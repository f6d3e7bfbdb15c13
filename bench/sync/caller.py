"""One unit's connection, as lean as it can be: TLS 1.3 and just as much of HTTP/2 as the sync port needs.

Thousands of them fit in one process. Bytes go through memory, so that one `epoll` serves all; frames of HTTP/2 are made
by hand (RFC 9113), header blocks without a table (RFC 7541), those of the hub are read by `hpack`.
"""

from __future__ import annotations

import errno
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import hpack

PATH = b"/sync"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
_LINGER_NOT = struct.pack("ii", 1, 0)


class Lost(Exception):
    """The connection is over; the message says why."""


@dataclass
class Answer:
    """To one request."""

    status: int = 0
    retry_s: int = 0
    body: bytearray = field(default_factory=bytearray)


class Caller:
    """A connection. All methods raise `Lost` or `OSError` when it is over."""

    __slots__ = ("_answers", "_decoder", "_in", "_next", "_out", "_raw", "_tls", "_unsent", "host", "shaken", "socket")

    def __init__(self, host: str, port: int, context: ssl.SSLContext, ticket: ssl.SSLSession | None = None) -> None:
        self.host, self.shaken = host.encode(), False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            self.socket.connect((host, port))
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host, session=ticket)
        self._decoder = hpack.Decoder()
        self._answers: dict[int, Answer] = {}
        self._raw, self._unsent, self._next = bytearray(), b"", 1

    @property
    def ticket(self) -> ssl.SSLSession | None:
        """By which the next connection begins with less."""
        return self._tls.session

    @property
    def resumed(self) -> bool:
        """Whether this one did."""
        return bool(self._tls.session_reused)

    @property
    def blocked(self) -> bool:
        """Whether the kernel had no room for all that was to go."""
        return bool(self._unsent)

    def cut(self) -> None:
        """Gone without a word: the other end hears a reset."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.socket.close()

    def post(self, body: bytes) -> None:
        """Send a request, once the handshake is done."""
        stream, self._next = self._next, self._next + 2
        length = str(len(body)).encode()
        # :method POST, :scheme https, :path and :authority and content-length by the names of the static table.
        block = b"\x83\x87" + _literal(b"\x04", PATH) + _literal(b"\x01", self.host) + _literal(b"\x0f\x0d", length)
        self._answers[stream] = Answer()
        frames = _frame(HEADERS, END_HEADERS, stream, block)
        for start in range(0, len(body), 16384):
            last = END_STREAM if start + 16384 >= len(body) else 0
            frames += _frame(DATA, last, stream, body[start : start + 16384])
        self._tls.write(frames)
        self.flush()

    def flush(self) -> None:
        """Hand to the kernel what it takes."""
        self._unsent += self._out.read()
        while self._unsent:
            try:
                sent = self.socket.send(self._unsent)
            except BlockingIOError:
                return
            self._unsent = self._unsent[sent:]

    def begin(self) -> None:
        """The kernel says that the connection stands, or not: begin the handshake."""
        error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise Lost(errno.errorcode.get(error, "?"))
        self._shake()

    def read(self) -> list[Answer]:
        """Take what has come; whole answers."""
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return []
        if not data:
            raise Lost("closed")
        self._in.write(data)
        if not self.shaken:
            self._shake()
        if self.shaken:
            with suppress(ssl.SSLWantReadError):
                while part := self._tls.read(65536):
                    self._raw += part
        found = [self._heard(*frame) for frame in self._frames()]
        self.flush()
        return [answer for answer in found if answer is not None]

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()
            return
        if self._tls.selected_alpn_protocol() != "h2":
            raise Lost("no HTTP/2")
        self.shaken = True
        self._tls.write(PREFACE + _frame(SETTINGS, 0, 0, b""))
        self.flush()

    def _frames(self) -> Iterator[tuple[int, int, int, bytes]]:
        raw = self._raw
        while len(raw) >= 9:
            size = int.from_bytes(raw[:3], "big")
            if len(raw) < 9 + size:
                return
            kind, flags, stream = raw[3], raw[4], int.from_bytes(raw[5:9], "big") & 0x7FFFFFFF
            data = bytes(raw[9 : 9 + size])
            del raw[: 9 + size]
            yield kind, flags, stream, data

    def _heard(self, kind: int, flags: int, stream: int, data: bytes) -> Answer | None:
        if kind == SETTINGS and not flags & ACK:
            self._tls.write(_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self._tls.write(_frame(PING, ACK, 0, data))
        elif kind in (RST, GOAWAY):
            raise Lost("reset" if kind == RST else "sent away")
        elif kind in (HEADERS, DATA):
            answer = self._answers.get(stream)
            if answer is None:
                raise Lost("an answer to nothing")
            if kind == DATA:
                answer.body += data
                if data:
                    # The window of the whole connection is given back at once; that of a stream ends with it.
                    self._tls.write(_frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(data))))
            else:
                told = dict(self._decoder.decode(data))
                answer.status = int(told[":status"])
                answer.retry_s = int(told.get("retry-after", "0"))
            if flags & END_STREAM:
                return self._answers.pop(stream)
        return None


def _frame(kind: int, flags: int, stream: int, data: bytes) -> bytes:
    return len(data).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + data


def _literal(name: bytes, value: bytes) -> bytes:
    return name + bytes((len(value),)) + value
