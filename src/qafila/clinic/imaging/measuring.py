"""Each ECG that comes to this node is measured once, by a job, in a process of its own: several at a time, because that
process loads libraries for longer than it measures."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from qafila.clinic.imaging.models import EcgMeasures
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.journal.here import Here
from qafila.journal.signals import ingested, written
from qafila.kernel import clock
from qafila.sync.signals import forgotten

SECONDS = 120
AT_ONCE, MOST_TRIES = 20, 5
log = logging.getLogger("qafila.ecg")


def connect() -> None:
    """Note from now on what is to be measured, and forget it with its person."""
    written.connect(_written, dispatch_uid="ecg-written")
    ingested.connect(_ingested, dispatch_uid="ecg-ingested")
    forgotten.connect(_forget, dispatch_uid="ecg-forgotten")


def disconnect() -> None:
    """Undo `connect` (tests)."""
    written.disconnect(dispatch_uid="ecg-written")
    ingested.disconnect(dispatch_uid="ecg-ingested")
    forgotten.disconnect(dispatch_uid="ecg-forgotten")


def _written(sender: Any, records: list[Any], **_: Any) -> None:
    _note({one.subject for one in records if one.kind == Attachment.kind()})


def _ingested(sender: Any, headers: list[Any], **_: Any) -> None:
    kind = Attachment.kind()
    _note({one.subject_id for one in headers if one.kind == kind})


def _note(ids: Collection[UUID]) -> None:
    if not ids:
        return
    rows = Attachment._base_manager.filter(pk__in=ids, kind_of_file="ecg").values_list("sha256", "person_id")
    EcgMeasures.objects.bulk_create(
        [EcgMeasures(sha256=name, person=person) for name, person in dict(rows).items()], ignore_conflicts=True
    )


def _forget(sender: Any, person: UUID, node: Here, **_: Any) -> None:
    EcgMeasures.objects.using(node.database).filter(person=person).delete()


def measure_waiting() -> int:
    """Measure what waits and is here, a few at a time; how many were measured."""
    waiting = EcgMeasures.objects.filter(state=EcgMeasures.State.WAITING)
    tries = dict(waiting.order_by("tries", "at").values_list("sha256", "tries")[:500])
    here = blobs.whole(tries)
    names = [one for one in tries if one in here][:AT_ONCE]
    if not names:
        return 0
    told = _measured([blobs.read(one) for one in names])
    for name, found in zip(names, told, strict=False):
        state = EcgMeasures.State.DONE if found is not None else EcgMeasures.State.FAILED
        waiting.filter(sha256=name).update(state=state, values=found or {}, at=clock.now())
    for name in names[len(told) :][:1]:
        # The process ended with this one, which then has its turn after those behind it.
        again = tries[name] + 1 < MOST_TRIES
        state = EcgMeasures.State.WAITING if again else EcgMeasures.State.FAILED
        waiting.filter(sha256=name).update(state=state, tries=tries[name] + 1, at=clock.now())
    return len(told)


def _measured(recordings: list[bytes]) -> list[dict[str, Any] | None]:
    """The values of each, None where it cannot be measured, as far as the process came."""
    try:
        out = subprocess.run(
            [sys.executable, "-m", "qafila.clinic.imaging.measure"],
            input=b"".join(len(one).to_bytes(4, "big") + one for one in recordings),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            # One thread: it works beside the pages of a small computer.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
    lines = out.split(b"\n")[:-1]
    told = [json.loads(line) for line in lines[: len(recordings)]]
    if len(told) < len(recordings):
        log.error("the measuring of ECGs ended early")
    return told


JOBS: dict[str, Callable[[], object]] = {"ecg_measure": measure_waiting}
