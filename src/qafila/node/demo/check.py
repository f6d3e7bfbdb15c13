"""`qafila demo --check`: start everything, walk the whole journey, say what was seen and how long each step took."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx

from qafila.kernel import clock
from qafila.node.create import environment
from qafila.node.demo import standalone
from qafila.node.demo.build import prepare
from qafila.node.demo.journey import Journey
from qafila.node.demo.layout import Layout
from qafila.node.demo.running import Running
from qafila.node.demo.waiting import NeverCame
from qafila.node.demo.walker import Stuck


def check(layout: Layout, people: int) -> int:
    """Do all of it; the exit status: 0 only where every step was seen."""
    begun = clock.monotonic()
    prepare(layout, people)
    standalone.set_up(layout)
    from qafila.node.demo.start_page import StartPage

    for code in layout.nodes:
        _log(layout, code).unlink(missing_ok=True)
    running = Running(layout, remember_cuts=False)
    try:
        with Timed("start the hub and the units"):
            running.start()
        with StartPage(layout, running):
            journey = Journey(layout, running)
            try:
                for step in journey.steps():
                    with Timed(step.title):
                        step.do()
            finally:
                journey.end()
        for code in layout.nodes:
            with Timed(f"the journal of {code} is whole"):
                _whole(layout, code)
    except (Stuck, NeverCame, httpx.HTTPError) as error:
        sys.stdout.write(f"\nNOT SEEN: {error}\n")
        _tell_logs(layout)
        return 1
    finally:
        running.stop()
    sys.stdout.write(f"\nEverything was seen, in {clock.monotonic() - begun:.1f} s\n")
    return 0


class Timed:
    """Prints a step with its seconds."""

    number = 0

    def __init__(self, title: str) -> None:
        self.title = title

    def __enter__(self) -> Timed:
        Timed.number += 1
        self.begun = clock.monotonic()
        sys.stdout.write(f"{Timed.number:3}. {self.title} ")
        sys.stdout.flush()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        dots = "." * max(2, 58 - len(self.title))
        sys.stdout.write(f"{dots} {clock.monotonic() - self.begun:6.2f} s{'' if kind is None else '  FAILED'}\n")
        sys.stdout.flush()


def _whole(layout: Layout, code: str) -> None:
    node = layout.node(code)
    done = subprocess.run(
        [sys.executable, "-m", "qafila.cli", "check", str(node.path)],
        env=environment(node), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Stuck(f"the check of {code} found something: {(done.stdout + done.stderr).strip()[:300]}")


def _tell_logs(layout: Layout) -> None:
    """The last errors of the nodes: their logs name no person."""
    for code in layout.nodes:
        log = _log(layout, code)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        for line in [one for one in lines if "ERROR" in one][-3:]:
            sys.stdout.write(f"  {code}: {line}\n")


def _log(layout: Layout, code: str) -> Path:
    return layout.path / f"{code.lower()}.log"
