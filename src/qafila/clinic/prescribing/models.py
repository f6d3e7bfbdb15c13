"""Prescriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models

from qafila.clinic.visits.models import Fact
from qafila.journal.models import Recorded, Ref
from qafila.journal.upcast import Upcast


class Prescription(Fact):
    """A signed list of medicines. Printable only once signed."""

    schema: ClassVar[int] = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast()}

    signed_at = models.DateTimeField(null=True, blank=True)
    case = Ref("clinic.Case", null=True, blank=True)
    override_reason = models.CharField(max_length=300, default="", blank=True)
    """Why it was written in spite of what the checks found."""
    checked = models.JSONField(default=dict, blank=True)
    """What the checks found and what they could not check: {found: [[msgid, values, severity, position]…],
    not_checked: [[msgid, values]…]}; values as `findings.said` reads them."""
    advice = models.CharField(max_length=500, default="", blank=True)
    answer = Ref("clinic.Answer", null=True, blank=True)
    """The specialist's answer whose proposal it adopts."""


class PrescriptionItem(Recorded):
    """One medicine of a prescription, with a structured dose."""

    schema: ClassVar[int] = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast()}

    person = Ref("registry.Person", db_index=False)
    prescription = Ref(Prescription)
    position = models.SmallIntegerField()
    medicine = models.CharField(max_length=30, default="", blank=True)
    """Code of the formulary; empty: free text."""
    words = models.CharField(max_length=120)
    """Name, form and strength as printed."""
    form = models.CharField(max_length=30, default="", blank=True)
    strength = models.CharField(max_length=60, default="", blank=True)
    """Both as in the formulary; empty: not known."""
    dose = models.DecimalField(max_digits=8, decimal_places=3)
    dose_unit = models.CharField(max_length=20)
    route = models.CharField(max_length=20)
    per_day = models.DecimalField(max_digits=5, decimal_places=2)
    """Times a day."""
    days = models.SmallIntegerField()
    instructions = models.CharField(max_length=200, default="", blank=True)
    withdrawn = models.BooleanField(default=False)
