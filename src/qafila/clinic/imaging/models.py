"""The DICOM objects of a record: an attachment stands for a series, these rows for what it is made of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Lane, Recorded, Ref


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
