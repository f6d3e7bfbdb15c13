"""What goes with a person from visit to visit: problems, medication, pregnancies, illness in the family.

Allergies have rows of their own (`clinic.visits`). Of each list, *none known* is a row; *not asked* is none.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.models import Fact


class Section(models.TextChoices):
    """The lists."""

    PROBLEM = "problem", _("Problems")
    MEDICATION = "medication", _("Medication")
    PREGNANCY = "pregnancy", _("Pregnancies")
    FAMILY = "family", _("Illness in the family")


class State(models.TextChoices):
    """How an entry stands; which of them a list knows is in `acts.STATES`."""

    ACTIVE = "active", _("active")
    RESOLVED = "resolved", _("over")
    TAKING = "taking", _("taking it")
    STOPPED = "stopped", _("stopped")
    ONGOING = "ongoing", _("ongoing")
    LIVE_BIRTH = "live_birth", _("live birth")
    STILLBIRTH = "stillbirth", _("stillbirth")
    MISCARRIAGE = "miscarriage", _("miscarriage")
    ENDED = "ended", _("ended in another way")
    KNOWN = "known", _("known")


class HistoryEntry(Fact):
    """One line of one list, or the statement that there is none."""

    section = models.CharField(max_length=12, choices=Section.choices)
    none_known = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=State.choices, default="", blank=True)
    code = models.CharField(max_length=20, default="", blank=True)
    """ICD-10 of a problem or an illness, the formulary's of a medicine; empty: words alone."""
    words = models.CharField(max_length=200, default="", blank=True)
    detail = models.CharField(max_length=200, default="", blank=True)
    """Dose of a medicine, who in the family, what happened in a pregnancy."""
    since = models.CharField(max_length=10, default="", blank=True)
    """As much as is known of the date (`2019`, `2019-03`, `2019-03-05`)."""
    until = models.CharField(max_length=10, default="", blank=True)
    due = models.DateField(null=True, blank=True)
    """Of an ongoing pregnancy: the expected day of birth."""
