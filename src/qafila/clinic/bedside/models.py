"""Instruments that send their readings, and what they sent: on this node only. A reading becomes part of a record when
a person accepts it into a visit."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.kernel import clock


class Pairing(models.Model):
    """A Bluetooth instrument that the radio of this node reads."""

    address = models.CharField(max_length=64, unique=True)
    device = models.CharField(max_length=30)
    """Name of the folder in `devices/`."""
    name = models.CharField(max_length=60, default="")
    """As it calls itself."""
    maker = models.CharField(max_length=40, default="")
    model = models.CharField(max_length=40, default="")
    serial = models.CharField(max_length=40, default="")
    instrument = models.UUIDField(null=True)
    """Its row in the inventory."""
    room = models.UUIDField(null=True)
    """The station at which it lies; None: at any."""
    last_number = models.IntegerField(null=True)
    """Of an instrument with a memory: the number of the last reading that was taken over."""
    active = models.BooleanField(default=True)
    trouble = models.CharField(max_length=40, default="")
    """Why it is not read just now: `away`, `refused`, `unreadable`; empty: all is well."""
    seen_at = models.DateTimeField(null=True)
    paired_at = models.DateTimeField(default=clock.now)
    by = models.UUIDField(null=True)


class Nearby(models.Model):
    """An instrument that the last search has seen, not paired."""

    address = models.CharField(max_length=64, unique=True)
    device = models.CharField(max_length=30)
    name = models.CharField(max_length=60, default="")
    at = models.DateTimeField(default=clock.now)


class Radio(models.Model):
    """What the radio's process says of itself, and what it is asked: one row."""

    present = models.BooleanField(default=False)
    trouble = models.CharField(max_length=40, default="")
    """`none` (no Bluetooth here), `off`, `failed`; empty: it works."""
    heard_at = models.DateTimeField(null=True)
    """When the process last said so."""
    search_until = models.DateTimeField(null=True)
    """A person wants to see what is near."""


class Arrived(models.Model):
    """One measurement that an instrument sent, waiting for a person."""

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        DISMISSED = "dismissed", _("dismissed")

    device = models.CharField(max_length=30)
    maker = models.CharField(max_length=40, default="")
    model = models.CharField(max_length=40, default="")
    serial = models.CharField(max_length=40, default="")
    instrument = models.UUIDField(null=True)
    room = models.UUIDField(null=True)
    address = models.CharField(max_length=64, db_index=True)
    values = models.JSONField()
    """[{key, number, unit, sent, sent_unit, why}…]; number as text, null: the instrument has no reading."""
    site = models.CharField(max_length=40, default="")
    warns = models.JSONField(default=list)
    live = models.BooleanField(default=False)
    stored = models.BooleanField(default=False)
    number = models.IntegerField(null=True)
    taken = models.CharField(max_length=19, default="")
    """By the instrument's own clock, without a zone."""
    at = models.DateTimeField()
    """When it was taken, as far as can be known (see `bedside.moments`)."""
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    visit = models.UUIDField(null=True)
    by = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-received_at"], name="arrived_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["address", "number", "taken"], condition=models.Q(number__isnull=False), name="hl7_arrived_once"
            )
        ]
