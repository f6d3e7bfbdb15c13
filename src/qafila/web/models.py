"""What the screens keep on this node: forms already sent, failed log-ins. Never synced."""

from __future__ import annotations

from django.db import models

from qafila.kernel import clock


class Once(models.Model):
    """A form that was sent: sent again (a double tap, a reload) it leads to the same page and writes nothing."""

    token = models.CharField(max_length=64, primary_key=True)
    location = models.CharField(max_length=300, default="")
    at = models.DateTimeField(default=clock.now)


class Failure(models.Model):
    """Failed log-ins of one name from one address: slowed down without locking the name out elsewhere."""

    key = models.CharField(max_length=64, primary_key=True)
    """Digest of name and address."""
    count = models.SmallIntegerField(default=0)
    until = models.DateTimeField(null=True)
