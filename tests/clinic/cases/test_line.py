"""The line of waiting cases on the hub: who is given what, when somebody has room again, in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from qafila.clinic.cases import acts, jobs
from qafila.clinic.cases.assigning import route
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.journal.check import problems
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.packs import load
from qafila.registry.places.here import local_day
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty


@pytest.fixture(params=["crew", "crew_on_postgres"])
def either(request: Any) -> Crew:
    """The same on both engines."""
    made: Crew = request.getfixturevalue(request.param)
    return made


def _sent(crew: Crew, urgency: str = "routine") -> Case:
    with writing(None, "setup") as write:
        person = write.save(new_person(local_day().replace(year=1970, day=1)))
    return acts.receive(acts.send(crew.filled(urgency, person), crew.doctor))


def _acts(case: Case) -> list[str]:
    return list(CaseEvent.objects.filter(case_id=case.pk).order_by("at", "id").values_list("act", flat=True))[2:]


def test_cases_wait_in_line_and_are_pulled_by_urgency(either: Crew) -> None:
    on_duty(either.heart)
    held = [_sent(either) for _ in range(3)]
    late, urgent = _sent(either), [_sent(either, "urgent") for _ in range(3)]
    assert [c.status for c in held] == ["assigned"] * 3 and late.status == "received"
    assert [c.status for c in urgent] == ["assigned", "assigned", "received"]
    emergency = _sent(either, "emergency")
    assert (emergency.status == "assigned" and "at once" in _reason(emergency)) or "only" in _reason(emergency)
    assert jobs.case_routing(load.profile("hub")) == 0
    assert _acts(late) == ["receive", "waiting"] and _acts(urgent[2]) == ["receive", "waiting"]
    for case in held[:2]:
        acts.answer(acts.accept(case, either.heart), either.heart, ANSWER, key_of(either.heart))
    assert jobs.case_routing(load.profile("hub")) == 1
    assert {c.pk: c.status for c in Case.objects.filter(status="received")} == {late.pk: "received"}
    assert list(problems()) == []


def _reason(case: Case) -> str:
    return CaseEvent.objects.filter(case_id=case.pk, act="assign").get().said()


def test_whoever_comes_on_duty_relieves_the_one_who_has_several(crew: Crew) -> None:
    on_duty(crew.heart)
    first, second = _sent(crew), _sent(crew)
    acts.accept(first, crew.heart)
    on_duty(crew.other_heart)
    assert jobs.case_routing(load.profile("hub")) == 1
    assert Case.objects.get(pk=first.pk).specialist_id == crew.heart.pk
    assert Case.objects.get(pk=second.pk).specialist_id == crew.other_heart.pk
    assert jobs.case_routing(load.profile("hub")) == 0


def test_what_a_coordinator_gave_by_hand_stays(crew: Crew) -> None:
    first, second = _sent(crew), _sent(crew)
    for case in (first, second):
        acts.assign(case, crew.heart, crew.coordinator)
    on_duty(crew.other_heart)
    assert jobs.case_routing(load.profile("hub")) == 0
    assert set(Case.objects.values_list("specialist_id", flat=True)) == {crew.heart.pk}


def test_a_wish_that_could_not_be_met_is_said(crew: Crew) -> None:
    on_duty(crew.heart)
    draft = crew.filled()
    acts.save_packet(draft, draft.intake | {"seen_by": "female"}, draft.question, "routine", crew.doctor)
    case = acts.receive(acts.send(draft, crew.doctor))
    assert _acts(case) == ["receive", "assign", "wish_unmet"]


def test_a_line_costs_the_same_for_any_number_and_leaves_a_sound_journal(crew_on_postgres: Crew) -> None:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    crew = crew_on_postgres
    for _ in range(6):
        _sent(crew, "urgent")
    connection = connections[crew.node.database]
    on_duty(crew.heart)
    with CaptureQueriesContext(connection) as one:
        assert route(["cardiology"], limit=2) == 2
    on_duty(crew.other_heart)
    with CaptureQueriesContext(connection) as more:
        assert route(["cardiology"]) == 4
    assert abs(len(more) - len(one)) <= 1
    assert Record._base_manager.filter(kind="clinic.caseevent").count() == CaseEvent.objects.count()
    assert list(problems()) == []
