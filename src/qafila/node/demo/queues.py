"""What has not left each unit yet, looked at from outside, as the start page shows it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import DatabaseError, connections
from django.db.models import Min

from qafila.journal.here import at
from qafila.journal.models import Record
from qafila.kernel import clock
from qafila.node.demo.layout import Layout
from qafila.sync import state

LOOK_S = 1.0


@dataclass(frozen=True)
class Waiting:
    """A unit's queue. `lanes`: number of the lane → records; `since`: when the oldest of them was written."""

    unit: str
    lanes: dict[int, int]
    size: int = 0
    files: int = 0
    files_size: int = 0
    since: datetime | None = None

    @property
    def records(self) -> int:
        """All records that have not left."""
        return sum(self.lanes.values())

    @property
    def minutes(self) -> int:
        """Age of the oldest."""
        return int((clock.now() - self.since).total_seconds() // 60) if self.since else 0


class Queues:
    """Looks at the units' databases once a second for as long as somebody asks."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._latest = {unit: Waiting(unit, {}) for unit in layout.units}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queues", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(5)

    def of(self, unit: str) -> Waiting:
        """The unit's queue a moment ago."""
        return self._latest[unit]

    def _run(self) -> None:
        while not self._stop.is_set():
            for unit in self.layout.units:
                try:
                    self._latest[unit] = self._look(unit)
                except DatabaseError:
                    # Busy for a moment: what was seen before stands for another second.
                    self._latest[unit] = replace(self._latest[unit])
            self._stop.wait(LOOK_S)
        connections.close_all()

    def _look(self, unit: str) -> Waiting:
        with at(replace(self.layout.node(unit).here(), database=unit)):
            link = state.read()
            oldest = Record.objects.filter(pending=True).aggregate(hlc=Min("hlc"))["hlc"] if link.pending else None
            return Waiting(
                unit,
                dict(link.pending),
                link.pending_bytes,
                link.files,
                link.files_bytes,
                clock.hlc_time(oldest) if oldest else None,
            )
