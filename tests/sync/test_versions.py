"""Programs of different releases talk: a recorded unit of each release with today's hub, today's unit with a recorded
hub; the highest version that both speak is found, and what is too far apart is refused in words and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import msgspec
import pytest

from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.visits.models import Attachment, Observation
from qafila.journal import blobs, check
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest
from qafila.journal.models import Blob, Quarantine, Record
from qafila.registry.people.models import Person
from qafila.sync import bundle, codec, frames, mailbox, pki, state, versions
from qafila.sync.frames import Frame, FrameError, open_frame, seal
from qafila.sync.messages import Kind, Message
from qafila.sync.models import Life, Mail, Peer
from qafila.sync.session import UnitSession
from qafila.sync.store import JournalStore
from qafila.sync.versions import Agreement, heard, told
from tests.journal.release_log import parcel
from tests.sync.pair import Pair, join, pending, register
from tests.sync.record_release import PICTURE, RELEASES, read

FOUND = sorted(p.name for p in RELEASES.iterdir())
ANY = range(256)


def program(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """As if this process ran the program of that version."""
    monkeypatch.setattr(versions, "VERSION", version)
    monkeypatch.setattr(versions, "SPOKEN", range(max(1, version - 2), version + 1))


@pytest.fixture
def strangers(unit: Here, hub: Here) -> Iterator[Pair]:
    """A unit and the keys of a hub that is played from its recording."""
    yield join(unit, hub)
    mailbox.disconnect()


def said(data: bytes) -> tuple[int, int, int, list[Any]]:
    """Version, kind and number of a frame, and its message as any program sees it: an array."""
    head = frames._head(data, ANY)
    return head.version, head.kind, head.number, msgspec.msgpack.decode(frames._unpack(head))


def readable(then: Any, now: Any) -> bool:
    """Whether a program that read `then` can read `now`: the same types in the same places, more only at the end."""
    if isinstance(then, list) and isinstance(now, list):
        return len(now) >= len(then) and all(readable(a, b) for a, b in zip(then, now, strict=False))
    return type(then) is type(now)


def hub_writes(pair: Pair, step: dict[str, Any], numbers: list[int]) -> None:
    """The hub's people write what they wrote then, and their mail gets the numbers that it got then."""
    with at(pair.hub):
        blobs.put(PICTURE[::-1], "image/jpeg", Person.objects.get().pk)
        assert not ingest([parcel(p) for p in step["hub_writes"]]).quarantined
        waiting = list(Mail.objects.filter(to="U1").order_by("lane", "id").values_list("pk", flat=True))
        assert len(waiting) == len(numbers)
        for pk, number in zip(waiting, numbers, strict=True):
            Mail.objects.filter(pk=pk).update(id=-number)
        for number in numbers:
            Mail.objects.filter(pk=-number).update(id=number)


@pytest.mark.parametrize("newer", [0, 1, 2])
@pytest.mark.parametrize("release", FOUND)
def test_a_unit_of_a_release_goes_on_with_later_hubs(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, release: str, newer: int
) -> None:
    recording = read(release)
    version = said(bytes.fromhex(recording["steps"][0]["request"]))[0]
    program(monkeypatch, version + newer)
    mail = [said(bytes.fromhex(s["answer"])) for s in recording["steps"] if "answer" in s]
    numbers = next(m[0] for _, kind, _, m in mail if kind == Kind.MAIL and m[0])
    with at(pair.hub):
        Peer.objects.filter(code="U1").update(signing_key=bytes.fromhex(recording["unit_key"]))
        Life.objects.update_or_create(pk=1, defaults={"number": recording["hub_life"], "restored": False})
    for step in recording["steps"]:
        if "hub_writes" in step:
            hub_writes(pair, step, numbers)
            continue
        status, answer = pair.ask(bytes.fromhex(step["request"]))
        assert status == 200, answer
        then, now = said(bytes.fromhex(step["answer"])), said(answer)
        assert now[:3] == then[:3] and readable(then[3], now[3]), (then, now)
        if now[1] == Kind.MAIL:
            assert now[3][0] == then[3][0] and codec.COLUMNS.unpack(now[3][1]) == codec.COLUMNS.unpack(then[3][1])
        elif now[1] in (Kind.TAKEN, Kind.KEPT, Kind.WANTED, Kind.GIVEN):
            assert now[3][: len(then[3])] == then[3]
        assert pair.open_reply(answer).version == version
    with at(pair.hub):
        assert (Person.objects.count(), Case.objects.count(), Observation.objects.count()) == (1, 1, 1)
        assert Answer.objects.count() == 1 and Attachment.objects.count() == 2
        assert Blob.objects.filter(complete=True).count() == 2 and not Mail.objects.filter(acked=None).exists()
        assert Record.objects.filter(node="U1").count() == len(recording["unit_records"])
        assert list(check.problems()) == [] and not Quarantine.objects.exists()
        assert Peer.objects.get(code="U1").version == version


