"""What a node lets itself be measured by, and every word that may stand in it. No Prometheus here, no Django.

A measure is a number. Its labels come from closed lists (views of the program, lanes, checks, kinds) or have the form
of a node's code or a version; whatever else is offered is counted under `other`. So no name, number or code of a
person or of a member of staff can get into a label, and no text at all into a value.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from qafila.node.directory import NodeDirectory, NodeError

FOLDER = "metrics"
"""In the node's directory: what the processes of the pages count, for the process that tells it."""
PORT = 9464
OTHER = "other"
NODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}")
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}")

COUNTED = {
    "qafila_requests": ("Pages asked for", ("view", "method", "status")),
    "qafila_request_seconds": ("How long a page took", ("view",)),
}
"""Counted in the processes of the pages: name → (words, labels)."""
GAUGES = {
    "qafila_info": ("This program", ("version", "profile")),
    "qafila_check": ("A check of readiness: 0 sound, 1 people are warned, 2 not ready", ("check",)),
    "qafila_part_up": ("Whether a part lives", ("part",)),
    "qafila_part_restarts": ("How often a part died since the node was started", ("part",)),
    "qafila_records_pending": ("Records that have not left for the hub", ("lane",)),
    "qafila_files_pending": ("Files that have not left for the hub", ()),
    "qafila_mail_waiting": ("Records that wait for a node", ("node",)),
    "qafila_unit_waits": ("What a node last said waits there", ("node", "what")),
    "qafila_jobs_due": ("Jobs that are due", ()),
    "qafila_jobs_late_seconds": ("How long the oldest job is due", ()),
    "qafila_jobs_failing": ("Jobs whose last run failed", ("job",)),
    "qafila_quarantine": ("Records set aside and not yet dealt with", ()),
    "qafila_sync_age_seconds": ("Since the last contact with a node", ("node",)),
    "qafila_clock_offset_seconds": ("Another node's clock minus this one's at the last contact", ("node",)),
    "qafila_disk_free_bytes": ("Room where the node's data lie", ()),
    "qafila_battery_percent": ("Charge of the emptiest battery", ()),
    "qafila_battery_discharging": ("1 while the machine lives on its battery", ()),
    "qafila_backup_age_seconds": ("Since the last backup was begun, and since one is kept elsewhere", ("backup",)),
}
"""Looked up when they are asked for."""
METHODS = ("GET", "HEAD", "POST")
STATUSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
CHECKS = ("database", "migrations", "disk", "clock", "parts")
PARTS = ("web", "live", "agent", "sync", "radio", "hl7", "sdc", "dicom")
LANES = ("0", "1", "2", "3", "4", "5")
WAITS = ("records", "files", "file_bytes")
BACKUPS = ("begun", "elsewhere")
PROFILES = ("unit", "hub", "health_office", "vaccination_office", "service_desk")


@dataclass
class Words:
    """The words that a label may have. `views` and `jobs` are those of the running program."""

    views: Collection[str] = ()
    jobs: Collection[str] = ()
    closed: dict[str, Collection[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.closed = {
            "view": frozenset(self.views), "job": frozenset(self.jobs), "method": METHODS, "status": STATUSES,
            "check": CHECKS, "part": PARTS, "lane": LANES, "what": WAITS, "backup": BACKUPS, "profile": PROFILES,
        }  # fmt: skip

    def fit(self, label: str, value: str) -> str:
        """The value, or `other` where it is none that this label may have. Raises `KeyError` for another label."""
        if label == "node":
            return value if NODE.fullmatch(value) else OTHER
        if label == "version":
            return value if VERSION.fullmatch(value) else OTHER
        return value if value in self.closed[label] else OTHER


def listening(directory: NodeDirectory) -> tuple[str, int] | None:
    """(address, port) at which this node tells its measures; None: it does not (`[metrics]` in `node.toml`).

    Raises `NodeError` for an address that the public could reach.
    """
    wanted = directory.facts.get("metrics")
    if not isinstance(wanted, dict):
        return None
    said = str(wanted.get("address", "127.0.0.1"))
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        address = None
    if address is None or address.is_unspecified or not (address.is_loopback or address.is_private):
        raise NodeError(f"[metrics] address = {said!r}: name the loopback or one private address of this machine")
    return str(address), int(wanted.get("port", PORT))


def clear(directory: Path) -> Path:
    """The folder in which the processes count, emptied: before they start."""
    folder = directory / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def needs_token(address: str) -> bool:
    """Whether a caller has to show the node's token: everywhere but on the machine itself."""
    return not ipaddress.ip_address(address).is_loopback
