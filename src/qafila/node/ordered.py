"""Carries out the hub's orders on this node: lock, wipe.

In both cases the pages close at once and every session ends; sync goes on until the hub has the receipt (and, where a
wipe says so, all that had not been sent). Then the keys leave the memory (lock) or are destroyed, and what lay under
them goes (wipe). A hub that takes no receipt for a minute is not waited for, except by what is to be sent first.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from django.db import connections

from qafila.kernel import clock, topics
from qafila.node.directory import current
from qafila.sync import orders, vault
from qafila.sync.models import NodeOrder, NodeOrderDone
from qafila.web.sessions import end_all

CLOSING, WIPED = "closing", "wiped"
PATIENCE_S = 60
GOES = ("data.db", "data.db-wal", "data.db-shm", "data.db.turn", "blobs", "parts", "dicom", "recovery.pub", "link")
log = logging.getLogger("qafila.orders")
_since: dict[object, float] = {}
"""Receipt → when this process first saw it waiting."""


def run() -> None:
    """Job: the next step of an order that is under way; nothing where there is none."""
    directory = current().path
    order = orders.due()
    if order is not None:
        _close(directory)
        if order.what == orders.WIPE and order.unsent_first and orders.left_to_send():
            return
        orders.receipt(order, _outcome(directory, order))
    if (directory / CLOSING).exists():
        # A receipt while the pages are closed: the order is not yet carried out, whatever has ended in between.
        _finish(directory, NodeOrderDone.objects.filter(node=current().code).order_by("id").last())


def _outcome(directory: Path, order: NodeOrder) -> str:
    """Of a lock on a node whose keys lie in no vault: its sessions end, and that is all that can be done."""
    return "sessions" if order.what == orders.LOCK and not vault.exists(directory) else str(order.what)


def _close(directory: Path) -> None:
    """The pages close, whoever was logged in is not any more, and no PIN opens anything."""
    if not (directory / CLOSING).exists():
        log.warning("the hub has ordered this node to lock or wipe itself")
        (directory / CLOSING).touch()
        (directory / "changed").touch()
        topics.touch(directory, [topics.NODE])
    end_all()


def _finish(directory: Path, done: NodeOrderDone | None) -> None:
    if done is None:
        return
    waited = clock.monotonic() - _since.setdefault(done.pk, clock.monotonic())
    if not orders.heard(done) and waited < PATIENCE_S:
        return
    if done.what == orders.WIPE:
        wipe(directory)
        return
    end_all()
    (directory / CLOSING).unlink(missing_ok=True)
    if done.what == orders.LOCK:
        vault.shut(directory)


def wipe(directory: Path) -> None:
    """Destroy the keys, then what lay under them. Only the node's name stays, and that it was wiped."""
    (directory / WIPED).touch()
    vault.destroy(directory)
    connections.close_all()
    for name in GOES:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    log.warning("this node was wiped by order of its hub")
