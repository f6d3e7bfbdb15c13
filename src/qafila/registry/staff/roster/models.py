"""The roster: who is to be on duty in which half-day, what each half-day needs, who is away, who swapped with whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


class Half(models.TextChoices):
    """A part of a day for which people are on duty; the hours stand in `hours`."""

    MORNING = "am", _("morning")
    AFTERNOON = "pm", _("afternoon")
    NIGHT = "night", _("night")


class Shift(Recorded):
    """Somebody's half-day for a specialty. Proposed until the week is published; taken away, never deleted."""

    class Status(models.TextChoices):
        """Whether it counts."""

        PROPOSED = "proposed", _("proposed")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("taken away")

    staff = Ref("registry.Staff")
    specialty = models.CharField(max_length=30)
    day = models.DateField()
    """Where the hub stands; a night belongs to the day on which it begins."""
    half = models.CharField(max_length=5, choices=Half.choices)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROPOSED)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["day", "specialty"], name="shift_day")]


class Need(Recorded):
    """How many people a specialty needs in a half-day of the week."""

    specialty = models.CharField(max_length=30)
    weekday = models.SmallIntegerField()
    """0 = Monday."""
    half = models.CharField(max_length=5, choices=Half.choices)
    people = models.SmallIntegerField()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["specialty", "weekday"], name="need_weekday")]


class Preference(Recorded):
    """A half-day of the week that somebody likes to work, or does not; a wish, not a promise."""

    staff = Ref("registry.Staff")
    weekday = models.SmallIntegerField()
    half = models.CharField(max_length=5, choices=Half.choices)
    weight = models.SmallIntegerField(default=0)
    """1 = likes it, -1 = rather not, 0 = it is all the same."""
    silent: ClassVar[frozenset[str]] = frozenset({"weight"})


class Leave(Recorded):
    """Days on which somebody is away, or asks to be. Known on the hub alone: why somebody is away is nobody else's
    business."""

    class Status(models.TextChoices):
        """How far it has come."""

        ASKED = "asked", _("asked")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    class Reason(models.TextChoices):
        """Why."""

        ANNUAL = "annual", _("annual leave")
        SICK = "sick", _("sick leave")
        TRAINING = "training", _("training")
        OTHER = "other", _("other")

    staff = Ref("registry.Staff")
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=8, choices=Reason.choices, default=Reason.ANNUAL)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.GRANTED)
    cover = Ref("registry.Staff", null=True, blank=True, db_index=False)
    """Who takes the open cases over on the first day."""
    answer = models.CharField(max_length=200, default="", blank=True)
    """What the coordinator said to it."""
    withdrawn = models.BooleanField(default=False)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["last", "first"], name="leave_days")]


class Swap(Recorded):
    """A shift that somebody asks a colleague to take, perhaps for one of theirs; noted by the coordinator."""

    class Status(models.TextChoices):
        """How far it has come."""

        ASKED = "asked", _("asked")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("refused")
        NOTED = "noted", _("noted")
        WITHDRAWN = "withdrawn", _("taken back")

    shift = Ref(Shift)
    giver = Ref("registry.Staff")
    taker = Ref("registry.Staff")
    back = Ref(Shift, null=True, blank=True, db_index=False)
    """The taker's shift that the giver takes in turn."""
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.ASKED)
    asked_at = models.DateTimeField(default=clock.now)
    settled_at = models.DateTimeField(null=True, blank=True)
    noted_by = Ref("registry.Staff", null=True, blank=True, db_index=False)
