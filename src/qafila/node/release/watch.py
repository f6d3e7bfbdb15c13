"""The unit's side of releases that come over sync: fetch, check, keep, and say what runs here."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from qafila.clinic.visits.models import Visit
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.kernel import clock
from qafila.node.directory import current
from qafila.node.release import install
from qafila.node.release.bundle import Refused
from qafila.registry.programs import acts
from qafila.sync import programs

TODAY = timedelta(hours=12)
"""A visit that nobody has closed for so long does not hold an update up."""
NIGHT = (*range(20, 24), *range(5))
OPEN = ("waiting", "nurse", "ready", "doctor")


def look() -> None:
    """Job: one step. Does nothing on a node that is updated by other means."""
    directory = current()
    root = install.root_of(directory)
    if root is None or not (root / "current").exists():
        return
    now = programs.running(root)
    if now.number:
        acts.report(now.version, now.number)
    release = acts.offered()
    if release is None or release.number in (now.number, programs.refused(root).number):
        return
    if programs.waiting(root).number != release.number:
        _fetch(root, release)
    elif directory.facts.get("release", {}).get("by_night") and _is_night() and not somebody_is_here():
        programs.want(root)


def _fetch(root: Path, release: acts.Release) -> None:
    if not blobs.have(release.sha256):
        blobs.expect(release.sha256, release.size, acts.MEDIA, lane=Lane.LOG, sent=True)
        return
    came = root / "came.release"
    try:
        with came.open("wb") as file:
            file.writelines(blobs.stream(release.sha256))
        install.stage(root, came, current())
    except Refused:
        # Offered by whoever has the hub, but not signed by whoever makes the program, or too old: it stays out.
        (root / programs.REFUSED).write_text(f'{{"version": "{release.version}", "number": {release.number}}}')
    finally:
        came.unlink(missing_ok=True)
    blobs.drop(release.sha256)


def _is_night() -> bool:
    return timezone.localtime(clock.now()).hour in NIGHT


def somebody_is_here() -> bool:
    """Whether a visit of today is open."""
    return Visit.objects.filter(status__in=OPEN, opened_at__gt=clock.now() - TODAY).exists()


def require_nobody() -> None:
    """Raises `Refused` while a visit of today is open."""
    if somebody_is_here():
        raise Refused("a visit is open: the release is installed when nobody waits")
