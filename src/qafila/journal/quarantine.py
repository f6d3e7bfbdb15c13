"""Records that could not be taken in: kept as they came until a person has dealt with them."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import transaction

from qafila.journal import canon
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.ingest import Parcel, ingest
from qafila.journal.models import Quarantine, Record
from qafila.kernel import clock


def parcel_of(row: Quarantine) -> Parcel:
    """The record as it came."""
    raw = orjson.loads(bytes(row.raw))
    fields = None if raw["fields"] is None else bytes.fromhex(raw["fields"])
    return Parcel(
        bytes.fromhex(raw["header"]), fields, bytes.fromhex(raw["salt"]), raw["lane"], bytes.fromhex(raw["prev"])
    )


def try_again(row: Quarantine, by: Any) -> bool:
    """Take the record in once more, after an update or a mended row; settled where it fits now."""
    parcel = parcel_of(row)
    with transaction.atomic(using=here().database):
        ingest([parcel], row.node)
        if _held(parcel):
            _settle(row, by, "")
            return True
        # Set aside a second time: one line for it is enough.
        transaction.set_rollback(True, using=here().database)
    return False


def settle(row: Quarantine, by: Any, words: str) -> None:
    """A person has dealt with it and says how; the record stays kept as it came. Raises `ValueError` without words."""
    if not words.strip():
        raise ValueError("say what was done")
    _settle(row, by, words.strip()[:300])


def _settle(row: Quarantine, by: Any, words: str) -> None:
    rows = Quarantine._base_manager.using(here().database).filter(pk=row.pk, settled=False)
    rows.update(settled=True, settled_at=clock.now(), settled_by=getattr(by, "id", None), words=words)


def _held(parcel: Parcel) -> bool:
    try:
        header = decode(parcel.header)
    except ValueError:
        return False
    rows = Record._base_manager.using(here().database).filter(node=header.node, run=header.run, seq=header.seq)
    return any(bytes(h) == canon.link(parcel.prev, parcel.header) for h in rows.values_list("hash", flat=True))
