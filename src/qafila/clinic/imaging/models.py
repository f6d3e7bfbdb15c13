"""What is known of a recording beside its bytes: how good it was found when it was taken, what was computed from it."""

from __future__ import annotations

from django.db import models

from qafila.clinic.visits.models import Fact
from qafila.kernel import clock


class EcgCheck(Fact):
    """An ECG as it was judged when it was taken; a later one of the same recording holds the reason why it stays."""

    sha256 = models.CharField(max_length=64)
    """The recording: an attachment's file."""
    source = models.CharField(max_length=64, default="", blank=True)
    """The device's own file, where the recording was made from another format; an attachment, too."""
    format = models.CharField(max_length=40, default="DICOM")
    findings = models.JSONField(default=list, blank=True)
    """[[fault, [lead, …]], …] of `imaging.ecg_quality`; empty: nothing was found."""
    reason = models.CharField(max_length=200, default="", blank=True)
    """Why it is kept all the same, in words of whoever took it."""

    class Meta(Fact.Meta):
        abstract = False
        indexes = [models.Index(fields=["sha256"], name="ecg_check_file")]


class EcgMeasures(models.Model):
    """What a job of this node computed from a recording: once, and never sent, because every node can."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    sha256 = models.CharField(max_length=64, primary_key=True)
    person = models.UUIDField(db_index=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING, db_index=True)
    tries = models.SmallIntegerField(default=0)
    """How often it took too long: a busy node tries again."""
    values = models.JSONField(default=dict)
    """`imaging.measure.measured`: rate, pr, qrs, qt in ms, lead, beats, by."""
    at = models.DateTimeField(default=clock.now)
