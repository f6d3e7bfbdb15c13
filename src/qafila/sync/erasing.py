"""Erasing a person's record, or rows of it, on this node: now, and whenever it comes again.

The word (`Erasure`) is the hub's and goes to every node like reference data; it is believed from the hub alone. It is
noted as it arrives, so that nothing of the record comes in with its fields from then on, by network, stick or a
restored unit; and carried out right after: rows, fields, salts, files, and what is kept beside the journal (`BESIDE`).
A receipt says so. The words are also kept in a small file beside the backups (`write_list`), so that a restore from
an older one carries them out before anybody sees the record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import F

from qafila.journal import emptying, erased, ingest, purge, tables
from qafila.journal.apply import recorded_model
from qafila.journal.entries import Entry, Parcel
from qafila.journal.header import decode
from qafila.journal.here import Here, here
from qafila.journal.models import Blob, Erased, Read, Record
from qafila.journal.signals import ingested, written
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.sync import forgetting, parts, scope
from qafila.sync.models import Erasing, Erasure, ErasureReceipt, Look, Peer, Scope
from qafila.sync.signals import forgotten

BESIDE: dict[str, dict[str, str]] = {
    "registry.namekey": {"person_id": "person"},
    "registry.matchkey": {"person_id": "person"},
    "registry.newcomer": {"person": "person"},
    "registry.retentiondue": {"person": "person"},
    "registry.pair": {"one": "person", "other": "person"},
    "clinic.ecgmeasures": {"person": "person", "sha256": "file"},
    "clinic.labmessage": {"person": "person", "visit": "row"},
    "clinic.teachingsource": {"person": "person", "attachment": "row"},
    "clinic.arrived": {"visit": "row"},
    "exchange.arrived": {"visit": "row", "instance": "row", "sha256": "file", "patient_id": "code"},
    "exchange.step": {"visit": "row"},
    "sync.upload": {"sha256": "file"},
}
"""Local tables with something of a person, never synced: field → what it names there. Their rows go. Drafts go by the
signal `forgotten`, as do other derived tables; a test holds every local table to be named here or known harmless."""
ORIGINAL = "original"
"""The field that names a file which may stay on the node that took it."""
NAME = "erased.list"
"""The file beside backups."""
_SOME = 500
log = logging.getLogger("qafila.sync")


def connect() -> None:
    """Note the words from now on: every node."""
    ingested.connect(_on_ingested, dispatch_uid="erasing-ingested")
    written.connect(_on_written, dispatch_uid="erasing-written")


def disconnect() -> None:
    """Undo `connect`."""
    ingested.disconnect(dispatch_uid="erasing-ingested")
    written.disconnect(dispatch_uid="erasing-written")


def _on_ingested(sender: Any, records: Sequence[Entry], node: Here, **kwargs: Any) -> None:
    _note(e.subject for e in records if e.kind == Erasure.kind())


def _on_written(sender: Any, records: Sequence[Record], node: Here, **kwargs: Any) -> None:
    _note(r.subject for r in records if r.kind == Erasure.kind())


def _note(subjects: Iterable[UUID]) -> None:
    wanted = list(subjects)
    for word in _believed(Erasure._base_manager.filter(pk__in=wanted)) if wanted else ():
        erased.add(word.who, rows_of(word) or {word.who})


def _believed(words: Iterable[Erasure]) -> list[Erasure]:
    """Those that this node's hub wrote, or on a hub itself."""
    given = list(words)
    own = set() if here().confirmed_by_hub else {here().node}
    authors = own | set(Peer.objects.filter(upward=True).values_list("code", flat=True))
    said = Record._base_manager.filter(kind=Erasure.kind(), subject__in=[w.pk for w in given], node__in=authors)
    known = set(said.values_list("subject", flat=True))
    return [w for w in given if w.pk in known]


def rows_of(word: Erasure) -> set[UUID]:
    """Ids of the rows that it names; none: everything."""
    return {UUID(pk) for pk in word.rows}


def try_to_settle() -> None:
    """As `settle`; a job tries again what fails."""
    try:
        settle()
    except (OSError, DatabaseError) as error:
        log.error("a record could not be erased yet: %s", type(error).__name__)


def settle() -> int:
    """Carry out what was said and is not done; how many were. Raises `OSError` and Django's `DatabaseError` where this
    node is at fault."""
    undone = Erasure._base_manager.exclude(pk__in=Erasing.objects.values("erasure")).order_by("pk")
    return sum(_carry_out(word) for word in _believed(undone))


def work() -> int:
    """Job: as `settle`; then take away what came or was written since, also from the database's files."""
    done = settle()
    for person, rows in erased.late().items():
        with transaction.atomic(using=here().database):
            _take_away(person, set() if person in _whole([person]) else rows)
    _late_files()
    purge_files()
    return done


def _whole(people: Iterable[UUID]) -> set[UUID]:
    gone = erased.among(people)
    return {person for person, rows in gone.rows.items() if person in rows}


def _late_files() -> None:
    """Files that came after the record was erased, and who was said to hold it since."""
    whole = Erased._base_manager.filter(subject=F("patient")).values("patient")
    people = set(Blob._base_manager.filter(patient__in=whole).values_list("patient", flat=True).distinct())
    for person in people:
        assert person is not None
        with transaction.atomic(using=here().database):
            forgetting.drop_files(forgetting.files_of(person), person)
    Scope.objects.filter(person__in=whole).delete()


