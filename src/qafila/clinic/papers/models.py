"""Papers that were given out: what was printed, by which node, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock


class Kind(models.TextChoices):
    """What a paper is; the word in its code."""

    PRESCRIPTION = "prescription", _("Prescription")
    TRANSFER = "transfer", _("Transfer sheet")
    ANSWER = "answer", _("Answer of the specialist")
    PLAIN = "plain", _("Sheet in plain words")
    VISIT = "visit", _("Visit summary")
    CARD = "card", _("Card")
    GROWTH = "growth", _("Growth charts")
    ECG = "ecg", _("ECG")
    SPIROMETRY = "spirometry", _("Spirometry")
    FORM_PRESCRIPTION = "form_rx", _("Prescription form, printed in advance")
    FORM_TRANSFER = "form_transfer", _("Transfer form, printed in advance")
    FORM_VISIT = "form_visit", _("Visit form, printed in advance")


FORM_OF = {
    Kind.PRESCRIPTION: Kind.FORM_PRESCRIPTION,
    Kind.TRANSFER: Kind.FORM_TRANSFER,
    Kind.VISIT: Kind.FORM_VISIT,
}
"""What can be written by hand on a form → the form."""


class Act(models.TextChoices):
    """What happened to a paper."""

    PRINTED = "printed", _("printed")
    WRITTEN = "written", _("written by hand on a form")
    REPLACED = "replaced", _("a later one was printed")
    CANCELLED = "cancelled", _("cancelled")
    USED = "used", _("dispensed or used")


class IssuedPaper(Recorded):
    """A paper in somebody's hands. Never changed: what becomes of it are `PaperEvent`s."""

    person = Ref("registry.Person", db_index=False)
    kind_of_paper = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.UUIDField()
    """The row that it shows: a prescription, a case, an answer, a visit, a person."""
    code = models.CharField(max_length=32)
    """The short code that stands on it; of a form its number."""
    form = models.UUIDField(null=True, blank=True)
    """Of a form that was written by hand: `numbers.form_id`, the id in its code."""
    node = models.CharField(max_length=16)
    day = models.DateField()
    """Civil date of issue; of a form that of care."""
    control = models.CharField(max_length=11, default="", blank=True)
    hash = models.CharField(max_length=64)
    """Of what it says (`content.digest`), hexadecimal."""
    token = models.CharField(max_length=800, default="", blank=True)
    """The text of its QR code."""
    at = models.DateTimeField(default=clock.now)
    """When it was issued; of a form the time of care, whenever it was typed."""
    by = Ref("registry.Staff", null=True, blank=True, db_index=False)

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["subject", "kind_of_paper"], name="paper_subject"),
            models.Index(fields=["code"], name="paper_code"),
            models.Index(fields=["form"], name="paper_form", condition=models.Q(form__isnull=False)),
        ]


class PaperEvent(Recorded):
    """One thing that happened to a paper."""

    person = Ref("registry.Person", db_index=False)
    paper = Ref(IssuedPaper)
    act = models.CharField(max_length=10, choices=Act.choices)
    copy = models.SmallIntegerField(default=0)
    """Of printing: 1 the first, 2 and more a reprint."""
    words = models.CharField(max_length=200, default="", blank=True)
    at = models.DateTimeField(default=clock.now)
    by = Ref("registry.Staff", null=True, blank=True, db_index=False)
    node = models.CharField(max_length=16)

    class Meta:
        base_manager_name = "objects"


class PaperPad(Recorded):
    """Forms printed in advance: numbers `first` to `first + count - 1` of a node are given out."""

    kind_of_paper = models.CharField(max_length=16, choices=Kind.choices)
    node = models.CharField(max_length=16)
    first = models.BigIntegerField()
    count = models.IntegerField()
    day = models.DateField()
    at = models.DateTimeField(default=clock.now)
    by = Ref("registry.Staff", null=True, blank=True, db_index=False)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["node", "first"], name="pad_range")]


class NodeKey(Recorded):
    """A key by which a node signs prints, as its hub knows it; every node has the list."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    public = models.CharField(max_length=64, db_index=True)
    """Ed25519, 32 bytes, hexadecimal."""
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    """Since when the node signs with another."""
    revoked = models.DateTimeField(null=True, blank=True)
    """Since when nothing that it signed is believed."""

    class Meta:
        base_manager_name = "objects"
