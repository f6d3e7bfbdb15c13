"""The queue: tickets, states, who is next."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts, queries
from qafila.clinic.visits.models import Encounter, Visit
from qafila.clinic.visits.transitions import VISIT
from qafila.journal.here import at
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.registry.places.here import local_day
from tests.clinic.conftest import Crew, new_person, readings


def _people(count: int) -> list:
    with writing(None, "setup") as write:
        return [write.save(new_person(local_day() - timedelta(days=365 * 30 + i))) for i in range(count)]


def test_tickets_count_up_and_a_person_waits_once(crew: Crew) -> None:
    one, two = (crew.visit(person) for person in _people(2))
    assert [one.ticket, two.ticket] == [1, 2]
    again = crew.visit(crew.patient)
    assert crew.visit(crew.patient).pk == again.pk
    acts.left(again, crew.assistant)
    assert crew.visit(crew.patient).ticket == 4


def test_two_tablets_at_once_give_two_tickets(crew: Crew) -> None:
    people = _people(6)

    def register(person) -> None:
        from django.db import connection

        with at(crew.node):
            acts.open_visit(person, crew.unit, crew.assistant)
        connection.close()

    threads = [threading.Thread(target=register, args=(p,)) for p in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Visit.objects.values_list("ticket", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_nobody_dead_is_queued(crew: Crew) -> None:
    with writing(None, "setup") as write:
        crew.patient.died_on = local_day()
        write.save(crew.patient)
    with pytest.raises(Refusal):
        crew.visit()


def test_the_most_urgent_is_called_first(crew: Crew) -> None:
    quiet, ill = (crew.visit(person) for person in _people(2))
    acts.override_triage(ill, "red", "looks grey", crew.nurse)
    assert acts.call_next(crew.unit, crew.nurse).pk == ill.pk
    assert acts.call_next(crew.unit, crew.nurse).pk == quiet.pk
    with pytest.raises(Refusal):
        acts.call_next(crew.unit, crew.nurse)


def test_the_way_through_the_unit_opens_encounters(crew: Crew) -> None:
    visit = acts.start_nurse(crew.visit(), crew.nurse)
    visit = acts.ready(visit, crew.nurse)
    visit = acts.call_next(crew.unit, crew.doctor, stage="doctor")
    visit = acts.finish(visit, crew.doctor)
    assert visit.status == "done" and visit.closed_at is not None
    nurse, doctor = Encounter.objects.filter(visit_id=visit.pk).order_by("started_at", "id")
    assert nurse.responsible_id == crew.nurse.pk and nurse.ended_at is not None
    assert doctor.participants == [crew.nurse.pk.hex] and doctor.encounter_class == "AMB" and doctor.ended_at


def test_a_stale_screen_cannot_move_a_visit_twice(crew: Crew) -> None:
    visit = crew.visit()
    acts.start_doctor(visit, crew.doctor)
    acts.finish(visit, crew.doctor)
    with pytest.raises(WrongState):
        acts.start_nurse(visit, crew.nurse)


def test_rights_are_asked(crew: Crew) -> None:
    with pytest.raises(NotAllowed):
        acts.start_doctor(crew.visit(), crew.assistant)
    with pytest.raises(NotAllowed):
        acts.record_vitals(crew.visit(), crew.assistant, readings())


@given(st.lists(st.sampled_from([row.act for row in VISIT.rows]), max_size=12))
def test_no_sequence_of_acts_leaves_the_table(sequence: list[str]) -> None:
    state = "waiting"
    for act in sequence:
        try:
            state = VISIT.move(act, state)
        except WrongState:
            continue
        assert state in VISIT.states() and state in Visit.Status.values


def test_the_queue_costs_the_same_for_one_and_for_many(crew: Crew) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    crew.visit()
    with CaptureQueriesContext(connection) as one:
        assert len(queries.queue(crew.unit)) == 1
    for person in _people(20):
        crew.visit(person)
    with CaptureQueriesContext(connection) as many:
        rows = queries.queue(crew.unit)
    assert len(rows) == 21 and len(one) == len(many) <= 5
    assert rows[0].names[0].text == "Salma Test" and rows[0].age.years == 40


def test_a_waiting_person_comes_up_for_reassessment(crew: Crew) -> None:
    visit = acts.override_triage(crew.visit(), "orange", "pale", crew.nurse)
    assert not queries.queue(crew.unit)[0].reassess_due
    later = clock.seconds() + 31 * 60
    with clock.reading_from(lambda: later):
        row = queries.queue(crew.unit)[0]
    assert row.reassess_due and row.waiting_minutes == 31 and row.visit.pk == visit.pk


@pytest.mark.parametrize("stage", ["the queue", "the next one", "the search", "the door"])
def test_midnight_sends_nobody_away(crew: Crew, stage: str) -> None:
    """Who came before midnight is still there after it, before those of the new day, and gets no second visit."""
    evening = datetime.combine(local_day(), time(23, 50), tzinfo=timezone.get_current_timezone()).timestamp()
    with clock.reading_from(lambda: evening):
        late = crew.visit()
    with clock.reading_from(lambda: evening + 20 * 60):
        early = crew.visit(_people(1)[0])
        assert early.day == late.day + timedelta(days=1) and early.ticket == late.ticket == 1
        match stage:
            case "the queue":
                assert [row.visit.pk for row in queries.queue(crew.unit)] == [late.pk, early.pk]
                acts.left(late, crew.assistant)
                assert [row.visit.pk for row in queries.queue(crew.unit, everybody=True)] == [early.pk]
            case "the next one":
                assert acts.call_next(crew.unit, crew.nurse).pk == late.pk
            case "the search":
                assert queries.visit_today(crew.patient.pk, crew.unit) == late
            case "the door":
                assert crew.visit().pk == late.pk


def test_a_visit_that_was_never_closed_is_not_of_the_next_day(crew: Crew) -> None:
    morning = datetime.combine(local_day(), time(9, 0), tzinfo=timezone.get_current_timezone()).timestamp()
    with clock.reading_from(lambda: morning):
        old = crew.visit()
    with clock.reading_from(lambda: morning + 24 * 3600):
        assert queries.queue(crew.unit) == [] and crew.visit().pk != old.pk
