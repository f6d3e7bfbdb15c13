"""How far a long work is: a bar on a terminal, a line a stage elsewhere."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

from qafila.kernel import clock

WIDTH = 28


class Progress:
    """A bar that is drawn once the work has taken two seconds. Thread-safe."""

    def __init__(self, title: str) -> None:
        self.title, self.stage, self.share = title, "", 0.0
        self.begun = clock.monotonic()
        self.terminal = sys.stderr.isatty()
        self._turn = threading.Lock()
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn and self.terminal:
            sys.stderr.write("\r\x1b[K")
        if kind is None:
            sys.stderr.write(f"{self.title}: {clock.monotonic() - self.begun:.1f} s\n")

    def at(self, stage: str, share: float) -> None:
        """Say what is being done, and what share (0 to 1) of all is behind."""
        with self._turn:
            fresh, self.stage, self.share = stage != self.stage, stage, max(self.share, min(share, 1.0))
            if self.terminal and clock.monotonic() - self.begun > 2:
                self._drawn = True
                full = round(WIDTH * self.share)
                bar = "█" * full + "·" * (WIDTH - full)
                sys.stderr.write(f"\r\x1b[K{self.title} {bar} {self.share:4.0%}  {stage}")
                sys.stderr.flush()
            elif fresh and not self.terminal:
                sys.stderr.write(f"  {clock.monotonic() - self.begun:5.1f} s  {stage}\n")
                sys.stderr.flush()
