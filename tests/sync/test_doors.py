"""The port at which other nodes call: one path, one method, and nothing without a frame that somebody known signed."""

from __future__ import annotations

import asyncio
import gc
from types import ModuleType

import pytest

from qafila.journal.here import Here
from qafila.sync.frames import PATH

ASKED = [
    ("GET", PATH, b"", 405), ("PUT", PATH, b"", 405), ("DELETE", PATH, b"", 405), ("HEAD", PATH, b"", 405),
    ("POST", "/", b"x", 404), ("GET", "/login/", b"", 404), ("POST", PATH + "/", b"x", 404),
    ("POST", PATH + "/../x", b"x", 404), ("GET", "/records/patients/", b"", 404),
    ("POST", PATH, b"", 400), ("POST", PATH, b"x" * 500, 400), ("POST", PATH, bytes(4096), 400),
]  # fmt: skip


@pytest.fixture
def port() -> ModuleType:
    """The application, which sets its process up for itself alone."""
    before = gc.get_threshold()
    from qafila.sync import asgi

    gc.unfreeze()
    gc.set_threshold(*before)
    return asgi


@pytest.mark.parametrize(("method", "path", "body", "status"), ASKED)
def test_a_stranger_is_told_nothing(
    hub: Here, port: ModuleType, method: str, path: str, body: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The port's own threads ask the database.
    monkeypatch.setattr("qafila.journal.here._process", hub)
    said: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(part: dict[str, object]) -> None:
        said.append(part)

    scope = {"type": "http", "method": method, "path": path,
             "headers": [(b"content-length", str(len(body)).encode())]}  # fmt: skip
    asyncio.run(port.application(scope, receive, send))
    assert said[0]["status"] == status
    assert len(said[1]["body"]) < 40
