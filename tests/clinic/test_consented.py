"""Consent at the point of use: each purpose of the packs has acts that ask for it, and each of these refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases import assigning, jobs, opinions, pressing, telling
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.history import consents
from qafila.clinic.history.consented import POINTS, agreed
from qafila.clinic.history.purposes import Said, holds, refused
from qafila.clinic.imaging import copies, taking
from qafila.clinic.models import Consent, Opinion
from qafila.clinic.refusal import Incomplete, Refusal
from qafila.clinic.visits import acts as visits
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.encounter import Purpose
from qafila.registry.places import here, transfers
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from tests.clinic.cases.test_loop import picture
from tests.clinic.conftest import ANSWER, Crew, key_of, new_person, on_duty

LABEL = load.encounter().consent_purpose[0].label
NOW = clock.now()
said = st.builds(
    Said,
    st.sampled_from(["permit", "deny", "emergency", "withdrawn"]),
    st.integers(0, 72).map(lambda hours: NOW - timedelta(hours=hours)),
    st.sampled_from([None, UUID(int=1), UUID(int=2)]),
    st.sampled_from(["", "unconscious"]),
    st.booleans(),
)
purpose = st.builds(
    Purpose,
    code=st.just("x"),
    label=st.just(LABEL),
    needs=st.sampled_from(["permit", "no_refusal"]),
    emergency=st.sampled_from(["", "visit", "day"]),
)


@given(purpose, st.lists(said, max_size=5, unique_by=lambda one: one.at), st.sampled_from([None, UUID(int=1)]))
def test_the_last_word_counts_and_an_emergency_only_for_its_time(
    rule: Purpose, words: list[Said], visit: UUID | None
) -> None:
    found = holds(rule, words, NOW, visit)
    assert found == holds(rule, list(reversed(words)), NOW, visit)
    if refused(words) and not any(one.decision == "emergency" for one in words):
        assert not found
    if found and refused(words):
        assert rule.emergency and any(one.decision == "emergency" and one.reason for one in words)
    if not words:
        assert found == (rule.needs == "no_refusal")
    assert not holds(rule, [*words, Said("withdrawn", NOW + timedelta(1))], NOW + timedelta(2), None)


def test_every_purpose_of_the_packs_has_an_act_that_asks_for_it() -> None:
    assert set(POINTS) == {one.code for one in load.encounter().consent_purpose}
    assert all(POINTS.values())
    # What only the office asks for is held in its own tests.
    points = {(code, act) for code, acts in POINTS.items() for act in acts if not act.startswith("office.")}
    assert points == set(REFUSALS)


def _care(crew: Crew) -> None:
    consents.give(crew.patient, crew.nurse, "care", "deny", "spoken")
    with pytest.raises(Refusal):
        crew.visit()
    consents.give(crew.patient, crew.nurse, "care", "emergency", reason="unconscious")
    assert crew.visit().person_id == crew.patient.pk


def _send(crew: Crew) -> None:
    case = crew.filled()
    # Said outside of the visit, of no case in particular: it counts all the same.
    consents.give(crew.patient, crew.nurse, "referral", "deny", "spoken")
    with pytest.raises(Incomplete):
        cases.send(case, crew.doctor)


def _sent(crew: Crew) -> Case:
    return cases.receive(cases.send(crew.filled(), crew.doctor))


def _route(crew: Crew) -> None:
    case = _sent(crew)
    consents.withdraw(Consent.objects.get(purpose="referral"), crew.nurse)
    on_duty(crew.heart)
    assert jobs.case_routing(load.profile("hub")) == 0
    assert Case.objects.get(pk=case.pk).status == "received"
    assert CaseEvent.objects.filter(case_id=case.pk, act="consent_back").count() == 1


def _give(crew: Crew) -> None:
    case = _sent(crew)
    consents.withdraw(Consent.objects.get(purpose="referral"), crew.nurse)
    with pytest.raises(Refusal):
        cases.assign(case, crew.heart, crew.coordinator)
    assert Case.objects.get(pk=case.pk).specialist_id is None


def _photo(crew: Crew) -> None:
    consents.give(crew.patient, crew.nurse, "picture", "deny", "spoken")
    with pytest.raises(Refusal):
        taking.keep_photo(crew.visit(), crew.nurse, picture(), kept="moves")


def _file(crew: Crew) -> None:
    consents.give(crew.patient, crew.nurse, "picture", "deny", "spoken")
    with pytest.raises(Refusal):
        visits.add_attachment(crew.visit(), crew.nurse, picture(), "a.png")


def _told(crew: Crew) -> None:
    on_duty(crew.heart)
    case = cases.accept(_sent(crew), crew.heart)
    cases.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    case = cases.deliver(case)
    consents.give(crew.patient, crew.nurse, "message", "deny", "spoken")
    with pytest.raises(Refusal):
        cases.record_contact(case, crew.doctor, "phone", "no_answer")
    assert cases.record_contact(case, crew.doctor, telling.IN_PERSON, "told").way == "in_person"


def _teaching(crew: Crew) -> None:
    with writing(None, "setup") as write:
        crew.doctor.roles = ["doctor", "specialist"]
        write.save(crew.doctor)
    row = visits.add_attachment(crew.visit(), crew.nurse, picture(), "a.png")
    case = crew.filled()
    with writing(None, "setup") as write:
        case.specialist_id = crew.heart.pk
        write.save(case)
    with pytest.raises(Refusal):
        copies.make(row, crew.heart, [(0, 0, 10, 10)], True)


def _usable(crew: Crew) -> None:
    yes = consents.give(crew.patient, crew.nurse, "teaching", "permit", "spoken")
    assert agreed(crew.patient.pk, "teaching")
    consents.withdraw(yes, crew.nurse)
    assert not agreed(crew.patient.pk, "teaching")


def _far(crew: Crew) -> Staff:
    with writing(None, "setup") as write:
        crew.heart.country = "ZZ"
        crew.coordinator.roles = ["coordinator", "privacy_officer"]
        write.save(crew.coordinator)
        return write.save(crew.heart)


def _abroad_route(crew: Crew) -> None:
    far = _far(crew)
    on_duty(far)
    case = _sent(crew)
    assert case.status == "received" and CaseEvent.objects.filter(case_id=case.pk, act="kept_home").exists()
    yes = consents.give(crew.patient, crew.nurse, "abroad", "permit", "signed")
    assert jobs.case_routing(load.profile("hub")) == 0
    here.use(None, here.CONSENTED)
    assert jobs.case_routing(load.profile("hub")) == 0
    permit = transfers.authorise(crew.coordinator, "zz", "T-1/2026", "The authority", local_day())
    assert jobs.case_routing(load.profile("hub")) == 1
    assert Case.objects.get(pk=case.pk).specialist_id == far.pk
    # Taken back: what is in hands abroad comes home at once.
    consents.withdraw(yes, crew.nurse)
    assert pressing.release() == 1
    assert Case.objects.get(pk=case.pk).specialist_id is None
    consents.give(crew.patient, crew.nurse, "abroad", "permit", "signed")
    assert assigning.route(["cardiology"]) == 1
    transfers.end(permit, crew.coordinator, "expired early")
    assert pressing.release() == 1 and assigning.route(["cardiology"]) == 0


def _abroad_give(crew: Crew) -> None:
    far, case = _far(crew), _sent(crew)
    here.use(None, here.CONSENTED)
    transfers.authorise(crew.coordinator, "ZZ", "T-1/2026", "The authority", local_day())
    with pytest.raises(Refusal):
        cases.assign(case, far, crew.coordinator)
    consents.give(crew.patient, crew.nurse, "abroad", "permit", "signed")
    assert cases.assign(case, far, crew.coordinator).specialist_id == far.pk


def _abroad_opinion(crew: Crew) -> None:
    on_duty(crew.other_heart)
    far, case = _far(crew), cases.accept(_sent(crew), crew.other_heart)
    with pytest.raises(Refusal):
        opinions.ask_opinion(case, far, crew.other_heart, "What do you think?")
    here.use(None, here.CONSENTED)
    transfers.authorise(crew.coordinator, "ZZ", "T-1/2026", "The authority", local_day())
    yes = consents.give(crew.patient, crew.nurse, "abroad", "permit", "signed")
    opinions.ask_opinion(case, far, crew.other_heart, "What do you think?")
    consents.withdraw(yes, crew.nurse)
    pressing.release()
    assert Opinion.objects.get().withdrawn


REFUSALS: dict[tuple[str, str], Callable[[Crew], None]] = {
    ("care", "clinic.visits.acts.open_visit"): _care,
    ("referral", "clinic.cases.acts.send"): _send,
    ("referral", "clinic.cases.assigning.route"): _route,
    ("referral", "clinic.cases.assigning.give"): _give,
    ("picture", "clinic.imaging.taking.keep_photo"): _photo,
    ("picture", "clinic.visits.facts.add_attachment"): _file,
    ("message", "clinic.cases.telling.told"): _told,
    ("teaching", "clinic.imaging.copies.make"): _teaching,
    ("teaching", "clinic.imaging.copies.usable"): _usable,
    ("abroad", "clinic.cases.assigning.route"): _abroad_route,
    ("abroad", "clinic.cases.assigning.give"): _abroad_give,
    ("abroad", "clinic.cases.opinions.ask_opinion"): _abroad_opinion,
}
"""Purpose and act → what shows that the act refuses without it."""


@pytest.fixture(autouse=True)
def own_residency() -> Iterator[None]:
    yield
    here.use(None)


@pytest.mark.parametrize("point", sorted(REFUSALS), ids=".".join)
def test_without_consent_the_act_refuses(crew: Crew, point: tuple[str, str]) -> None:
    REFUSALS[point](crew)


def test_an_authorisation_is_entered_whole_and_by_its_right(crew: Crew) -> None:
    from qafila.kernel.rights import NotAllowed

    with pytest.raises(NotAllowed):
        transfers.authorise(crew.doctor, "ZZ", "1", "x", local_day())
    _far(crew)
    own = here.country().code
    for bad in (("Z1", "1", "x"), (own, "1", "x"), ("ZZ", " ", "x"), ("ZZ", "1", " ")):
        with pytest.raises(transfers.BadTransfer):
            transfers.authorise(crew.coordinator, *bad, local_day())
    day = local_day()
    with pytest.raises(transfers.BadTransfer):
        transfers.authorise(crew.coordinator, "ZZ", "1", "x", day, day - timedelta(days=1))
    transfers.authorise(crew.coordinator, "ZZ", "1", "x", day - timedelta(days=9), day - timedelta(days=1))
    assert transfers.in_force() == [] and len(transfers.in_force(day - timedelta(days=2))) == 1


def test_two_records_of_one_person_have_one_word(crew: Crew) -> None:
    from qafila.registry.people.models import PersonLink

    with writing(None, "setup") as write:
        twin = write.save(new_person(local_day().replace(year=1980, day=1)))
        write.save(PersonLink(person=crew.patient, other=twin, relation="same"))
    consents.give(crew.patient, crew.nurse, "picture", "deny", "spoken")
    assert not agreed(twin.pk, "picture")
