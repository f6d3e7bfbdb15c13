"""The ASGI application of the port at which other nodes call. TLS and the client's certificate are the server's work;
who speaks is known by the frame's signature.

The database is asked in a few threads; a question that is held until there is mail holds none of them. When more wait
for a thread than can be served soon, a caller is told when to come back (`admission`).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
django.setup()

from django.db import close_old_connections  # noqa: E402 - the apps have to be loaded first

from qafila.kernel import clock  # noqa: E402 - the apps have to be loaded first
from qafila.kernel.process import end_with_the_server  # noqa: E402
from qafila.kernel.roomy import roomy  # noqa: E402
from qafila.sync import arriving, endpoint  # noqa: E402
from qafila.sync.admission import Admission  # noqa: E402
from qafila.sync.arriving import Arriving, Receive  # noqa: E402
from qafila.sync.endpoint import Reply  # noqa: E402
from qafila.sync.frames import GOES_ON, MAX_FRAME, PATH, PRESSING  # noqa: E402
from qafila.sync.messages import Kind  # noqa: E402
from qafila.sync.waiters import Waiters  # noqa: E402

DRAINED = 8 * 1024 * 1024
BODY_S = 120
"""A body that takes longer than this is no link but somebody who keeps the port busy."""
BUSY = 503
HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
"""Programs alone call here; whoever comes with a browser is told nothing that it might keep or guess at."""
THREADS = int(os.environ.get("QAFILA_SYNC_THREADS", "4"))
_KIND, _HELLO = 5, bytes((Kind.HELLO,))
"""Where a frame says what kind it is of; as yet it is only its word."""
log = logging.getLogger("qafila.sync")
# What is loaded now stays: the collector need not look at it again while somebody waits for an answer. A frame makes
# tens of thousands of objects without cycles: it looks at them once, not two hundred times.
gc.freeze()
gc.set_threshold(100_000, 20, 100)
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sync")
_waiters = Waiters()
_door = Admission(clock.monotonic, THREADS)

Send = Callable[[dict[str, Any]], Awaitable[None]]

end_with_the_server()
# Each unit that is held is an open file.
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    try:
        reply = await _respond(scope, receive)
    except Exception as error:  # noqa: BLE001 - a trace would hold record fields: the log gets the kind of error alone
        log.error("a request failed: %s", type(error).__name__)
        reply = Reply(500, b"failed")
    if reply is None:
        return
    kind = b"application/octet-stream" if reply.status == 200 else b"text/plain"
    headers = [(b"content-type", kind), (b"content-length", str(len(reply.body)).encode()), *HEADERS]
    if reply.status == BUSY:
        headers.append((b"retry-after", str(reply.retry_s).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _respond(scope: dict[str, Any], receive: Receive) -> Reply | None:
    if scope["path"] != PATH:
        return Reply(404, b"nothing_here")
    if scope["method"] != "POST":
        return Reply(405, b"post_only")
    told = dict(scope["headers"]).get(b"content-length", b"")
    if not told.isdigit():
        return Reply(411, b"length")
    length = int(told)
    goes_on = dict(scope["headers"]).get(GOES_ON.encode())
    try:
        begun = b"" if goes_on is None else await arriving.begun(goes_on)
    except ValueError:
        return await _past(receive, length, Reply(400, b"not_a_frame"))
    if goes_on is not None and not begun:
        # It was here when the greeting was answered, and has gone since.
        return await _past(receive, length, Reply(400, b"greet_again"))
    if len(begun) + length > MAX_FRAME:
        return await _past(receive, length, Reply(413, b"too_large"))
    frame = Arriving(len(begun) + length, begun)
    try:
        async with asyncio.timeout(BODY_S):
            whole = await frame.come(receive)
    except TimeoutError:
        await frame.keep()
        whole = False
    if not whole:
        return Reply(400, b"truncated")
    data = bytes(frame.data)
    pressing = PRESSING.encode() in dict(scope["headers"])
    reply = await _handled(data, pressing=pressing)
    if reply.status != BUSY:
        await frame.settled()
    if not reply.hold_s:
        return reply
    heard = await _news(reply, receive)
    if heard is None:
        return None
    # Nothing has come: the answer of then is that of now.
    return await _handled(data) if heard else reply


async def _news(reply: Reply, receive: Receive) -> bool | None:
    """Wait until there is mail for the sender, or for as long as asked: is there any? None: the caller has gone."""
    gone = asyncio.ensure_future(_gone(receive))
    mail = asyncio.ensure_future(_waiters.mail(reply.sender))
    await asyncio.wait({gone, mail}, timeout=reply.hold_s, return_when=asyncio.FIRST_COMPLETED)
    came = mail.done()
    mail.cancel()
    if gone.done():
        return None
    gone.cancel()
    return came


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _past(receive: Receive, length: int, reply: Reply) -> Reply:
    """Read past a little of what is refused, so that the sender hears the answer instead of a broken connection."""
    size, more = 0, True
    while more and size < min(length, DRAINED):
        part = await receive()
        size += len(part.get("body", b""))
        more = part["type"] != "http.disconnect" and part.get("more_body", False)
    return reply


async def _handled(data: bytes, *, pressing: bool = False) -> Reply:
    wait_s = _door.enter(begins=data[_KIND : _KIND + 1] == _HELLO, pressing=pressing)
    if wait_s:
        return Reply(BUSY, b"busy", retry_s=wait_s)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, _work, data)
    finally:
        _door.leave()


@roomy
def _work(data: bytes) -> Reply:
    close_old_connections()
    try:
        return endpoint.handle(data)
    finally:
        close_old_connections()
