"""What the specialist's case page costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here
from tests.clinic.cases.test_loop import picture
from tests.clinic.conftest import ANSWER, key_of
from tests.web.desk import Desk, desk

MOST = 34


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def cost(client: Any, address: str) -> list[str]:
    client.get(address)
    with CaptureQueriesContext(connection) as held:
        assert client.get(address).status_code == 200
    return [q["sql"] for q in held.captured_queries]


def test_the_case_page_costs_few_queries(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    case = acts.accept(hub_desk.sent(), crew.heart)
    for name in ("a.png", "b.png"):
        visits.add_attachment(Visit.objects.get(), crew.nurse, picture(), name, case_id=case.pk)
    browser, address = hub_desk.at(crew.heart), f"/specialist/case/{case.pk}/"
    before = cost(browser, address)
    acts.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    case = acts.explain(acts.deliver(case), crew.doctor)
    for number in range(3):
        acts.post_message(case, crew.doctor, f"Word {number}")
    acts.close(case, crew.doctor, "improved")
    after = cost(browser, address)
    asked = max(before, after, key=len)
    assert len(asked) < MOST, "\n".join(one[one.find("FROM") :][:150] for one in asked)
