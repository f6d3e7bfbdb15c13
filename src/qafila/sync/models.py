"""What sync keeps: whom this node talks to, one-time codes, mailboxes, who holds whose record, what has been sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Lane, Record, Recorded
from qafila.kernel import clock, ids
from qafila.sync.order_models import Lease, LeaseCode, LeaseOpening, NodeOrder, NodeOrderDone
from qafila.sync.renewal_models import Certificate, CertificateRequest  # noqa: F401 - gathered for Django

__all__ = [
    "Aside", "Asked", "Backup", "ClockWord", "Covered", "EnrolmentCode", "Erasing", "Erasure", "ErasureReceipt",
    "Fork", "Holding", "HoldingReceipt", "Lease", "LeaseCode", "LeaseOpening", "Leave", "Life", "LinkChoice",
    "LinkDay", "Look", "Mail", "NodeOrder", "NodeOrderDone", "Peer", "Scope", "StickMail", "Tally", "Upload",
    "Witness",
]  # fmt: skip


class Peer(models.Model):
    """A node that this one talks to: the hub of a unit (`upward`), or a unit of a hub."""

    code = models.CharField(max_length=16, primary_key=True)
    profile = models.CharField(max_length=30, default="")
    unit = models.CharField(max_length=40, default="")
    """What it was enrolled for (code of the medical unit); where it serves today stands in its assignment."""
    upward = models.BooleanField(default=False)
    url = models.CharField(max_length=200, default="")
    """Of an upward peer: where it is called."""
    serial = models.CharField(max_length=64, default="")
    """Serial number of its certificate, hexadecimal."""
    signing_key = models.BinaryField(default=b"")
    """Ed25519 public key of its frames, 32 bytes."""
    sealing_key = models.BinaryField(default=b"")
    """X25519 public key to which bundles for it are encrypted, 32 bytes."""
    revoked = models.BooleanField(default=False)
    enrolled_at = models.DateTimeField(default=clock.now)
    last_contact = models.DateTimeField(null=True)
    offset_ms = models.BigIntegerField(null=True)
    """Its clock minus ours at the last contact."""
    version = models.SmallIntegerField(default=0)
    """Of the conversation, as agreed at the last contact; 0 before the first."""
    ack_no = models.BigIntegerField(default=0)
    """Batches of mail acknowledged so far; a node restored from a backup shows itself by an older number."""
    heard = models.BinaryField(default=b"")
    """Of a unit: what its last bundle said (`stick_hub.Heard`), to be answered by the next stick."""
    life = models.BigIntegerField(default=0)
    """Of an upward peer: its life (`Life`) that this node has come to terms with; 0: none yet."""
    stands = models.IntegerField(default=0)
    """Of an upward peer: the number of its last backup that is kept elsewhere."""
    waits = models.JSONField(default=list)
    """Of a unit: what it last said waits there, [records, files, bytes of files], and how its machine does
    (`machine.Machine.numbers`, where it says that); empty: it never said."""


class Life(models.Model):
    """A life of this node: another one begins where its database is restored from a backup."""

    id = models.IntegerField(primary_key=True)
    """1, 2, 3…"""
    number = models.BigIntegerField(unique=True)
    """Random, told to every unit."""
    base = models.IntegerField(default=0)
    """The last backup that was begun before: what it holds is in this life and in those before it."""
    restored = models.BooleanField(default=True)
    """False for the first one."""
    home = models.CharField(max_length=80, default="")
    """Of PostgreSQL: cluster, timeline, database. Others mean that somebody restored it by means of its own."""
    opened = models.DateTimeField(default=clock.now)


class Backup(models.Model):
    """A backup of this node that was begun. Its id is its number."""

    begun = models.DateTimeField(default=clock.now)
    stands = models.DateTimeField(null=True)
    """Since when it is whole and kept elsewhere."""
    top = models.BigIntegerField(default=0)
    """The number of the last record when it began."""


class Covered(models.Model):
    """On a unit: what the hub had before its backup `begun` + 1."""

    begun = models.IntegerField(primary_key=True)
    top = models.BigIntegerField()
    """Records up to this number (`Record.no`)…"""
    waiting = models.TextField()
    """… but these: JSON ranges of numbers."""


class Fork(models.Model):
    """On a unit: the hub has other records under numbers of this run (a machine's memory was copied), and has seen
    those of this node."""

    run = models.BigIntegerField(primary_key=True)
    other = models.BigIntegerField()
    """The total (`journal.ranges`) of both sides' different records."""


class Aside(models.Model):
    """An own record that the hub could not understand and keeps in quarantine: confirmed, and not in its journal."""

    run = models.BigIntegerField()
    seq = models.IntegerField()
    there = models.BooleanField(default=False)
    """The hub has another record under this key."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="aside_once")]


class EnrolmentCode(models.Model):
    """A one-time code by which a node joins. Only its digest is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    node = models.CharField(max_length=16)
    profile = models.CharField(max_length=30)
    unit = models.CharField(max_length=40, default="")
    sync_url = models.CharField(max_length=200)
    issued_at = models.DateTimeField(default=clock.now)
    expires = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.BinaryField(default=b"")
    """The signing key that used it: the same node may ask again where the reply was lost."""


class Mail(models.Model):
    """A record that waits for a node, or that it has confirmed. The id is the number by which it is confirmed.

    On PostgreSQL the table is partitioned by receiver.
    """

    to = models.CharField(max_length=16)
    record = models.ForeignKey(Record, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+")
    lane = models.SmallIntegerField()
    acked = models.BigIntegerField(null=True)
    """The receiver's `ack_no` with which it was confirmed."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["to", "record"], name="mail_once")]
        indexes = [
            models.Index(fields=["to", "lane", "id"], name="mail_waiting", condition=models.Q(acked__isnull=True)),
            models.Index(fields=["to", "acked"], name="mail_acked", condition=models.Q(acked__isnull=False)),
        ]


class StickMail(models.Model):
    """On a unit: mail that a stick brought; the hub has not confirmed that it knows."""

    number = models.BigIntegerField(primary_key=True)
    """The hub's number of it (`Mail.id`)."""
    mark = models.BinaryField()
    """The first bytes of the record's hash: a hub restored from a backup may have given the number anew."""
    life = models.BigIntegerField(default=0)
    """The hub's life in which it gave the number."""


class Scope(models.Model):
    """A node holds this person's record: what is written about the person goes there."""

    person = models.UUIDField()
    node = models.CharField(max_length=16)
    since = models.DateTimeField(default=clock.now)
    copied_at = models.DateTimeField(null=True)
    """Looked up by the node, which keeps the copy for a limited time; null: it holds the record in its own right."""
    review = models.DateTimeField(null=True)
    """When to look again whether the node still needs it; null: until something changes."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "node"], name="scope_once")]
        indexes = [
            models.Index(fields=["node"], name="scope_node"),
            models.Index(fields=["review"], name="scope_review", condition=models.Q(review__isnull=False)),
        ]


class Holding(Recorded):
    """The hub's word to a node that it holds a person's record, or does not any more. Of several the highest `turn`
    counts. The first one is a *forget*: that a person comes into a node's scope for the first time needs no word."""

    lane: ClassVar[int] = Lane.URGENT

    node = models.CharField(max_length=16)
    """To whom it is said."""
    who = models.UUIDField()
    """The person; not named `person`: it is no part of that person's record, which the node may not have."""
    held = models.BooleanField()
    turn = models.BigIntegerField()
    """Milliseconds, and more than the last one's."""
    keep = models.JSONField(default=list, blank=True)
    """Of a forget: ids (hex) of rows about the person that somebody else's record needs there."""
    known = models.JSONField(default=dict, blank=True)
    """Of a forget: run (hexadecimal) → ranges of the node's own records about the person that the hub had."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["who", "node", "turn"], name="holding_latest")]


class HoldingReceipt(Recorded):
    """A node's answer to a `Holding`: it is so."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    who = models.UUIDField()
    held = models.BooleanField()
    turn = models.BigIntegerField()

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["who", "node", "turn"], name="receipt_latest")]


