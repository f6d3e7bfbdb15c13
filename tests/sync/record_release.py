"""Records what a unit and a hub of this release say to each other: `python -m tests.sync.record_release VERSION`.

`releases/VERSION/conversation.json.xz` holds, in the order of the recording, `hub_writes` (records of the hub's own)
and exchanges (request and answer, the very bytes). It is played to the hubs and units of later programs; one that has
this release behaves like this for as long as it is not updated. Invented people only; the keys were drawn for it and
the private ones are gone.
"""

from __future__ import annotations

import argparse
import lzma
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

from tests import conftest

RELEASES = Path(__file__).parent / "releases"
FILE = "conversation.json.xz"
PICTURE = bytes(range(256)) * 100


def read(release: str) -> dict[str, Any]:
    """The recording of a release."""
    found: dict[str, Any] = orjson.loads(lzma.decompress((RELEASES / release / FILE).read_bytes()))
    return found


def _parcel(parcel: Any) -> dict[str, Any]:
    fields = None if parcel.fields is None else parcel.fields.decode()
    return {"header": parcel.header.decode(), "fields": fields, "salt": parcel.salt.hex(), "lane": parcel.lane,
            "prev": parcel.prev.hex()}  # fmt: skip


class Recorder:
    """A unit and its hub, heard by a third."""

    def __init__(self, folder: Path) -> None:
        from qafila.journal.here import Here
        from tests.sync.pair import join

        for name in ("unit", "hub"):
            conftest._keys(folder / name)
        self.unit = Here("U1", "unit", custodian="MS", programme="P", directory=folder / "unit", confirmed_by_hub=True)
        self.hub = Here("H", "hub", custodian="MS", programme="P", directory=folder / "hub", database="n1")
        self.pair = join(self.unit, self.hub)
        self.steps: list[dict[str, Any]] = []

    def contact(self) -> None:
        from qafila.journal.here import at

        with at(self.unit):
            session = self.pair.session(len(self.steps))
            while (request := session.next()) is not None:
                status, answer = self.pair.ask(request.data)
                assert status == 200, answer
                session.receive(answer)
                self.steps.append({"request": request.data.hex(), "answer": answer.hex()})

    def crew(self) -> Any:
        """A visit with an urgent case and a picture."""
        from qafila.clinic.visits.models import Attachment
        from qafila.journal import blobs
        from qafila.journal.here import at
        from qafila.journal.write import writing
        from tests.sync.test_session import urgent_case

        person, case = urgent_case(self.unit)
        with at(self.unit):
            row = blobs.put(PICTURE, "image/jpeg", person.pk)
            with writing(None, "attachment.add") as write:
                write.save(
                    Attachment(person=person, kind_of_file="photo", media=row.media, sha256=row.sha256, size=row.size)
                )
        return person, case

    def specialist(self, person: Any, case: Any) -> None:
        """The hub answers, and has a picture for the unit."""
        from qafila.clinic.cases.models import Answer
        from qafila.clinic.visits.models import Attachment
        from qafila.journal import blobs
        from qafila.journal.here import at
        from qafila.journal.ingest import parcels_of
        from qafila.journal.models import Record
        from qafila.journal.write import writing

        with at(self.hub):
            row = blobs.put(PICTURE[::-1], "image/jpeg", person.pk)
            with writing(None, "case.answer") as write:
                write.save(Answer(person_id=person.pk, case_id=case.pk, diagnosis="x", certainty="confirmed", plan="y"))
                write.save(
                    Attachment(
                        person_id=person.pk, kind_of_file="photo", media=row.media, sha256=row.sha256, size=row.size
                    )
                )
            own = parcels_of(Record.objects.filter(node="H").order_by("no"))
        self.steps.append({"hub_writes": [_parcel(p) for p in own]})


def record(folder: Path) -> dict[str, Any]:
    """The whole conversation: greeting, records, a file up; mail, its acknowledgement, a file down."""
    from qafila.journal.here import at
    from qafila.journal.ingest import parcels_of
    from qafila.journal.models import Record
    from qafila.sync import enrolment, mailbox, pki, restored

    recorder = Recorder(folder)
    with at(recorder.unit):
        unit_key = pki.signing_public(enrolment.keys_folder()).hex()
    try:
        person, case = recorder.crew()
        recorder.contact()
        recorder.specialist(person, case)
        recorder.contact()
    finally:
        mailbox.disconnect()
    with at(recorder.unit):
        own = [_parcel(p) for p in parcels_of(Record.objects.filter(node="U1").order_by("seq"))]
    with at(recorder.hub):
        life = restored.life()
    return {"unit_key": unit_key, "hub_life": life, "unit_records": own, "steps": recorder.steps}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sync.record_release")
    parser.add_argument("release")
    said = parser.parse_args()
    from django.core.management import call_command

    for alias in ("default", "n1"):
        call_command("migrate", database=alias, verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        found = record(Path(folder))
    conftest.pytest_sessionfinish()
    target = RELEASES / said.release / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(lzma.compress(orjson.dumps(found), preset=9 | lzma.PRESET_EXTREME))
    print(f"{target}: {len(found['steps'])} steps, {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
