"""Taking in a frame's records: what the journal cannot take, or what makes a side effect fail, is set aside, shown and
acknowledged, so that one record never blocks those behind it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import orjson
from django.db import InterfaceError, OperationalError, transaction

from qafila.journal import canon
from qafila.journal.header import Header, decode
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, ingest
from qafila.journal.models import Quarantine, Record

log = logging.getLogger("qafila.sync")
_first = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass
class Outcome:
    """What became of the records of a frame."""

    aside: list[int] = field(default_factory=list)
    """Places of those that are kept in quarantine."""
    alarms: int = 0


def take(parcels: Sequence[Parcel], sender: str, author: str | None = None) -> Outcome:
    """Take in a frame's records within the caller's transaction; `author`: only that node's records are believed.

    Raises `OperationalError` and `OSError` where this node is at fault (disk full): nothing is acknowledged then.
    """
    outcome = Outcome()
    mine = list(range(len(parcels)))
    if author is not None:
        for index in [i for i in mine if _author(parcels[i]) not in (author, None)]:
            _set_aside(parcels[index], f"a record of another node, sent by {sender}")
            outcome.aside.append(index)
            mine.remove(index)
    try:
        with transaction.atomic(using=here().database):
            taken = ingest([parcels[i] for i in mine], sender)
    except (OperationalError, InterfaceError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - a side effect failed: find the record that it stumbles over
        log.error("records of %s are taken one by one: %s", sender, type(error).__name__)
        _one_by_one(parcels, mine, sender, outcome)
        return outcome
    outcome.alarms += len(taken.alarms)
    for key in taken.alarms:
        log.error("record %s of %s came again with another content", key, sender)
    if taken.quarantined:
        outcome.aside += [i for i in mine if not _held(parcels[i])]
    return outcome


def _one_by_one(parcels: Sequence[Parcel], mine: list[int], sender: str, outcome: Outcome) -> None:
    for index in mine:
        try:
            with transaction.atomic(using=here().database):
                taken = ingest([parcels[index]], sender)
                outcome.alarms += len(taken.alarms)
        except (OperationalError, InterfaceError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the records behind must not wait for it
            log.error("a record of %s is set aside: %s", sender, type(error).__name__)
            _set_aside(parcels[index], f"could not be taken in: {type(error).__name__}")
            outcome.aside.append(index)
            continue
        if not _held(parcels[index]):
            outcome.aside.append(index)


def _author(parcel: Parcel) -> str | None:
    try:
        return msgspec.json.decode(_first.decode(parcel.header)[0], type=str)
    except (msgspec.MsgspecError, IndexError, UnicodeError):
        return None


def _header(parcel: Parcel) -> Header | None:
    try:
        return decode(parcel.header)
    except ValueError:
        return None


def _held(parcel: Parcel) -> bool:
    header = _header(parcel)
    if header is None:
        return False
    rows = Record._base_manager.filter(node=header.node, run=header.run, seq=header.seq)
    found = rows.values_list("hash", flat=True).first()
    return found is not None and bytes(found) == canon.link(parcel.prev, parcel.header)


def _set_aside(parcel: Parcel, reason: str) -> None:
    header = _header(parcel)
    raw = orjson.dumps(
        {
            "header": parcel.header.hex(),
            "fields": parcel.fields.hex() if parcel.fields is not None else None,
            "salt": parcel.salt.hex(),
            "prev": parcel.prev.hex(),
            "lane": parcel.lane,
        }
    )
    row = Quarantine(
        node=header.node.replace("\0", "") if header else "",
        run=header.run if header else 0,
        seq=header.seq if header else 0,
        raw=raw,
        # One line for each content: what differs must not be taken for a repetition.
        reason=f"{reason} [{hashlib.sha256(raw).hexdigest()[:12]}]",
    )
    Quarantine._base_manager.bulk_create([row], ignore_conflicts=True)
