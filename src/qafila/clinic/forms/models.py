"""What is kept about packs: who signed which content."""

from __future__ import annotations

from django.db import models

from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


class PackApproval(Recorded):
    """A clinician's approval of one content of a specialty pack: it holds for these words and no others."""

    code = models.CharField(max_length=30)
    """The specialty."""
    version = models.CharField(max_length=20)
    """The pack's version and the core's, as cases name them."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the joined pack, in hexadecimal."""
    by = Ref("registry.Staff", db_index=False)
    licence = models.CharField(max_length=40, default="", blank=True)
    """The approver's licence number at that time."""
    at = models.DateTimeField(default=clock.now)
    note = models.CharField(max_length=500, default="", blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_note = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["code", "digest"], name="pack_approval")]
