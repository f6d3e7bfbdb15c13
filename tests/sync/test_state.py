"""What the screens say about the link."""

from __future__ import annotations

import os
from datetime import timedelta

from qafila.journal import blobs
from qafila.journal.here import at
from qafila.journal.models import Lane
from qafila.kernel import clock
from qafila.sync import state
from qafila.sync.models import Peer
from tests.sync.pair import Pair, register


def test_what_has_not_left_is_counted_by_lane_and_bytes(pair: Pair) -> None:
    person = register(pair.unit)
    with at(pair.unit):
        blobs.put(b"1234", "image/jpeg")
        now = state.read()
        assert now.pending == {Lane.RECORD: 2} and now.waiting == 2 and now.pending_bytes > 400
        assert (now.files, now.files_bytes) == (1, 4)
        assert state.not_left([person.pk]) == {person.pk} and state.waiting_records() == 2
    pair.sync()
    with at(pair.unit):
        now = state.read()
        assert now.waiting == 0 and now.files == 0 and state.not_left([person.pk]) == set()


def test_bars_fade_with_the_last_contact_and_follow_the_delay(pair: Pair) -> None:
    with at(pair.unit):
        assert state.read().bars == 0
        for rtt, bars in ((0.1, 4), (0.5, 3), (1.5, 2), (9.0, 1)):
            Peer.objects.update(last_contact=clock.now())
            state.note_try("", rtt)
            assert state.read().bars == bars and state.read().reason == ""
        Peer.objects.update(last_contact=clock.now() - timedelta(minutes=2))
        assert state.read().bars == 0
        Peer.objects.update(last_contact=clock.now())
        state.note_try("revoked", None)
        assert state.read().bars == 0 and "coordinator" in state.read().reason


def test_a_clock_far_off_is_doubted(pair: Pair) -> None:
    with at(pair.unit):
        Peer.objects.update(offset_ms=1000)
        assert not state.read().doubtful_clock
        Peer.objects.update(offset_ms=-365 * 86_400_000)
        assert state.read().doubtful_clock
    pair.sync()
    with at(pair.hub):
        node = state.nodes()[0]
        assert node.code == "U1" and not node.revoked and node.waiting == 0


def test_a_file_is_followed_from_here_to_the_hub(pair: Pair) -> None:
    with at(pair.unit):
        name = blobs.put(os.urandom(3 * blobs.CHUNK), "image/jpeg").sha256
        assert state.of_file(name).state == "saved"
        session = pair.session()
        for _ in range(3):
            request = session.next()
            assert request
            session.receive(pair.ask(request.data)[1])
        assert (state.of_file(name).state, state.of_file(name).done) == ("sending", 1)
    with at(pair.hub):
        assert (state.of_file(name).state, state.of_file(name).done, state.of_file(name).chunks) == ("expected", 1, 3)
        assert state.of_file("0" * 64).state == "unknown"
    pair.sync()
    with at(pair.unit):
        assert state.of_file(name).state == "on_hub"
    with at(pair.hub):
        assert state.of_file(name).state == "here"
