"""What a person may ask about their own record: that it be erased, put aside, put right."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff


class Ground(models.TextChoices):
    """Why the law asks or allows an erasure."""

    WITHDRAWN = "withdrawn", _("The person takes their consent back")
    OBJECTS = "objects", _("The person objects, and nothing weighs more")
    UNLAWFUL = "unlawful", _("It was recorded unlawfully")
    ORDERED = "ordered", _("An authority or a court orders it")
    MISTAKE = "mistake", _("It should never have been made (an exercise, another person's data)")
    RETENTION = "retention", _("It has been kept for as long as the law asks")


class State(models.TextChoices):
    """What became of a request."""

    ASKED = "asked", _("waits for a decision")
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")


class ErasureRequest(Recorded):
    """Somebody asks that a person's record be erased; another person decides. It is part of that record and goes with
    it: what stays is the word itself (`sync.Erasure`), without the reason."""

    person = Ref(Person)
    ground = models.CharField(max_length=10, choices=Ground.choices)
    reference = models.CharField(max_length=60, default="", blank=True)
    """Number of the file in which the person's letter or the order lies."""
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    asked_by = Ref(Staff, db_index=False)
    asked_at = models.DateTimeField()
    decided_by = Ref(Staff, null=True, blank=True, db_index=False)
    words = models.CharField(max_length=300, default="", blank=True)
    """Why it was refused."""

    class Meta:
        base_manager_name = "objects"


class Restriction(Recorded):
    """A record is put aside while something about it is in dispute: few people see it, and no figure counts it."""

    person = Ref(Person)
    reason = models.CharField(max_length=300)
    by = Ref(Staff, db_index=False)
    at = models.DateTimeField()
    lifted_by = Ref(Staff, null=True, blank=True, db_index=False)
    lifted_at = models.DateTimeField(null=True, blank=True)
    words = models.CharField(max_length=300, default="", blank=True)
    """Why it was lifted."""

    class Meta:
        base_manager_name = "objects"


class Rectification(Recorded):
    """The person says that something in the record is wrong. It is put right by a new record, never by erasing the old
    one; or the refusal and its reason stand in the record."""

    person = Ref(Person)
    wrong = models.CharField(max_length=500)
    """What is wrong, in the person's words."""
    right = models.CharField(max_length=500, default="", blank=True)
    """What it should say."""
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    asked_by = Ref(Staff, db_index=False)
    asked_at = models.DateTimeField()
    decided_by = Ref(Staff, null=True, blank=True, db_index=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    row = models.UUIDField(null=True, blank=True)
    """The row that says it right now."""
    words = models.CharField(max_length=500, default="", blank=True)
    """What was done, or why it was refused."""

    class Meta:
        base_manager_name = "objects"


class RetentionDue(models.Model):
    """What has been kept for long enough, as the last look found it; local, made anew at each look."""

    rule = models.CharField(max_length=40)
    """Code of the line in the country's `retention.toml`."""
    person = models.UUIDField()
    rows = models.JSONField(default=list)
    """Ids (hex) of the rows; none: the whole record."""
    since = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["rule", "person"], name="retention_due")]

    def __str__(self) -> str:
        return f"{self.rule} {self.person.hex}"
