"""Tells other processes of this machine that something was committed: they watch the time of one empty file."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from qafila.journal.here import Here
from qafila.kernel.stamp import touch


def mark(node: Here) -> None:
    """Touch `changed` in the node's directory once the transaction at hand is committed."""
    directory = node.directory
    if directory is not None:
        transaction.on_commit(partial(touch, directory / "changed"), using=node.database)
