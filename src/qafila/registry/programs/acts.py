"""The verbs about programs: the hub offers a release, a node says what it runs."""

from __future__ import annotations

from pathlib import Path

from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.registry.programs.models import Installed, Release

MEDIA = "application/x-qafila-release"


def offer(file: Path, version: str, number: int, back: int) -> Release:
    """Offer a release, whose signature the caller has checked, to every unit. The administrator's word, given at the
    hub's own machine. Raises `OSError`."""
    row = blobs.put(file, MEDIA, lane=Lane.LOG, stays=True)
    with writing(None, act="release.offer") as write:
        return write.save(
            Release(version=version, number=number, back=back, sha256=row.sha256, size=file.stat().st_size)
        )


def report(version: str, number: int) -> bool:
    """Say what this node runs; False where that has been said already."""
    last = Installed.objects.filter(node=here().node).order_by("-id").first()
    if last is not None and (last.version, last.number) == (version, number):
        return False
    with writing(None, act="release.run") as write:
        write.save(Installed(node=here().node, version=version, number=number))
    return True


def offered() -> Release | None:
    """The release that was offered last."""
    return Release.objects.order_by("-id").first()


def running(nodes: list[str]) -> dict[str, str]:
    """Node → the version that it said last. One query."""
    rows = Installed.objects.filter(node__in=nodes).order_by("id").values_list("node", "version")
    return dict(rows)
