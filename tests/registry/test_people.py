"""Registration in every circumstance, edits on two nodes, links, death."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from qafila.journal import check
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Clash, Record
from qafila.kernel.dates import PartialDate, born_about
from qafila.kernel.rights import NotAllowed
from qafila.registry.people import acts, names, signals
from qafila.registry.people.births import age_days, age_of, birth_of
from qafila.registry.people.details import BadDetails, NameParts, NewLink
from qafila.registry.people.duplicates import likely, typed
from qafila.registry.people.models import NameKey, Person, PersonLink, PersonName
from qafila.registry.people.queries import decided_of, get, links_of, names_of, open_clashes
from qafila.registry.places.here import local_day

ARABIC = NameParts("Arab", "فاطمة", "", "بن علي")
LATIN = NameParts("Latn", "Fatima", "", "Benali")


def newcomer(crew: SimpleNamespace, **facts: object) -> Person:
    return acts.register(crew.assistant, crew.unit, **({"names": [LATIN]} | facts))


def test_everything_in_one_act(crew: SimpleNamespace) -> None:
    person = newcomer(
        crew,
        names=[ARABIC, LATIN],
        sex="female",
        birth=PartialDate(1984, 3),
        national_id="ab 123-456",
        phone="+212 6 12 34 56 78",
        phone_owner="her son",
        place="05.081.03.09",
        language="shi",
    )
    kept = get(person.pk)
    assert kept is not None
    assert (kept.national_id, kept.phone, kept.home_unit_id) == ("AB123456", "0612345678", crew.unit.pk)
    assert birth_of(kept) == PartialDate(1984, 3)
    assert names.both(names_of([kept.pk])[kept.pk], "ar") == ("فاطمة بن علي", "Fatima Benali")
    assert names.display(names_of([kept.pk])[kept.pk], "fr") == "Fatima Benali"
    assert {r.patient for r in Record.objects.filter(kind__startswith="registry.person")} == {kept.pk}
    assert list(check.problems()) == []


def test_a_name_in_one_script_is_never_put_into_the_other(crew: SimpleNamespace) -> None:
    person = newcomer(crew, names=[ARABIC])
    assert names.both(names_of([person.pk])[person.pk], "fr") == ("فاطمة بن علي", "")


def test_nobody_registers_without_the_right(crew: SimpleNamespace) -> None:
    with pytest.raises(NotAllowed):
        acts.register(crew.admin, crew.unit, names=[LATIN])
    assert not Person.objects.exists()


def test_what_cannot_be_kept_is_said_field_by_field_and_nothing_is_written(crew: SimpleNamespace) -> None:
    with pytest.raises(BadDetails) as bad:
        newcomer(
            crew,
            phone="twelve",
            place="nowhere",
            sex="x",
            birth=PartialDate(local_day().year + 1),
            address="a" * 201,
            language="xx",
        )
    assert set(bad.value.problems) == {"phone", "place", "sex", "birth", "address", "language"}
    with pytest.raises(BadDetails):
        newcomer(crew, names=[])
    with pytest.raises(BadDetails):
        newcomer(crew, names=[NameParts("Latn", "a" * 81)])
    assert not Person.objects.exists() and not PersonName.objects.exists()


def test_no_papers_and_no_fixed_address(crew: SimpleNamespace) -> None:
    person = newcomer(crew, no_fixed_address=True, birth=born_about(local_day(), 40, 3), sex="unknown")
    age = age_of(person, local_day())
    assert (person.national_id, person.place) == ("", "")
    assert age is not None and age.least <= 40 <= age.most and age.most - age.least >= 6


def test_unnamed_twins_with_their_mother(crew: SimpleNamespace) -> None:
    mother = newcomer(crew, sex="female")
    today = PartialDate(local_day().year, local_day().month, local_day().day)
    twins = [
        newcomer(
            crew,
            names=[],
            circumstance="newborn",
            birth=today,
            sex=sex,
            birth_order=order,
            links=[NewLink("mother", mother)],
        )
        for order, sex in ((1, "female"), (2, "male"))
    ]
    assert str(names.unnamed(twins[0])) == "Newborn girl, no name yet"
    assert [(x.relation, x.other) for x in links_of(twins[1])] == [("mother", mother), ("twin", twins[0])]
    assert {x.other_id for x in links_of(mother) if x.reverse} == {t.pk for t in twins}
    assert age_days(twins[0], local_day()) == 0
    acts.name_newborn(twins[0], crew.assistant, [NameParts("Arab", "ليلى")])
    assert get(twins[0].pk).circumstance == "ordinary"  # type: ignore[union-attr]
    with pytest.raises(acts.DoesNotFit):
        acts.name_newborn(mother, crew.assistant, [LATIN])


def test_a_newborn_needs_its_mother_or_a_name(crew: SimpleNamespace) -> None:
    with pytest.raises(BadDetails):
        newcomer(crew, names=[], circumstance="newborn")


def test_an_unknown_person_is_described_and_later_identified(crew: SimpleNamespace) -> None:
    with pytest.raises(BadDetails):
        newcomer(crew, names=[], circumstance="unidentified")
    person = newcomer(crew, names=[], circumstance="unidentified", sex="male", description="by the road, about 60")
    assert str(names.unnamed(person)) == "Unknown man"
    known = newcomer(crew, national_id="AB1")
    acts.identify(person, crew.assistant, same_as=known)
    assert [(x.relation, x.other_id) for x in decided_of([person.pk])] == [("same", known.pk)]
    assert get(person.pk) == known
    other = newcomer(crew, names=[], circumstance="unidentified", description="at the market")
    acts.identify(other, crew.assistant, names=[NameParts("Latn", "Said")], birth=PartialDate(1960), national_id="cd2")
    kept = get(other.pk)
    assert kept is not None and (kept.circumstance, kept.national_id) == ("ordinary", "CD2")


def test_the_same_national_number_twice_needs_a_reason(crew: SimpleNamespace) -> None:
    first = newcomer(crew, national_id="AB123456")
    with pytest.raises(acts.SameIdentity) as same:
        newcomer(crew, national_id="ab 123456")
    assert same.value.person == first
    assert Person.objects.count() == 1
    second = newcomer(crew, national_id="AB123456", same_id_reason="card of the cousin")
    assert second.pk != first.pk
    third = newcomer(crew)
    with pytest.raises(acts.SameIdentity):
        acts.edit(third, crew.assistant, {"national_id": "AB123456"})


def test_likely_duplicates_are_offered(crew: SimpleNamespace) -> None:
    known = newcomer(crew, names=[ARABIC], sex="female", birth=PartialDate(1984), place="05.081.03.09")
    newcomer(crew, names=[NameParts("Latn", "Hassan", "", "Idrissi")], sex="male")
    offered = likely(typed([LATIN], PartialDate(1984, 5, 3), "female", "05.081.03.09"))
    assert [f.person_id for f in offered] == [known.pk]
    assert offered[0].levels["given"] == "sound"
    assert offered[0].levels["phone"] == "missing"
    assert likely(typed([LATIN], PartialDate(1950, 5, 3), "male")) == []
    assert likely(typed([NameParts("Latn", "Zineb")])) == []


def test_an_edit_keeps_to_what_the_author_changed(crew: SimpleNamespace) -> None:
    person = newcomer(crew, phone="0611111111", address="a")
    seen = person.heads
    acts.edit(get(person.pk), crew.assistant, {"phone": "0622222222"}, seen)  # type: ignore[arg-type]
    assert acts.edit(get(person.pk), crew.assistant, {"address": "b"}, seen) == []  # type: ignore[arg-type]
    kept = get(person.pk)
    assert kept is not None and (kept.phone, kept.address) == ("0622222222", "b")


def test_two_people_on_one_page_make_a_clash_that_is_shown(crew: SimpleNamespace) -> None:
    person = newcomer(crew, phone="0611111111")
    seen = person.heads
    acts.edit(get(person.pk), crew.assistant, {"phone": "0622222222"}, seen)  # type: ignore[arg-type]
    clashes = acts.edit(get(person.pk), crew.assistant, {"phone": "0633333333"}, seen)  # type: ignore[arg-type]
    assert [c.field for c in clashes] == ["phone"]
    # Whoever edits with both before their eyes settles it.
    assert acts.edit(get(person.pk), crew.assistant, {"phone": "0644444444"}) == []  # type: ignore[arg-type]


def test_a_forged_page_is_refused(crew: SimpleNamespace) -> None:
    person = newcomer(crew)
    for seen in ("x", "[]", '{"": ["zz"]}', '{"": 3}'):
        with pytest.raises(BadDetails):
            acts.edit(person, crew.assistant, {"phone": "0611111111"}, seen)


def exchange(sender: Here, receiver: Here) -> None:
    with at(sender):
        parcels = parcels_of(Record.objects.order_by("no"))
    with at(receiver):
        ingest(parcels)


def test_two_people_edit_one_patient_on_two_nodes(trio: list[Here], place: None) -> None:
    one, other = trio[:2]
    with at(one):
        person = acts.register(None, None, names=[LATIN], phone="0611111111", address="a")
    exchange(one, other)
    with at(other):
        acts.edit(get(person.pk), None, {"phone": "0622222222", "language": "shi"})  # type: ignore[arg-type]
    with at(one):
        acts.edit(get(person.pk), None, {"phone": "0633333333", "address": "b"})  # type: ignore[arg-type]
    exchange(one, other)
    exchange(other, one)
    for node in (one, other):
        with at(node):
            kept = get(person.pk)
            assert kept is not None
            assert (kept.address, kept.language) == ("b", "shi")
            assert kept.phone == "0633333333"
            assert [c.field for c in open_clashes(person.pk)] == ["phone"]
    with at(other):
        acts.edit(get(person.pk), None, {"phone": "0644444444"})  # type: ignore[arg-type]
    exchange(other, one)
    with at(one):
        assert get(person.pk).phone == "0644444444"  # type: ignore[union-attr]
        assert not Clash.objects.filter(open=True).exists()


def test_search_keys_follow_names_from_elsewhere_whatever_comes_first(trio: list[Here], place: None) -> None:
    one, other = trio[:2]
    with at(one):
        person = acts.register(None, None, names=[LATIN])
        parcels = parcels_of(Record.objects.order_by("-no"))
    with at(other):
        for parcel in parcels:
            ingest([parcel])
        assert set(NameKey.objects.values_list("person_id", "key")) == {(person.pk, "ftm"), (person.pk, "bnl")}


def test_names_are_added_corrected_and_withdrawn(crew: SimpleNamespace) -> None:
    person = newcomer(crew)
    arabic = acts.add_name(person, crew.assistant, ARABIC)
    acts.change_name(arabic, crew.assistant, NameParts("Arab", "زينب", "", "بن علي"))
    assert set(NameKey.objects.values_list("key", flat=True)) == {"ftm", "bnl", "znb"}
    acts.withdraw_name(arabic, crew.assistant)
    assert set(NameKey.objects.values_list("key", flat=True)) == {"ftm", "bnl"}
    with pytest.raises(BadDetails):
        acts.withdraw_name(PersonName.objects.get(script="Latn"), crew.assistant)


def test_links_are_made_once_and_taken_back(crew: SimpleNamespace) -> None:
    child, mother = newcomer(crew), newcomer(crew)
    made = acts.link(child, "guardian", mother, crew.assistant)
    assert acts.link(child, "guardian", mother, crew.assistant).pk == made.pk
    with pytest.raises(BadDetails):
        acts.link(child, "guardian", child, crew.assistant)
    acts.unlink(made, crew.assistant)
    assert links_of(child) == []
    assert PersonLink.objects.count() == 1


def test_a_link_to_somebody_whose_record_is_elsewhere_is_borne(crew: SimpleNamespace) -> None:
    child = newcomer(crew)
    stranger = Person(code="0000-0000-0")
    acts.link(child, "mother", stranger, crew.assistant)
    assert [(x.other_id, x.other) for x in links_of(child)] == [(stranger.pk, None)]


def test_a_death_names_its_source_and_is_told(crew: SimpleNamespace) -> None:
    person = newcomer(crew, birth=PartialDate(1950))
    heard = []

    def hear(person: Person, **more: object) -> None:
        heard.append(person.pk)

    signals.died.connect(hear)
    for wrong in (local_day() + timedelta(days=1), date(1949, 1, 1)):
        with pytest.raises(BadDetails):
            acts.record_death(person, wrong, "family", crew.assistant)
    with pytest.raises(BadDetails):
        acts.record_death(person, local_day(), "  ", crew.assistant)
    acts.record_death(person, local_day(), "family", crew.assistant)
    assert get(person.pk).died_on == local_day()  # type: ignore[union-attr]
    assert heard == [person.pk]


def test_links_hold_from_either_side_and_do_not_contradict(crew: SimpleNamespace) -> None:
    one, other, third = (newcomer(crew) for _ in range(3))
    wed = acts.link(one, "spouse", other, crew.assistant)
    assert acts.link(other, "spouse", one, crew.assistant) == wed
    acts.link(one, "mother", third, crew.assistant)
    for person, relation, whom in ((third, "mother", one), (one, "mother", other), (one, "spouse", one)):
        with pytest.raises(BadDetails):
            acts.link(person, relation, whom, crew.assistant)
