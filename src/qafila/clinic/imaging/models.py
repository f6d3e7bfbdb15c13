"""What is known of pictures and recordings beside their bytes: the DICOM objects of a series, how good an ECG was found
when it was taken, what was computed from it, marks on a picture, copies for teaching."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.models import Attachment, Fact
from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock


class ImagingInstance(Recorded):
    """One DICOM object of a series; its bytes are a blob, exactly as they came.

    `attachment` is the series as the record lists it. A unit sends the bytes last, and another unit fetches them only
    when somebody asks.
    """

    lane: ClassVar[int] = Lane.BULK
    media: ClassVar[str] = "application/dicom"

    person = Ref("registry.Person")
    attachment = Ref("clinic.Attachment")
    study_uid = models.CharField(max_length=64, db_index=True)
    series_uid = models.CharField(max_length=64)
    sop_uid = models.CharField(max_length=64, db_index=True)
    sop_class = models.CharField(max_length=64)
    syntax = models.CharField(max_length=64)
    """Transfer syntax of the bytes."""
    modality = models.CharField(max_length=16, default="", blank=True)
    study_day = models.DateField(null=True, blank=True)
    number = models.IntegerField(null=True, blank=True)
    """Instance number: the order in its series."""
    frames = models.IntegerField(default=1)
    rows = models.IntegerField(null=True, blank=True)
    columns = models.IntegerField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()


class KeyImage(Recorded):
    """A frame that somebody marked, and why: what the others should look at first."""

    person = Ref("registry.Person")
    instance = Ref(ImagingInstance, db_index=False)
    attachment = Ref("clinic.Attachment")
    frame = models.IntegerField(default=1)
    """Counted from 1."""
    note = models.CharField(max_length=300, default="", blank=True)
    author = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField()
    withdrawn = models.BooleanField(default=False)


class EcgCheck(Fact):
    """An ECG as it was judged when it was taken; a later one of the same recording holds the reason why it stays."""

    sha256 = models.CharField(max_length=64)
    """The recording: an attachment's file."""
    source = models.CharField(max_length=64, default="", blank=True)
    """The device's own file, where the recording was made from another format; an attachment, too."""
    format = models.CharField(max_length=40, default="DICOM")
    findings = models.JSONField(default=list, blank=True)
    """[[fault, [lead, …]], …] of `imaging.ecg_quality`; empty: nothing was found."""
    reason = models.CharField(max_length=200, default="", blank=True)
    """Why it is kept all the same, in words of whoever took it."""

    class Meta(Fact.Meta):
        abstract = False
        indexes = [models.Index(fields=["sha256"], name="ecg_check_file")]


class EcgMeasures(models.Model):
    """What a job of this node computed from a recording: once, and never sent, because every node can."""

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    sha256 = models.CharField(max_length=64, primary_key=True)
    person = models.UUIDField(db_index=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING, db_index=True)
    tries = models.SmallIntegerField(default=0)
    """How often the process ended with it: a busy node tries again."""
    values = models.JSONField(default=dict)
    """`imaging.measure.measured`: rate, pr, qrs, qt in ms, lead, beats, by."""
    at = models.DateTimeField(default=clock.now)


class Mark(Fact):
    """An arrow, a circle or a word on a picture. It is never in the pixels.

    Places are thousandths of the picture's width and height, from its upper left corner.
    """

    class Shape(models.TextChoices):
        """What is drawn."""

        ARROW = "arrow", _("Arrow")
        CIRCLE = "circle", _("Circle")
        TEXT = "text", _("Text")

    attachment = Ref(Attachment)
    shape = models.CharField(max_length=6, choices=Shape.choices)
    x = models.SmallIntegerField()
    y = models.SmallIntegerField()
    """Where it points to, the circle's middle, the word's beginning."""
    to_x = models.SmallIntegerField(default=0)
    to_y = models.SmallIntegerField(default=0)
    """The arrow's other end, a point of the circle."""
    text = models.CharField(max_length=120, default="", blank=True)


class OriginalAsked(Fact):
    """Somebody asks the unit for a picture as its camera gave it; it comes as a file of its own."""

    attachment = Ref(Attachment)


class TeachingCopy(Recorded):
    """A copy for teaching without any identity. It names no person; what it was made from stands in a table of this
    node alone (`TeachingSource`)."""

    kind_of_file = models.CharField(max_length=10)
    media = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    preview = models.CharField(max_length=64, default="", blank=True)
    title = models.CharField(max_length=120, default="", blank=True)
    """What it shows, in words of whoever made it."""
    method = models.CharField(max_length=200, default="", blank=True)
    """How the identity was taken out."""
    masked = models.SmallIntegerField(default=0)
    """How many rectangles a person has covered."""
    author = Ref("registry.Staff", db_index=False)
    at = models.DateTimeField(default=clock.now)
    withdrawn = models.BooleanField(default=False)


class TeachingSource(models.Model):
    """Of which file a teaching copy was made: on this node alone, never sent."""

    copy = models.UUIDField(primary_key=True)
    attachment = models.UUIDField(db_index=True)
    person = models.UUIDField(db_index=True)