class Witness(Recorded):
    """A node's word, in its own chain, on how far it knew another's chains: whoever rewrites the past of one of them
    would have to rewrite the other's as well. Of a unit by its hub, and it goes there; of the hub by its units."""

    lane: ClassVar[int] = Lane.LOG

    node = models.CharField(max_length=16)
    """Whose chains."""
    chains = models.JSONField(default=dict)
    """Run (hexadecimal) → [number of a record, its hash in hexadecimal digits]."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["node"], name="witness_of")]


class Erasure(Recorded):
    """The word that somebody's record, or some rows of it, is erased on every node, now and whenever it comes again.
    It goes everywhere and stays for ever, so it says no name and no word of the record."""

    lane: ClassVar[int] = Lane.URGENT

    who = models.UUIDField()
    """The person; not named `person`: it is no part of the record that goes."""
    rows = models.JSONField(default=list, blank=True)
    """Ids (hex) of the rows; none: everything."""
    ground = models.CharField(max_length=40)
    """Key of the legal ground."""
    reference = models.CharField(max_length=60, default="", blank=True)
    """Number of the file in which the request lies."""
    asked_by = models.UUIDField(null=True)
    asked_at = models.DateTimeField(null=True)
    """Who confirmed, and when, stands in the record's header."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["who"], name="erasure_of")]


