"""The WSGI application of the port at which other nodes call. TLS and the client's certificate are the server's work;
who speaks is known by the frame's signature."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
django.setup()

from django.db import close_old_connections  # noqa: E402 - the apps have to be loaded first

from qafila.kernel.process import end_with_the_server  # noqa: E402
from qafila.sync import endpoint  # noqa: E402
from qafila.sync.frames import MAX_FRAME, PATH  # noqa: E402

WORDS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
         411: "Length Required", 413: "Content Too Large", 500: "Internal Server Error",
         503: "Service Unavailable"}  # fmt: skip
DRAINED = 8 * 1024 * 1024
log = logging.getLogger("qafila.sync")


end_with_the_server()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one request."""
    close_old_connections()
    try:
        status, body = _respond(environ)
    except Exception as error:  # noqa: BLE001 - a trace would hold record fields: the log gets the kind of error alone
        log.error("a request failed: %s", type(error).__name__)
        status, body = 500, b"failed"
    finally:
        close_old_connections()
    kind = "application/octet-stream" if status == 200 else "text/plain"
    start_response(f"{status} {WORDS[status]}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _respond(environ: dict[str, Any]) -> tuple[int, bytes]:
    if environ.get("PATH_INFO") != PATH:
        return 404, b"nothing_here"
    if environ.get("REQUEST_METHOD") != "POST":
        return 405, b"post_only"
    try:
        length = int(environ.get("CONTENT_LENGTH") or -1)
    except ValueError:
        length = -1
    if length < 0:
        return 411, b"length"
    if length > MAX_FRAME:
        # Read past a little of what is refused, so that the sender hears the answer instead of a broken connection.
        _drain(environ["wsgi.input"], min(length, DRAINED))
        return 413, b"too_large"
    data = _read(environ["wsgi.input"], length)
    if len(data) < length:
        return 400, b"truncated"
    return endpoint.handle(data)


def _drain(source: BinaryIO, length: int) -> None:
    while length > 0 and (part := source.read(min(length, 65536))):
        length -= len(part)


def _read(source: BinaryIO, length: int) -> bytes:
    parts = []
    while length > 0:
        part = source.read(length)
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
