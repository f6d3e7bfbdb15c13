"""What the journal is made of: runs, records, clashes, quarantine, blobs, the log of reads; and `Recorded`,
the base of every model whose changes are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models

from qafila.journal.guard import GuardedManager, require_writer
from qafila.journal.upcast import Upcast
from qafila.kernel import clock, ids


class Lane(models.IntegerChoices):
    """In what order records leave a node: lower numbers first (0-2 strictly)."""

    URGENT = 0
    ANSWER = 1
    RECORD = 2
    PREVIEW = 3
    BULK = 4
    LOG = 5


class Label(models.IntegerChoices):
    """Confidentiality: who may see a row beside those who treat the person."""

    NORMAL = 0
    RESTRICTED = 1
    VERY_RESTRICTED = 2


def strictest(values: list[Any]) -> tuple[Any, list[str]]:
    """Of labels that two nodes gave side by side the one that fewer see holds, and nobody has to be asked."""
    return max(values), []


class Ref(models.ForeignKey[Any, Any]):
    """A reference between recorded rows: no database constraint, so that they may arrive in any order."""

    def __init__(self, to: Any, **options: Any) -> None:
        options.update(db_constraint=False, on_delete=models.DO_NOTHING)
        options.setdefault("related_name", "+")
        super().__init__(to, **options)


def about(patient: UUID) -> str:
    """The topic of everything in a patient's record."""
    return f"patient {patient.hex}"


class Recorded(models.Model):
    """A row whose every change is a record. Written only by `journal.writing`.

    Class attributes that a model may set: `schema` (number of its field layout: one more with each change of its
    fields), `upcasts` (number → step to the next one, see `upcast`), `lane`, `settles` (field → function that says
    what holds when two nodes changed it side by side), `silent` (fields in which two concurrent values need no
    person: the later one holds).
    """

    schema: ClassVar[int] = 1
    upcasts: ClassVar[Mapping[int, Upcast]] = {}
    lane: ClassVar[int] = Lane.RECORD
    settles: ClassVar[dict[str, Callable[[list[Any]], tuple[Any, list[str]]]]] = {"label": strictest}
    silent: ClassVar[frozenset[str]] = frozenset()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    heads = models.TextField(default="", editable=False)
    custodian = models.CharField(max_length=16, default="", editable=False)
    programme = models.CharField(max_length=16, default="", editable=False)
    label = models.SmallIntegerField(choices=Label.choices, default=Label.NORMAL)

    objects = GuardedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    seen: tuple[Sequence[str], Sequence[Any]] | None = None
    """Names and values as this instance was read: what its author saw."""

    @classmethod
    def from_db(  # type: ignore[override]  # Django 5.2 has no fetch modes
        cls, db: str | None, field_names: Sequence[str], values: Sequence[Any]
    ) -> Self:
        """Keep what was read, so that a change can name the value its author saw."""
        instance = super().from_db(db, list(field_names), list(values))
        instance.seen = (field_names, values)
        return instance

    @classmethod
    def kind(cls) -> str:
        """The name under which records of this model travel: `registry.person`."""
        return cls._meta.label_lower

    def subject_of_care(self) -> UUID | None:
        """The person whose record this row belongs to, None for what is about nobody."""
        return getattr(self, "person_id", None)

    def concerns(self) -> set[str]:
        """The topics of those whose lists the row belongs to now; a list in which it stood knows its patient."""
        patient = self.subject_of_care()
        return {about(patient)} if patient is not None else set()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refused outside of a writer."""
        require_writer(self.kind())
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Always refused: a correction is a new record."""
        raise TypeError(f"{self.kind()} rows are never deleted: record a correction")


class Run(models.Model):
    """One life of one writing process of a node: a sequence of records and their hash chain."""

    node = models.CharField(max_length=16)
    run = models.BigIntegerField()
    last = models.IntegerField(default=0)
    """The highest sequence number present."""
    head = models.BinaryField(default=b"")
    """The hash of record `last`."""
    ranges = models.TextField(default="[]")
    """What is here of it, as JSON [[first, last], …]."""
    sum = models.BigIntegerField(default=0)
    """`ranges.total` of what is here of it."""
    sealed = models.IntegerField(null=True)
    """Of an own run that nobody continues: the last number that was here then. What is beyond came back from other
    nodes after this one was restored, and may have gaps."""
    anchored = models.IntegerField(default=0)
    """How far an `Anchor` reaches."""
    opened = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "run"], name="run_once")]


