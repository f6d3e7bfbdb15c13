"""The same acts on PostgreSQL, where the locks are rows and not the whole file."""

from __future__ import annotations

import threading

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases import jobs, queries
from qafila.clinic.models import Case, CaseEvent, Visit
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.queries import queue, summary
from qafila.journal.here import at
from qafila.journal.write import writing
from qafila.packs import load
from qafila.registry.places.here import local_day
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty


def test_a_case_from_visit_to_outcome(crew_on_postgres: Crew) -> None:
    crew = crew_on_postgres
    on_duty(crew.heart)
    case = cases.send(crew.filled("urgent"), crew.doctor)
    assert jobs.case_routing(load.profile("hub")) == 0  # given while it is received
    case = Case.objects.get(pk=case.pk)
    cases.answer(cases.accept(case, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    case = cases.explain(cases.deliver(case), crew.doctor)
    assert cases.close(case, crew.doctor, "improved").status == "closed"
    assert len(queue(crew.unit)) == 1 and summary(crew.patient.pk).problems[0].code == "I10"
    assert queries.board().waiting == []


def _at_once(crew: Crew, *acts) -> None:
    def run(act) -> None:
        from django.db import connections

        with at(crew.node):
            act()
        connections["pg0"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_six_registrations_at_once_give_six_tickets(crew_on_postgres: Crew) -> None:
    crew = crew_on_postgres
    with writing(None, "setup") as write:
        people = [write.save(new_person(local_day().replace(year=1960 + n, day=1))) for n in range(6)]
    _at_once(crew, *(lambda p=p: visits.open_visit(p, crew.unit, crew.assistant) for p in people))
    assert sorted(Visit.objects.values_list("ticket", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_case_is_received_once_however_many_processes_see_it(crew_on_postgres: Crew) -> None:
    crew = crew_on_postgres
    on_duty(crew.heart)
    case = cases.send(crew.filled(), crew.doctor)
    _at_once(crew, *([lambda: cases.receive(case)] * 4))
    assert Case.objects.get().status == "assigned"
    assert CaseEvent.objects.filter(act="receive").count() == CaseEvent.objects.filter(act="assign").count() == 1