def _carry_out(word: Erasure) -> bool:
    rows = rows_of(word)
    with transaction.atomic(using=here().database):
        # Whoever mails a record of the person, or lets a node hold it, waits; and sees this afterwards.
        tables.one_at_a_time([word.who.int], here().database)
        if not Erasing.objects.get_or_create(erasure=word.pk)[1]:
            return False
        erased.add(word.who, rows or {word.who})
        records, files = _take_away(word.who, rows)
        said = {"node": here().node, "erasure": word.pk}
        if not ErasureReceipt._base_manager.filter(**said).exists():
            with writing(None, "person.erased", always=True) as write:
                write.save(ErasureReceipt(**said, records=records, files=files))
    if here().directory is not None:
        parts.forget_all()
    log.info("a record was erased: %d records, %d files", records, files)
    return True


def _take_away(person: UUID, rows: set[UUID]) -> tuple[int, int]:
    """What is here of a person, or these rows of it: (records, files)."""
    files, codes = _files(person, rows), _codes(person)
    links = [] if rows else scope.also_of([person])
    gone = emptying.empty(person, only=rows)
    for pk, about, _ in links:
        # What somebody else's record says of the person's.
        erased.add(about, {pk})
        gone.records += emptying.empty(about, only={pk}).records
    forgetting.drop_files(files, person)
    wanted: dict[str, set[Any]] = {"row": gone.subjects | rows, "file": files, "code": set() if rows else codes}
    _beside(person, wanted, whole=not rows)
    forgotten.send(sender=Erasure, person=person, subjects=gone.subjects | rows, node=here())
    return gone.records, len(files)


def _files(person: UUID, rows: set[UUID]) -> set[str]:
    if not rows:
        return forgetting.files_of(person)
    names: set[str] = set()
    for kind, fields in scope.FILES.items():
        model = recorded_model(kind)
        more = [ORIGINAL] if model and any(f.name == ORIGINAL for f in model._meta.fields) else []
        for name in [*(name for name, _, _ in fields), *more] if model else ():
            names |= set(scope.rows_of(kind).filter(person_id=person, pk__in=rows).values_list(name, flat=True))
    return names - {""}


def _codes(person: UUID) -> set[str]:
    """What stands on the person's card, as a device may have been told it."""
    return set(scope.rows_of(scope.PERSON).filter(pk=person).values_list("code", flat=True)) - {""}


def _beside(person: UUID, named: dict[str, set[Any]], *, whole: bool) -> None:
    for table, fields in BESIDE.items():
        if not apps.is_installed(f"qafila.{table.partition('.')[0]}"):
            continue
        rows = apps.get_model(table)._base_manager.all()
        for field, names in fields.items():
            wanted = ([person] if whole else []) if names == "person" else sorted(named[names])
            for start in range(0, len(wanted), _SOME):
                rows.filter(**{f"{field}__in": wanted[start : start + _SOME]}).delete()
    if not whole:
        return
    # That somebody looked is kept, as the law asks; what they wrote beside it is not.
    Read._base_manager.filter(patient=person).exclude(reason="").update(reason="")
    looks = Look.objects.values_list("pk", "chosen", "people")
    about = [pk for pk, chosen, people in looks if chosen == person or person.hex in str(people)]
    Look.objects.filter(pk__in=about).delete()
    Scope.objects.filter(person=person).delete()


def purge_files(*, large: bool = False) -> bool:
    """Have nothing of what was erased in the database's files either; whether all is done. See `journal.purge`."""
    due = Erasing.objects.filter(purged_at=None)
    numbers = list(due.values_list("pk", flat=True))
    if not numbers:
        return True
    people = list(Erasure._base_manager.filter(pk__in=numbers).values_list("who", flat=True))
    kinds = Record._base_manager.filter(patient__in=people).values_list("kind", flat=True).distinct()
    models = [recorded_model(kind) for kind in {*kinds, *scope.ALSO}]
    local = [apps.get_model(table) for table in BESIDE if apps.is_installed(f"qafila.{table.partition('.')[0]}")]
    if not purge.purge([*(m for m in models if m is not None), *local], large=large):
        return False
    Erasing.objects.filter(pk__in=numbers).update(purged_at=clock.now())
    return True


def write_list(file: Path) -> int:
    """Keep all words of this node in a file, for a restore from an older backup; how many. It says ids alone."""
    rows = Record._base_manager.filter(kind=Erasure.kind()).order_by("no")
    lines = [orjson.dumps([p.header.hex(), (p.fields or b"").hex(), p.salt.hex(), p.lane, p.prev.hex()])
             for p in ingest.parcels_of(rows)]  # fmt: skip
    fresh = file.with_name(f".{file.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(b"\n".join(lines))
    fresh.replace(file)
    return len(lines)


def read_list(file: Path) -> int:
    """Take in the words of such a file and carry them out; how many people or rows it was about. What is no word is
    passed over. Raises `OSError`."""
    parcels: list[Parcel] = []
    for line in file.read_bytes().splitlines():
        try:
            header, fields, salt, lane, prev = orjson.loads(line)
            said, fields, salt, prev = (bytes.fromhex(x) for x in (header, fields, salt, prev))
            parcel = Parcel(said, fields, salt, int(lane), prev)
            if decode(parcel.header).kind == Erasure.kind():
                parcels.append(parcel)
        except (ValueError, TypeError):
            continue
    # Words alone: a gap where the rest of their run is not known yet is no alarm.
    ingest.ingest(parcels, "list")
    return settle()
