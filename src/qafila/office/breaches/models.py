"""Breaches of personal data: what happened, whom it concerns, who was told and when."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock


class Kind(models.TextChoices):
    """What it began with."""

    LOST_UNIT = "lost_unit", _("A unit or a device was lost or stolen")
    REVOKED_NODE = "revoked_node", _("A node was revoked")
    UNVISITED = "break_glass", _("A record was opened in an emergency and no visit followed")
    ACCESS = "access", _("Somebody read what they should not")
    SENT_WRONG = "sent_wrong", _("Sent or given to the wrong person")
    ALTERED = "altered", _("Records lost or altered")
    OTHER = "other", _("Something else")


class Breach(Recorded):
    """A breach, from the moment it was noticed. Every change is a record of the journal."""

    lane: ClassVar[int] = Lane.ANSWER

    kind_of_breach = models.CharField(max_length=16, choices=Kind.choices)
    cause = models.CharField(max_length=80, default="", blank=True)
    """What it is about: code of a node or unit, id of a look; empty: nothing that has a name here."""
    happened_at = models.DateTimeField(null=True, blank=True)
    """When it happened, where that is known."""
    noticed_at = models.DateTimeField()
    """When somebody of the network knew of it: the clock runs from here."""
    noticed_by = Ref("registry.Staff", null=True, blank=True, db_index=False)
    entered_at = models.DateTimeField(default=clock.now)
    country = models.CharField(max_length=20)
    """Code of the country's pack by whose rule it is told."""
    what = models.TextField(max_length=4000)
    people = models.IntegerField(null=True, blank=True)
    """How many people it concerns, about; None: not known yet."""
    records = models.IntegerField(null=True, blank=True)
    categories = models.JSONField(default=list, blank=True)
    """Codes of the pack's categories."""
    effects = models.TextField(max_length=4000, default="", blank=True)
    measures = models.TextField(max_length=4000, default="", blank=True)
    contact = models.CharField(max_length=200, default="", blank=True)
    """Whom the authority may ask."""
    authority_told_at = models.DateTimeField(null=True, blank=True)
    authority_reference = models.CharField(max_length=80, default="", blank=True)
    people_told_at = models.DateTimeField(null=True, blank=True)
    people_told_how = models.CharField(max_length=300, default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing = models.CharField(max_length=1000, default="", blank=True)
    """How it ended; or why it is no breach that has to be told."""
