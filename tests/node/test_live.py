"""Open pages hear of every change: of those too that fall between the making of a page and its listening."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qafila.kernel.stamp import stamp, touch
from qafila.web.live_token import issue


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "web.key").write_bytes(b"synthetic")
    touch(tmp_path / "changed")
    monkeypatch.setenv("QAFILA_DIR", str(tmp_path))
    return importlib.reload(importlib.import_module("qafila.node.live"))


class Page:
    """Somebody who listens; `words` are the bodies that came."""

    def __init__(self, live: ModuleType, query: str) -> None:
        self.live, self.query = live, query
        self.status = 0
        self.words: asyncio.Queue[bytes] = asyncio.Queue()
        self.left = asyncio.Event()

    async def listen(self) -> None:
        scope = {"type": "http", "path": "/live", "headers": [], "query_string": self.query.encode()}
        await self.live.application(scope, self.receive, self.send)

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
        elif event["body"]:
            await self.words.put(event["body"])

    async def next(self) -> bytes:
        async with asyncio.timeout(15):
            return await self.words.get()


async def _opened(live: ModuleType, query: str) -> tuple[Page, asyncio.Task[None]]:
    page = Page(live, query)
    task = asyncio.create_task(page.listen())
    assert (await page.next()).startswith(b"retry:")
    return page, task


def test_a_change_before_the_page_listened_is_told(live: ModuleType) -> None:
    async def story() -> None:
        made_at = stamp(live.DIRECTORY / "changed")
        touch(live.DIRECTORY / "changed")
        page, task = await _opened(live, f"token={issue(live.DIRECTORY)}&since={made_at}")
        assert b"changed" in await page.next()
        page.left.set()
        await task

    asyncio.run(story())


def test_each_change_is_told_to_everybody(live: ModuleType) -> None:
    async def story() -> None:
        query = f"token={issue(live.DIRECTORY)}&since={stamp(live.DIRECTORY / 'changed')}"
        pages = [await _opened(live, query) for _ in range(3)]
        for _ in range(3):
            touch(live.DIRECTORY / "changed")
            for page, _ in pages:
                assert b"changed" in await page.next()
        for page, task in pages:
            assert page.words.empty()
            page.left.set()
            await task

    asyncio.run(story())


@pytest.mark.parametrize("query", ["", "token=", "token=1.2", "token=9999999999.00", "since=5", "token=%00.%ff"])
def test_without_a_token_of_this_node_nothing_is_heard(live: ModuleType, query: str) -> None:
    page = Page(live, query)
    asyncio.run(page.listen())
    assert page.status == 403


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 40, "١٢"])
def test_an_odd_time_is_taken_for_now(live: ModuleType, since: str) -> None:
    async def story() -> None:
        page, task = await _opened(live, f"token={issue(live.DIRECTORY)}&since={since}")
        touch(live.DIRECTORY / "changed")
        assert b"changed" in await page.next()
        page.left.set()
        await task

    asyncio.run(story())
