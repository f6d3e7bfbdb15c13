"""Units and what belongs to them. A node (a box), a unit (a service), a vehicle, a room and a crew are separate
things, joined by dated assignments: boxes are swapped, vehicles replaced, two crews share a van."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref


class Unit(Recorded):
    """A medical unit as a service: it has a home, rounds and crews."""

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=100)
    name_arabic = models.CharField(max_length=100, default="", blank=True)
    home = models.CharField(max_length=20, default="", blank=True)
    """Place code of its base."""
    phone = models.CharField(max_length=20, default="", blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Vehicle(Recorded):
    """A vehicle."""

    registration = models.CharField(max_length=20)
    model = models.CharField(max_length=60, default="", blank=True)
    active = models.BooleanField(default=True)


class Room(Recorded):
    """A room or station of a unit: the consulting room, the nurses' station."""

    unit = Ref(Unit)
    name = models.CharField(max_length=60)
    active = models.BooleanField(default=True)


class Assignment(Recorded):
    """What serves a unit from a day until a day: a node (box), a vehicle, or a member of a crew."""

    unit = Ref(Unit)
    node = models.CharField(max_length=16, default="", blank=True, db_index=True)
    vehicle = Ref(Vehicle, null=True, blank=True)
    staff = Ref("registry.Staff", null=True, blank=True)
    crew = models.CharField(max_length=20, default="", blank=True)
    """Name of the crew, where two share a van."""
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)


class Round(Recorded):
    """A tour of a unit."""

    unit = Ref(Unit)
    name = models.CharField(max_length=100)
    starts = models.DateField()
    ends = models.DateField()


class Stop(Recorded):
    """One day at one locality. A visit names its stop; it is never derived from the node."""

    class Status(models.TextChoices):
        """What became of it."""

        PLANNED = "planned", _("planned")
        HELD = "held", _("held")
        CANCELLED = "cancelled", _("cancelled")

    round = Ref(Round)
    unit = Ref(Unit)
    place = models.CharField(max_length=20)
    locality = models.CharField(max_length=100, default="", blank=True)
    day = models.DateField(db_index=True)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PLANNED)
