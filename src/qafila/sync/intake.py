"""Taking in a frame's records: what the journal cannot take, or what makes a side effect fail, is set aside, shown and
acknowledged, so that one record never blocks those behind it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction

from qafila.journal import erased
from qafila.journal.apply import raise_if_ours
from qafila.journal.entries import Parcel, Taken
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.ingest import ingest

log = logging.getLogger("qafila.sync")


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
    _take(parcels, 0, sender, author, outcome)
    outcome.aside.sort()
    return outcome


def _take(parcels: Sequence[Parcel], start: int, sender: str, author: str | None, outcome: Outcome) -> None:
    """Take in what can be taken, by halving what makes a side effect fail."""
    try:
        with transaction.atomic(using=here().database):
            taken = ingest(parcels, sender, author)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - a side effect failed: find the record that it stumbles over
        if isinstance(error, (OperationalError, InterfaceError)):
            raise_if_ours(error)
        if len(parcels) == 1:
            log.error("a record of %s is set aside: %s", sender, type(error).__name__)
            _set_aside(parcels[0], f"could not be taken in: {type(error).__name__}")
            outcome.aside.append(start)
            return
        log.error("records of %s are taken in two halves: %s", sender, type(error).__name__)
        half = len(parcels) // 2
        _take(parcels[:half], start, sender, author, outcome)
        _take(parcels[half:], start + half, sender, author, outcome)
        return
    outcome.alarms += len(taken.alarms)
    outcome.aside += [start + place for place in taken.aside]
    for key in taken.alarms:
        log.error("record %s of %s came again with another content", key, sender)


def _set_aside(parcel: Parcel, reason: str) -> None:
    try:
        header = decode(parcel.header)
    except ValueError:
        header = None
    if header is not None and erased.among([header.patient_id]).covers(header.patient_id, header.subject_id):
        parcel = erased.bare(parcel)
    taken = Taken()
    taken.set_aside(parcel, header, reason)
    taken.write(here().database)
