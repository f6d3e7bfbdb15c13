"""A visit and what is recorded in it. Facts (observations, notes, diagnoses, consents, attachments) are never
changed: they are marked entered in error, and a new one names what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.clinic.visits.transitions import VISIT
from qafila.journal.models import Recorded, Ref
from qafila.journal.upcast import Upcast
from qafila.kernel import clock


def said(words: str, values: dict[str, Any] | None) -> str:
    """Words of a person as they are; a msgid of the program translated and filled in."""
    if values is None or not words:
        return words
    return gettext(words) % values


class FactStatus(models.TextChoices):
    """FHIR R4 observation-status, as far as used."""

    FINAL = "final", _("final")
    AMENDED = "amended", _("replaced by a later one")
    ERROR = "entered-in-error", _("entered in error")


class Fact(Recorded):
    """What all facts of a record share."""

    person = Ref("registry.Person", db_index=False)
    visit = Ref("clinic.Visit", null=True, blank=True)
    author = Ref("registry.Staff", null=True, db_index=False)
    """Who answers for it (performer)."""
    recorder = Ref("registry.Staff", null=True, blank=True, db_index=False)
    """Who typed it, when somebody else."""
    at = models.DateTimeField(default=clock.now)
    """Time of care; the journal has the time of recording."""
    status = models.CharField(max_length=16, choices=FactStatus.choices, default=FactStatus.FINAL)
    replaces = models.UUIDField(null=True, blank=True)
    error_reason = models.CharField(max_length=200, default="", blank=True)

    def visit_here(self) -> Visit | None:
        """Its visit; None for a fact without one, or whose visit has not come to this node."""
        return Visit._base_manager.filter(pk=self.visit_id).first() if self.visit_id else None

    class Meta:
        abstract = True
        base_manager_name = "objects"
        indexes = [models.Index(fields=["person", "-at"], name="%(class)s_person")]


class Visit(Recorded):
    """A person's visit to a unit on a day: their place in the queue."""

    class Status(models.TextChoices):
        """Where the person is."""

        WAITING = "waiting", _("waiting")
        NURSE = "nurse", _("with the nurse")
        READY = "ready", _("waiting for the doctor")
        DOCTOR = "doctor", _("with the doctor")
        DONE = "done", _("done")
        LEFT = "left", _("left without being seen")
        ERROR = "error", _("entered in error")

    person = Ref("registry.Person")
    unit = Ref("registry.Unit", db_index=False)
    room = Ref("registry.Room", null=True, blank=True, db_index=False)
    stop = Ref("registry.Stop", null=True, blank=True, db_index=False)
    day = models.DateField()
    """Local date at the unit."""
    ticket = models.SmallIntegerField()
    """Number called in the queue, from 1 each day."""
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    reason = models.CharField(max_length=200, default="", blank=True)
    triage = models.CharField(max_length=6, default="", blank=True)
    """red, orange, yellow, green; empty: not assessed."""
    triage_reason = models.CharField(max_length=300, default="", blank=True)
    """Words of the person who set the level by hand; empty: computed."""
    triage_basis = models.JSONField(default=dict, blank=True)
    """What the level was computed from: rule, version, table, level, at_least, reasons [[msgid, values]…], inputs,
    missing. Kept when a person sets another level."""
    reassess_at = models.DateTimeField(null=True, blank=True)
    """When somebody waiting is to be looked at again."""
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    settles: ClassVar[dict[str, Callable[[list[Any]], tuple[Any, list[str]]]]] = {
        **Recorded.settles,
        "status": VISIT.settle,
    }
    silent: ClassVar[frozenset[str]] = frozenset({"reassess_at"})

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["unit", "day", "status", "ticket"], name="visit_queue")]


class Encounter(Recorded):
    """A contact between a person and staff within a visit, or at a distance."""

    person = Ref("registry.Person")
    visit = Ref(Visit, null=True, blank=True)
    case = Ref("clinic.Case", null=True, blank=True)
    encounter_class = models.CharField(max_length=10)
    """HL7 v3 ActCode: AMB, FLD (in the field), EMER, VR (virtual)."""
    remote_type = models.CharField(max_length=16, default="", blank=True)
    """Of a remote act: teleconsultation, tele_expertise, telemonitoring, tele_assistance."""
    responsible = Ref("registry.Staff", db_index=False)
    participants = models.JSONField(default=list, blank=True)
    """Ids (hex) of the other staff who took part."""
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)


