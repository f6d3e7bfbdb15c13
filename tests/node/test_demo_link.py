"""A link passes bytes while it is whole; cut, it breaks what is open and refuses what is new."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from bench.ports import free_port
from qafila.node.demo.link import Link, free
from qafila.node.demo.waiting import until


@contextlib.contextmanager
def echo() -> Iterator[int]:
    """A server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=back, args=(caller,), daemon=True).start()

        def back(caller: socket.socket) -> None:
            with caller, contextlib.suppress(OSError):
                while data := caller.recv(65536):
                    caller.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def link() -> Iterator[Link]:
    with echo() as target:
        made = Link(free_port(), target)
        yield made
        made.close()


def call(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def read(caller: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count and (data := caller.recv(65536)):
        found += data
    return found


def test_bytes_pass_both_ways_and_are_counted(link: Link) -> None:
    link.restore()
    sent = bytes(range(256)) * 4000
    with call(link.port) as caller:
        threading.Thread(target=caller.sendall, args=(sent,)).start()
        assert read(caller, len(sent)) == sent
    # What has passed is counted a moment later.
    until(lambda: link.up == link.down == len(sent), 10, "the count")


def test_refuses_before_it_is_restored(link: Link) -> None:
    with pytest.raises(ConnectionRefusedError):
        call(link.port)


def test_cut_breaks_what_is_open_and_refuses_what_is_new(link: Link) -> None:
    link.restore()
    caller = call(link.port)
    caller.sendall(b"one")
    assert read(caller, 3) == b"one"
    link.cut()
    with pytest.raises(ConnectionError), caller:
        caller.sendall(b"two")
        if caller.recv(10) == b"":
            raise ConnectionResetError
    with pytest.raises(ConnectionRefusedError):
        call(link.port)
    assert not link.whole


def test_restored_it_passes_again_however_often(link: Link) -> None:
    for _ in range(3):
        link.restore()
        link.restore()
        with call(link.port) as caller:
            caller.sendall(b"again")
            assert read(caller, 5) == b"again"
        link.cut()
        link.cut()


def test_the_end_of_the_stream_passes_too(link: Link) -> None:
    link.restore()
    with call(link.port) as caller:
        caller.sendall(b"last")
        caller.shutdown(socket.SHUT_WR)
        assert read(caller, 10) == b"last"
        assert caller.recv(1) == b""


def test_a_target_that_is_away_ends_the_call(link: Link) -> None:
    link.target = 1
    link.restore()
    with call(link.port) as caller, contextlib.suppress(ConnectionResetError):
        assert caller.recv(1) == b""


def test_a_taken_port_is_said(link: Link) -> None:
    link.restore()
    assert not free(link.port)
    other = Link(link.port, 1)
    with pytest.raises(OSError, match="address"):
        other.restore()
    assert not other.whole
    other.close()
