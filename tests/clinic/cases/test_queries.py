"""What lists of cases show, and what they cost."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts, queries
from qafila.clinic.models import Message
from qafila.journal import topics
from qafila.journal.write import writing
from qafila.registry.places.here import local_day
from tests.clinic.cases.test_life import sent
from tests.clinic.conftest import Crew, new_person


def board() -> tuple[int, int]:
    """How many cases wait on the board, read anew, and by how many questions."""
    topics.forget()
    with CaptureQueriesContext(connection) as asked:
        waiting = len(queries.board().waiting)
    return waiting, len(asked)


def test_lists_cost_the_same_for_one_and_for_many(crew: Crew) -> None:
    sent(crew)
    one, few = board()
    with writing(None, "setup") as write:
        others = [write.save(new_person(local_day() - timedelta(days=15000 + i))) for i in range(3)]
    for person in others:
        acts.send(crew.filled(patient=person), crew.doctor)
    four, many = board()
    assert (one, four) == (1, 4) and few == many
    assert len(queries.of_unit_open(crew.unit)) == 4 and len(queries.of_person(crew.patient.pk)) == 1
    assert Message.objects.count() == 0


def test_the_board_is_read_again_when_one_of_its_cases_has_changed(crew: Crew) -> None:
    case = sent(crew)
    assert [row.case.pk for row in queries.board().waiting] == [case.pk]
    with CaptureQueriesContext(connection) as asked:
        queries.board()
    assert not asked
    acts.cancel(case, crew.doctor, "The person has left.")
    assert not queries.board().waiting