class Observation(Fact):
    """One reading or answer: code and system version, value as entered and in UCUM, how and by what it was taken."""

    schema: ClassVar[int] = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast()}

    code = models.CharField(max_length=40)
    """Key of `clinic.rules.observations` or of packs/analytes.toml, or the name of a sign that triage asks for; of a
    result whose code is not known here, `lab:` and that code."""
    loinc = models.CharField(max_length=12, default="", blank=True)
    code_version = models.CharField(max_length=12, default="", blank=True)
    number = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    """In `unit`."""
    choice = models.CharField(max_length=30, default="", blank=True)
    """Of a coded answer: its code (`true`/`false` of a yes or no)."""
    unit = models.CharField(max_length=16, default="", blank=True)
    """UCUM."""
    entered = models.CharField(max_length=40, default="", blank=True)
    """As typed."""
    entered_unit = models.CharField(max_length=16, default="", blank=True)
    method = models.CharField(max_length=40, default="", blank=True)
    site = models.CharField(max_length=40, default="", blank=True)
    posture = models.CharField(max_length=20, default="", blank=True)
    source = models.CharField(max_length=10, default="manual")
    """manual, device, import, patient."""
    device = models.CharField(max_length=80, default="", blank=True)
    """Maker and model of what measured, or the strip; of an unknown code: what the sender calls it."""
    serial = models.CharField(max_length=40, default="", blank=True)
    """Its serial number, or the lot of the strip."""
    instrument = Ref("registry.Instrument", null=True, blank=True, db_index=False)
    """Its row in the inventory: whether it was in calibration is computed from the dates there."""
    confirmed = models.BooleanField(default=False)
    """An unusual value that the person who entered it confirmed."""


class Note(Fact):
    """Free text: complaint, history, exam, plan, note; or `notice` and `safeguarding` (restricted), written by the
    program itself."""

    kind_of_note = models.CharField(max_length=12)
    text = models.TextField(max_length=8000)
    values = models.JSONField(null=True, blank=True)
    """Not null: `text` is a msgid, and these fill its places."""

    def said(self) -> str:
        """The text, in the reader's language where the program wrote it."""
        return said(self.text, self.values)


class Condition(Fact):
    """A diagnosis: code, version, words as shown, certainty."""

    code = models.CharField(max_length=10)
    code_version = models.CharField(max_length=20)
    words = models.CharField(max_length=200)
    language = models.CharField(max_length=5)
    certainty = models.CharField(max_length=12)
    """provisional, differential, confirmed, refuted (FHIR condition-ver-status)."""


class Allergy(Fact):
    """An allergy, or the statement that none is known: *not asked* has no row."""

    none_known = models.BooleanField(default=False)
    substance = models.CharField(max_length=100, default="", blank=True)
    reaction = models.CharField(max_length=200, default="", blank=True)


class Attachment(Fact):
    """A file of the record. The bytes are a blob; its preview is another."""

    schema: ClassVar[int] = 2
    upcasts: ClassVar[dict[int, Upcast]] = {1: Upcast()}
    """2: `site`, `quality`, `original`, `made_from`; who left them out meant none."""

    kind_of_file = models.CharField(max_length=10)
    """ecg, photo, dicom, audio, document, source (a device's own file from which another was made)."""
    title = models.CharField(max_length=120, default="", blank=True)
    media = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    view = models.CharField(max_length=30, default="", blank=True)
    """Code of the specialty pack's view that it shows (`ecg12`); empty: not one that was asked for."""
    case = Ref("clinic.Case", null=True, blank=True)
    """The case it was added to after it was sent; else a case shows what was taken at its visit."""
    preview = models.CharField(max_length=64, default="", blank=True)
    """Blob of the preview, shown until the whole has come."""
    width = models.IntegerField(null=True, blank=True)
    height = models.IntegerField(null=True, blank=True)
    site = models.CharField(max_length=40, default="", blank=True)
    """Where on the body: a region or a site of auscultation of packs/body.toml; empty: not said."""
    quality = models.JSONField(default=dict, blank=True)
    """What the check found (`blur`, `exposure`, `doubts`), and why a doubtful one was kept (`kept`, `words`)."""
    original = models.CharField(max_length=64, default="", blank=True)
    """Blob of the picture as the camera gave it. It stays on the node that took it until somebody asks for it."""
    made_from = models.UUIDField(null=True, blank=True)
    """Of an original that was asked for: the attachment that it is the original of."""


class Consent(Fact):
    """A person's consent to one purpose, or the reason why it could not be asked."""

    purpose = models.CharField(max_length=20)
    decision = models.CharField(max_length=10)
    """permit, deny, emergency (unable to consent), withdrawn (takes back the one it replaces)."""
    given_by = models.CharField(max_length=16, default="self")
    """Who gave it: `consent_giver` of packs/encounter.toml."""
    guardian_name = models.CharField(max_length=120, default="", blank=True)
    relation = models.CharField(max_length=40, default="", blank=True)
    method = models.CharField(max_length=16, default="", blank=True)
    """How: `consent_method` of packs/encounter.toml."""
    witness = models.CharField(max_length=120, default="", blank=True)
    language = models.CharField(max_length=8, default="", blank=True)
    reason = models.CharField(max_length=300, default="", blank=True)
    """Of an emergency: why it could not be asked."""
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    scan = Ref(Attachment, null=True, blank=True, db_index=False)
    """The paper it was given on."""


class Draft(models.Model):
    """What a person has typed and not yet saved, on this node only: one per person and form."""

    staff = models.UUIDField()
    form = models.CharField(max_length=80)
    """Name of the form and the opaque id of what it is about."""
    data = models.TextField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["staff", "form"], name="draft_once")]
