"""Our own row: each line is one measurement over the bed, by the real command and the real sync port."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.hub import run as hub_bench
from bench.sync.acts import ECGS, PHOTOS, UNIT
from bench.sync.channel import Conditions, Cuts
from bench.sync.compare import differences
from bench.sync.link import FAST, Link, end
from bench.sync.nodes import Nodes, Pair, qafila, say, serve, told, within
from bench.sync.watch import Rows, files, held, holds, until

SETTLE_S = 3.0
"""So long the bytes of the last acknowledgements are counted after the hub has all."""
THIN = 23_000
ECG_LINK = 64_000
REPEATS = 5
IMAGES_MB = 10.0
UNDER_WAY_BYTES = 250_000
DAY = 60
JUDGED = ("seconds", "seconds_with_start", "up_bytes", "down_bytes", "up_bytes_with_next_question")


@dataclass(frozen=True)
class Size:
    """How much is carried, and from which seed."""

    count: int = 2000
    seed: int = 1
    cuts: int = 10
    images_mb: float = IMAGES_MB
    repeats: int = REPEATS

    @property
    def patience(self) -> float:
        """Seconds after which a line is given up."""
        return 240 + self.count * 0.8


@dataclass
class Stage:
    """A served hub and a unit on a link, nothing said between them yet."""

    link: Link
    pair: Pair
    hub: Rows

    @contextmanager
    def calling(self) -> Iterator[None]:
        """The unit keeps in contact with its hub, inside the block."""
        unit = self.pair.unit
        with (unit.path / "sync.log").open("ab") as log:
            process = self.link.unit(qafila("sync", str(unit.path)), env=within(unit), stdout=log, stderr=log)
        try:
            yield
        finally:
            end([process])

    def wait(self, runs: dict[str, list[list[int]]], seconds: float) -> float:
        """When the hub held these."""
        return until(lambda: holds(self.hub, UNIT, runs), seconds, lambda: f"{held(self.hub, UNIT)} records are there")


@contextmanager
def stage(nodes: Nodes, unit: str = "unit") -> Iterator[Stage]:
    """Fresh copies of the nodes on a link of their own."""
    pair = nodes.pair(unit)
    with Link() as link:
        serve(link, pair.hub)
        with pair.connect() as hub:
            yield Stage(link, pair, hub)


def clean(nodes: Nodes, size: Size) -> dict[str, Any]:
    """All consultations over the link without cuts."""
    return carry(nodes, size, None)


def cut(nodes: Nodes, size: Size, uncut_bytes: int) -> dict[str, Any]:
    """The same with cuts spread over the transfer."""
    return carry(nodes, size, Cuts(every=uncut_bytes // (size.cuts + 1), count=size.cuts))


def carry(nodes: Nodes, size: Size, cuts: Cuts | None) -> dict[str, Any]:
    """Seconds from the first packet until the hub holds all, and what it cost."""
    master = nodes.full(size.count, size.seed)
    with stage(nodes, master) as at:
        goal = json.loads((nodes.masters / f"{master}.json").read_text())
        at.link.begin(Conditions(seed=size.seed), cuts)
        called = time.monotonic()
        with at.calling():
            done = at.wait(goal["runs"], size.patience)
            time.sleep(SETTLE_S)
            tally, began = at.link.tally(), at.link.first_packet or called
        at.link.begin(FAST)
        same = differences(at.pair)
    return {
        "seconds": round(done - began, 1), "seconds_with_start": round(done - called, 1), **tally,
        "up_bytes_each": round(tally["up_bytes"] / size.count, 1), "records": goal["pending"], "compared": same,
    }  # fmt: skip


def urgent_cold(nodes: Nodes, size: Size) -> dict[str, Any]:
    """An emergency with its records, the unit not yet connected; several times, each by a new process."""
    tries = []
    with stage(nodes) as at:
        for n in range(size.repeats):
            at.link.begin(FAST)
            sent = told(at.pair.unit, "case", str(size.seed * 100 + n))
            at.link.begin(Conditions(seed=size.seed * 100 + n))
            called = time.monotonic()
            with at.calling():
                done = at.wait(sent["runs"], 120)
                # Until the unit has heard that all is durable; what it asks then (its mail) is told apart.
                time.sleep(Conditions().rtt / 2)
                tally = at.link.tally()
                first = at.link.first_packet or called
                time.sleep(Conditions().rtt / 2)
                after = at.link.tally()["up_bytes"]
            tries.append({"seconds": round(done - first, 2), "seconds_with_start": round(done - called, 2), **tally,
                          "up_bytes_with_next_question": after})  # fmt: skip
    return _middle(tries, records=sent["pending"])


def urgent_busy(nodes: Nodes, size: Size) -> dict[str, Any]:
    """An emergency while images go up: from the moment it is sent until the hub has all its records."""
    tries = []
    with stage(nodes) as at:
        images = told(at.pair.unit, "images", str(size.images_mb), str(size.seed))
        at.link.begin(Conditions(seed=size.seed))
        with at.calling():
            at.wait(images["runs"], 120)
            for n in range(size.repeats):
                mark = at.link.tally()["up_bytes"] + UNDER_WAY_BYTES
                until(lambda m=mark: at.link.tally()["up_bytes"] > m, 120, lambda: "no image goes up")  # type: ignore[misc]
                sent = told(at.pair.unit, "case", str(size.seed * 100 + 50 + n))
                run = str(sent["only_run"])
                done = at.wait({run: sent["runs"][run]}, 180)
                still = files(at.hub, images["files"]) < len(images["files"])
                tries.append({"seconds": round(done - sent["sent_at"], 2), "images_still_going": still})
    return {**_middle(tries, images_bytes=images["bytes"]), "busy": all(one["images_still_going"] for one in tries)}


def ecg(nodes: Nodes, size: Size) -> dict[str, Any]:
    """An emergency's ECG at 64 kbit/s: from taking it until the specialist's strip can be read.

    Twelve leads at 500 Hz, as resting recorders send them (AHA/ACC/HRS 2007), are judged; 1000 Hz is told beside. A
    preview that went while nothing else waited may be there before; no photograph is.
    """
    tries: list[dict[str, Any]] = []
    with stage(nodes) as at:
        at.link.begin(Conditions(up=ECG_LINK, down=ECG_LINK, seed=size.seed))
        with at.calling():
            for n, rate in enumerate([*[500] * min(3, size.repeats), 1000]):
                mark = at.link.tally()["up_bytes"]
                sent = told(at.pair.unit, "ecg", str(size.seed * 100 + n), str(rate))
                run = str(sent["only_run"])
                records = at.wait({run: sent["runs"][run]}, 180)
                here = until(lambda s=sent: files(at.hub, [s["ecg"]]) == 1, 180, lambda: "the ECG is on its way")  # type: ignore[misc]
                early = files(at.hub, sent["pictures"])
                up = at.link.tally()["up_bytes"] - mark
                drawn = told(at.pair.hub, "strip", sent["ecg"])
                tries.append({"seconds": round(here - sent["taken_at"] + drawn["draw_s"], 2), "up_bytes": up,
                              "after_sending_s": round(here - sent["sent_at"], 2),
                              "records_s": round(records - sent["sent_at"], 2), "pictures_before": early,
                              "previews_before": files(at.hub, sent["previews"]),
                              "ecg_bytes": sent["ecg_bytes"], "hertz": rate, **drawn})  # fmt: skip
                until(lambda s=sent: files(at.hub, s["pictures"]) == len(s["pictures"]), 600, lambda: "pictures")  # type: ignore[misc]
    first = all(one["pictures_before"] == 0 for one in tries)
    fine = tries.pop()
    return _middle(
        tries, at_1000_hertz=fine, lossless=all(one["lossless"] for one in (*tries, fine)), before_pictures=first
    )


def thin_day(nodes: Nodes, size: Size) -> dict[str, Any]:
    """A day of work at 23 kbit/s: when the records, the electrocardiograms and the previews are on the hub."""
    like = Conditions(up=THIN, down=THIN, seed=size.seed)
    with stage(nodes) as at:
        goal = told(at.pair.unit, "day", str(DAY), str(size.seed))
        wanted = [*goal["ecgs"], *goal["previews"]]
        at.link.begin(like)
        called = time.monotonic()
        picture = None
        with at.calling():
            records = at.wait(goal["runs"], 1200)
            early = files(at.hub, goal["previews"])
            ecgs = until(lambda: files(at.hub, goal["ecgs"]) == ECGS, 3000, lambda: _files(at, wanted))
            early_ecg = files(at.hub, goal["previews"])
            picture = until(lambda: files(at.hub, goal["previews"]) == PHOTOS, 3000, lambda: _files(at, wanted))
            first, tally = at.link.first_packet or called, at.link.tally()
    return {
        "seconds": round(max(ecgs, picture) - first, 1), "records_s": round(records - first, 1),
        "ecgs_s": round(ecgs - first, 1), "previews_s": round(picture - first, 1), "records_first": early == 0,
        "previews_before_last_ecg": early_ecg, "records": goal["pending"], "ecg_bytes": goal["ecg_bytes"],
        "preview_bytes": goal["preview_bytes"], **tally,
    }  # fmt: skip


def _files(at: Stage, wanted: list[str]) -> str:
    return f"{files(at.hub, wanted)} of {len(wanted)} files are there"


def _middle(tries: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The median of each figure that the line is judged by, the longest try, and all of them."""
    middle = {name: round(statistics.median(one[name] for one in tries), 2) for name in JUDGED if name in tries[0]}
    longest = max(one["seconds"] for one in tries)
    say(f"median {middle}, longest {longest} s")
    return {**middle, **more, "longest_s": longest, "tries": tries}


def hub(fills: str) -> dict[str, Any]:
    """Consultations a second that a hub takes in, the slowest of its stages: empty, and at each of these numbers of
    records in its journal (bench/hub)."""
    found = hub_bench.measure(hub_bench.asked(["--fill", fills, "--consultations", "9000"]))
    stages = found["stages"]
    return {
        "a_second": min(one["a_second"] for one in stages), "p99_ms": max(one["p99_ms"] for one in stages),
        "stages": stages, "kept": found["kept"],
    }  # fmt: skip
