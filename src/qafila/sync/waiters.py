"""Who waits for mail on this process: one look at the mailboxes for all of them, when something was committed."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.db import close_old_connections

from qafila.journal.here import here
from qafila.kernel.stamp import stamp
from qafila.sync.models import Mail

LOOK_S = 0.2
OVERLAP = 20_000
"""Numbers are drawn before a commit: mail with a lower one may show itself a little later."""


class Waiters:
    """Nodes whose question is held."""

    def __init__(self) -> None:
        self._turns: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._joined = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail")

    async def mail(self, node: str) -> None:
        """Returns when there is mail for the node."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        turn = asyncio.Event()
        self._turns.setdefault(node, set()).add(turn)
        # What was committed between the caller's look and this line changes the file no second time.
        self._joined = True
        try:
            await turn.wait()
        finally:
            turns = self._turns.get(node, set())
            turns.discard(turn)
            if not turns:
                self._turns.pop(node, None)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        file = (here().directory or Path()) / "changed"
        told, last = -1, -1
        while True:
            now = stamp(file)
            if (now != told or self._joined) and self._turns:
                told, self._joined = now, False
                nodes, last = await loop.run_in_executor(self._thread, _nodes_with_mail, last)
                for node in nodes & self._turns.keys():
                    for turn in self._turns[node]:
                        turn.set()
            await asyncio.sleep(LOOK_S)


def _nodes_with_mail(after: int) -> tuple[set[str], int]:
    """Nodes for which mail of late waits, and the number of the latest."""
    close_old_connections()
    try:
        latest = Mail.objects.order_by("-id").values_list("id", flat=True).first() or 0
        fresh = Mail.objects.filter(id__gt=(latest if after < 0 else after) - OVERLAP, acked__isnull=True)
        return set(fresh.order_by().values_list("to", flat=True).distinct()), latest
    finally:
        close_old_connections()
