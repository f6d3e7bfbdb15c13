"""Somebody who is not held on the unit is looked up on the hub: two identifiers, few people, a copy for a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.journal.here import at
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.registry.people import keys
from qafila.registry.people import lookup as people_lookup
from qafila.registry.people.models import NameKey, Person, PersonName
from qafila.sync import leaving, lookup
from qafila.sync.messages import Found, Lookup
from qafila.sync.models import Asked, Look, Peer, Scope
from tests.sync.pair import Pair, serve_unit

ACTOR = ids.new()
BORN = date(1984, 3, 12)


@pytest.fixture(autouse=True)
def matching(pair: Pair) -> Iterator[None]:
    keys.connect()
    people_lookup.connect()
    serve_unit(pair.hub, "U1")
    yield
    lookup.matchers.clear()


def known(pair: Pair, given: str = "Fatima", family: str = "Benali", born: date = BORN, **more: object) -> Person:
    with at(pair.hub), writing(None, "person.register") as write:
        values = {"birth_date": born, "birth_precision": "day", "sex": "female", **more}
        person = write.save(Person(**values))
        person.code = ids.short_code(person.pk)
        write.save(person)
        write.save(PersonName(person=person, script="Latn", given=given, family=family))
        if given == "Fatima":
            write.save(PersonName(person=person, script="Arab", given="فاطمة", family="بن علي"))
        return person


def asked(pair: Pair, **said: str) -> Look:
    """Ask, with a link."""
    with at(pair.unit):
        row = lookup.ask(ACTOR, **said)
    pair.sync()
    return again(pair, row)


def again(pair: Pair, row: Look) -> Look:
    with at(pair.unit):
        return Look.objects.get(pk=row.pk)


@pytest.mark.parametrize("name", ["Fatima Benali", "fatma ben ali", "فاطمة بن علي"])
def test_found_chosen_sent_and_forgotten(pair: Pair, name: str) -> None:
    person = known(pair)
    known(pair, "Karim", "Alaoui")
    row = asked(pair, name=name, birth="1984-03-12")
    assert row.outcome == "found"
    [one] = row.people
    assert one["person"] == person.pk.hex and one["birth"] == "1984-03-12" and one["other"] == "فاطمة بن علي"
    with at(pair.unit):
        assert not Person.objects.exists()
        assert lookup.choose(row, one["person"], ACTOR)
        assert Read.objects.get().reason == lookup.PURPOSE
    pair.sync()
    assert again(pair, row).outcome == "granted"
    with at(pair.unit):
        assert Person.objects.get(pk=person.pk).birth_date == BORN and NameKey.objects.exists()
    with at(pair.hub):
        told = Read.objects.get(patient=person.pk)
        assert told.actor == ACTOR and told.reason.startswith(lookup.PURPOSE) and "U1" in told.reason
        held = Scope.objects.get(person=person.pk, node="U1")
        assert held.copied_at
        held.copied_at -= timedelta(hours=25)
        held.review = held.since = clock.now() - timedelta(days=2)
        held.save()
        leaving.review()
    pair.backs_up = True
    pair.sync()
    with at(pair.unit):
        assert not Person.objects.exists() and not NameKey._base_manager.exists()
    # The same person comes the next day.
    row = asked(pair, code=person.code)
    with at(pair.unit):
        assert lookup.choose(row, person.pk.hex, ACTOR)
    pair.sync()
    with at(pair.unit):
        assert Person.objects.get().pk == person.pk


def test_by_number_and_by_card(pair: Pair) -> None:
    person = known(pair, national_id="AB123456")
    for said in ({"identity": "ab 123456"}, {"code": person.code.lower()}, {"code": f"QAFILA:{person.code}"}):
        assert [c["person"] for c in asked(pair, **said).people] == [person.pk.hex]


@pytest.mark.parametrize(
    "said",
    [
        {"name": "Fatima Benali", "birth": "1984-03-13"},
        {"name": "Fatima", "birth": "1984-03-12"},
        {"name": "Somebody Else", "birth": "1984-03-12"},
        {"identity": "ZZ999"},
    ],
)
def test_nobody_is_told_of_who_is_not_meant(pair: Pair, said: dict[str, str]) -> None:
    known(pair, national_id="AB123456")
    row = asked(pair, **said)
    assert (row.outcome, row.people) == ("none", [])


def test_one_identifier_is_not_enough(pair: Pair) -> None:
    known(pair)
    for said in ({"name": "Fatima Benali"}, {"birth": "1984-03-12"}):
        assert asked(pair, **said).outcome == "unclear"


def test_too_many_people_are_not_shown(pair: Pair) -> None:
    for _ in range(lookup.MOST_FOUND + 1):
        known(pair)
    row = asked(pair, name="Fatima Benali", birth="1984-03-12")
    assert (row.outcome, row.people) == ("many", [])


def test_a_unit_that_asks_too_often_waits(pair: Pair) -> None:
    known(pair, national_id="AB123456")
    with at(pair.hub):
        for _ in range(lookup.AN_HOUR):
            Asked.objects.create(node="U1", request=ids.new(), actor=ACTOR, outcome="none")
        Asked.objects.create(node="U2", request=ids.new(), actor=ACTOR, outcome="none")
    for _ in range(3):
        assert asked(pair, identity="AB123456").outcome == "limit"
    with at(pair.hub):
        assert Asked.objects.filter(outcome="limit").count() == 1
        Asked.objects.update(at=clock.now() - timedelta(hours=2))
    assert asked(pair, identity="AB123456").outcome == "found"


def test_only_somebody_who_was_offered_lately_is_sent(pair: Pair) -> None:
    offered, hidden = known(pair, national_id="AB123456"), known(pair, "Karim", "Alaoui")
    row = asked(pair, identity="AB123456")
    with at(pair.unit):
        assert not lookup.choose(row, hidden.pk.hex, ACTOR)
    with at(pair.hub):
        number = row.pk.hex
        for choice in (hidden.pk.hex, "nobody", offered.pk.hex.upper() + "0"):
            assert lookup.answer("U1", Lookup(number, ACTOR.hex, choose=choice)).outcome == "refused"
        assert lookup.answer("U2", Lookup(number, ACTOR.hex, choose=offered.pk.hex)).outcome == "refused"
        Asked.objects.update(at=clock.now() - timedelta(hours=2))
        assert lookup.answer("U1", Lookup(number, ACTOR.hex, choose=offered.pk.hex)).outcome == "refused"
        assert not Scope.objects.filter(node="U1", person=offered.pk).exists()


def test_who_is_held_in_his_own_right_stays_so(pair: Pair) -> None:
    person = known(pair, national_id="AB123456")
    with at(pair.hub):
        Scope.objects.create(person=person.pk, node="U1")
    row = asked(pair, identity="AB123456")
    with at(pair.unit):
        lookup.choose(row, person.pk.hex, ACTOR)
    pair.sync()
    with at(pair.hub):
        assert Scope.objects.get(person=person.pk, node="U1").copied_at is None


def test_an_old_question_is_not_asked_and_then_deleted(pair: Pair) -> None:
    with at(pair.unit):
        row = lookup.ask(ACTOR, identity="AB123456")
        Look.objects.update(asked_at=clock.now() - lookup.UNANSWERED)
        assert lookup.given_up(Look.objects.get(pk=row.pk))
    pair.sync()
    assert again(pair, row).outcome == ""
    with at(pair.unit):
        Look.objects.update(asked_at=clock.now() - timedelta(hours=2))
        lookup.ask(ACTOR, identity="AB1")
        assert not Look.objects.filter(pk=row.pk).exists()


def test_a_lost_answer_is_asked_for_again_and_a_late_one_passed_over(pair: Pair) -> None:
    person = known(pair, national_id="AB123456")
    with at(pair.unit):
        row = lookup.ask(ACTOR, identity="AB123456")
        session = pair.session()
        session.receive(pair.ask(session.next().data)[1])  # type: ignore[union-attr]
        assert session.next()
        session.lost()
    pair.sync()
    row = again(pair, row)
    assert row.outcome == "found"
    with at(pair.unit):
        lookup.choose(row, person.pk.hex, ACTOR)
        lookup.take(Lookup(row.pk.hex, ACTOR.hex, identity="AB123456"), Found("none"))
        assert Look.objects.get(pk=row.pk).outcome == ""


TEXT = st.text(max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.builds(Lookup, TEXT, st.just(ACTOR.hex) | TEXT, TEXT, TEXT, TEXT, TEXT, TEXT), number=st.booleans())
def test_whatever_is_asked_is_answered(pair: Pair, said: Lookup, number: bool) -> None:
    with at(pair.hub):
        Asked.objects.all().delete()
        said.number = ids.new().hex if number else said.number
        found = lookup.answer("U1", said)
        assert found.outcome in {"none", "unclear", "refused"} and not found.people
        assert Peer.objects.filter(code="U1").exists()
