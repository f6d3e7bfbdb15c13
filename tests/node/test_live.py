"""Open pages hear of every change: of those too that fall between the making of a page and its listening."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qafila.kernel.topics import NODE, every, mark, place, touch
from qafila.web.live_token import issue


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "web.key").write_bytes(b"synthetic")
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


def _of(live: ModuleType, *topics: str) -> str:
    """What a page says that was made now of these topics."""
    places = [place(one) for one in topics]
    return f"of={'.'.join(map(str, places))}&since={mark(every(live.DIRECTORY), places)}"


def test_a_change_before_the_page_listened_is_told(live: ModuleType) -> None:
    async def story() -> None:
        made_of = _of(live, "cases")
        touch(live.DIRECTORY, ["cases"])
        page, task = await _opened(live, f"token={issue(live.DIRECTORY)}&{made_of}")
        assert b"changed" in await page.next()
        page.left.set()
        await task

    asyncio.run(story())


def test_each_change_is_told_to_everybody(live: ModuleType) -> None:
    async def story() -> None:
        pages = [await _opened(live, f"token={issue(live.DIRECTORY)}&{_of(live, 'cases', NODE)}") for _ in range(3)]
        for topic in ("cases", NODE, "cases"):
            touch(live.DIRECTORY, [topic])
            for page, _ in pages:
                assert b"changed" in await page.next()
        for page, task in pages:
            assert page.words.empty()
            page.left.set()
            await task

    asyncio.run(story())


def test_a_change_wakes_only_whose_list_it_is_about(live: ModuleType) -> None:
    async def story() -> None:
        token = f"token={issue(live.DIRECTORY)}"
        ours, task = await _opened(live, f"{token}&{_of(live, 'cases')}")
        theirs, other = await _opened(live, f"{token}&{_of(live, 'duty')}&{_of(live, 'leave')}")
        touch(live.DIRECTORY, ["cases"])
        assert b"changed" in await ours.next()
        assert theirs.words.empty()
        touch(live.DIRECTORY, ["leave"])
        assert b"changed" in await theirs.next()
        assert ours.words.empty()
        for page in (ours, theirs):
            page.left.set()
        await asyncio.gather(task, other)

    asyncio.run(story())


@pytest.mark.parametrize("query", ["", "token=", "token=1.2", "token=9999999999.00", "since=5", "token=%00.%ff"])
def test_without_a_token_of_this_node_nothing_is_heard(live: ModuleType, query: str) -> None:
    page = Page(live, query)
    asyncio.run(page.listen())
    assert page.status == 403


@pytest.mark.parametrize(
    "said", ["", "of=x&since=1", "of=-1&since=", "of=9.&since=5", "of=١٢&since=5", "since=" + "9" * 40]
)
def test_whoever_says_nothing_that_can_be_read_hears_of_everything(live: ModuleType, said: str) -> None:
    async def story() -> None:
        page, task = await _opened(live, f"token={issue(live.DIRECTORY)}&{said}")
        touch(live.DIRECTORY, ["whatever"])
        assert b"changed" in await page.next()
        page.left.set()
        await task

    asyncio.run(story())


@pytest.mark.parametrize("since", ["", "x", "9" * 40])
def test_whoever_knows_an_odd_word_is_told_at_once(live: ModuleType, since: str) -> None:
    async def story() -> None:
        page, task = await _opened(live, f"token={issue(live.DIRECTORY)}&of=7.9999&since={since or 'y'}")
        assert b"changed" in await page.next()
        page.left.set()
        await task

    asyncio.run(story())
