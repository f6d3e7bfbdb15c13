"""Prescriptions."""

from __future__ import annotations

from django.db import models

from qafila.clinic.visits.models import Fact
from qafila.journal.models import Recorded, Ref


class Prescription(Fact):
    """A signed list of medicines. Printable only once signed."""

    signed_at = models.DateTimeField(null=True, blank=True)
    case = Ref("clinic.Case", null=True, blank=True)
    override_reason = models.CharField(max_length=300, default="", blank=True)
    """Why it was written in spite of what the checks found."""
    checked = models.JSONField(default=dict, blank=True)
    """What the checks found and what they could not check: {found: [[msgid, values]…], not_checked: […]}."""
    advice = models.CharField(max_length=500, default="", blank=True)


class PrescriptionItem(Recorded):
    """One medicine of a prescription, with a structured dose."""

    person = Ref("registry.Person", db_index=False)
    prescription = Ref(Prescription)
    position = models.SmallIntegerField()
    medicine = models.CharField(max_length=30, default="", blank=True)
    """Code of the formulary; empty: free text."""
    words = models.CharField(max_length=120)
    """Name, form and strength as printed."""
    dose = models.DecimalField(max_digits=8, decimal_places=3)
    dose_unit = models.CharField(max_length=20)
    route = models.CharField(max_length=20)
    per_day = models.DecimalField(max_digits=5, decimal_places=2)
    """Times a day."""
    days = models.SmallIntegerField()
    instructions = models.CharField(max_length=200, default="", blank=True)
    withdrawn = models.BooleanField(default=False)
