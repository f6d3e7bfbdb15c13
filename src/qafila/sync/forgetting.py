"""On a node that holds only its scope: forgetting whom the hub tells it to forget, with a receipt.

The hub's word (`Holding`) is noted as it arrives and carried out afterwards, as soon as nothing of the person is here
alone and nothing is under way: no record and no file that is not in a backup of the hub that stands elsewhere, no open
visit, no open case.
Records of the person that come later (by a stick, over a clone's connection) are taken away again, until the hub says
that the person is back; it mails everything anew then, and its word goes before.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction

from qafila.journal import blobs, emptying
from qafila.journal.apply import recorded_model
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.models import Blob, Record
from qafila.journal.ranges import Ranges, holds
from qafila.journal.signals import ingested
from qafila.journal.write import writing
from qafila.sync import keeping, scope
from qafila.sync.models import Holding, HoldingReceipt, Leave, Peer, Upload
from qafila.sync.signals import forgotten

AT_ONCE = 20
"""People in one go: a crew works beside it."""
log = logging.getLogger("qafila.sync")


def connect() -> None:
    """Hear the hub's words from now on."""
    ingested.connect(_on_ingested, dispatch_uid="forgetting-ingested")


def disconnect() -> None:
    """Undo `connect` (a simulator that steps between nodes)."""
    ingested.disconnect(dispatch_uid="forgetting-ingested")


def _on_ingested(sender: Any, records: Sequence[Entry], node: Here, **kwargs: Any) -> None:
    if not node.confirmed_by_hub:
        return
    said = [e for e in records if e.kind == Holding.kind()]
    if said:
        hub = set(Peer.objects.filter(upward=True).values_list("code", flat=True))
        _hear({e.subject for e in said if e.node in hub}, node)
    people = {e.patient for e in records if e.patient}
    if people:
        Leave.objects.filter(person__in=people, held=False, due=False).update(due=True)


def _hear(subjects: set[UUID], node: Here) -> None:
    for word in Holding._base_manager.filter(pk__in=subjects, node=node.node).order_by("turn"):
        values = {"turn": word.turn, "held": word.held, "keep": word.keep, "known": word.known, "due": True}
        row, fresh = Leave.objects.get_or_create(person=word.who, defaults=values)
        if not fresh and word.turn > row.turn:
            Leave.objects.filter(pk=row.pk).update(**values)


def try_to_settle() -> None:
    """As `settle`, now that something arrived or was confirmed; a job tries again what fails."""
    try:
        settle()
    except (OSError, DatabaseError) as error:
        log.error("nobody could be forgotten: %s", type(error).__name__)


def settle() -> int:
    """Carry out what can be carried out now; how many people were forgotten or are back. Raises `OSError` and Django's
    `DatabaseError` where this node is at fault: it is done later then."""
    done = 0
    for person in list(Leave.objects.filter(due=True).order_by("turn").values_list("person", flat=True)):
        done += _settle(person)
        if done >= AT_ONCE:
            break
    return done


def _settle(person: UUID) -> bool:
    with transaction.atomic(using=here().database):
        word = Leave.objects.select_for_update().filter(person=person, due=True).first()
        if word is None or (not word.held and in_use(person, word.known)):
            return False
        if not word.held:
            _forget(person, {UUID(pk) for pk in word.keep})
        word.due = False
        word.save(update_fields=["due"])
        _receipt(word)
        return True


def in_use(person: UUID, known: dict[str, Ranges]) -> str:
    """Why a person cannot be forgotten yet: `waiting`, `newer`, `files`, `visit`, `case`,
    `backup`; empty: nothing is in the way.

    `known`: the own records about him that the hub had when it gave its word (`Holding.known`). With a newer one the
    hub learns that the person is here again, and says so.
    """
    own = Record._base_manager.filter(patient=person, node=here().node)
    if own.filter(pending=True).exists():
        return "waiting"
    if any(not holds(known.get(f"{run:x}", []), seq) for run, seq in own.values_list("run", "seq")):
        return "newer"
    if Blob._base_manager.filter(sha256__in=files_of(person), sent=False, complete=True).exists():
        return "files"
    for kind, name in ((scope.VISIT, "visit"), (scope.CASE, "case")):
        units = set(scope.rows_of(kind).filter(person_id=person, closed_at=None).values_list("unit_id", flat=True))
        boxes = scope.nodes_of_units(units)
        # A unit of which nothing is known may be this one.
        if any(here().node in boxes.get(unit, {here().node}) for unit in units):
            return name
    full = Record._base_manager.filter(patient=person).exclude(fields=None)
    if not keeping.safe_to_drop(full.values_list("no", flat=True), files_of(person)):
        return "backup"
    return ""


def _forget(person: UUID, keep: set[UUID]) -> None:
    files = files_of(person, keep)
    gone = emptying.empty(person, keep)
    drop_files(files, person)
    if gone.subjects:
        forgotten.send(sender=Leave, person=person, subjects=gone.subjects, node=here())
    log.info("a person was forgotten: %d records", gone.records)


def files_of(person: UUID, keep: set[UUID] = frozenset()) -> set[str]:  # type: ignore[assignment]
    """Names of the files of a person but those that the rows in `keep` name."""
    names = set(Blob._base_manager.filter(patient=person).values_list("sha256", flat=True))
    for kind, fields in scope.FILES.items():
        rows = scope.rows_of(kind).filter(person_id=person).exclude(pk__in=keep) if recorded_model(kind) else None
        for name, _, _ in fields if rows is not None else ():
            names |= set(rows.values_list(name, flat=True))  # type: ignore[union-attr]
    return names - {""}


def drop_files(names: set[str], person: UUID) -> None:
    """Take files away but those that somebody else's record names, too."""
    needed: dict[str, UUID] = {}
    for kind, fields in scope.FILES.items():
        for name, _, _ in fields if recorded_model(kind) else ():
            needed |= dict(scope.rows_of(kind).filter(**{f"{name}__in": names}).values_list(name, "person_id"))
    for sha256 in sorted(names):
        if sha256 in needed:
            Blob._base_manager.filter(sha256=sha256, patient=person).update(patient=needed[sha256])
        else:
            blobs.drop(sha256)
    Upload.objects.filter(sha256__in=names - needed.keys()).delete()


def _receipt(word: Leave) -> None:
    said = {"node": here().node, "who": word.person, "held": word.held, "turn": word.turn}
    if not HoldingReceipt._base_manager.filter(**said).exists():
        with writing(None, "person.forget" if not word.held else "person.hold", always=True) as write:
            write.save(HoldingReceipt(**said))
