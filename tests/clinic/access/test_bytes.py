"""What the log of looks costs the link: a busy day of a unit in one frame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import zstandard

from qafila.clinic.access.looks import Seen, summed
from qafila.clinic.access.models import DayOfLooks
from qafila.journal.here import Here
from qafila.journal.ingest import parcels_of
from qafila.journal.models import Lane, Record
from qafila.journal.write import writing
from qafila.kernel import ids
from qafila.sync.codec import COLUMNS

PATIENTS = 60
MOST_BYTES = 60
"""A patient; a visit with its note and readings is some 500."""


def test_a_day_of_looks_is_small_on_the_wire(unit: Here) -> None:
    readers, start = [ids.new() for _ in range(3)], datetime(2026, 3, 2, 8, tzinfo=UTC)
    pages = ("reception.person", "nurse.vitals", "doctor.consult")
    with writing(None, "access.looks") as write:
        for n in range(PATIENTS):
            seen = [
                Seen(reader, "unit", start + timedelta(minutes=7 * n + 20 * place + more), page)
                for place, (reader, page) in enumerate(zip(readers, pages, strict=True))
                for more in range(place + 1)
            ]
            write.save(DayOfLooks(person_id=ids.new(), day=start.date(), node="U1", looks=summed(seen)))
    rows = Record._base_manager.filter(kind="clinic.dayoflooks").order_by("no")
    assert {row.lane for row in rows} == {Lane.LOG}
    size = len(zstandard.compress(COLUMNS.pack(parcels_of(rows)), 9))
    assert size / PATIENTS < MOST_BYTES, size / PATIENTS
