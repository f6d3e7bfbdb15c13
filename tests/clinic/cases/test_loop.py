"""After the answer: who has it in hand, who is reminded, who is due, what a journey not made spared."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from qafila.clinic.cases import acts, loop, loop_jobs, loop_queries, queries, savings, telling
from qafila.clinic.cases.loop_models import Contact, PlainWords, Saving
from qafila.clinic.cases.models import Answer, Case, CaseEvent
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Observation
from qafila.journal.models import Blob
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.registry.places import here as place_here
from qafila.registry.places.here import local_day
from qafila.registry.units.models import Assignment, Round, Stop
from tests.clinic.conftest import ANSWER, Crew, key_of, on_duty

HUB, UNIT = load.profile("hub"), load.profile("unit")


@pytest.fixture(autouse=True)
def morocco() -> Any:
    place_here.use("MA")
    yield
    place_here.use(None)


def answered(crew: Crew, urgency: str = "routine", **more: Any) -> Case:
    def make() -> Case:
        on_duty(crew.heart)
        case = acts.accept(acts.receive(acts.send(crew.filled(urgency), crew.doctor)), crew.heart)
        acts.answer(case, crew.heart, {**ANSWER, **more}, key_of(crew.heart))
        return acts.deliver(case)

    return crew.begun(f"answered {urgency} {sorted(more.items())}", make)


class Later:
    """The wall clock, some days on."""

    def __init__(self, **span: float) -> None:
        self.at = (clock.now() + timedelta(**span)).timestamp()

    def __call__(self) -> float:
        return self.at


# --- the owner, and who has not opened it ----------------------------------------------------------


def test_every_answer_has_an_owner_also_when_the_doctor_has_left(crew: Crew) -> None:
    case = answered(crew)
    assert [(one.case, one.owner, one.read) for one in loop_queries.notices(crew.unit)] == [(case, crew.doctor, False)]
    acts.mark_read(case, crew.nurse)
    assert loop_queries.notices(crew.unit)[0].read
    row = Assignment.objects.get(staff=crew.doctor)
    row.ends = local_day() - timedelta(days=1)
    with writing(None, "left") as write:
        write.save(row)
    assert loop_queries.notices(crew.unit)[0].owner == crew.nurse == loop_queries.owner_of(case)


@example(st.lists(st.tuples(st.uuids(), st.booleans(), st.booleans()), min_size=1, max_size=6), st.uuids())
def test_somebody_always_has_it_in_hand(crew: list[tuple[UUID, bool, bool]], asker: UUID) -> None:
    assert loop.owner(asker, crew) in {one for one, _, _ in crew}
    assert loop.owner(crew[-1][0], crew) == crew[-1][0]
    assert loop.owner(asker, []) is None


def test_an_urgent_answer_unread_for_half_an_hour_goes_to_the_coordinator_once(crew: Crew) -> None:
    case = answered(crew, "urgent")
    assert loop_jobs.unread_watch(HUB) == 0
    with clock.reading_from(Later(minutes=31)):
        assert loop_jobs.unread_watch(HUB) == loop_jobs.unread_watch(HUB) == 1
        assert [one.case for one in loop_queries.unread()] == [case]
        assert CaseEvent.objects.filter(act="unread").count() == 1
        acts.mark_read(case, crew.doctor)
        assert loop_jobs.unread_watch(HUB) == 0


def test_a_routine_answer_may_wait_and_a_unit_tells_nobody(crew: Crew) -> None:
    answered(crew)
    with clock.reading_from(Later(minutes=90)):
        assert loop_jobs.unread_watch(HUB) == loop_jobs.unread_watch(UNIT) == 0


# --- cases that stay open ---------------------------------------------------------------------------


def test_the_unit_is_reminded_and_then_the_coordinator(crew: Crew) -> None:
    case = answered(crew)
    with clock.reading_from(Later(days=2.5)):
        assert loop_jobs.open_watch(UNIT) == loop_jobs.open_watch(UNIT) == 1 and loop_jobs.open_watch(HUB) == 0
        assert [(r.rule.code, r.tells) for r in loop_queries.reminders(crew.unit)] == [("not_told", "unit")]
    with clock.reading_from(Later(days=6)):
        assert loop_jobs.open_watch(HUB) == 1
        rules = {e.values["rule"] for e in CaseEvent.objects.filter(act="reminder")}
        assert rules == {"unit:not_told", "coordinator:not_told"}
        case = acts.explain(case, crew.doctor)
        assert loop_queries.reminders() == []
    with clock.reading_from(Later(days=40)):
        assert [r.rule.code for r in loop_queries.reminders()] == ["no_outcome"]
        acts.close(case, crew.doctor, "improved")
        assert loop_queries.reminders() == []


def test_a_case_with_a_later_control_is_not_asked_about_before(crew: Crew) -> None:
    case = answered(crew, follow_up_date=(local_day() + timedelta(days=60)).isoformat())
    acts.explain(case, crew.doctor)
    with clock.reading_from(Later(days=50)):
        assert loop_queries.reminders() == []
    with clock.reading_from(Later(days=80)):
        assert [r.tells for r in loop_queries.reminders()] == ["unit"]


# --- what came after the answer ---------------------------------------------------------------------


def test_a_file_that_came_later_brings_the_case_back_to_the_specialist(crew: Crew) -> None:
    case = answered(crew)
    row = case_visit(case)
    assert loop_jobs.late_watch(HUB) == 0
    photo = visits.add_attachment(row, crew.nurse, picture(), "skin.png", case_id=case.pk)
    missing = Blob.objects.get(sha256=photo.sha256)
    missing.complete = False
    missing.save()
    assert loop_jobs.late_watch(HUB) == 0, "not arrived yet"
    missing.complete = True
    missing.save()
    assert loop_jobs.late_watch(HUB) == 1 and loop_jobs.late_watch(HUB) == 0
    assert Case.objects.get().came_after and [r.case.pk for r in queries.worklists(crew.heart)[0]] == [case.pk]
    acts.explain(case, crew.doctor)
    acts.confirm_answer(case, crew.heart, "nothing new in it")
    assert not Case.objects.get().came_after and queries.worklists(crew.heart)[0] == []
    assert loop_jobs.late_watch(HUB) == 0


def test_what_had_not_arrived_is_listed_and_comes_after(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.send(crew.filled(), crew.doctor)
    photo = visits.add_attachment(case_visit(case), crew.nurse, picture(), "skin.png", case_id=case.pk)
    blob = Blob.objects.get(sha256=photo.sha256)
    blob.complete = False
    blob.save()
    given = acts.answer(acts.accept(acts.receive(case), crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    assert given.missing_attachments == [photo.pk.hex]
    assert photo.pk.hex not in {one for _, one, _ in given.shown}
    blob.complete = True
    blob.save()
    assert loop_jobs.late_watch(HUB) == 1
    later = acts.correct_answer(Case.objects.get(), crew.heart, ANSWER, key_of(crew.heart))
    assert photo.pk.hex in {one for _, one, _ in later.shown} and not Case.objects.get().came_after


def test_a_reading_that_was_still_on_its_way_brings_it_back_too_and_a_new_one_does_not(crew: Crew) -> None:
    case = answered(crew)
    values = {"person_id": case.person_id, "visit_id": case.visit_id, "author": crew.nurse}
    with writing(None, "arrives") as write:
        write.save(Observation(code="pulse", number=88, unit="/min", at=clock.now(), **values))
    assert loop_jobs.late_watch(HUB) == 0, "taken after the answer: the unit's own follow-up"
    with writing(None, "arrives") as write:
        for code in ("pulse", "spo2"):
            write.save(Observation(code=code, number=88, at=case.answered_at - timedelta(minutes=9), **values))
    assert loop_jobs.late_watch(HUB) == 2 and loop_jobs.late_watch(HUB) == 0
    assert Case.objects.get().came_after and CaseEvent.objects.filter(act="came_after").count() == 1


def case_visit(case: Case) -> Any:
    from qafila.clinic.visits.models import Visit

    return Visit.objects.get(pk=case.visit_id)


def picture() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.effect_noise((320, 240), 60).save(out, "PNG")
    return out.getvalue()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x01\xff\x00" * 1600)
    return out.getvalue()


# --- telling ------------------------------------------------------------------------------------------


def test_attempts_and_the_talk_are_facts_with_language_and_interpreter(crew: Crew) -> None:
    case = answered(crew)
    acts.record_contact(case, crew.nurse, "phone", "no_answer", "rang three times")
    acts.record_contact(case, crew.nurse, "health_centre", "message_left")
    for wrong in (("pigeon", "told"), ("phone", "unsure")):
        with pytest.raises(Refusal):
            acts.record_contact(case, crew.nurse, *wrong)
    with pytest.raises(NotAllowed):
        acts.record_contact(case, crew.assistant, "phone", "no_answer")
    acts.explain(case, crew.doctor, "to her son", way="relative", language="shi", interpreter="Fatima (assistant)")
    last = loop_queries.contacts_of(case)[0]
    assert (last.way, last.result, last.language, last.interpreter) == ("relative", "told", "shi", "Fatima (assistant)")
    assert Contact.objects.count() == 3 and CaseEvent.objects.filter(act="contact").count() == 2
    acts.close(case, crew.doctor, "improved")
    with pytest.raises(WrongState):
        acts.record_contact(Case.objects.get(), crew.nurse, "phone", "reached")


def test_plain_words_replace_the_earlier_ones_of_their_language(crew: Crew) -> None:
    case = answered(crew)
    given = Answer.objects.get()
    first = acts.write_plain(case, given, crew.doctor, "ar", "قلبك سليم", "قلّل القهوة", "")
    assert acts.write_plain(case, given, crew.doctor, "ar", "قلبك سليم", "قلّل القهوة", "").pk == first.pk
    acts.write_plain(case, given, crew.doctor, "fr", "Votre cœur va bien", "Moins de café", "")
    later = acts.write_plain(case, given, crew.doctor, "ar", "قلبك سليم", "لا قهوة", "إذا أغمي عليك")
    assert later.replaces == first.pk
    assert {(p.language, p.do) for p in PlainWords.objects.filter(status="final")} == {
        ("ar", "لا قهوة"), ("fr", "Moins de café"),
    }  # fmt: skip
    with pytest.raises(Refusal):
        acts.write_plain(case, given, crew.doctor, "xx", "a", "b", "")


def test_a_voice_is_kept_in_a_language_that_people_speak_here(crew: Crew) -> None:
    case = answered(crew)
    kept = acts.add_voice(case, crew.nurse, sound(), "shi")
    assert (kept.kind_of_file, kept.view, telling.voices(case.pk)) == ("audio", "voice-shi", [kept])
    with pytest.raises(Refusal):
        acts.add_voice(case, crew.nurse, sound(), "tlh")
    with pytest.raises(Refused):
        acts.add_voice(case, crew.nurse, b"RIFF0000WAVEnot", "shi")
    assert loop_jobs.late_watch(HUB) == 0, "a voice for the person is nothing new for the specialist"


# --- the next round ----------------------------------------------------------------------------------


def test_the_next_round_says_who_is_due_in_each_village(crew: Crew) -> None:
    today = local_day()
    with writing(None, "plan") as write:
        tour = write.save(Round(unit=crew.unit, name="North", starts=today, ends=today))
        stop = write.save(Stop(round=tour, unit=crew.unit, place="05.081.03.09", locality="Tabant", day=today))
    case = answered(crew, follow_up_date=(today + timedelta(days=5)).isoformat())
    row = case_visit(case)
    row.stop = stop
    with writing(None, "stop") as write:
        write.save(row)
    acts.record_contact(case, crew.nurse, "phone", "no_answer")
    assert [(d.why, d.locality, d.attempts) for d in loop_queries.next_round(crew.unit, today)] == [
        ("told", "Tabant", 1)
    ]
    acts.explain(case, crew.doctor)
    assert [d.why for d in loop_queries.next_round(crew.unit, today)] == ["open"]
    assert [d.why for d in loop_queries.next_round(crew.unit, today + timedelta(days=9))] == ["due"]
    acts.close(case, crew.doctor, "improved")
    with clock.reading_from(Later(days=8)):
        assert [d.why for d in loop_queries.next_round(crew.unit, today + timedelta(days=9))] == ["overdue"]
        crew.visit()
        assert loop_queries.next_round(crew.unit, today + timedelta(days=9)) == [], "the person came"


# --- what was spared ----------------------------------------------------------------------------------

FAR = savings.Distance("Hospital", 62.0, True, 95, "roads", date(2025, 1, 1))
COSTS = {
    "speed": savings.Input(40.0, "km/h", "survey", date(2025, 5, 1)),
    "fare": savings.Input(0.6, "MAD/km", "survey", date(2025, 5, 1)),
}


def test_there_and_back_from_the_places_own_numbers() -> None:
    found = savings.saved(FAR, COSTS)
    assert (found.km, found.hours, found.money) == (Decimal("124.0"), Decimal("3.2"), Decimal("74.40"))
    assert [one[0] for one in found.inputs] == ["distance", "minutes", "fare"] and not found.lacking
    by_speed = savings.saved(replace(FAR, minutes=None, by_road=False), COSTS)
    assert by_speed.hours == Decimal("3.1") and by_speed.inputs[0][2] == "km, straight line"


@example(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_what_is_not_known_is_not_computed_and_never_nothing(far: bool, timed: bool, speed: bool, fare: bool) -> None:
    distance = (FAR if timed else replace(FAR, minutes=None)) if far else None
    known = {name: one for name, one in COSTS.items() if (speed if name == "speed" else fare)}
    found = savings.saved(distance, known)
    assert (found.km is not None) == far
    assert (found.hours is not None) == (far and (timed or speed))
    assert (found.money is not None) == (far and fare)
    assert all(value is None or value > 0 for value in (found.km, found.hours, found.money))
    assert bool(found.lacking) == (found.hours is None or found.money is None)


def test_a_journey_not_made_is_recorded_when_the_case_closes(crew: Crew) -> None:
    row = crew.patient
    row.place = "05.081.03.09"
    with writing(None, "lives") as write:
        write.save(row)
    case = acts.explain(answered(crew), crew.doctor)
    acts.close(case, crew.doctor, "treated_here")
    kept = loop_queries.saving_of(case)
    assert kept is not None and kept.km and kept.hours and kept.money and kept.currency == "MAD"
    assert {one[0] for one in kept.inputs} >= {"distance", "fare"} and all(one[3] and one[4] for one in kept.inputs)
    total = loop_queries.spared()
    assert (total.cases, total.km, total.money["MAD"]) == (1, kept.km, (kept.money, 1))


def test_nothing_is_spared_where_the_person_had_to_go_or_nobody_knows_from_where(crew: Crew) -> None:
    case = acts.explain(answered(crew, place_of_care="hospital_now"), crew.doctor)
    acts.close(case, crew.doctor, "improved")
    assert not Saving.objects.exists() and loop_queries.saving_of(case) is None


def test_without_a_known_place_nothing_is_computed(crew: Crew) -> None:
    case = acts.explain(answered(crew), crew.doctor)
    acts.close(case, crew.doctor, "improved")
    kept = Saving.objects.get()
    assert (kept.km, kept.hours, kept.money, kept.lacking) == (None, None, None, ["distance"])
    assert loop_queries.spared().km_of == 0


@example(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["answered", "on_unit", "explained", "more_asked"]))
def test_reminders_are_quiet_before_their_day_and_never_fail(now: datetime, status: str) -> None:
    case = Case(status=status, person_id=uuid4(), unit_id=uuid4(), doctor_id=uuid4())
    case.sent_at = case.answered_at = datetime(2026, 1, 1, tzinfo=UTC)
    for one in loop.reminders([case], {}, {}, load.loop(), now):
        assert one.days >= one.rule.unit_days and status in one.rule.states
