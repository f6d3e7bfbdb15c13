"""What goes first of the files: those without which an urgent case cannot be read, whenever it became urgent."""

from __future__ import annotations

import os

from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.journal.here import at
from qafila.journal.models import Blob
from qafila.journal.write import writing
from qafila.sync.models import Upload
from qafila.sync.session import UnitSession
from tests.sync.pair import Pair
from tests.sync.test_session import urgent_case

CHUNKS = 5


def file(chunks: int) -> str:
    """A file of its own on the unit, as any picture has it."""
    return blobs.put(os.urandom(chunks * blobs.CHUNK), "application/dicom").sha256


def added(pair: Pair, name: str) -> None:
    """That file is the recording of an emergency's heart."""
    _, case = urgent_case(pair.unit)
    row = Blob.objects.get(pk=name)
    with writing(None, "attachment.add") as write:
        write.save(
            Attachment(person_id=case.person_id, visit_id=case.visit_id, kind_of_file="ecg", media=row.media,
                       sha256=row.sha256, size=row.size)
        )  # fmt: skip


def step(pair: Pair, session: UnitSession) -> None:
    request = session.next()
    assert request
    session.receive(pair.ask(request.data)[1])


def test_a_file_offered_before_its_case_was_urgent_overtakes(pair: Pair) -> None:
    with at(pair.unit):
        picture, ecg = file(CHUNKS), file(CHUNKS + 1)
        session = pair.session()
        for _ in ("greeting", "offer of both", "chunk of the smaller"):
            step(pair, session)
        added(pair, ecg)
        for _ in ("records", *range(CHUNKS + 1)):
            step(pair, session)
        assert Blob.objects.get(pk=ecg).sent and not Blob.objects.get(pk=picture).sent
    pair.sync()
    with at(pair.unit):
        assert not Blob.objects.filter(sent=False).exists()


def test_nothing_large_begins_while_an_urgent_file_waits_for_its_turn(pair: Pair) -> None:
    with at(pair.unit):
        file(CHUNKS)
        session = pair.session()
        for _ in ("greeting", "offer", "chunk"):
            step(pair, session)
        ecg = file(1)
        added(pair, ecg)
        step(pair, session)
        offer = session.next()
        assert offer and offer.urgent
        meanwhile = [request for request in iter(session.next, None) if request]
        assert all(len(request.data) < blobs.CHUNK // 4 for request in meanwhile)
        session.receive(pair.ask(offer.data)[1])
        step(pair, session)
        assert Blob.objects.get(pk=ecg).sent
        follows = session.next()
        assert follows and len(follows.data) > blobs.CHUNK


def test_an_answer_that_was_overtaken_does_not_make_a_file_less_than_whole(pair: Pair) -> None:
    with at(pair.unit):
        name = file(2)
        session = pair.session()
        for _ in ("greeting", "offer"):
            step(pair, session)
        asked = [request for request in (session.next(), session.next()) if request]
        first, last = (pair.ask(request.data)[1] for request in asked)
        session.receive(last)
        session.receive(first)
        assert Blob.objects.get(pk=name).sent
        row = Upload.objects.get(pk=name)
        assert row.confirmed == row.chunks == 2
