"""What each line must reach, and what we aim at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """Limits by the name of a figure: numbers are upper limits, those of `AT_LEAST` lower ones, True has to be so."""

    title: str
    must: dict[str, float | bool]
    aim: dict[str, float | bool]
    at_size: bool = False
    """Holds for the full size of the work alone."""


AT_LEAST = frozenset({"a_second"})
BARS = {
    "clean": Bar("2,000 consultations, clean", {"seconds": 65, "up_bytes_each": 380, "equal": True},
                 {"seconds": 50, "up_bytes_each": 280, "equal": True}, at_size=True),
    "cuts": Bar("2,000 consultations, ten cuts", {"seconds": 320, "times_clean_bytes": 1.3, "equal": True},
                {"seconds": 290, "times_clean_bytes": 1.15, "equal": True}, at_size=True),
    "urgent": Bar("an urgent case from cold", {"seconds": 4, "up_bytes": 3000, "down_bytes": 3000},
                  {"seconds": 3, "up_bytes": 2000, "down_bytes": 2000}),
    "urgent-busy": Bar("an urgent case while 10 MB of images go up", {"seconds": 6, "busy": True},
                       {"seconds": 4, "busy": True}),
    "ecg": Bar("an emergency's ECG at 64 kbit/s, taken to strip",
               {"seconds": 12, "lossless": True, "before_pictures": True},
               {"seconds": 10, "lossless": True, "before_pictures": True}),
    "thin": Bar("a day of 60 consultations at 23 kbit/s", {"seconds": 600, "records_first": True},
                {"seconds": 360, "records_first": True}),
    "hub": Bar("a hub takes in, up to 10 million records", {"a_second": 600, "p99_ms": 150},
               {"a_second": 1200, "p99_ms": 150}, at_size=True),
    "storm": Bar("10,000 units held open, then all call again", {"seconds": 300, "errors": 0, "hub_mb": 2000},
                 {"seconds": 120, "errors": 0, "hub_mb": 2000}, at_size=True),
}  # fmt: skip


def reached(limits: dict[str, float | bool], found: dict[str, Any]) -> bool:
    """Whether every figure keeps its limit. One that was not measured does not."""
    return all(_keeps(name, found.get(name), limit) for name, limit in limits.items())


def _keeps(name: str, value: Any, limit: float | bool) -> bool:
    if isinstance(limit, bool):
        return value is limit
    return isinstance(value, int | float) and (value >= limit if name in AT_LEAST else value <= limit)


def line(name: str, ours: dict[str, Any], peers: dict[str, Any], *, full: bool) -> dict[str, Any]:
    """One line of the report. At a reduced size a bar that holds for the full one is neither reached nor missed."""
    bar = BARS[name]
    judged = full or not bar.at_size
    return {
        "line": name, "title": bar.title, "ours": ours, "peers": peers, "must": bar.must, "aim": bar.aim,
        "reached": reached(bar.must, ours) if judged else None,
        "aim_reached": reached(bar.aim, ours) if judged else None,
    }  # fmt: skip


def table(report: dict[str, Any]) -> str:
    """The report as people read it."""
    rows = []
    for one in report["lines"]:
        names = list(one["must"])
        rows.append(f"{one['title']}: {_verdict(one)}")
        rows.append(f"    {'':12}" + "".join(f"{name:>20}" for name in names))
        for who, found in (("ours", one["ours"]), *one["peers"].items(), ("must", one["must"]), ("aim", one["aim"])):
            if "failed" in found:
                rows.append(f"    {who:12}  {found['failed']}")
            else:
                rows.append(f"    {who:12}" + "".join(f"{_shown(found.get(name)):>20}" for name in names))
    rows.append("; ".join(f"{name} {version}" for name, version in report["versions"].items()))
    return "\n".join(rows)


def _verdict(one: dict[str, Any]) -> str:
    if one["reached"] is None:
        return "a reduced size, not judged"
    return "aim reached" if one["aim_reached"] else "reached" if one["reached"] else "NOT reached"


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value:,}"
