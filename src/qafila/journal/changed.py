"""Tells other processes of this machine that something was committed: they watch the time of one empty file."""

from __future__ import annotations

from django.db import transaction

from qafila.journal.here import Here


def mark(node: Here) -> None:
    """Touch `changed` in the node's directory once the transaction at hand is committed."""
    directory = node.directory
    if directory is not None:
        transaction.on_commit((directory / "changed").touch, using=node.database)
