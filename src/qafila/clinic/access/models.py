"""Access to records: what opened one for a time, who read it, and what a person found on looking at that."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock


class AccessGrant(Recorded):
    """What opens a patient's record, for a time, to somebody who has nothing to do with it otherwise.

    Part of the patient's own record: it reaches the hub, and every unit that holds the patient.
    """

    class Way(models.TextChoices):
        """How the record was opened."""

        CARD = "card", _("card scanned")
        IDENTIFIERS = "identifiers", _("two identifiers")
        LOOKED_UP = "looked_up", _("looked up on the hub")
        BROKEN = "broken", _("emergency access")

    lane: ClassVar[int] = Lane.LOG

    person = Ref("registry.Person")
    staff = Ref("registry.Staff", db_index=False)
    unit = Ref("registry.Unit", null=True, blank=True, db_index=False)
    """Where the patient stands, or the staff works. The whole crew reads who is present at its unit; emergency access
    is one person's alone."""
    way = models.CharField(max_length=12, choices=Way.choices)
    reason = models.CharField(max_length=300, default="", blank=True)
    """Of emergency access: why, in the words of who took it."""
    at = models.DateTimeField(default=clock.now)
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    """When it was given back before its time."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["way", "-at"], name="accessgrant_way")]


class DayOfLooks(Recorded):
    """Who looked at a patient's record on one node on one day: small, and sent with the logs."""

    lane: ClassVar[int] = Lane.LOG

    person = Ref("registry.Person")
    day = models.DateField()
    node = models.CharField(max_length=16)
    unit = Ref("registry.Unit", null=True, blank=True, db_index=False)
    looks = models.JSONField(default=list)
    """[[staff (hex or ""), basis, first minute of the day, last minute, number of looks, [pages]], …], in UTC."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["day"], name="dayoflooks_day")]


class AccessReview(Recorded):
    """What a person found on looking at an access that a rule listed, or at an emergency access."""

    class Verdict(models.TextChoices):
        """What they found."""

        IN_ORDER = "in_order", _("looked at, in order")
        PURSUE = "pursue", _("to be pursued")

    lane: ClassVar[int] = Lane.LOG

    person = Ref("registry.Person", null=True, blank=True)
    """Whose record it was; None where it is about several."""
    rule = models.CharField(max_length=20)
    """Of packs/access.toml; `break_glass` for emergency access."""
    about = models.CharField(max_length=80)
    """What was listed (`unusual.Finding.key`); of emergency access the id of its grant."""
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    words = models.CharField(max_length=300, default="", blank=True)
    by = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["rule", "about"], name="accessreview_about")]


class Summed(models.Model):
    """Up to which look (`journal.Read`) this node has summed its looks up. One row, never sent."""

    upto = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.upto)
