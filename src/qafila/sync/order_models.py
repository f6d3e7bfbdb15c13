"""What a hub says to one node and what the node says back: how long its history stays open, lock, wipe."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Lane, Recorded


class Lease(models.Model):
    """How long this node has been without its hub. One row."""

    spent_s = models.BigIntegerField(default=0)
    """Seconds since the last contact, as far as they were noticed; a clock that is set back takes none away."""
    seen_ms = models.BigIntegerField(default=0)
    """The latest time that was seen, Unix milliseconds."""
    open_until_s = models.BigIntegerField(default=0)
    """A supervisor's code holds until so many seconds are spent."""
    challenge = models.CharField(max_length=16, default="", blank=True)
    """What the next code has to answer; empty: nobody has asked for one."""
    tries = models.SmallIntegerField(default=0)
    """Wrong codes for it."""


class LeaseCode(Recorded):
    """On a hub: a code was made that opens a node's history for some days."""

    lane: ClassVar[int] = Lane.LOG

    node = models.CharField(max_length=16)
    challenge = models.CharField(max_length=16)
    days = models.SmallIntegerField()
    reason = models.CharField(max_length=200)

    class Meta:
        base_manager_name = "objects"


class LeaseOpening(Recorded):
    """On a node: such a code was typed."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    challenge = models.CharField(max_length=16)
    days = models.SmallIntegerField()

    class Meta:
        base_manager_name = "objects"


class NodeOrder(Recorded):
    """The hub's order to one node: lock itself, or destroy its keys."""

    lane: ClassVar[int] = Lane.URGENT

    node = models.CharField(max_length=16)
    what = models.CharField(max_length=8)
    """`lock` or `wipe`."""
    reason = models.CharField(max_length=200)
    unsent_first = models.BooleanField(default=True)
    """Of a wipe: what has not been sent goes first."""
    box = models.CharField(max_length=16)
    """The box that is meant: a digest of its signing key. Another one under the same code does nothing."""
    signature = models.CharField(max_length=128)
    """Of the hub, hexadecimal: an order that a third node wrote is none."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["node"], name="order_node")]


class NodeOrderDone(Recorded):
    """The node's receipt: it does so now. Of a wipe it is the last thing that it writes."""

    lane: ClassVar[int] = Lane.URGENT

    node = models.CharField(max_length=16)
    order = models.UUIDField()
    what = models.CharField(max_length=8)
    unsent = models.IntegerField(default=0)
    """Records that had not left when the receipt was written."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["order"], name="order_done")]
