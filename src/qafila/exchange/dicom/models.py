"""What this node alone knows of its imaging devices and of what they sent: local tables, never synced."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.kernel import clock


class Peer(models.Model):
    """A device or program that may call this node: everybody else is refused."""

    title = models.CharField(max_length=16, unique=True)
    """Its application entity title (PS3.5: at most 16 characters)."""
    name = models.CharField(max_length=60)
    host = models.CharField(max_length=100, default="", blank=True)
    """Address it must call from; empty: any. Answers to a storage commitment go there, too."""
    port = models.IntegerField(null=True, blank=True)
    """Where it listens itself; none: it is answered only while its own association lasts."""
    modality = models.CharField(max_length=16, default="", blank=True)
    """What its worklist says it is to make: US, CR, ECG."""
    may_store = models.BooleanField(default=True)
    may_query = models.BooleanField(default=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.title


class Arrived(models.Model):
    """A DICOM object that was acknowledged. Until it is filed its bytes lie in this row, so that one commit keeps all.

    Once it is filed nothing of the patient stays here: the row then only says that the object is safe.
    """

    class State(models.TextChoices):
        """What became of it."""

        NEW = "new", _("just arrived")
        UNMATCHED = "unmatched", _("to be matched")
        FILED = "filed", _("filed")

    state = models.CharField(max_length=9, choices=State.choices, default=State.NEW)
    reason = models.CharField(max_length=200, default="", blank=True)
    """Why a person has to say whose it is (msgid)."""
    at = models.DateTimeField(default=clock.now)
    peer = models.CharField(max_length=16, default="")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    data = models.BinaryField(null=True)
    sop_class = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64)
    study_uid = models.CharField(max_length=64)
    series_uid = models.CharField(max_length=64)
    syntax = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, default="")
    description = models.CharField(max_length=64, default="")
    number = models.IntegerField(null=True)
    frames = models.IntegerField(default=1)
    rows = models.IntegerField(null=True)
    columns = models.IntegerField(null=True)
    study_day = models.DateField(null=True)
    accession = models.CharField(max_length=16, default="")
    patient_id = models.CharField(max_length=64, default="")
    patient_name = models.CharField(max_length=200, default="")
    sex = models.CharField(max_length=1, default="")
    birth = models.DateField(null=True)
    visit = models.UUIDField(null=True)
    """Where a person said that it belongs, and who that was; it is filed there next."""
    said_by = models.UUIDField(null=True)
    instance = models.UUIDField(null=True)
    """The row of the record that it became."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sop_uid", "sha256"], name="arrived_once")]
        indexes = [models.Index(fields=["state", "id"], name="arrived_open", condition=~models.Q(state="filed"))]

    def __str__(self) -> str:
        return self.sop_uid


class Step(models.Model):
    """A modality's performed procedure step (PS3.4 annex F): what the device says that it did."""

    uid = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=16)
    """IN PROGRESS, COMPLETED or DISCONTINUED."""
    study_uid = models.CharField(max_length=64, default="")
    visit = models.UUIDField(null=True)
    peer = models.CharField(max_length=16, default="")
    at = models.DateTimeField(default=clock.now)
    said = models.TextField(default="{}")
    """The whole of it as DICOM JSON (PS3.18 annex F)."""

    def __str__(self) -> str:
        return self.uid


class Commitment(models.Model):
    """A request to say which objects are safe here (PS3.4 annex J), until its answer was taken."""

    transaction = models.CharField(max_length=64)
    peer = models.CharField(max_length=16)
    asked = models.TextField()
    """JSON [[SOP class, SOP instance], …]."""
    at = models.DateTimeField(default=clock.now)
    due = models.DateTimeField(default=clock.now)
    tries = models.SmallIntegerField(default=0)
    answered = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transaction", "peer"], name="commitment_once")]

    def __str__(self) -> str:
        return self.transaction
