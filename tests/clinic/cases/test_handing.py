"""Cases change hands: claimed, handed over by who leaves, looked at by several, taken over by another unit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from qafila.clinic.cases import acts, handing, loop_queries, opinions
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.refusal import Refusal
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.registry.places.here import local_day
from qafila.registry.staff.acts import set_active
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import OBLIGATIONS, NobodyNamed
from qafila.registry.staff.rights import may
from qafila.registry.units.models import Assignment, Unit
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty


@pytest.fixture(autouse=True)
def wired() -> Iterator[None]:
    handing.connect()
    yield
    OBLIGATIONS.pop("cases")


def _sent(crew: Crew, urgency: str = "routine") -> Case:
    with writing(None, "setup") as write:
        person = write.save(new_person(local_day().replace(year=1970, day=1)))
    return acts.receive(acts.send(crew.filled(urgency, person), crew.doctor))


def _admin() -> Staff:
    with writing(None, "setup") as write:
        return write.save(Staff(username="admin", name="Admin", roles=["admin"]))


def test_a_case_that_nobody_has_is_claimed_by_its_specialty_alone(crew: Crew) -> None:
    case = _sent(crew)
    with writing(None, "setup") as write:
        skin = write.save(Staff(username="skin", name="Skin", roles=["specialist"], specialties=["dermatology"]))
    with pytest.raises(Refusal):
        handing.claim(case, skin)
    with pytest.raises(NotAllowed):
        handing.claim(case, crew.doctor)
    assert handing.claim(case, crew.heart).specialist_id == crew.heart.pk
    with pytest.raises(WrongState):
        handing.claim(case, crew.other_heart)
    assert acts.accept(Case.objects.get(), crew.heart).status == "accepted"


def test_nobody_departs_while_cases_are_owed_and_no_name_is_given(crew: Crew) -> None:
    on_duty(crew.heart)
    begun, waiting, done = (_sent(crew) for _ in range(3))
    acts.accept(begun, crew.heart)
    acts.answer(acts.accept(done, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    admin = _admin()
    with writing(None, "setup") as write:
        skin = write.save(Staff(username="skin", name="Skin", roles=["specialist"], specialties=["dermatology"]))
    for to in (None, crew.heart):
        with pytest.raises(NobodyNamed):
            set_active(crew.heart, False, admin, to)
    with pytest.raises(Refusal):
        set_active(crew.heart, False, admin, skin)
    assert Staff.objects.get(pk=crew.heart.pk).active
    assert set(Case.objects.values_list("specialist_id", flat=True)) == {crew.heart.pk}
    set_active(crew.heart, False, admin, crew.other_heart)
    assert not Staff.objects.get(pk=crew.heart.pk).active
    held = {c.pk: c for c in Case.objects.all()}
    assert {c.specialist_id for c in held.values()} == {crew.other_heart.pk}
    assert [held[c.pk].status for c in (begun, waiting, done)] == ["assigned", "assigned", "answered"]
    assert CaseEvent.objects.filter(act="hand_over").count() == 3
    set_active(crew.doctor, False, admin)


def test_a_second_opinion_is_attached_and_the_first_stays_responsible(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.accept(_sent(crew), crew.heart)
    assert not may(crew.other_heart, "case.read", case)
    with pytest.raises(NotAllowed):
        opinions.ask_opinion(case, crew.heart, crew.other_heart, "You?")
    for of in (crew.heart, crew.doctor):
        with pytest.raises(Refusal):
            opinions.ask_opinion(case, of, crew.heart, "And you?")
    asked = opinions.ask_opinion(case, crew.other_heart, crew.heart, "Ablation?")
    with pytest.raises(Refusal):
        opinions.ask_opinion(case, crew.other_heart, crew.heart, "Ablation?")
    assert may(crew.other_heart, "case.read", case) and may(crew.other_heart, "person.read", case)
    assert not any(may(crew.other_heart, right, case) for right in ("case.answer", "case.decline", "case.reroute"))
    assert opinions.asked_of(crew.other_heart) == [asked]
    with pytest.raises(NotAllowed):
        opinions.give_opinion(asked, crew.heart, "Yes")
    opinions.give_opinion(asked, crew.other_heart, "No: rate control first.")
    with pytest.raises(WrongState):
        opinions.give_opinion(asked, crew.other_heart, "Again")
    assert opinions.asked_of(crew.other_heart) == []
    assert Case.objects.get().specialist_id == crew.heart.pk
    assert [o.text for o in opinions.opinions_of(case)] == ["No: rate control first."]
    acts.answer(case, crew.heart, ANSWER, key_of(crew.heart))


def test_a_board_of_several(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.accept(_sent(crew), crew.heart)
    with writing(None, "setup") as write:
        skin = write.save(Staff(username="skin", name="Skin", roles=["specialist"], specialties=["dermatology"]))
    made = opinions.open_board(case, [crew.other_heart, skin], crew.coordinator, "What first?")
    assert {o.capacity for o in made} == {"board"} and len(made) == 2
    for one, who in zip(made, (crew.other_heart, skin), strict=True):
        opinions.give_opinion(one, who, f"{who.name} says")
    assert len(opinions.opinions_of(case)) == 2


def test_another_unit_stands_in_and_its_boxes_hold_the_people(crew: Crew, monkeypatch: Any) -> None:
    from qafila.journal.models import Record
    from qafila.sync import scope

    case = _sent(crew)
    with writing(None, "setup") as write:
        other = write.save(Unit(code="UM-2", name="Unit 2"))
        write.save(Assignment(unit=other, node="U2", starts=local_day() - timedelta(days=1)))
    with pytest.raises(NotAllowed):
        handing.stand_in(crew.unit, other, crew.doctor, "engine")
    with pytest.raises(Refusal):
        handing.stand_in(crew.unit, crew.unit, crew.coordinator, "engine")
    assert handing.stand_in(crew.unit, other, crew.coordinator, "engine") == 1
    assert Case.objects.get().unit_id == other.pk
    last = Record._base_manager.filter(subject=case.pk).latest("no")
    assert scope.named_nodes({(last.kind, last.subject)}) == {(last.kind, last.subject): {"U2"}}


def test_the_hub_tells_the_person_itself_where_the_unit_is_down(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.accept(_sent(crew), crew.heart)
    with pytest.raises(WrongState):
        handing.tell_person(case, crew.coordinator, "phone", "told", "to her")
    acts.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    with pytest.raises(Refusal):
        handing.tell_person(case, crew.coordinator, "phone", "told", " ")
    with pytest.raises(Refusal):
        handing.tell_person(case, crew.coordinator, "pigeon", "told", "to her")
    assert handing.tell_person(case, crew.coordinator, "phone", "no_answer", "").status != "explained"
    said = "the daughter: the tablets, and back on Monday"
    case = handing.tell_person(case, crew.coordinator, "phone", "told", said)
    assert case.status == "explained" and [c.result for c in loop_queries.contacts_of(case)] == ["told", "no_answer"]
    waiting = loop_queries.notices(crew.unit)
    assert [(n.case.pk, n.by_hub, n.read) for n in waiting] == [(case.pk, True, False)]
    acts.mark_read(case, crew.doctor)
    assert loop_queries.notices(crew.unit) == []
