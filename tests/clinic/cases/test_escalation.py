"""When clocks run out: the table, the jobs that follow it, and where the time went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases import acts, escalation, jobs
from qafila.clinic.cases.escalation import Clock, clock_of, due, steps_of
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.staff.acts import set_duty
from tests.clinic.conftest import Crew, on_duty

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = st.integers(0, 4000).map(lambda m: START + timedelta(minutes=m))
STATES = st.sampled_from(["received", "assigned", "accepted", "declined", "more_asked", "answered"])
ACTS = st.sampled_from(["send", "receive", "assign", "ask", "supply", "answer", "remind", "deliver"])
URGENCIES = st.sampled_from(["emergency", "urgent", "routine"])


@given(URGENCIES, STATES, LATER, st.sets(st.sampled_from(["remind", "pass_on", "escalate"])))
def test_a_step_is_taken_once_in_its_states_when_its_time_has_come(
    urgency: str, status: str, now: datetime, done: set[str]
) -> None:
    deadline = START + timedelta(minutes=load.load_specialty("cardiology").deadline_minutes(urgency))
    step = due(urgency, status, START, deadline, now, done)
    if step is not None:
        assert step.act not in done and status in step.states
        assert now >= START + (deadline - START) * step.share
        assert not done & {s.act for s in steps_of(urgency) if s.share > step.share}
    elif now >= deadline and "escalate" not in done:
        assert status in ("more_asked", "answered")


@given(st.lists(st.tuples(ACTS, LATER), max_size=9), LATER)
def test_the_parts_of_the_clock_never_exceed_the_whole(events: list[tuple[str, datetime]], now: datetime) -> None:
    events = sorted(events, key=lambda e: e[1])
    found = clock_of(events, now)
    whole = max(now, events[-1][1]) - events[0][1] if events else timedelta()
    parts = (found.link, found.line, found.specialist, found.unit)
    assert all(p >= timedelta() for p in parts) and sum(parts, timedelta()) <= whole


def test_link_and_waiting_are_told_apart() -> None:
    acts_ = ["draft", "send", "receive", "assign", "accept", "ask", "supply", "answer", "deliver"]
    told = clock_of([(a, START + timedelta(minutes=n * n)) for n, a in enumerate(acts_)], START + timedelta(days=9))
    minutes = timedelta(minutes=1)
    assert told == Clock(link=18 * minutes, line=5 * minutes, specialist=29 * minutes, unit=11 * minutes)


def _sent(crew: Crew, urgency: str) -> Case:
    return acts.receive(acts.send(crew.filled(urgency), crew.doctor))


def _told(case: Case) -> list[str]:
    rows = CaseEvent.objects.filter(case_id=case.pk, act__in=("remind", "pass_on", "escalate", "release"))
    return list(rows.order_by("at", "id").values_list("act", flat=True))


def _at(monkeypatch: Any, minutes: float) -> None:
    moment = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_an_emergency_is_reminded_passed_on_and_told_to_the_coordinator(crew: Crew, monkeypatch: Any) -> None:
    on_duty(crew.heart)
    on_duty(crew.other_heart)
    hub = load.profile("hub")
    case = _sent(crew, "emergency")
    first = case.specialist_id
    assert jobs.escalation_watch(hub) == 0
    for minutes, said in ((3, "remind"), (3, "pass_on"), (6, "escalate")):
        _at(monkeypatch, minutes)
        assert jobs.escalation_watch(hub) == 1 and jobs.escalation_watch(hub) == 0
        assert _told(case)[-1] == said
    assert Case.objects.get().specialist_id not in (first, None)


def test_with_nobody_else_it_stays_until_the_coordinator_is_told(crew: Crew, monkeypatch: Any) -> None:
    on_duty(crew.heart)
    case = _sent(crew, "routine")
    hub = load.profile("hub")
    for hours in (13, 6, 6):
        _at(monkeypatch, hours * 60)
        jobs.escalation_watch(hub)
    assert _told(case) == ["remind", "escalate"] and Case.objects.get().specialist_id == crew.heart.pk


def test_an_accepted_case_is_only_late(crew: Crew, monkeypatch: Any) -> None:
    on_duty(crew.heart)
    case = acts.accept(_sent(crew, "urgent"), crew.heart)
    _at(monkeypatch, 200)
    assert jobs.escalation_watch(load.profile("hub")) == 0
    _at(monkeypatch, 60)
    assert jobs.escalation_watch(load.profile("hub")) == 1 and _told(case) == ["escalate"]


def test_whoever_goes_off_duty_gives_back_what_was_not_begun(crew: Crew) -> None:
    on_duty(crew.heart)
    case = _sent(crew, "routine")
    set_duty(crew.heart, "cardiology", "break", crew.heart)
    jobs.case_routing(load.profile("hub"))
    assert Case.objects.get().specialist_id == crew.heart.pk
    set_duty(crew.heart, "cardiology", "off", crew.heart)
    jobs.case_routing(load.profile("hub"))
    assert (Case.objects.get().status, _told(case)) == ("received", ["release"])
    with writing(None, "test"):
        on_duty(crew.other_heart)
    assert jobs.case_routing(load.profile("hub")) == 1
    assert Case.objects.get().specialist_id == crew.other_heart.pk


def test_what_was_begun_is_taken_back_at_half_time(crew: Crew, monkeypatch: Any) -> None:
    on_duty(crew.heart)
    case = acts.accept(_sent(crew, "urgent"), crew.heart)
    set_duty(crew.heart, "cardiology", "off", crew.heart)
    on_duty(crew.other_heart)
    assert jobs.case_routing(load.profile("hub")) == 0
    _at(monkeypatch, 130)
    assert jobs.case_routing(load.profile("hub")) == 1 and _told(case) == ["release"]
    assert Case.objects.get().specialist_id == crew.other_heart.pk


def test_the_tables_end_with_the_coordinator() -> None:
    for urgency in ("emergency", "urgent", "routine", "whatever"):
        steps = steps_of(urgency)
        assert steps[-1].act == escalation.ESCALATE and [s.share for s in steps] == sorted(s.share for s in steps)
