"""A clock that may be wrong: found in three ways, ended by a person, found anew when it moves again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from qafila.journal import doubt
from qafila.journal.here import at
from qafila.kernel import clock
from qafila.sync import clock_doubt
from qafila.sync.models import ClockWord, Peer
from tests.sync.pair import Pair, register

BY = uuid4()


def test_a_clock_in_step_is_trusted(pair: Pair) -> None:
    register(pair.unit)
    pair.sync()
    with at(pair.unit):
        assert clock_doubt.look() == "" and doubt.trusted()


def test_a_clock_that_differs_from_the_hubs_is_doubted_until_it_does_not(pair: Pair) -> None:
    with at(pair.unit):
        Peer.objects.update(offset_ms=10 * 60_000)
        assert clock_doubt.look() == "differs" and doubt.doubted() == "differs"
        Peer.objects.update(offset_ms=-200)
        assert clock_doubt.look() == "" and doubt.trusted()


def test_a_clock_behind_the_journal_is_doubted(pair: Pair) -> None:
    register(pair.unit)
    with at(pair.unit), clock.reading_from((clock.now() - timedelta(days=20)).timestamp):
        assert clock_doubt.look() == "behind"


def test_a_clock_before_the_program_was_made_is_doubted_on_an_empty_node(pair: Pair) -> None:
    with at(pair.unit), clock.reading_from(datetime(2000, 1, 1, tzinfo=UTC).timestamp):
        assert clock_doubt.look() == "old"


def test_what_a_person_confirmed_holds_until_the_clock_moves_again(pair: Pair) -> None:
    ahead = (clock.now() + timedelta(days=300)).timestamp()
    with clock.reading_from(lambda: ahead):
        register(pair.unit)
    with at(pair.unit):
        assert clock_doubt.look() == "behind"
        clock_doubt.confirm(BY)
        assert doubt.trusted() and ClockWord.objects.get().reason == "behind"
        register(pair.unit)
        assert clock_doubt.look() == "", "what is written now goes on from the journal's clock"
        with clock.reading_from((clock.now() - timedelta(days=1)).timestamp):
            assert clock_doubt.look() == "behind"
        Peer.objects.update(offset_ms=-3_600_000)
        assert clock_doubt.look() != ""


def test_a_frame_that_was_long_under_way_does_not_make_a_clock_late(pair: Pair) -> None:
    pair.sync()
    with at(pair.unit):
        session = pair.session()
        greeting = session.next()
        assert greeting is not None
        session.receive(pair.ask(greeting.data)[1])
        register(pair.unit)
        frame = session.next()
        assert frame is not None
        late = clock.now() + timedelta(seconds=45)
        with clock.reading_from(late.timestamp):
            status, reply = pair.ask(frame.data)
            session.receive(reply)
    assert status == 200 and session.report.sent > 0
    with at(pair.hub):
        unit = Peer.objects.get()
        assert unit.last_contact == late and abs(unit.offset_ms or 0) < 5_000
