"""Countries to which records may go, each with the authorisation under which they do."""

from __future__ import annotations

from django.db import models

from qafila.journal.models import Recorded


class Transfer(Recorded):
    """An authorisation for transfers to a country: its number, who gave it, from which day until which."""

    country = models.CharField(max_length=2)
    """ISO 3166 code."""
    partner = models.CharField(max_length=120, default="", blank=True)
    """To whom; empty: to whoever works there for this network."""
    number = models.CharField(max_length=60)
    authority = models.CharField(max_length=120)
    granted = models.DateField()
    until = models.DateField(null=True, blank=True)
    words = models.CharField(max_length=300, default="", blank=True)
    """Conditions; why it was ended."""
    ended_at = models.DateTimeField(null=True, blank=True)
