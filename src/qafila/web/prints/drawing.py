"""Who draws prints: a process that has loaded fonts and shapers waits a while for the next, and forks for each.

Each print is drawn by a process of its own, which ends with it: what a page does to it, it does to that page alone, and
the memory it took is given back. Only the loading is shared. The one that waits ends when nothing was printed for a
while (`IDLE_S`), and with the process that started it.

`python -m qafila.web.prints.drawing` is told on the socket that is its standard input: a line of JSON (`how`, `size`)
and as many bytes; it answers with a line (`size`, 0: it could not be drawn, -1: whoever drew it was killed) and as
many bytes.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

SECONDS = 60
IDLE_S = 300
MEMORY = 1 << 30
"""What one print may take, in bytes."""
KEPT = 2
"""So many wait at most; who prints beside these has one started that ends with the print."""
_PIECE = 1 << 16


SLOW, KILLED = "too slow", "killed"
"""Why nothing was drawn, where that lies with the machine; anything else is a fault of the program."""


class PrintFailed(Exception):
    """The page could not be made; the words say why."""


class Drawer:
    """A process that waits, and the socket that leads to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qafila.web.prints.drawing"],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.socket = ours

    def waits(self) -> bool:
        """Whether it is still there and says nothing."""
        return self.process.poll() is None and not select.select([self.socket], [], [], 0)[0]

    def draw(self, how: str, what: bytes, seconds: float) -> bytes:
        """The drawing; empty: there is none. Raises `OSError` where nobody answers (any more), or not in time."""
        until = time.monotonic() + seconds
        self.socket.settimeout(seconds)
        self.socket.sendall(json.dumps({"how": how, "size": len(what)}).encode() + b"\n" + what)
        said = bytearray()
        while (line := said.find(b"\n")) < 0 or len(said) < line + 1 + int(said[:line]):
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            piece = self.socket.recv(_PIECE)
            if not piece:
                raise BrokenPipeError
            said += piece
        if int(said[:line]) < 0:
            raise BrokenPipeError
        return bytes(said[line + 1 :])

    def end(self) -> None:
        """End it, and what it is drawing."""
        self.socket.close()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


_waiting: list[Drawer] = []
_hand = threading.Lock()


def drawn(how: str, what: bytes) -> bytes:
    """What is drawn `how` ("pdf" from HTML; "strip", a PNG, or "escpos" from a strip's JSON). Raises `PrintFailed`."""
    drawer = _taken()
    try:
        found = drawer.draw(how, what, SECONDS)
    except BaseException as error:
        drawer.end()
        if isinstance(error, OSError):
            raise PrintFailed(SLOW if isinstance(error, TimeoutError) else KILLED) from error
        raise
    with _hand:
        kept = len(_waiting) < KEPT
        if kept:
            _waiting.append(drawer)
    if not kept:
        drawer.end()
    if not found:
        raise PrintFailed(f"no {how}")
    return found


def _taken() -> Drawer:
    """One that waits, or another; nobody else's until it is given back."""
    with _hand:
        while _waiting:
            drawer = _waiting.pop()
            if drawer.waits():
                return drawer
            drawer.end()
    return Drawer()


@atexit.register
def end() -> None:
    """End all that wait."""
    with _hand:
        while _waiting:
            _waiting.pop().end()


def _forget() -> None:
    """A process that was forked from this one starts its own."""
    global _waiting, _hand
    for drawer in _waiting:
        drawer.socket.close()
        drawer.process.returncode = 0
    _waiting, _hand = [], threading.Lock()


os.register_at_fork(after_in_child=_forget)


# --- the process that waits -----------------------------------------------------------------------


def main() -> int:
    """Load, then fork for each print."""
    import logging

    import weasyprint  # noqa: F401 - so that each that is forked has it
    from PIL import Image, ImageDraw, ImageFont  # noqa: F401

    from qafila.web.prints import render, strip

    logging.disable()
    ways = {"pdf": render.draw, "strip": strip.draw_picture, "escpos": strip.draw_escpos}
    asking = socket.socket(fileno=os.dup(0))
    while select.select([asking], [], [], IDLE_S)[0]:
        with asking.makefile("rb") as words:
            head = words.readline()
            if not head:
                break
            said = json.loads(head)
            what = words.read(said["size"])
        found = _apart(ways[said["how"]], what)
        asking.sendall(b"-1\n" if found is None else b"%d\n" % len(found) + found)
    return 0


def _apart(draw: Callable[[bytes], bytes], what: bytes) -> bytes | None:
    """What a process of its own draws; empty where it fails, None where it is killed."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            with open(into, "wb") as file:
                file.write(draw(what))
            os._exit(0)
        finally:
            # Whatever it was: the other process goes on alone.
            os._exit(1)
    os.close(into)
    with open(out, "rb") as file:
        found = file.read()
    ended = os.waitpid(pid, 0)[1]
    return None if os.WIFSIGNALED(ended) else found if ended == 0 else b""


if __name__ == "__main__":
    sys.exit(main())
