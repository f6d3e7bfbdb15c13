"""The vehicle's power as Linux tells it under `/sys/class/power_supply`: a reader of small text files, nothing else.

Source: Documentation/ABI/testing/sysfs-class-power of the Linux kernel (`type`, `online`, `capacity`, `status`,
`scope`). A battery of scope `Device` is that of a mouse or a telephone, not of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path("/sys/class/power_supply")
MOST = 16
WARN_PERCENT, STOP_PERCENT = 30, 10
Word = Literal["", "ok", "warn", "stop"]


@dataclass(frozen=True)
class Power:
    """`percent`: of the emptiest battery of the machine; `mains`: outside power is there (None: not told)."""

    percent: int
    mains: bool | None

    @property
    def word(self) -> Word:
        """`ok`, `warn` (people plug in) or `stop` (they save and shut down); on outside power it is always `ok`."""
        if self.mains:
            return "ok"
        if self.percent <= STOP_PERCENT:
            return "stop"
        return "warn" if self.percent <= WARN_PERCENT else "ok"


def read(root: Path = ROOT) -> Power | None:
    """The machine's power; None where it has no battery or tells nothing of it."""
    try:
        supplies = sorted(root.iterdir())[:MOST]
    except OSError:
        return None
    percents: list[int] = []
    mains: bool | None = None
    charging: bool | None = None
    for one in supplies:
        kind = _word(one / "type")
        if kind == "Battery" and _word(one / "scope") != "Device" and _word(one / "present") != "0":
            told = _word(one / "capacity")
            if told.isascii() and told.isdigit() and len(told) < 4:
                percents.append(min(int(told), 100))
            status = _word(one / "status")
            charging = bool(charging) or status != "Discharging" if status not in ("", "Unknown") else charging
        elif kind in ("Mains", "USB", "Wireless") and _word(one / "scope") != "Device":
            online = _word(one / "online")
            if online in ("0", "1"):
                mains = bool(mains) or online == "1"
    return Power(min(percents), charging if mains is None else mains) if percents else None


def _word(file: Path) -> str:
    try:
        with file.open("rb") as told:
            return told.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
