"""The one thread of the DICOM process that owns its database: what several devices send is committed in groups.

An association waits until its object is on the disk, and only then says *success*. Whatever has come in meanwhile
from the others goes into the same commit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from django.db import connections, transaction

from qafila.exchange.dicom.models import Arrived
from qafila.journal.here import Here, at

T = TypeVar("T")
GROUP = 64
BEHIND = 1000
"""So many objects may wait to be filed while devices keep sending."""
PAUSE_S = 0.2
Item = tuple[Arrived | Callable[[], Any], Future[Any]]
log = logging.getLogger("qafila.dicom")


class Desk:
    """Keeps what arrives and answers questions, one after the other; files between times."""

    def __init__(self, node: Here, between: Callable[[], bool] = lambda: False) -> None:
        self.node, self.between = node, between
        self._waiting: SimpleQueue[Item] = SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dicom-desk", daemon=True)
        self.groups = 0
        """Commits so far that kept objects."""
        self._behind = 0

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End what is begun, then stop."""
        self._stop.set()
        self._thread.join(30)

    def keep(self, row: Arrived) -> None:
        """Return once the object is on the disk. Raises what kept it from being stored."""
        done: Future[None] = Future()
        self._waiting.put((row, done))
        done.result()

    def ask(self, question: Callable[[], T]) -> T:
        """The answer of a function that reads or writes the database. Raises as it does."""
        done: Future[T] = Future()
        self._waiting.put((question, done))
        return done.result()

    def _run(self) -> None:
        with at(self.node):
            while not (self._stop.is_set() and self._waiting.empty()):
                try:
                    first = self._waiting.get(timeout=PAUSE_S)
                except Empty:
                    self._between()
                    continue
                self._serve([first, *self._more()])
                if self._behind >= BEHIND:
                    self._behind = 0
                    self._once()
        for connection in connections.all(initialized_only=True):
            connection.close()

    def _more(self) -> list[Item]:
        found: list[Item] = []
        while len(found) < GROUP:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                break
        return found

    def _serve(self, items: list[Item]) -> None:
        rows = [(item, done) for item, done in items if isinstance(item, Arrived)]
        if rows:
            self._keep(rows)
        for item, done in items:
            if not isinstance(item, Arrived):
                self._answer(item, done)

    def _keep(self, rows: list[tuple[Arrived, Future[Any]]]) -> None:
        try:
            if self.node.before_writing is not None:
                self.node.before_writing()
            with transaction.atomic(using=self.node.database):
                Arrived.objects.using(self.node.database).bulk_create([row for row, _ in rows], ignore_conflicts=True)
            self.groups += 1
            self._behind += len(rows)
        except Exception as error:  # noqa: BLE001 - whatever it is, the devices are told and the others go on
            log.error("%d objects could not be kept: %s", len(rows), type(error).__name__)
            if len(rows) > 1:
                for row in rows:
                    self._keep([row])
            else:
                rows[0][1].set_exception(error)
            return
        for _, done in rows:
            done.set_result(None)

    def _answer(self, question: Callable[[], Any], done: Future[Any]) -> None:
        try:
            done.set_result(question())
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            done.set_exception(error)

    def _between(self) -> None:
        while self._once() and self._waiting.empty() and not self._stop.is_set():
            pass

    def _once(self) -> bool:
        try:
            return self.between()
        except Exception as error:  # noqa: BLE001 - tried again; nothing of the object may reach the log
            log.error("filing failed: %s", type(error).__name__)
            self._stop.wait(1)
            return False
