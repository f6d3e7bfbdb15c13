"""The coordinator's pages: the board, the roster, the units."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from qafila.clinic.cases.models import Case, CaseEvent
from qafila.journal.here import Here
from qafila.kernel import clock
from qafila.registry.staff.models import Duty
from qafila.sync.models import EnrolmentCode, Peer
from tests.web.desk import Desk, desk
from tests.web.test_specialist import queries
from tests.web.vehicle import fields, text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def board(hub_desk: Desk) -> Any:
    return hub_desk.at(hub_desk.crew.coordinator)


def test_emergencies_stand_first_and_each_case_once(hub_desk: Desk, board: Any) -> None:
    hub_desk.sent(duty=False)
    hub_desk.sent("emergency", duty=False)
    page = text(board.get("/coordinator/"))
    assert page.index("Emergencies") < page.index("Nobody has it")
    assert page.count('class="h-case') - page.count('class="h-cases') == 2


def test_a_case_that_nobody_has_is_given(hub_desk: Desk, board: Any) -> None:
    case = hub_desk.sent(duty=False)
    form = fields(board.get("/coordinator/"), f"give/{case.pk}")
    sent = form | {"to": str(hub_desk.crew.other_heart.pk)}
    for _ in range(2):
        assert board.post(f"/coordinator/give/{case.pk}/", sent).status_code == 302
    assert Case.objects.get().specialist_id == hub_desk.crew.other_heart.pk
    assert CaseEvent.objects.filter(act="assign").count() == 1


def test_a_case_goes_to_another_only_with_a_reason(hub_desk: Desk, board: Any) -> None:
    case = hub_desk.sent()
    to = {"to": str(hub_desk.crew.other_heart.pk)}
    board.post(f"/coordinator/give/{case.pk}/", to | {"reason": ""})
    assert Case.objects.get().specialist_id == hub_desk.crew.heart.pk
    board.post(f"/coordinator/give/{case.pk}/", to | {"reason": "Speaks Tamazight"})
    assert Case.objects.get().specialist_id == hub_desk.crew.other_heart.pk


@pytest.mark.parametrize("to", ["", "nobody", "00000000-0000-0000-0000-000000000001"])
def test_bad_input_writes_nothing(hub_desk: Desk, board: Any, to: str) -> None:
    case = hub_desk.sent(duty=False)
    answer = board.post(f"/coordinator/give/{case.pk}/", {"to": to}, follow=True)
    assert "Choose a specialist." in text(answer) and Case.objects.get().specialist_id is None


def test_duty_of_others_is_set(hub_desk: Desk, board: Any) -> None:
    assert "nobody on duty" in text(board.get("/coordinator/duty/"))
    heart = hub_desk.crew.heart
    done = board.post(f"/coordinator/duty/{heart.pk}/", {"specialty": "cardiology", "status": "on"}, follow=True)
    assert "nobody on duty" not in text(done) and Duty.objects.get().status == "on"
    bad = board.post(f"/coordinator/duty/{heart.pk}/", {"specialty": "cardiology", "status": "asleep"})
    assert bad.status_code == 404


def test_units_with_their_last_contact_and_clock(hub_desk: Desk, board: Any) -> None:
    Peer.objects.create(code="U1", offset_ms=-600_000)
    page = text(board.get("/coordinator/units/"))
    assert "clock wrong" in page and "never" in page and "Unit 1" in page
    assert "not heard of for a day" in page
    assert "Make the code" not in page
    assert board.post("/coordinator/units/enrol/", {"node": "U3"}).status_code == 403


def test_a_quiet_unit_stands_before_the_others(hub_desk: Desk, board: Any) -> None:
    now = clock.now()
    Peer.objects.create(code="A1", last_contact=now)
    Peer.objects.create(code="U1", last_contact=now - timedelta(days=2))
    page = text(board.get("/coordinator/units/"))
    assert page.count("reception-0") == 1 and "<strong>1 not heard of for a day" in page
    assert page.index('id="n-U1"') < page.index('id="n-A1"')


def test_what_a_unit_said_waits_there_its_lease_and_its_telephone(hub_desk: Desk, board: Any) -> None:
    now = clock.now()
    Peer.objects.create(code="A1", profile="unit", last_contact=now - timedelta(days=35), waits=[12, 3, 2_500_000])
    Peer.objects.create(code="A2", profile="unit", last_contact=now - timedelta(days=60))
    page = text(board.get("/coordinator/units/"))
    assert "12 records" in page and "3 files" in page and "2.5" in page
    assert "10 days left" in page and "history is closed there" in page and "not known yet" in page


def test_the_list_of_units_is_paged_and_costs_the_same_for_any_number(hub_desk: Desk, board: Any) -> None:
    Peer.objects.create(code="A0", profile="unit")
    board.get("/coordinator/units/")
    few = queries(board, "/coordinator/units/")
    now = clock.now()
    Peer.objects.bulk_create(
        Peer(code=f"B{n}", profile="unit", last_contact=now - timedelta(minutes=n)) for n in range(300)
    )
    assert queries(board, "/coordinator/units/") == few
    first, last = (text(board.get(f"/coordinator/units/?page={n}")) for n in (1, 7))
    assert 'id="n-A0"' in first and 'id="n-B299"' in first and "Page 1 of 7" in first
    assert 'id="n-B0"' in last and 'id="n-B299"' not in last
    for odd in ("0", "999", "x", "", "²"):
        assert board.get("/coordinator/units/", {"page": odd}).status_code == 200


def test_the_administrator_lets_a_node_in_and_shuts_it_out(hub_desk: Desk) -> None:
    admin = hub_desk.at(hub_desk.admin)
    made = admin.post("/coordinator/units/enrol/", {"node": "u3"})
    assert made.status_code == 200 and "QF1." in text(made) and "data:image/png" in text(made)
    assert EnrolmentCode.objects.get().node == "U3"
    wrong = admin.post("/coordinator/units/enrol/", {"node": "3 <b>"})
    assert wrong.status_code == 422 and EnrolmentCode.objects.count() == 1
    Peer.objects.create(code="U3")
    admin.post("/coordinator/units/U3/revoke/", {"sure": "U"})
    assert not Peer.objects.get().revoked
    admin.post("/coordinator/units/U3/revoke/", {"sure": "U3"})
    assert Peer.objects.get().revoked
    assert admin.post("/coordinator/units/U9/revoke/", {"sure": "U9"}).status_code == 404


def test_the_board_costs_the_same_for_any_number(hub_desk: Desk, board: Any) -> None:
    hub_desk.sent()
    board.get("/coordinator/")
    hub_desk.sent()
    few = queries(board, "/coordinator/")
    for urgency in ("routine", "emergency", "urgent"):
        hub_desk.sent(urgency)
    assert queries(board, "/coordinator/") == few
    assert Case.objects.count() == 5
