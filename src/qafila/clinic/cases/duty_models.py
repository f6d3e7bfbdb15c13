"""Who else looks at a case beside the specialist who is responsible for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.cases.models import list_of
from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock


class Opinion(Recorded):
    """A specialist asked for a second opinion, or a member of a case's board: what they were asked, what they say.

    The case stays with the specialist who asked; they read it while the case is open, and write nothing but this.
    """

    lane: ClassVar[int] = Lane.ANSWER

    class Capacity(models.TextChoices):
        """In which capacity."""

        SECOND = "second", _("second opinion")
        BOARD = "board", _("board")

    person = Ref("registry.Person", db_index=False)
    case = Ref("clinic.Case")
    capacity = models.CharField(max_length=6, choices=Capacity.choices, default=Capacity.SECOND)
    asker = Ref("registry.Staff", db_index=False)
    staff = Ref("registry.Staff")
    question = models.TextField(max_length=2000)
    asked_at = models.DateTimeField(default=clock.now)
    text = models.TextField(max_length=4000, default="", blank=True)
    """What they say; empty while they have not answered."""
    given_at = models.DateTimeField(null=True, blank=True)
    withdrawn = models.BooleanField(default=False)

    def concerns(self) -> set[str]:
        """Whoever is asked, too."""
        return super().concerns() | {list_of(self.staff_id)}
