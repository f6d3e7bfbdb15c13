"""Builds the demonstration: three nodes, a real enrolment, a week of invented life, and real contacts between them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from qafila.kernel import clock
from qafila.kernel.process import bound
from qafila.node.create import create, environment
from qafila.node.demo.layout import HUB, Layout, made_by, read_mark
from qafila.node.demo.link import Link
from qafila.node.demo.progress import Progress
from qafila.node.demo.waiting import listening
from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.server import Part, certify, parts

SEED = 20


class Worker:
    """A node's part of the building, in a process of its own."""

    def __init__(self, node: NodeDirectory, part: str, log: Path, told: Callable[[float], None]) -> None:
        self.node, self.log, self.told = node, log, told
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qafila.node.demo.populate", part],
                env=environment(node), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip

    def order(self, **order: Any) -> Any:
        """Give an order and wait until it is carried out. Raises `NodeError`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        for line in self.process.stdout:
            news = json.loads(line)
            if "ready" in news:
                return news["ready"]
            self.told(news["done"] / max(1, news["of"]))
        raise NodeError(f"{self.node.code} could not be built: {_last_line(self.log)} (more in {self.log})")

    def end(self) -> None:
        """Let the process finish; it has nothing more to do."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "failed without a word"


def prepare(layout: Layout, people: int) -> None:
    """Build what is not there yet. Raises `NodeError` for a folder that holds something else."""
    mark = read_mark(layout.path)
    if mark is not None and mark.get("made_by") == made_by():
        return
    if layout.path.exists() and any(layout.path.iterdir()):
        if mark is None and not layout.begun.exists():
            raise NodeError(f"{layout.path} holds something else: name a new folder with --dir")
        why = "was made by another version" if mark is not None else "was left half built"
        sys.stderr.write(f"{layout.path} {why}: it is built anew\n")
        shutil.rmtree(layout.path)
    layout.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.begun.write_text("A demonstration is being built here.\n")
    with Progress("Building the demonstration") as progress:
        Builder(layout, people, progress).build()


class Builder:
    """One building."""

    def __init__(self, layout: Layout, people: int, progress: Progress) -> None:
        self.layout, self.people, self.progress = layout, people, progress
        self.log = layout.path / "build.log"
        self.now = clock.now()
        self._shares: dict[str, float] = {}

    def build(self) -> None:
        """From an empty folder to a complete demonstration."""
        layout = self.layout
        self.progress.at("nodes and keys", 0.02)
        with ThreadPoolExecutor(len(layout.nodes)) as pool:
            list(pool.map(self._create, layout.nodes))
        self._certify()
        with ExitStack() as stack:
            hub = self._worker(stack, HUB, "hub")
            stack.enter_context(self._hub_running())
            links = [Link(layout.link_port(unit), layout.hub_sync_port) for unit in layout.units]
            for link in links:
                stack.callback(link.close)
                link.restore()
            self.progress.at("staff, units, rounds", 0.2)
            codes = hub.order(
                now=self.now.isoformat(),
                units=layout.units,
                pages_url=layout.url(HUB),
                sync_urls={unit: f"https://localhost:{layout.link_port(unit)}" for unit in layout.units},
            )
            self._live(stack, hub, codes)
        shutil.copy(self.layout.node(HUB).path / "keys" / "ca.crt", layout.authority)
        layout.authority.chmod(0o644)
        self._leave_cut()
        (layout.path / "day").write_text(f"{self.now:%Y-%m-%d}")
        layout.complete(self.people, SEED)

    def _create(self, code: str) -> None:
        profile = "hub" if code == HUB else "unit"
        create(
            profile, self.layout.node(code).path, code=code, country=self.layout.country, port=self.layout.port(code)
        )
        if code == HUB:
            # Whoever tries it has one password to read off the start page; a second factor is there to be tried.
            with (self.layout.node(code).path / "node.toml").open("a") as facts:
                facts.write('second_factor = "offered"\n')

    def _certify(self) -> None:
        """One authority for all pages: whoever tries the demonstration has one certificate to trust."""
        for unit in self.layout.units:
            with (self.layout.node(unit).path / "node.toml").open("a") as facts:
                facts.write(f'authority = "../{HUB.lower()}/keys"\n')
        for code in self.layout.nodes:
            certify(self.layout.node(code))

    def _worker(self, stack: ExitStack, code: str, part: str) -> Worker:
        worker = Worker(self.layout.node(code), part, self.log, lambda share: self._told(code, share))
        stack.callback(worker.end)
        return worker

    def _told(self, code: str, share: float) -> None:
        self._shares[code] = share
        mean = sum(self._shares.get(unit, 0.0) for unit in self.layout.units) / len(self.layout.units)
        self.progress.at("a week of visits", 0.3 + 0.5 * mean)

    def _live(self, stack: ExitStack, hub: Worker, codes: dict[str, str]) -> None:
        units = [self._worker(stack, code, "unit") for code in self.layout.units]
        share = self.people // len(units)
        with ThreadPoolExecutor(len(units)) as pool:

            def all_of(orders: list[dict[str, Any]]) -> None:
                list(pool.map(lambda pair: pair[0].order(**pair[1]), zip(units, orders, strict=True)))

            self.progress.at("enrolment", 0.25)
            all_of([
                {"code": codes[code], "now": self.now.isoformat(), "place": n + 1, "people": share}
                for n, code in enumerate(self.layout.units)
            ])  # fmt: skip
            self.progress.at("the hub's week", 0.82)
            hub.order(do="receive")
            self.progress.at("answers travel down", 0.86)
            all_of([{"do": "go_on"}] * len(units))
            self.progress.at("last words", 0.95)
            hub.order(do="afterwards")

    @contextmanager
    def _hub_running(self) -> Iterator[None]:
        """The hub's pages (where nodes enrol) and its sync port, as when it is served but for one thing: cases are
        taken in by the story, at the story's times."""
        node = self.layout.node(HUB)
        wanted = [part for part in parts(node) if part.name in ("web", "sync")]
        for part in wanted:
            if part.name == "sync":
                part.command = [*part.command[:-1], "qafila.node.demo.quiet_sync:application"]
        try:
            for part in wanted:
                self._start(part, node)
            processes = [part.process for part in wanted if part.process is not None]
            listening([node.port, node.sync_port], 40, processes, self.log)
            yield
        finally:
            for part in wanted:
                if part.process is not None:
                    part.process.terminate()
            for part in wanted:
                if part.process is not None:
                    part.process.wait(15)

    def _start(self, part: Part, node: NodeDirectory) -> None:
        with self.log.open("ab") as out:
            part.process = subprocess.Popen(
                bound(part.command), env=environment(node), stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )

    def _leave_cut(self) -> None:
        """The second unit begins out of reach, so that its queue of what has not left is not empty."""
        cut_file(self.layout).write_text("\n".join(self.layout.units[1:]))


def new_day(layout: Layout) -> None:
    """Where another day has begun since the last start, put some people into the units' queues."""
    file, today = layout.path / "day", f"{clock.now():%Y-%m-%d}"
    if file.exists() and file.read_text() == today:
        return
    file.write_text(today)
    for code in layout.units:
        worker = Worker(layout.node(code), "morning", layout.path / "build.log", lambda _: None)
        try:
            worker.order(do="morning")
        except NodeError as error:
            # The demonstration is of use without it.
            sys.stderr.write(f"{error}\n")
        finally:
            worker.end()


def cut_file(layout: Layout) -> Path:
    """Which units' links are cut, one code a line."""
    return layout.path / "links-cut"
