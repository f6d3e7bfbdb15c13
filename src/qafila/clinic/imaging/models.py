"""What is kept beside a picture: marks, the wish for its original, and copies of it for teaching."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.models import Attachment, Fact
from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


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
