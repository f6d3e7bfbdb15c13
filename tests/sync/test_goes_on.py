"""A frame that was cut in its middle goes on, whatever is sent; with real processes in
`test_goes_on_processes`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from random import Random
from typing import Any

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.journal.here import Here, at
from qafila.journal.models import Quarantine, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync import asgi, parts
from qafila.sync.asked import Request
from qafila.sync.frames import GOES_ON, MAX_FRAME, mark
from qafila.sync.session import UnitSession
from tests.sync.pair import Pair, pending


class OfThisNode(ThreadPoolExecutor):
    """Works for the node that the test is at."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(copy_context().run, fn, *args, **kwargs)


@pytest.fixture(autouse=True)
def thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its connections end with the test, because the databases do."""
    with OfThisNode(1) as pool:
        monkeypatch.setattr(asgi, "_threads", pool)
        yield
        pool.submit(connections.close_all).result()


HEADER = st.binary(max_size=40) | st.builds(
    lambda named, sign, place: f"{named.hex()} {sign}{place}".encode(),
    st.binary(min_size=8, max_size=8),
    st.sampled_from(["", "-", "0", "+", " "]),
    st.integers(0, 10**8) | st.sampled_from([MAX_FRAME, 1024]),
)


def asked(hub: Here, body: list[bytes], length: int, goes_on: bytes | None = None) -> int:
    """The status of a request whose body comes in these pieces, and then nobody is there any more."""
    said: list[dict[str, Any]] = []
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]

    async def receive() -> dict[str, object]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        said.append(event)

    headers = [(b"content-length", str(length).encode())]
    headers += [(GOES_ON.encode(), goes_on)] if goes_on is not None else []
    with at(hub):
        asyncio.run(
            asgi.application({"type": "http", "path": "/sync", "method": "POST", "headers": headers}, receive, send)
        )
    return int(said[0]["status"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=HEADER, pieces=st.lists(st.binary(max_size=3000), max_size=4), length=st.integers(0, 2 * MAX_FRAME))
def test_whatever_is_to_go_on_is_refused_in_a_word(pair: Pair, header: bytes, pieces: list[bytes], length: int) -> None:
    assert asked(pair.hub, pieces, length, header) in (400, 413)
    data = Random(length).randbytes(3000)
    with at(pair.hub):
        parts.keep(data)
        named = mark(data)
        assert parts.read(named) == data
    assert asked(pair.hub, pieces, length, f"{named.hex()} 2000".encode()) in (400, 413)
    total = sum(map(len, pieces))
    if total:
        # Joined, and no frame: the part is not kept for another try.
        assert asked(pair.hub, pieces, total, f"{named.hex()} 2000".encode()) == 400
        with at(pair.hub):
            assert not parts.size(named)


def test_a_frame_goes_on_and_is_taken_once(pair: Pair) -> None:
    """It is cut twice; the hub's answer to the whole is that to any frame."""
    data = _pushed(pair).data
    assert len(data) > 3000
    with at(pair.hub):
        before = Record.objects.count()
    assert asked(pair.hub, [data[:700], data[700:1500]], len(data)) == 400
    with at(pair.hub):
        assert parts.size(mark(data)) == 1500
    place = f"{mark(data).hex()} 1500".encode()
    # A shorter beginning that comes late does not take its place, and one that goes on may be cut again.
    assert asked(pair.hub, [data[:1100]], len(data)) == 400
    assert asked(pair.hub, [data[1500:2600]], len(data) - 1500, place) == 400
    with at(pair.hub):
        assert parts.size(mark(data)) == 2600
    for start in (2600, 2000):
        place = f"{mark(data).hex()} {start}".encode()
        status = asked(pair.hub, [data[start:]], len(data) - start, place)
        assert status == (200 if start == 2600 else 400)
        with at(pair.hub):
            assert not parts.size(mark(data))
            assert Record.objects.count() > before and not Quarantine.objects.exists()


def test_a_session_asks_what_the_hub_has_and_sends_the_rest(pair: Pair) -> None:
    with at(pair.unit):
        session = pair.session()
        _exchange(pair, session)
    _people(pair)
    with at(pair.unit):
        push = session.next()
        assert push is not None and len(push.data) > 3000
        session.lost()
    asked(pair.hub, [push.data[:2000]], len(push.data))
    with at(pair.unit):
        _exchange(pair, session)
        rest = session.next()
        assert rest is not None and rest.goes_on == f"{mark(push.data).hex()} 2000" and rest.data == push.data[2000:]
        # It is lost again, and meanwhile the hub has lost the part: the records leave in a frame of their own.
        session.lost()
        with at(pair.hub):
            parts.drop(mark(push.data))
        _exchange(pair, session)
        anew = session.next()
        assert anew is not None and not anew.goes_on and anew.number != push.number
        session.receive(pair.ask(anew.data)[1])
    assert pending(pair.unit) == 0


def test_a_folder_of_parts_has_bounds(hub: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST", 5)
    monkeypatch.setattr(parts, "MOST_BYTES", 9000)
    with at(hub):
        sent = [os.urandom(2000) for _ in range(9)]
        for number, data in enumerate(sent):
            parts.keep(data)
            os.utime(parts._path(mark(data)), (parts.clock.now().timestamp() - 100 + number,) * 2)
        parts.keep(bytes(100))
        parts.keep(bytes(2 * MAX_FRAME))
        parts.sweep()
        assert [bool(parts.size(mark(data))) for data in sent] == [False] * 5 + [True] * 4
        os.utime(parts._path(mark(sent[8])), (1, 1))
        parts.sweep()
        assert not parts.size(mark(sent[8]))
        # What was altered on the disk, or is no part, is not here.
        path = parts._path(mark(sent[7]))
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        assert parts.read(mark(sent[7])) == b"" and parts.read(b"?") == b"" and parts.size(b"../../../x") == 0
        assert sent[6][:200] not in parts._path(mark(sent[6])).read_bytes()


def _people(pair: Pair) -> None:
    with at(pair.unit), writing(None, "person.register") as write:
        for n in range(80):
            write.save(Person(code="MMFE-T48G-2", address=Random(n).randbytes(60).hex()))


def _exchange(pair: Pair, session: UnitSession) -> None:
    """A greeting and its answer."""
    request = session.next()
    assert request is not None and not request.goes_on
    session.receive(pair.ask(request.data)[1])


def _pushed(pair: Pair) -> Request:
    """A frame of records on its way."""
    with at(pair.unit):
        session = pair.session()
        _exchange(pair, session)
    _people(pair)
    with at(pair.unit):
        found = session.next()
    assert found is not None
    return found
