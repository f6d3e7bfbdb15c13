"""A test with a strip or cassette. Its results are observations; this is the test itself, even if it said nothing."""

from __future__ import annotations

from django.db import models

from qafila.clinic.visits.models import Fact


class StripTest(Fact):
    """One test: which strip, of which lot, and whether it worked. `valid` false: no control line, no result."""

    strip = models.CharField(max_length=30)
    """Code of packs/strips.toml."""
    pack_version = models.SmallIntegerField()
    lot = models.CharField(max_length=40, default="", blank=True)
    expires = models.DateField(null=True, blank=True)
    stock_lot = models.UUIDField(null=True, blank=True)
    """The lot of the unit's stock, where it is kept there."""
    valid = models.BooleanField(default=True)
