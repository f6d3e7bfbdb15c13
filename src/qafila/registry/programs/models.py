"""Which programs there are for units, and which each node runs."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Lane, Recorded


class Release(Recorded):
    """A signed release that the hub offers to its units. Its file goes behind everything else."""

    lane: ClassVar[int] = Lane.LOG

    version = models.CharField(max_length=20)
    number = models.BigIntegerField()
    back = models.BigIntegerField(default=0)
    """It may follow releases up to this number; 0: only lower ones."""
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()


class Installed(Recorded):
    """From now on a node runs this program: its own word."""

    lane: ClassVar[int] = Lane.LOG

    node = models.CharField(max_length=16, db_index=True)
    version = models.CharField(max_length=20)
    number = models.BigIntegerField()