class ErasureReceipt(Recorded):
    """A node's answer to an `Erasure`: it is carried out there."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    erasure = models.UUIDField()
    records = models.IntegerField(default=0)
    """So many lost their fields."""
    files = models.IntegerField(default=0)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["erasure", "node"], name="erasure_receipt")]


class Erasing(models.Model):
    """How far an `Erasure` has come on this node. No row: not begun."""

    erasure = models.UUIDField(primary_key=True)
    done_at = models.DateTimeField(default=clock.now)
    purged_at = models.DateTimeField(null=True)
    """What was overwritten is gone from the database's files as well."""


class Leave(models.Model):
    """On a node that holds only its scope: the latest `Holding` about a person, and whether it is carried out."""

    person = models.UUIDField(primary_key=True)
    turn = models.BigIntegerField()
    held = models.BooleanField()
    keep = models.JSONField(default=list)
    known = models.JSONField(default=dict)
    due = models.BooleanField(default=True)
    """Something is left to be done: to forget, or to write the receipt."""

    class Meta:
        indexes = [models.Index(fields=["turn"], name="leave_due", condition=models.Q(due=True))]


class Look(models.Model):
    """On a unit: a question to the hub about somebody who stands before the crew, and its answer. Kept for an hour."""

    id = models.UUIDField(primary_key=True, default=ids.new)
    actor = models.UUIDField()
    name = models.CharField(max_length=100, default="")
    birth = models.CharField(max_length=10, default="")
    identity = models.CharField(max_length=30, default="")
    code = models.CharField(max_length=30, default="")
    chosen = models.UUIDField(null=True)
    outcome = models.CharField(max_length=10, default="")
    """As `messages.Found.outcome`; empty: not answered yet."""
    people = models.JSONField(default=list)
    asked_at = models.DateTimeField(default=clock.now)
    answered_at = models.DateTimeField(null=True)


class Asked(models.Model):
    """On a hub: that a node asked about somebody; no word of what it typed."""

    node = models.CharField(max_length=16)
    request = models.UUIDField()
    actor = models.UUIDField()
    at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=10)
    offered = models.JSONField(default=list)
    """Ids (hex) of those who were named."""
    chosen = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["node", "at"], name="asked_when")]


class Upload(models.Model):
    """How much of a file the hub has confirmed, for the screens."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    confirmed = models.IntegerField(default=0)
    """Chunks."""
    chunks = models.IntegerField(default=0)
    at = models.DateTimeField(default=clock.now)
    begun = models.IntegerField(null=True)
    """The hub had all of it before its backup of this number + 1; None: not known yet."""


class LinkDay(models.Model):
    """What one day cost on one line, in bytes of IP packets as far as this machine can tell."""

    day = models.DateField()
    """The civil date where the node is."""
    line = models.CharField(max_length=40, default="")
    """The SIM card or line, as people call it (`LinkChoice.line`)."""
    up = models.BigIntegerField(default=0)
    down = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "line"], name="link_day_once")]


class LinkChoice(models.Model):
    """What people have decided about this node's link. One row."""

    line = models.CharField(max_length=40, default="")
    megabytes = models.IntegerField(default=0)
    """A day and line, up and down together, in 10⁶ bytes; 0: no limit."""
    parked_only = models.BooleanField(default=False)
    """Series, video and large originals wait until somebody says that the vehicle is parked."""
    anyway = models.DateField(null=True)
    """On this day the budget does not hold."""
    anyway_by = models.UUIDField(null=True)
    parked_until = models.DateTimeField(null=True)
    parked_by = models.UUIDField(null=True)
    set_by = models.UUIDField(null=True)
    set_at = models.DateTimeField(null=True)


class ClockWord(models.Model):
    """Somebody looked at date and time of a doubted clock and said that they are right. Kept for good."""

    at = models.DateTimeField(default=clock.now)
    by = models.UUIDField()
    reason = models.CharField(max_length=20)
    """Why it was doubted: a key of `clock_doubt.REASONS`."""
    offset_ms = models.BigIntegerField(default=0)
    """The hub's clock minus this one's, as it was known then."""
    journal_ms = models.BigIntegerField(default=0)
    """The journal's clock then, Unix milliseconds."""


class Tally(models.Model):
    """Rows of one kind that are here, counted from the journal as far as `counted`."""

    kind = models.CharField(max_length=40, primary_key=True)
    """Empty: the row that says how far all are counted."""
    own = models.BigIntegerField(default=0)
    received = models.BigIntegerField(default=0)
    counted = models.BigIntegerField(default=0)
    """Of the row without a kind: `Record.no` of the last one that was counted."""
