"""A unit's instruments, and all that was done to each of them. What is due is the fold of these events and the dates;
it is stored nowhere."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


class Instrument(Recorded):
    """One instrument. Intervals are in days, 0: not done."""

    unit = Ref("registry.Unit")
    sort = models.CharField(max_length=30)
    """Code of packs/equipment.toml."""
    maker = models.CharField(max_length=40, default="", blank=True)
    model = models.CharField(max_length=40, default="", blank=True)
    serial = models.CharField(max_length=40, default="", blank=True)
    since = models.DateField()
    """In service since; the first calibration counts from here."""
    calibrate_days = models.SmallIntegerField(default=0)
    maintain_days = models.SmallIntegerField(default=0)
    clean_days = models.SmallIntegerField(default=0)
    retired = models.DateField(null=True, blank=True)
    """The day on which it left service."""
    retired_reason = models.CharField(max_length=200, default="", blank=True)

    @property
    def named(self) -> str:
        """Maker and model, as on its plate."""
        return f"{self.maker} {self.model}".strip()


class InstrumentEvent(Recorded):
    """Something that was done to an instrument, or found. Append-only."""

    class What(models.TextChoices):
        """What it was."""

        CALIBRATION = "calibration", _("calibrated")
        MAINTENANCE = "maintenance", _("maintained")
        CLEANING = "cleaning", _("cleaned")
        FAULT = "fault", _("fault reported")
        REPAIR = "repair", _("repaired")

    instrument = Ref(Instrument)
    unit = Ref("registry.Unit", db_index=False)
    what = models.CharField(max_length=11, choices=What.choices)
    day = models.DateField()
    good = models.BooleanField(default=True)
    """Of a calibration: it passed. Of a fault: it may be used all the same."""
    note = models.CharField(max_length=300, default="", blank=True)
    """What is wrong, what was done, by which firm, under which certificate."""
    fault = models.UUIDField(null=True, blank=True)
    """Of a repair: the fault that it ends."""
    by = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField(default=clock.now)
