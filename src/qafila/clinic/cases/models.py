"""Cases: what a unit asks of a specialist, its answers and messages, and one timeline of all that happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.clinic.cases.transitions import CASE, DECLINED, RECEIVED
from qafila.clinic.visits.models import Fact, said
from qafila.journal.models import Lane, Recorded, Ref
from qafila.journal.upcast import Upcast
from qafila.kernel import clock


class Urgency(models.TextChoices):
    """How soon an answer is needed; the pack says how many minutes each means."""

    EMERGENCY = "emergency", _("Emergency")
    URGENT = "urgent", _("Urgent")
    ROUTINE = "routine", _("Routine")


def list_of(staff: UUID) -> str:
    """The topic of what comes to somebody's list of cases."""
    return f"list {staff.hex}"


def waiting_for(specialty: str) -> str:
    """The topic of cases that wait for anybody of a specialty."""
    return f"waiting {specialty}"


class Case(Recorded):
    """A referral to a specialist at a distance."""

    lane: ClassVar[int] = Lane.RECORD
    settles: ClassVar[dict[str, Callable[[list[Any]], tuple[Any, list[str]]]]] = {
        **Recorded.settles,
        "status": CASE.settle,
    }
    silent: ClassVar[frozenset[str]] = frozenset({"specialist", "deadline", "came_after"})
    schema = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast()}

    person = Ref("registry.Person")
    visit = Ref("clinic.Visit", null=True, blank=True, db_index=False)
    unit = Ref("registry.Unit", db_index=False)
    doctor = Ref("registry.Staff", db_index=False)
    """Who asks."""
    specialty = models.CharField(max_length=30)
    pack_version = models.CharField(max_length=20, default="", blank=True)
    status = models.CharField(max_length=12, default="draft")
    urgency = models.CharField(max_length=10, choices=Urgency.choices, default=Urgency.ROUTINE)
    question = models.CharField(max_length=500, default="", blank=True)
    intake = models.JSONField(default=dict, blank=True)
    """Answers to the pack's questions: linkId → value."""
    consent = Ref("clinic.Consent", null=True, blank=True, db_index=False)
    incomplete_reason = models.CharField(max_length=300, default="", blank=True)
    """Why an emergency was sent before it was complete."""
    specialist = Ref("registry.Staff", null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    on_unit_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=30, default="", blank=True)
    outcome_note = models.CharField(max_length=500, default="", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reconfirm = models.BooleanField(default=False)
    """Something that the answer rests on was corrected since: the specialist has to confirm or change it."""
    came_after = models.BooleanField(default=False)
    """Something arrived that the answer was given without: the specialist has to look again."""

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["status", "deadline"], name="case_status"),
            models.Index(fields=["unit", "status"], name="case_unit"),
        ]

    def concerns(self) -> set[str]:
        """Its specialist's list too, and, while nobody has it, those of the specialty."""
        found = super().concerns()
        if self.specialist_id is not None:
            found.add(list_of(self.specialist_id))
        return found | ({waiting_for(self.specialty)} if self.status in (RECEIVED, DECLINED) else set())


class CaseEvent(Recorded):
    """A line of a case's timeline: an act, a receipt, a notice."""

    person = Ref("registry.Person", db_index=False)
    case = Ref(Case)
    act = models.CharField(max_length=30)
    at = models.DateTimeField(default=clock.now)
    by = Ref("registry.Staff", null=True, blank=True, db_index=False)
    node = models.CharField(max_length=16)
    words = models.CharField(max_length=500, default="", blank=True)
    """A person's own words; or, where `values` is not null, a msgid."""
    values = models.JSONField(null=True, blank=True)
    """What fills the places of the msgid in `words`."""

    def said(self) -> str:
        """The words, in the reader's language where the program wrote them."""
        return said(self.words, self.values)


class Message(Recorded):
    """A word between unit and specialist about a case."""

    lane: ClassVar[int] = Lane.ANSWER

    person = Ref("registry.Person", db_index=False)
    case = Ref(Case)
    author = Ref("registry.Staff", db_index=False)
    text = models.TextField(max_length=4000)
    asks = models.BooleanField(default=False)
    """The specialist asks for more before answering."""
    values = models.JSONField(null=True, blank=True)
    """Not null: `text` is a msgid that the program wrote in the author's name."""
    at = models.DateTimeField(default=clock.now)

    def said(self) -> str:
        """The text, in the reader's language where the program wrote it."""
        return said(self.text, self.values)


class Signed(Fact):
    """What its author signs together with the case as it was on the screen (`clinic.cases.signature`)."""

    case = Ref(Case)
    pack_version = models.CharField(max_length=20, default="", blank=True)
    missing_attachments = models.JSONField(default=list, blank=True)
    """Ids (hex) of the case's attachments that had not arrived when it was written."""
    shown = models.JSONField(default=list, blank=True)
    """The case as its author saw it: [kind, id, hash] of every fact (`clinic.cases.signature`)."""
    licence = models.CharField(max_length=40, default="", blank=True)
    """The author's licence number, as signed."""
    key = Ref("registry.SigningKey", null=True, blank=True, db_index=False)
    signature = models.CharField(max_length=128, default="", blank=True)
    """Ed25519, hexadecimal; empty: of before answers were signed."""

    class Meta(Fact.Meta):
        abstract = True


class Decline(Signed):
    """A specialist's refusal of a case, signed. Never changed."""

    lane: ClassVar[int] = Lane.ANSWER

    reason = models.CharField(max_length=30)
    """`decline_reason` of the pack."""
    suggestion = models.CharField(max_length=400, default="", blank=True)


def _proposed(fields: dict[str, Any]) -> dict[str, Any]:
    """A proposal that was free text as a line in words."""
    if isinstance(fields.get("proposal"), str):
        text = fields["proposal"]
        fields["proposal"] = [{"words": text}] if text else []
    return fields


class Answer(Signed):
    """A specialist's answer, signed. Never changed: a later one replaces it and names it."""

    lane: ClassVar[int] = Lane.ANSWER
    schema = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast(origin={"proposal": "prescription"}, fields=_proposed)}

    diagnosis = models.CharField(max_length=300)
    certainty = models.CharField(max_length=12)
    plan = models.TextField(max_length=4000)
    proposal = models.JSONField(default=list, blank=True)
    """Medicines proposed, for the unit's doctor to adopt: [{medicine, words, dose, dose_unit, route, per_day, days,
    instructions}]; numbers as text, `medicine` a formulary code or "" (`clinic.cases.proposal`)."""
    red_flag_advice = models.TextField(max_length=2000, default="", blank=True)
    follow_up = models.DateField(null=True, blank=True)
    teaching = models.TextField(max_length=2000, default="", blank=True)
    place_of_care = models.CharField(max_length=20, default="", blank=True)
    more = models.JSONField(default=dict, blank=True)
    """Answers to the specialty's own questions: linkId → value."""