class Anchor(models.Model):
    """What this node knew of a chain at an instant: the hash of its record `seq`. Never changed, never removed."""

    node = models.CharField(max_length=16)
    run = models.BigIntegerField()
    seq = models.IntegerField()
    hash = models.BinaryField()
    at = models.DateTimeField(default=clock.now)
    told = models.BooleanField(default=False)
    """A record of this node's own names it, or a later one of the same run."""

    class Meta:
        indexes = [
            models.Index(fields=["node", "run", "seq"], name="anchor_of_run"),
            models.Index(fields=["node", "id"], name="anchor_untold", condition=models.Q(told=False)),
        ]


class Erased(models.Model):
    """Whose record, or which row of it, was erased: what comes of it, however late, comes in without its fields."""

    patient = models.UUIDField()
    subject = models.UUIDField()
    """The row; the person's own id: everything about the person."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "subject"], name="erased_once")]


class Record(models.Model):
    """One change of one row, exactly as it was hashed. On PostgreSQL the table is partitioned by node."""

    no = models.BigAutoField(primary_key=True)
    """The order of arrival on this node."""
    node = models.CharField(max_length=16)
    run = models.BigIntegerField()
    seq = models.IntegerField()
    hlc = models.BigIntegerField()
    lane = models.SmallIntegerField()
    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    patient = models.UUIDField(null=True)
    header = models.BinaryField()
    fields = models.BinaryField(null=True)
    """Canonical JSON of the fields that changed; None once erased."""
    salt = models.BinaryField(null=True)
    prev = models.BinaryField()
    hash = models.BinaryField()
    pending = models.BooleanField(default=False)
    """Own record that the hub has not confirmed yet."""
    applied = models.BooleanField(default=True)
    """False while the record that creates its row has not come, or its kind is unknown here."""
    arrived = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "run", "seq"], name="record_once")]
        indexes = [
            models.Index(fields=["subject", "hlc"], name="record_subject"),
            models.Index(fields=["patient", "no"], name="record_patient", condition=models.Q(patient__isnull=False)),
            models.Index(fields=["kind", "no"], name="record_nobody", condition=models.Q(patient__isnull=True)),
            models.Index(fields=["lane", "no"], name="record_pending", condition=models.Q(pending=True)),
            models.Index(fields=["kind", "subject"], name="record_pending_kind", condition=models.Q(pending=True)),
            models.Index(fields=["subject"], name="record_waiting", condition=models.Q(applied=False)),
        ]


class Folded(models.Model):
    """Under which layout the rows of a kind were folded here; an update that knows a later one folds them again."""

    kind = models.CharField(max_length=40, primary_key=True)
    schema = models.IntegerField()


class Clash(models.Model):
    """Two values of one field, written on two nodes of which neither had seen the other's.

    Derived from the records alone; the same on every node that holds them.
    """

    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    patient = models.UUIDField(null=True)
    field = models.CharField(max_length=60)
    sides = models.TextField()
    """JSON list of {value, stamp}, the value in force first."""
    notice = models.CharField(max_length=200, default="")
    open = models.BooleanField(default=True)
    """True while a person has to look: values that differ, or a crossing that people must be told of."""
    found = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "field"], name="clash_once")]
        indexes = [models.Index(fields=["open", "id"], name="clash_open")]


class Quarantine(models.Model):
    """A record that could not be understood: kept raw, acknowledged, shown to a person."""

    node = models.CharField(max_length=16)
    run = models.BigIntegerField()
    seq = models.IntegerField()
    raw = models.BinaryField()
    reason = models.CharField(max_length=300)
    arrived = models.DateTimeField(default=clock.now)
    settled = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.UUIDField(null=True)
    words = models.CharField(max_length=300, default="")
    """What a person did about it."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "run", "seq", "reason"], name="quarantine_once")]


class Read(models.Model):
    """Somebody looked at a person's record."""

    at = models.DateTimeField(default=clock.now)
    actor = models.UUIDField(null=True)
    patient = models.UUIDField()
    page = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, default="")
    """Filled where access needed one (break-glass, a look-up outside of the usual scope)."""
    basis = models.CharField(max_length=12, default="")
    """What the reader has to do with the person (`clinic.access.rules.Basis`); empty: not asked."""

    class Meta:
        indexes = [models.Index(fields=["patient", "at"], name="read_patient")]


class Blob(models.Model):
    """A file's content, named by its SHA-256 (hex); the bytes lie beside the database, chunk by chunk."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()
    media = models.CharField(max_length=60)
    lane = models.SmallIntegerField(default=Lane.PREVIEW)
    chunks = models.BinaryField(default=b"")
    """Bitmap of the chunks that are here."""
    complete = models.BooleanField(default=False)
    sent = models.BooleanField(default=False)
    """The hub has confirmed the whole of it."""
    stays = models.BooleanField(default=False)
    """Kept on this node alone until `blobs.release`: counted as sent, and never missed elsewhere."""
    patient = models.UUIDField(null=True)
    added = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["lane", "added"], name="blob_unsent", condition=models.Q(sent=False))]
