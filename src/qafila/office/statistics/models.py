"""What has left the hub as a statistic: kept here, never sent, because later figures must not give it away."""

from __future__ import annotations

from django.db import models

from qafila.kernel import clock


class Release(models.Model):
    """A statistic as it was given out."""

    name = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now)
    k = models.SmallIntegerField()
    """No fewer people than that stand behind a figure."""
    counts = models.JSONField()
    """[[key, count], …]: the true counts, those that were held back among them."""
    held = models.JSONField(default=list)
    """Keys of the counts that were held back."""

    class Meta:
        indexes = [models.Index(fields=["name", "at"], name="release_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
