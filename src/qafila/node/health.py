"""Whether the node lives and is ready, for whoever starts and watches it.

`/health/live`   200 as long as this process answers; asks neither database nor session.
`/health/ready`  200 where work can be done, else 503. A caller on this machine is told the checks by name; anybody else
                 hears one word.

Answered before everything else, so that a broken database or session cannot hide which of the two it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from qafila.journal import doubt
from qafila.journal.models import Run
from qafila.kernel import clock
from qafila.node import alive
from qafila.node.disk import state as disk_state

Word = Literal["ok", "warn", "no"]
NEEDED = ("web", "live", "agent", "sync")
"""Parts without which the node is not ready, where its profile has them; a device's part is not one of them."""
HERE = ("127.0.0.1", "::1")
FRESH_S = 1.0
_migrated = False
_last: tuple[float, dict[str, Word]] = (-FRESH_S, {})


class HealthMiddleware:
    """Answers the two addresses; everything else passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer or pass on."""
        if request.path == "/health/live":
            return _told(HttpResponse("ok", content_type="text/plain"))
        if request.path == "/health/ready":
            found = lately()
            ready = is_ready(found)
            if request.META.get("REMOTE_ADDR") in HERE:
                return _told(JsonResponse({"ready": ready, "checks": found}, status=200 if ready else 503))
            word = "ready" if ready else "not ready"
            return _told(HttpResponse(word, content_type="text/plain", status=200 if ready else 503))
        return self.get_response(request)


def _told(response: HttpResponse) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def is_ready(checks: dict[str, Word]) -> bool:
    """A warning is for people: the node works on."""
    return "no" not in checks.values()


def lately() -> dict[str, Word]:
    """`checks`, but looked at once a second at most, however many ask."""
    global _last
    if clock.monotonic() - _last[0] >= FRESH_S:
        _last = clock.monotonic(), checks()
    return _last[1]


def checks() -> dict[str, Word]:
    """Every check by name: `ok`, `warn` (people are told, work goes on) or `no` (not ready)."""
    found: dict[str, Word] = {"database": _database()}
    found["migrations"] = _migrations() if found["database"] == "ok" else "no"
    disk: dict[str, Word] = {"ok": "ok", "warn": "warn"}
    found["disk"] = disk.get(disk_state(), "no")
    found["clock"] = "ok" if doubt.trusted() else "warn"
    found["parts"] = _parts()
    return found


def _database() -> Word:
    try:
        Run.objects.exists()
    except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is the same
        return "no"
    return "ok"


def _migrations() -> Word:
    """Looked at until they are whole; a database does not go back under a running process."""
    global _migrated
    if not _migrated:
        try:
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        except Exception:  # noqa: BLE001 - a graph that cannot be read is not whole
            return "no"
    return "ok" if _migrated else "no"


def _parts() -> Word:
    if settings.DIRECTORY is None:
        return "ok"
    found = alive.read(settings.DIRECTORY.path)
    if any(not lives for name, (lives, _) in found.items() if name in NEEDED):
        return "no"
    return "ok" if all(lives for lives, _ in found.values()) else "warn"
