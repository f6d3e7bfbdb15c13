"""The lease: closes after the profile's days, is not prolonged by a clock set back, and opens by one code once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal.here import at
from qafila.journal.models import Record
from qafila.kernel import clock, typed
from qafila.sync import lease
from qafila.sync.models import Lease, LeaseCode, LeaseOpening, Peer
from tests.sync.pair import Pair, register

BY = uuid4()


@pytest.fixture(autouse=True)
def terms() -> Iterator[None]:
    lease.TERMS.warn_days, lease.TERMS.close_days = 31, 45
    yield
    lease.TERMS.warn_days = lease.TERMS.close_days = 0


def days_later(pair: Pair, days: float) -> lease.State:
    """What the unit says of itself so many days from now."""
    with at(pair.unit), clock.reading_from((clock.now() + timedelta(days=days)).timestamp):
        lease.tick()
        found = lease.state()
        assert found is not None
        return found


def met(pair: Pair) -> datetime:
    with at(pair.unit):
        lease.met()
        return clock.now()


def test_it_warns_closes_and_begins_anew_at_a_contact(pair: Pair) -> None:
    met(pair)
    assert not days_later(pair, 30).warned
    told = days_later(pair, 31.5)
    assert told.warned and not told.closed and told.left == 14
    assert days_later(pair, 44.9).left == 1
    told = days_later(pair, 45.1)
    with at(pair.unit):
        assert told.closed and told.left == 0 and lease.word() == "closed"
        lease.met()
        assert lease.word() == "" and not lease.state().closed  # type: ignore[union-attr]


def test_a_clock_set_back_gives_nothing_back(pair: Pair) -> None:
    met(pair)
    assert days_later(pair, 40).days == 40
    assert days_later(pair, 5).days == 40, "back to the fifth day"
    assert days_later(pair, 39).days == 40
    assert days_later(pair, 46).closed
    assert days_later(pair, -400).closed and days_later(pair, 1).closed


def test_a_running_node_counts_without_its_clock(pair: Pair) -> None:
    met(pair)
    days_later(pair, 10)
    with at(pair.unit), clock.reading_from((clock.now() - timedelta(days=100)).timestamp):
        lease._ticked[pair.unit.node] -= 3 * lease.DAY_S
        lease.tick()
        assert lease.state().days == 13  # type: ignore[union-attr]


def test_what_the_journal_has_seen_counts(pair: Pair) -> None:
    met(pair)
    with clock.reading_from((clock.now() + timedelta(days=50)).timestamp):
        register(pair.unit)
    assert days_later(pair, 0).closed, "it has written 50 days later, whatever its clock says now"


def test_a_hub_has_no_lease(pair: Pair) -> None:
    with at(pair.hub):
        lease.tick()
        assert not Lease.objects.exists() and lease.state() is None


def closed(pair: Pair) -> str:
    """The question of a unit that is closed."""
    with at(pair.unit):
        lease.met()
        Lease.objects.update(spent_s=50 * lease.DAY_S)
        return lease.ask()


def code(pair: Pair, challenge: str, days: int = 14, node: str = "") -> str:
    with at(pair.hub):
        return lease.make_code(node or pair.unit.node, challenge, days, "no mast for weeks", BY)


def test_the_supervisors_code_opens_once_and_both_sides_keep_it(pair: Pair) -> None:
    question = closed(pair)
    answer = code(pair, question.lower().replace("-", " "))
    assert len(answer.replace("-", "")) <= 20
    with at(pair.unit):
        assert lease.ask() == question
        assert lease.open_by(answer.lower(), BY) == 14
        now = lease.state()
        assert now is not None and not now.closed and now.opened and now.left == 14
        assert LeaseOpening.objects.get().days == 14
        assert Record.objects.filter(kind="sync.leaseopening", pending=True).count() == 1, "the hub hears of it"
        with pytest.raises(lease.Refused):
            lease.open_by(answer, BY)
    assert days_later(pair, 15).closed
    with at(pair.unit):
        lease.ask()
        with pytest.raises(lease.Refused):
            lease.open_by(answer, BY)
    with at(pair.hub):
        assert LeaseCode.objects.get().reason == "no mast for weeks"


def test_another_units_question_or_more_days_are_refused(pair: Pair) -> None:
    question = closed(pair)
    answer = typed.read(code(pair, question), 10)
    with at(pair.hub):
        Peer.objects.create(code="U9", sealing_key=bytes(Peer.objects.get(code="U1").sealing_key))
    others = [code(pair, question, node="U9"), code(pair, typed.spell(bytes(5))), typed.spell(b"\x1e" + answer[1:])]
    for other in others:
        with at(pair.unit), pytest.raises(lease.Refused):
            lease.open_by(other, BY)
    with at(pair.unit):
        assert lease.state().closed  # type: ignore[union-attr]
        assert lease.open_by(typed.spell(answer), BY) == 14


def test_guessing_ends_the_question(pair: Pair) -> None:
    question = closed(pair)
    right = code(pair, question)
    with at(pair.unit):
        for number in range(5):
            with pytest.raises(lease.Refused) as refused:
                lease.open_by(typed.spell(bytes([14]) + bytes([number]) * 9), BY)
        assert refused.value.reason == "asked_anew"
        with pytest.raises(lease.Refused):
            lease.open_by(right, BY)
        assert lease.ask() != question
        with pytest.raises(lease.Refused) as refused:
            lease.open_by(right, BY)
        assert refused.value.reason == "wrong"


@given(st.text(max_size=40))
def test_what_is_typed_breaks_nothing(text: str) -> None:
    try:
        typed.read(text, 10)
    except typed.Mistyped:
        pass
