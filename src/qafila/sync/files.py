"""Which files a node waits for: a record that names one is reason enough to expect it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from qafila.journal import blobs
from qafila.journal.changed import mark
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.ingest import recorded_model
from qafila.journal.models import Lane, Recorded
from qafila.journal.signals import ingested
from qafila.sync import scope

FETCHED = 2_000_000
"""A node with a thin link fetches larger files only when a person asks for them (`want`). Bytes."""


def connect() -> None:
    """Note the files of incoming records from now on."""
    ingested.connect(_on_ingested, dispatch_uid="files-ingested")


def want(name: str) -> None:
    """Fetch this file at the next contact, whatever its size."""
    blobs.expect(name, lane=Lane.PREVIEW, sent=True)
    mark(here())


def _on_ingested(sender: Any, records: Sequence[Entry], node: Here, **kwargs: Any) -> None:
    if node.directory is None:
        return
    for kind in scope.FILES:
        patients = {r.subject: r.patient for r in records if r.kind == kind}
        model = recorded_model(kind) if patients else None
        for row in model._base_manager.filter(pk__in=patients) if model else ():
            _expect(row, patients[row.pk], node)


def _expect(row: Recorded, patient: UUID | None, node: Here) -> None:
    for name_field, size_field, media_field in scope.FILES[row.kind()]:
        name = getattr(row, name_field)
        size = getattr(row, size_field) if size_field else blobs.UNKNOWN_SIZE
        media = getattr(row, media_field) if media_field else "image/jpeg"
        if not name or (node.confirmed_by_hub and (size > FETCHED or row.kind() in scope.ON_REQUEST)):
            continue
        try:
            blobs.expect(name, size, media, patient, Lane.PREVIEW, sent=node.confirmed_by_hub)
        except blobs.BadChunk:
            # The record stands as it came; a file of that name can never be.
            continue