@pytest.mark.parametrize("release", FOUND)
def test_a_unit_that_is_too_old_hears_so_and_its_records_wait(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    recording = read(release)
    first = bytes.fromhex(recording["steps"][0]["request"])
    version = said(first)[0]
    program(monkeypatch, version + 3)
    with at(pair.hub):
        Peer.objects.filter(code="U1").update(signing_key=bytes.fromhex(recording["unit_key"]))
    assert pair.ask(first) == (400, f"too_old {version + 1}-{version + 3}".encode())
    with at(pair.hub):
        assert not Record.objects.exists()
    for reason in ("too_old", "too_new"):
        with at(pair.unit):
            state.note_try(reason, None)
            assert state.read().reason == str(state.REASONS[reason]) and "kept here" in state.read().reason


class OldHub:
    """A hub of a release, by its recorded answers; it knows that release's version and no other."""

    def __init__(self, pair: Pair, recording: dict[str, Any]) -> None:
        self.pair = pair
        self.version = said(bytes.fromhex(recording["steps"][0]["request"]))[0]
        self.answers: dict[int, list[Message]] = {}
        for step in recording["steps"]:
            if "answer" in step:
                _, kind, _, raw = said(bytes.fromhex(step["answer"]))
                shape = frames.SHAPES[Kind(kind)]
                self.answers.setdefault(kind, []).append(msgspec.convert(raw, shape))
        self.heard: list[int] = []

    def ask(self, data: bytes) -> tuple[int, bytes]:
        head = frames._head(data, ANY)
        self.heard.append(head.version)
        if head.version != self.version:
            return 400, f"too_new {told(range(1, self.version + 1))}".encode()
        assert self.pair.hub.directory
        answer = self.answers[head.kind + 1].pop(0)
        key = pki.signing_key(self.pair.hub.directory / "keys")
        return 200, seal(answer, "H", "U1", head.number, head.time_ms, key, head.dictionary, head.version)


@pytest.mark.parametrize("newer", [0, 1, 2, 3])
@pytest.mark.parametrize("release", FOUND)
def test_a_later_unit_goes_on_with_a_hub_of_a_release(
    strangers: Pair, monkeypatch: pytest.MonkeyPatch, release: str, newer: int
) -> None:
    recording, unit = read(release), strangers.unit
    old = OldHub(strangers, recording)
    program(monkeypatch, old.version + newer)
    agreement = Agreement()
    with at(unit):
        ingest([parcel(p) for p in recording["unit_records"]])
        Record.objects.update(pending=True)
        blobs.put(PICTURE, "image/jpeg", Person.objects.get().pk)
        key = pki.signing_key(unit.directory / "keys")  # type: ignore[operator]
        session = UnitSession(
            JournalStore("H"),
            lambda message, number: seal(message, "U1", "H", number, 1, key, version=agreement.version),
            strangers.open_reply,
            Random(0),
            agreement,
        )
        for _ in range(2):
            while (request := session.next()) is not None:
                status, answer = old.ask(request.data)
                if status == 200:
                    session.receive(answer)
                    continue
                reason, _, spoken = answer.decode().partition(" ")
                session.lost()
                if not agreement.refused(heard(spoken)):
                    assert (reason, newer) == ("too_new", 3)
                    assert pending(unit) == len(recording["unit_records"])
                    return
            session.lost()
        assert newer < 3 and agreement.version == old.version
        assert old.heard[:2] == ([old.version] * 2 if not newer else [old.version + newer, old.version])
        assert pending(unit) == 0 and Answer.objects.count() == 1
        assert Blob.objects.filter(complete=True, sent=True).count() == 2
        assert list(check.problems()) == []


def test_both_go_up_when_the_hub_is_updated_and_back_when_it_is_put_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = range(1, 4)
    agreement = Agreement(1, mine)
    heard_as: list[int] = []

    def contact(hub_version: int) -> str:
        register(pair.unit)
        program(monkeypatch, hub_version)
        with at(pair.unit):
            key = pki.signing_key(pair.unit.directory / "keys")  # type: ignore[operator]
            session = UnitSession(
                JournalStore("H"),
                lambda message, number: seal(message, "U1", "H", number, 1, key, version=agreement.version),
                lambda data: reply(pair, data, mine),
                Random(0),
                agreement,
            )
            while (request := session.next()) is not None:
                heard_as.append(agreement.version)
                status, answer = pair.ask(request.data)
                if status != 200:
                    reason, _, spoken = answer.decode().partition(" ")
                    session.lost()
                    if not agreement.refused(heard(spoken)):
                        return reason
                    continue
                session.receive(answer)
        return ""

    assert contact(1) == "" and agreement.version == 1
    assert contact(2) == "" and agreement.version == 2
    assert contact(5) == "" and agreement.version == 3
    assert heard_as[-1] == 3
    assert contact(1) == "" and agreement.version == 1
    assert contact(9) == "too_old" and pending(pair.unit) > 0
    assert contact(3) == "" and agreement.version == 3 and pending(pair.unit) == 0
    with at(pair.hub):
        assert Person.objects.count() == 6


def reply(pair: Pair, data: bytes, mine: range) -> Frame:
    public = pki.signing_public(pair.hub.directory / "keys")  # type: ignore[operator]
    return open_frame(data, "U1", lambda sender: public, mine)


def test_an_agreement_is_the_highest_common_version() -> None:
    assert [Agreement(n, range(2, 5)).version for n in (0, 1, 2, 3, 4, 9)] == [4, 2, 2, 3, 4, 4]
    one = Agreement(2, range(2, 5))
    one.welcomed(3)
    assert one.version == 3
    one.welcomed(1)
    assert one.version == 3
    one.welcomed(200)
    assert one.version == 4
    assert one.refused(range(1, 3)) and one.version == 2
    assert not one.refused(range(1, 3)) and not one.refused(range(5, 9)) and not one.refused(range(0))


@pytest.mark.parametrize("text", ["", "3", "1-", "a-b", "1-2-3", "١-٢", "1-9999", "-1-2", "1-2 "])
def test_what_is_no_range_is_none(text: str) -> None:
    assert heard(text) == range(0)
    assert heard(told(range(1, 4))) == range(1, 4) and not heard("3-1")


def test_every_refusal_has_words() -> None:
    for reason in ("too_old", "too_new"):
        assert reason in frames.REASONS and state.REASONS[reason]
        with pytest.raises(FrameError) as refused:
            raise FrameError(reason)
        assert str(refused.value) == frames.REASONS[reason]
    assert bundle.REASONS["too_old"] and bundle.REASONS["version"]
