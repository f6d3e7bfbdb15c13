"""The node's own table of jobs: enqueued in the transaction that wants them, run once, on either database."""

from __future__ import annotations

from django.db import models

from qafila.kernel import clock


class Job(models.Model):
    """Something to do at `run_at`. A worker takes it for the time of its lease; `every` makes it come back."""

    key = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=40)
    every = models.IntegerField(default=0)
    """Seconds until it is due again, 0 for once."""
    run_at = models.DateTimeField(default=clock.now)
    leased_until = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    failed = models.CharField(max_length=200, default="")
    """Kind of the last failure, without its words: they may name a person."""

    class Meta:
        indexes = [models.Index(fields=["run_at"], name="job_due")]
