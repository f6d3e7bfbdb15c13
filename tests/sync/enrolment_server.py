"""A hub's enrolment address by itself, for tests that need no pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import django

django.setup()

from qafila.sync.enrolment_endpoint import handle  # noqa: E402


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    status, body = handle(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    start_response(f"{status} x", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))])
    return [body]
