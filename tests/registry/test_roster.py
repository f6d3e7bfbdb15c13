"""The roster: who is on duty follows from it and from what people say; leave, swaps, weeks proposed and published."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases.jobs import leave_watch
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.staff.acts import UnknownAbility, set_abilities, set_duty
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import OBLIGATIONS, NobodyNamed, Obligation
from qafila.registry.staff.queries import duty_now, on_duty
from qafila.registry.staff.roster import acts
from qafila.registry.staff.roster.acts import RosterRefused
from qafila.registry.staff.roster.hours import HALVES, Said, half_at, serving, span
from qafila.registry.staff.roster.models import Leave, Shift, Swap
from qafila.registry.staff.roster.queries import leave_between, monday_of, needs_of, week_of

MONDAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.fixture
def people(unit: Any, monkeypatch: Any) -> SimpleNamespace:
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    made = {}
    with writing(None, "setup") as write:
        for name, role in (("amal", "specialist"), ("badr", "specialist"), ("boss", "coordinator")):
            more = {"specialties": ["cardiology"]} if role == "specialist" else {}
            made[name] = write.save(Staff(username=name, name=name.title(), roles=[role], **more))
    return SimpleNamespace(**made)


def test_whoever_has_a_published_shift_is_on_duty(people: SimpleNamespace) -> None:
    shift = acts.add_shift(people.amal, "cardiology", MORNING.date(), "am", people.boss)
    assert on_duty("cardiology") == []
    assert acts.publish(MONDAY, "cardiology", people.boss) == 1
    assert on_duty("cardiology") == [people.amal]
    assert on_duty("cardiology", MORNING + timedelta(hours=5)) == []
    acts.withdraw_shift(shift, people.boss)
    assert on_duty("cardiology") == []


def test_what_one_says_goes_before_the_roster_until_the_shift_ends(people: SimpleNamespace, monkeypatch: Any) -> None:
    for half in ("am", "pm"):
        acts.add_shift(people.amal, "cardiology", MORNING.date(), half, people.boss, published=True)
    for status in ("break", "on", "off", "break", "off"):
        set_duty(people.amal, "cardiology", status, people.amal)
        assert duty_now() == ({} if status == "off" else {(people.amal.pk, "cardiology"): status})
    assert set_duty(people.badr, "cardiology", "off", people.badr) is None
    assert on_duty("cardiology", MORNING + timedelta(hours=5)) == [people.amal]


def test_leave_takes_shifts_away_and_ends_a_duty_that_was_left_on(people: SimpleNamespace) -> None:
    set_duty(people.amal, "cardiology", "on", people.amal)
    tomorrow = MORNING.date() + timedelta(days=1)
    acts.add_shift(people.amal, "cardiology", tomorrow, "am", people.boss, published=True)
    leave = acts.grant_leave(people.amal, tomorrow, tomorrow + timedelta(days=2), "annual", people.boss)
    assert on_duty("cardiology") == [people.amal]
    assert on_duty("cardiology", MORNING + timedelta(days=1)) == []
    assert week_of(MONDAY) == []
    with pytest.raises(RosterRefused):
        acts.add_shift(people.amal, "cardiology", tomorrow, "pm", people.boss)
    acts.withdraw_leave(leave, people.boss)
    acts.add_shift(people.amal, "cardiology", tomorrow, "pm", people.boss)
    for first, last in ((tomorrow, MORNING.date()), (tomorrow, tomorrow + timedelta(days=400))):
        with pytest.raises(RosterRefused):
            acts.grant_leave(people.amal, first, last, "annual", people.boss)


def test_nobody_goes_while_something_is_owed_and_nobody_named(people: SimpleNamespace) -> None:
    owes = {people.amal.pk: 2, people.badr.pk: 0}

    def hand(giver: Staff, to: Staff, by: Staff | None) -> int:
        count, owes[giver.pk] = owes[giver.pk], 0
        owes[to.pk] += count
        return count

    OBLIGATIONS["test"] = Obligation("test", lambda staff: owes[staff.pk], hand)
    try:
        with pytest.raises(NobodyNamed):
            acts.grant_leave(people.amal, MORNING.date(), MORNING.date(), "sick", people.boss)
        assert not duty_now() and owes[people.amal.pk] == 2
        acts.grant_leave(people.amal, MORNING.date(), MORNING.date(), "sick", people.boss, people.badr)
        assert owes == {people.amal.pk: 0, people.badr.pk: 2}
    finally:
        OBLIGATIONS.pop("test")


def test_a_swap_is_asked_accepted_and_noted(people: SimpleNamespace) -> None:
    day = MORNING.date() + timedelta(days=2)
    mine = acts.add_shift(people.amal, "cardiology", day, "am", people.boss, published=True)
    theirs = acts.add_shift(people.badr, "cardiology", day, "pm", people.boss, published=True)
    with pytest.raises(NotAllowed):
        acts.ask_swap(mine, people.badr, people.badr)
    swap = acts.ask_swap(mine, people.badr, people.amal, theirs)
    with pytest.raises(NotAllowed):
        acts.answer_swap(swap, True, people.amal)
    with pytest.raises(RosterRefused):
        acts.note_swap(swap, people.boss)
    acts.answer_swap(swap, True, people.badr)
    held = {s.half: s.staff_id for s in Shift.objects.all()}
    assert held == {"am": people.badr.pk, "pm": people.amal.pk}
    with pytest.raises(RosterRefused):
        acts.answer_swap(swap, False, people.badr)
    assert acts.note_swap(swap, people.boss).status == "noted"


def test_a_swap_into_a_shift_of_ones_own_is_refused_and_nothing_changes(people: SimpleNamespace) -> None:
    day = MORNING.date() + timedelta(days=2)
    mine = acts.add_shift(people.amal, "cardiology", day, "am", people.boss, published=True)
    acts.add_shift(people.badr, "cardiology", day, "am", people.boss, published=True)
    swap = acts.ask_swap(mine, people.badr, people.amal)
    with pytest.raises(RosterRefused):
        acts.answer_swap(swap, True, people.badr)
    assert Shift.objects.get(pk=mine.pk).staff_id == people.amal.pk and Swap.objects.get().status == "asked"


def test_a_proposal_replaces_the_one_before_and_leaves_what_is_published(people: SimpleNamespace) -> None:
    day = MORNING.date()
    acts.add_shift(people.amal, "cardiology", day, "am", people.boss, published=True)
    acts.propose(MONDAY, "cardiology", [(people.badr, day, "pm")], people.boss)
    acts.propose(MONDAY, "cardiology", [(people.amal, day, "night")], people.boss)
    assert {(s.staff_id, s.half, s.status) for s in week_of(MONDAY)} == {
        (people.amal.pk, "am", "published"), (people.amal.pk, "night", "proposed")}  # fmt: skip
    with pytest.raises(NotAllowed):
        acts.publish(MONDAY, "cardiology", people.amal)


def test_needs(people: SimpleNamespace) -> None:
    for count in (2, 3):
        acts.set_need("cardiology", 0, "am", count, people.boss)
    assert needs_of("cardiology") == {(0, "am"): 3} and monday_of(MORNING.date()) == MONDAY
    with pytest.raises(RosterRefused):
        acts.set_need("cardiology", 0, "am", 61, people.boss)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))
def test_every_moment_belongs_to_one_half_day(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    day, half = half_at(at)
    begins, ends = span(day, half, UTC)
    assert half in HALVES and begins <= at < ends


STAFF = st.integers(1, 3).map(lambda n: UUID(int=n))
TIMES = st.integers(0, 9).map(lambda h: MORNING + timedelta(hours=h))
STATUS = st.sampled_from(["on", "break", "off"])
said = st.builds(Said, staff=STAFF, specialty=st.just("ent"), status=STATUS, since=TIMES)


@given(st.sets(st.tuples(STAFF, st.just("ent"))), st.lists(said, max_size=5), st.dictionaries(STAFF, TIMES))
def test_the_last_word_holds_and_nobody_on_leave_serves_by_roster(
    shifts: set[tuple[UUID, str]], words: list[Said], away: dict[UUID, datetime]
) -> None:
    found = serving(shifts, words, away)
    for n in (1, 2, 3):
        key = (UUID(int=n), "ent")
        counted = [w for w in words if w.staff == key[0] and (key[0] not in away or w.since >= away[key[0]])]
        latest = {w.status for w in counted if w.since == max(c.since for c in counted)}
        if len(latest) == 1:
            assert found.get(key, "off") == latest.pop()
        elif not counted:
            assert (key in found) == (key in shifts and key[0] not in away)


def test_leave_is_asked_for_and_granted_or_refused_with_a_word(people: SimpleNamespace) -> None:
    day = MORNING.date() + timedelta(days=3)
    acts.add_shift(people.amal, "cardiology", day, "am", people.boss, published=True)
    leave = acts.ask_leave(day, day, "annual", people.amal)
    assert leave_between(day, day) == [] and len(week_of(MONDAY)) == 1
    for first in (day, MORNING.date() - timedelta(days=1)):
        with pytest.raises(RosterRefused):
            acts.ask_leave(first, day, "annual", people.amal)
    with pytest.raises(NotAllowed):
        acts.answer_leave(leave, True, people.amal)
    with pytest.raises(RosterRefused):
        acts.answer_leave(leave, False, people.boss)
    acts.answer_leave(leave, False, people.boss, words="Two others are away")
    again = acts.ask_leave(day, day, "training", people.amal)
    acts.answer_leave(again, True, people.boss, people.badr)
    assert [one.pk for one in leave_between(day, day)] == [again.pk] and week_of(MONDAY) == []
    with pytest.raises(RosterRefused):
        acts.answer_leave(again, False, people.boss, words="changed my mind")
    with pytest.raises(NotAllowed):
        acts.withdraw_leave(Leave.objects.get(pk=again.pk), people.amal)
    asked = acts.ask_leave(day + timedelta(days=1), day + timedelta(days=1), "other", people.amal)
    assert acts.withdraw_leave(asked, people.amal).withdrawn


def test_what_is_owed_goes_over_on_the_first_day_of_the_leave(people: SimpleNamespace, monkeypatch: Any) -> None:
    given: list[tuple[str, str]] = []

    def hand(giver: Staff, to: Staff, by: Staff | None) -> int:
        given.append((giver.username, to.username))
        return 1

    monkeypatch.setitem(OBLIGATIONS, "test", Obligation("test", lambda staff: 1 - len(given), hand))
    first = MORNING.date() + timedelta(days=1)
    with pytest.raises(NobodyNamed):
        acts.grant_leave(people.amal, first, first, "annual", people.boss)
    acts.grant_leave(people.amal, first, first, "annual", people.boss, people.badr)
    hub = load.profile("hub")
    assert leave_watch(hub) == 0 and not given
    monkeypatch.setattr(clock, "now", lambda: MORNING + timedelta(days=1))
    assert (leave_watch(hub), leave_watch(hub)) == (1, 0) and given == [("amal", "badr")]


def test_a_question_about_a_swap_is_asked_once_and_can_be_taken_back(people: SimpleNamespace) -> None:
    day = MORNING.date() + timedelta(days=2)
    mine = acts.add_shift(people.amal, "cardiology", day, "am", people.boss, published=True)
    swap = acts.ask_swap(mine, people.badr, people.amal)
    with pytest.raises(RosterRefused):
        acts.ask_swap(mine, people.badr, people.amal)
    with pytest.raises(NotAllowed):
        acts.withdraw_swap(swap, people.badr)
    acts.withdraw_swap(swap, people.amal)
    with pytest.raises(RosterRefused):
        acts.answer_swap(swap, True, people.badr)
    acts.ask_swap(mine, people.badr, people.amal)


def test_fields_and_languages_of_a_specialist(people: SimpleNamespace) -> None:
    with writing(None, "setup") as write:
        people.amal.languages = ["zz", "fr"]
        write.save(people.amal)
    kept = set_abilities(people.amal, ["rhythm"], ["ar"], people.boss)
    assert (kept.subspecialties, kept.languages) == (["rhythm"], ["zz", "ar"])
    for fields, spoken in ((["otology"], []), ([], ["klingon"])):
        with pytest.raises(UnknownAbility):
            set_abilities(people.amal, fields, spoken, people.boss)
    with pytest.raises(NotAllowed):
        set_abilities(people.amal, [], [], people.amal)
