"""Messages of analysers and monitors, kept as they came before they are acknowledged; and what was ordered of them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.models import Fact
from qafila.kernel import clock


class LabMessage(models.Model):
    """One message of results, on this node only. Its bytes stay as they came."""

    class State(models.TextChoices):
        """What became of it."""

        KEPT = "kept", _("kept, not read yet")
        FILED = "filed", _("filed")
        UNMATCHED = "unmatched", _("to be matched")
        SETTLED = "settled", _("matched by a person")
        DISMISSED = "dismissed", _("put aside by a person")

    sender = models.CharField(max_length=120)
    """MSH-3 and MSH-4."""
    control = models.CharField(max_length=64)
    """MSH-10."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the bytes: a sender that begins to count anew loses nothing."""
    peer = models.CharField(max_length=40, default="")
    """Name of the sender in this node's settings."""
    raw = models.BinaryField()
    received_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.KEPT)
    why = models.CharField(max_length=20, default="")
    """Why a person has to match it: `no_person`, `unknown`, `differs`, `no_visit`, `several`."""
    person = models.UUIDField(null=True)
    visit = models.UUIDField(null=True)
    by = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "control", "digest"], name="lab_message_once")]
        indexes = [models.Index(fields=["state", "-received_at"], name="lab_message_state")]


class LabOrder(Fact):
    """What was asked of an analyser for a visit."""

    number = models.CharField(max_length=22, db_index=True)
    """The placer's order number, as it stands on the tube."""
    analytes = models.JSONField(default=list)
    """Keys of packs/analytes.toml."""
    peer = models.CharField(max_length=40, default="", blank=True)
