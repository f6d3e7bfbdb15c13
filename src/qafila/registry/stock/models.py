"""The stock of a unit: lots, and every move of them. What is there is the fold of the moves; nothing is overwritten.

A medicine is a code of the formulary; the unit of counting is that of its form (tablets, bottles, ampoules).
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


class Lot(Recorded):
    """A lot of a product in a unit's stock."""

    unit = Ref("registry.Unit")
    medicine = models.CharField(max_length=30)
    form = models.CharField(max_length=30)
    strength = models.CharField(max_length=60)
    number = models.CharField(max_length=40)
    """As printed on the box."""
    expires = models.DateField()
    """The last day on which it may be given."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["unit", "medicine"], name="lot_product")]


class Shipment(Recorded):
    """Pieces of a lot on their way from one unit to another: they leave at once and come when the other end says so."""

    origin = Ref("registry.Unit", db_index=False)
    target = Ref("registry.Unit")
    medicine = models.CharField(max_length=30)
    form = models.CharField(max_length=30)
    strength = models.CharField(max_length=60)
    number = models.CharField(max_length=40)
    expires = models.DateField()
    quantity = models.IntegerField()
    by = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField(default=clock.now)


class StockMove(Recorded):
    """One move of a lot. Append-only: a mistake is put right by a count."""

    class Kind(models.TextChoices):
        """What happened."""

        RECEIPT = "receipt", _("received")
        DISPENSING = "dispensing", _("dispensed")
        COUNT = "count", _("count corrected")
        WASTAGE = "wastage", _("thrown away")
        OUT = "out", _("sent to another unit")
        IN = "in", _("come from another unit")
        BACK = "back", _("come back")

    unit = Ref("registry.Unit")
    lot = Ref(Lot)
    move = models.CharField(max_length=10, choices=Kind.choices)
    quantity = models.IntegerField()
    """What it adds to the stock; less than 0: takes away."""
    reason = models.CharField(max_length=200, default="", blank=True)
    by = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField(default=clock.now)
    counted = models.IntegerField(null=True, blank=True)
    """Of a count: what was found."""
    believed = models.IntegerField(null=True, blank=True)
    """Of a count: what the moves had said until then."""
    other = Ref("registry.Unit", null=True, blank=True, db_index=False)
    """The other unit of a shipment."""
    shipment = Ref(Shipment, null=True, blank=True)
    item = models.UUIDField(null=True, blank=True, db_index=True)
    """The line of the prescription that was dispensed."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["unit", "at"], name="move_unit")]
