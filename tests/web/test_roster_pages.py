"""The coordinator's roster and hand-over pages, and the specialties on the board."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from qafila.clinic.cases import acts, handing
from qafila.clinic.cases.models import Case
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import OBLIGATIONS
from qafila.registry.staff.roster import acts as roster
from qafila.registry.staff.roster.models import Leave, Preference, Shift, Swap
from qafila.registry.staff.roster.queries import monday_of
from qafila.registry.units.models import Unit
from tests.clinic.conftest import ANSWER, key_of
from tests.web.desk import Desk, desk
from tests.web.vehicle import text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        handing.connect()
        yield made
        OBLIGATIONS.pop("cases")


@pytest.fixture
def boss(hub_desk: Desk) -> Any:
    return hub_desk.at(hub_desk.crew.coordinator)


def _week() -> dict[str, str]:
    return {"specialty": "cardiology", "week": (monday_of(local_day()) + timedelta(days=7)).isoformat()}


def test_a_week_is_proposed_changed_and_published(hub_desk: Desk, boss: Any) -> None:
    asked = _week()
    needs = {f"need-{day}-{half}": "1" for day in range(5) for half in ("am", "pm")} | {"need-0-am": "9"}
    boss.post("/coordinator/roster/need/", asked | needs)
    page = text(boss.post("/coordinator/roster/propose/", asked, follow=True))
    assert "7 missing" in page and "Publish the week" in page
    held = list(Shift.objects.filter(status="proposed"))
    assert len(held) == 11
    boss.post("/coordinator/roster/remove/", asked | {"shift": str(held[0].pk)})
    boss.post("/coordinator/roster/publish/", asked)
    assert Shift.objects.filter(status="published").count() == 10
    saturday = (monday_of(local_day()) + timedelta(days=12)).isoformat()
    add = asked | {"staff": str(hub_desk.crew.heart.pk), "day": saturday, "half": "night", "publish": "yes"}
    for _ in range(2):
        boss.post("/coordinator/roster/add/", add)
    assert Shift.objects.filter(status="published").count() == 11


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("add", {"staff": "x", "day": "2026-01-01", "half": "noon"}),
        ("add", {"staff": "x", "day": "never", "half": "am"}),
        ("remove", {"shift": "x"}),
        ("remove", {"shift": "00000000-0000-0000-0000-000000000001"}),
        ("note", {"swap": ""}),
        ("dance", {}),
    ],
)
def test_bad_input_is_not_found_and_changes_nothing(boss: Any, verb: str, said: dict[str, str]) -> None:
    assert boss.post(f"/coordinator/roster/{verb}/", _week() | said).status_code == 404
    assert not Shift.objects.exists()


def test_odd_weeks_and_specialties(boss: Any) -> None:
    assert boss.get("/coordinator/roster/", {"week": "x"}).status_code == 200
    assert boss.get("/coordinator/roster/", {"specialty": "magic"}).status_code == 404


def test_leave_is_refused_without_a_name_and_then_hands_everything_over(hub_desk: Desk, boss: Any) -> None:
    hub_desk.sent()
    heart, other = hub_desk.crew.heart, hub_desk.crew.other_heart
    day = local_day().isoformat()
    leave = {"who": str(heart.pk), "first": day, "last": day, "reason": "annual", "to": ""}
    refused = boss.post("/coordinator/handover/leave/", leave)
    assert refused.status_code == 422 and "Name somebody" in text(refused)
    assert not Leave.objects.exists() and Case.objects.get().specialist_id == heart.pk
    boss.post("/coordinator/handover/leave/", leave | {"to": str(other.pk)})
    assert Leave.objects.get().cover_id == other.pk and Case.objects.get().specialist_id == other.pk
    assert boss.post("/coordinator/handover/leave/", leave | {"first": "soon"}).status_code == 422


def test_departure_needs_the_right_to_manage_staff(hub_desk: Desk, boss: Any) -> None:
    heart = hub_desk.crew.heart
    assert boss.post("/coordinator/handover/depart/", {"who": str(heart.pk)}).status_code == 403
    hub_desk.at(hub_desk.admin).post("/coordinator/handover/depart/", {"who": str(heart.pk)})
    assert not Staff.objects.get(pk=heart.pk).active


def test_a_unit_that_is_down(hub_desk: Desk, boss: Any) -> None:
    case = hub_desk.sent()
    with writing(None, "setup") as write:
        other = write.save(Unit(code="UM-2", name="Unit 2"))
    said = {"unit": str(case.unit_id), "other": str(other.pk), "reason": ""}
    assert boss.post("/coordinator/handover/unit/", said).status_code == 422
    boss.post("/coordinator/handover/unit/", said | {"reason": "engine"})
    assert Case.objects.get().unit_id == other.pk


def test_the_board_says_who_waits_and_who_is_on_duty(hub_desk: Desk, boss: Any) -> None:
    hub_desk.sent(duty=False)
    page = text(boss.get("/coordinator/"))
    assert "Specialties now" in page and "1 in line" in page and "nobody on duty" in page
    hub_desk.sent("urgent", duty=True)
    assert "case in hand" in text(boss.get("/coordinator/")) or "in line" in text(boss.get("/coordinator/"))


def test_a_specialist_asks_for_a_swap_and_for_leave_and_says_what_they_like(hub_desk: Desk, boss: Any) -> None:
    heart, other = hub_desk.crew.heart, hub_desk.crew.other_heart
    day = local_day() + timedelta(days=9)
    shift = roster.add_shift(heart, "cardiology", day, "am", None, published=True)
    mine, theirs = hub_desk.at(heart), hub_desk.at(other)
    assert "Ask a colleague" in text(mine.get("/specialist/roster/"))
    nobody = mine.post("/specialist/roster/swap/", {"shift": str(shift.pk), "to": ""})
    assert nobody.status_code == 422 and "Choose a colleague" in text(nobody)
    assert theirs.post("/specialist/roster/swap/", {"shift": str(shift.pk), "to": str(heart.pk)}).status_code == 404
    mine.post("/specialist/roster/swap/", {"shift": str(shift.pk), "to": str(other.pk)})
    assert "was asked to take it" in text(mine.get("/specialist/roster/"))
    week = {"specialty": "cardiology", "week": local_day().isoformat()}
    assert "wait for a colleague" in text(boss.get("/coordinator/roster/", week))
    swap = Swap.objects.get()
    theirs.post(f"/specialist/swap/{swap.pk}/accept/")
    assert Shift.objects.get(pk=shift.pk).staff_id == other.pk
    assert "Swaps to note" in text(boss.get("/coordinator/roster/", week))
    asked = {"first": day.isoformat(), "last": day.isoformat(), "reason": "annual"}
    mine.post("/specialist/roster/leave/", asked)
    again = mine.post("/specialist/roster/leave/", asked)
    assert again.status_code == 422 and "already" in text(again)
    leave = Leave.objects.get()
    assert "Leave asked for" in text(boss.get("/coordinator/roster/", week))
    boss.post("/coordinator/roster/grant/", week | {"leave": str(leave.pk), "staff": "", "words": "Enjoy"})
    assert Leave.objects.get().status == "granted" and "Enjoy" in text(mine.get("/specialist/roster/"))
    mine.post("/specialist/roster/wishes/", {"wish-0-am": "1", "wish-6-night": "-1", "wish-3-pm": "9"})
    assert {(p.weekday, p.half, p.weight) for p in Preference.objects.all()} == {(0, "am", 1), (6, "night", -1)}
    assert mine.post("/specialist/roster/dance/", {}).status_code == 404


def test_the_coordinator_says_which_fields_and_languages_a_specialist_has(hub_desk: Desk, boss: Any) -> None:
    heart = hub_desk.crew.heart
    address = f"/coordinator/people/{heart.pk}/"
    assert "Rhythm" in text(boss.get(address))
    said = {"field": ["rhythm", "child_heart"], "language": ["ary", "fr"], "wish-1-am": "1"}
    assert boss.post(address, said).status_code == 302
    kept = Staff.objects.get(pk=heart.pk)
    assert (kept.subspecialties, kept.languages) == (["rhythm", "child_heart"], ["ary", "fr"])
    assert Preference.objects.get().weekday == 1
    assert boss.post(address, {"field": ["otology"]}).status_code == 404
    assert hub_desk.at(heart).get(address).status_code == 403


def test_the_hub_tells_the_person_while_the_unit_is_down(hub_desk: Desk, boss: Any) -> None:
    crew = hub_desk.crew
    case = acts.accept(hub_desk.sent(), crew.heart)
    assert "Open a unit" not in text(boss.get("/coordinator/handover/"))
    acts.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    assert "Open a unit" in text(boss.get("/coordinator/handover/"))
    assert f"/coordinator/tell/{case.pk}/" in text(boss.get(f"/coordinator/units/{case.unit_id}/answers/"))
    address = f"/coordinator/tell/{case.pk}/"
    assert ANSWER["plan"] in text(boss.get(address))
    assert Read.objects.filter(page="coordinator.tell").exists()
    said = {"way": "relative", "result": "told", "language": "ary", "words": ""}
    assert boss.post(address, said).status_code == 422
    assert boss.post(address, said | {"words": "her son: as written"}).status_code == 302
    assert Case.objects.get().status == "explained" and "was explained" in text(boss.get(address))
    assert "son: as written" in text(hub_desk.at(crew.doctor).get(f"/doctor/case/{case.pk}/"))
    assert hub_desk.at(crew.heart).get(address).status_code == 403
