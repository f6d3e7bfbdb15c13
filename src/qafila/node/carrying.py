"""Sticks as the command does them: a bar where it takes long, words or JSON, an exit status."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import msgspec

from qafila.kernel import clock
from qafila.node.directory import NodeError

PATIENCE_S = 2.0
"""Whoever waits longer is shown how far it is."""
_WIDTH = 30


class Bar:
    """A progress bar on the terminal's error output; silent where that is no terminal."""

    def __init__(self) -> None:
        self._since = clock.monotonic()
        self._last = self._since
        self._shown = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` bytes are done."""
        now = clock.monotonic()
        if not sys.stderr.isatty() or now - self._since < PATIENCE_S or (now - self._last < 0.1 and done < total):
            return
        self._last, self._shown = now, True
        full = _WIDTH * done // max(total, 1)
        bar = "#" * full + "." * (_WIDTH - full)
        sys.stderr.write(f"\r{what} [{bar}] {100 * done // max(total, 1):3d} %  {done / 1e6:.0f}/{total / 1e6:.0f} MB")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            sys.stderr.write("\n")


def to_stick(path: Path, receiver: str, limit: int, *, as_json: bool) -> int:
    """`qafila sync --to-stick`; `limit` in bytes. Raises `NodeError` with what to do."""
    from qafila.sync import stick

    bar = Bar()
    try:
        written = stick.to_stick(path, receiver=receiver, limit=limit, progress=bar)
    except stick.StickError as error:
        raise NodeError(str(error)) from error
    finally:
        bar.end()
    if as_json:
        _print(msgspec.json.encode({"written": [dataclasses.asdict(w) for w in written]}).decode())
    else:
        _print("\n".join(map(str, written)))
    return 0


def from_stick(path: Path, *, clean: bool, as_json: bool) -> int:
    """`qafila sync --from-stick`; 1 where a bundle was refused or none was for this node. Raises `NodeError`."""
    from qafila.sync import stick

    bar = Bar()
    try:
        reading = stick.from_stick(path, clean=clean, progress=bar)
    except stick.StickError as error:
        raise NodeError(str(error)) from error
    finally:
        bar.end()
    _print(msgspec.json.encode(reading).decode() if as_json else str(reading))
    return 0 if reading.sound else 1


def _print(words: str) -> None:
    sys.stdout.write(words + "\n")
