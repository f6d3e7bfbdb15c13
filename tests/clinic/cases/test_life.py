"""A case from draft to outcome, on one node and between two."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.cases import acts, jobs, queries
from qafila.clinic.cases.answering import AnswerIncomplete
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.cases.transitions import CASE, OPEN, OVER
from qafila.clinic.history import consents
from qafila.clinic.models import Answer, Case, CaseEvent, Decline, Encounter
from qafila.clinic.refusal import Incomplete, Refusal
from qafila.clinic.visits import acts as visits
from qafila.journal.here import at
from qafila.journal.models import Clash, Lane, Record
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.registry.people import acts as people
from qafila.registry.places.here import local_day
from qafila.registry.units import acts as units
from tests.clinic.conftest import ANSWER, Crew, carry, key_of, new_person, on_duty


def sent(crew: Crew) -> Case:
    return crew.begun("sent", lambda: acts.send(crew.filled(), crew.doctor))


# --- the table ------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(sorted({row.act for row in CASE.rows})), max_size=20))
def test_available_acts_never_lead_to_an_unknown_state(sequence: list[str]) -> None:
    state = "draft"
    for act in sequence:
        offered = {row.act: row.target for row in CASE.available(state)}
        if act not in offered:
            with pytest.raises(WrongState):
                CASE.move(act, state)
            continue
        state = CASE.move(act, state)
        assert state == offered[act] and state in OPEN | OVER


def test_every_state_is_reached_and_every_open_one_has_a_way_out() -> None:
    reached, edge = {"draft"}, {"draft"}
    while edge:
        edge = {row.target for state in edge for row in CASE.available(state)} - reached
        reached |= edge
    assert reached == CASE.states() == OPEN | OVER and set(CASE.rank) == reached
    assert all(CASE.available(state) for state in OPEN) and not any(CASE.available(state) for state in OVER)
    rights = load.rights() | {"node"}
    assert {row.right for row in CASE.rows} <= rights


@given(st.lists(st.sampled_from(sorted(OPEN | OVER)), min_size=1, max_size=4))
def test_states_reached_side_by_side_settle_alike_in_any_order(states: list[str]) -> None:
    settled, notices = CASE.settle(states)
    assert settled in CASE.states()
    assert CASE.settle(list(reversed(states))) == (settled, notices)
    if "died" in states:
        assert settled == "died"


# --- one node -------------------------------------------------------------------------------------


def test_the_whole_life(crew: Crew) -> None:
    on_duty(crew.heart)
    case = sent(crew)
    assert case.status == "sent" and case.consent_id and case.deadline - case.sent_at == timedelta(minutes=1440)
    case = acts.receive(case)
    assert (case.status, case.specialist_id) == ("assigned", crew.heart.pk)
    case = acts.accept(case, crew.heart)
    remote = Encounter.objects.get(case_id=case.pk)
    assert (remote.encounter_class, remote.remote_type, remote.ended_at) == ("VR", "tele_expertise", None)
    assert remote.responsible_id == crew.doctor.pk and remote.participants == [crew.heart.pk.hex]
    case = acts.ask(case, crew.heart, "Which tablets?")
    case = acts.supply(case, crew.doctor, "None at all.")
    given = acts.answer(case, crew.heart, {**ANSWER, "ecg_report": "Sinus rhythm"}, key_of(crew.heart))
    assert given.more == {"ecg_report": "Sinus rhythm"} and given.pack_version
    assert Encounter.objects.get(case_id=case.pk).ended_at is not None
    assert queries.receipts(case, given) == queries.Receipts(given.at, None, None, None)
    case = acts.deliver(case)
    assert case.on_unit_at is not None
    assert acts.mark_read(case, crew.doctor) is not None and acts.mark_read(case, crew.doctor) is None
    told = queries.receipts(case, given)
    assert (told.delivered, told.reader) == (case.on_unit_at, crew.doctor) and told.read
    case = acts.explain(case, crew.doctor)
    case = acts.close(case, crew.doctor, "improved")
    assert (case.status, case.outcome) == ("closed", "improved") and case.closed_at
    done = [line.act for line in queries.timeline(case) if line.kind == "event"]
    assert done == ["draft", "send", "receive", "assign", "accept", "ask", "supply", "answer", "deliver", "read",
                    "explain", "close"]  # fmt: skip
    assert len(queries.messages_of(case)) == 2


def test_rights_and_states_are_kept(crew: Crew) -> None:
    case = crew.filled()
    with pytest.raises(NotAllowed):
        acts.send(case, crew.nurse)
    with pytest.raises(WrongState):
        acts.explain(case, crew.doctor)
    on_duty(crew.heart)
    case = acts.receive(acts.send(case, crew.doctor))
    with pytest.raises(NotAllowed):
        acts.accept(case, crew.other_heart)
    with pytest.raises(WrongState):
        acts.send(case, crew.doctor)
    assert "accept" in queries.available(case, crew.heart) and "accept" not in queries.available(case, crew.doctor)


def test_an_incomplete_case_stays_and_says_what_lacks(crew: Crew) -> None:
    case = acts.draft_case(crew.visit(), "cardiology", crew.doctor)
    with pytest.raises(Incomplete) as lacks:
        acts.send(case, crew.doctor)
    codes = {lack.code for lack in lacks.value.lacks}
    assert {"question", "consent", "complaint", "pulse", "pain"} <= codes
    assert Case.objects.get().status == "draft" and not CaseEvent.objects.filter(act="send").exists()
    assert acts.draft_case(crew.visit(), "cardiology", crew.doctor).pk == case.pk


def test_an_emergency_goes_with_a_reason_but_not_without_consent(crew: Crew) -> None:
    visit = visits.start_doctor(crew.visit(), crew.doctor)
    visits.record_note(visit, "complaint", "Crushing chest pain", crew.doctor)
    case = acts.draft_case(visit, "cardiology", crew.doctor)
    case = acts.save_packet(case, {}, "Thrombolysis here and now?", "emergency", crew.doctor)
    with pytest.raises(Incomplete):
        acts.send(case, crew.doctor)
    with pytest.raises(Incomplete) as lacks:
        acts.send(case, crew.doctor, "no time for the rest")
    assert [lack.code for lack in lacks.value.lacks] == ["consent"]
    consents.give(visit, crew.doctor, "referral", "emergency", reason="unconscious, nobody with him")
    case = acts.send(case, crew.doctor, "no time for the rest")
    assert case.status == "sent" and case.incomplete_reason == "no time for the rest"
    last = Record._base_manager.filter(subject=case.pk).order_by("-no").first()
    assert last.lane == Lane.URGENT


def test_withdrawn_consent_stops_a_case(crew: Crew) -> None:
    from qafila.clinic.models import Consent

    case = crew.filled()
    consents.withdraw(Consent.objects.get(), crew.nurse)
    with pytest.raises(Incomplete):
        acts.send(case, crew.doctor)


def test_declining_for_oneself_asks_the_next_and_otherwise_waits(crew: Crew) -> None:
    on_duty(crew.heart)
    on_duty(crew.other_heart)
    case = acts.receive(sent(crew))
    assert case.specialist_id == crew.heart.pk  # speaks Arabic, as the patient
    with pytest.raises(Refusal):
        acts.decline(case, crew.heart, "no_such_reason", key_of(crew.heart))
    case = acts.decline(case, crew.heart, "conflict", key_of(crew.heart), "my cousin")
    assert (case.status, case.specialist_id) == ("assigned", crew.other_heart.pk)
    with pytest.raises(NotAllowed):
        acts.decline(case, crew.other_heart, "needs_in_person", key_of(crew.heart))
    case = acts.decline(case, crew.other_heart, "needs_in_person", key_of(crew.other_heart))
    first, second = Decline.objects.order_by("at", "id")
    assert proof_of(first).good and (first.reason, first.suggestion) == ("conflict", "my cousin")
    assert second.author_id == crew.other_heart.pk and ["clinic.case", case.pk.hex] in [one[:2] for one in second.shown]
    assert case.status == "declined" and case.specialist_id is None
    jobs.case_routing(load.profile("hub"))
    assert Case.objects.get().status == "declined"
    case = acts.reroute(case, crew.heart, crew.coordinator, "please look once more")
    assert (case.status, case.specialist_id) == ("assigned", crew.heart.pk)
    with pytest.raises(Refusal):
        acts.reroute(case, crew.doctor, crew.coordinator, "not a specialist")


def test_an_answer_lacks_nothing_and_is_read_as_typed(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.accept(acts.receive(sent(crew)), crew.heart)
    with pytest.raises(AnswerIncomplete) as wrong:
        acts.answer(
            case,
            crew.heart,
            {"diagnosis": "x" * 301, "certainty": "sure", "follow_up_date": "31/02/2026"},
            key_of(crew.heart),
        )
    assert {key for key, _ in wrong.value.errors} >= {"diagnosis", "certainty", "plan", "red_flag_advice"}
    assert not Answer.objects.exists() and Case.objects.get().status == "accepted"
    day = local_day() + timedelta(days=30)
    given = acts.answer(case, crew.heart, {**ANSWER, "follow_up_date": day.isoformat()}, key_of(crew.heart))
    assert given.follow_up == day
    later = acts.correct_answer(case, crew.heart, {**ANSWER, "diagnosis": "Atrial fibrillation"}, key_of(crew.heart))
    assert later.replaces == given.pk and queries.answer_of(case).pk == later.pk
    assert Answer.objects.get(pk=given.pk).status == "amended"


def test_outcomes_ask_for_what_they_need(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.receive(sent(crew))
    with pytest.raises(WrongState):
        acts.close(case, crew.doctor, "improved")
    with pytest.raises(Refusal):
        acts.close(case, crew.doctor, "no such outcome")
    acts.answer(acts.accept(case, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    case = acts.deliver(case)
    with pytest.raises(Refusal):
        acts.close(case, crew.doctor, "lost")
    case = acts.close(case, crew.doctor, "lost", "moved away, phone off")
    assert case.status == "closed"
    with pytest.raises(Refusal):
        acts.post_message(case, crew.doctor, "hello")


def test_death_opens_a_review_and_may_close_from_anywhere(crew: Crew, wired: Any) -> None:
    wired(crew.profile)
    case = sent(crew)
    people.record_death(crew.patient, local_day(), "family", crew.doctor)
    event = CaseEvent.objects.get(act="person_died")
    with translation.override("en"):
        assert event.said().startswith("This person is recorded as deceased")
    jobs.overdue_watch(crew.profile)
    assert CaseEvent.objects.filter(act="person_died").count() == 1
    assert acts.close(case, crew.doctor, "died", local_day().isoformat()).status == "died"


def test_a_death_recorded_elsewhere_opens_the_review_on_the_hub(crew: Crew, hub: Any, wired: Any) -> None:
    sent(crew)
    carry(crew.node, hub)
    people.record_death(crew.patient, local_day(), "family", crew.doctor)
    wired(load.profile("hub"))
    carry(crew.node, hub, times=2)
    with at(hub):
        assert CaseEvent.objects.filter(act="person_died").count() == 1


# --- alarms, overdue ------------------------------------------------------------------------------


def test_an_unreceived_emergency_alarms_until_somebody_acts(crew: Crew) -> None:
    case = acts.send(crew.filled("emergency"), crew.doctor)
    assert queries.alarms(crew.unit) == []
    later = clock.seconds() + 5 * 60
    with clock.reading_from(lambda: later):
        assert [a.code for a in queries.alarms(crew.unit)] == ["not_received"]
        jobs.emergency_watch(crew.profile)
        jobs.emergency_watch(crew.profile)
        assert CaseEvent.objects.filter(act="alarm_not_received").count() == 1
        for bad in (("letter", "x"), ("call", " ")):
            with pytest.raises(Refusal):
                acts.record_alarm_act(case, crew.assistant, *bad)
        acts.record_alarm_act(case, crew.assistant, "call", "Dr Amal, regional hospital: bring her")
        assert queries.alarms(crew.unit) == []


def test_nobody_on_duty_is_said_at_once_and_again_after_it_changes(crew: Crew) -> None:
    case = acts.receive(acts.send(crew.filled("emergency"), crew.doctor))
    assert case.status == "received" and [a.code for a in queries.alarms(crew.unit)] == ["nobody_on_duty"]
    jobs.case_routing(load.profile("hub"))
    assert CaseEvent.objects.filter(act="nobody_on_duty").count() == 1
    on_duty(crew.heart)
    assert jobs.case_routing(load.profile("hub")) == 1
    assert queries.alarms(crew.unit) == []
    later = clock.seconds() + 16 * 60
    with clock.reading_from(lambda: later):
        assert [a.code for a in queries.alarms(crew.unit)] == ["late"]


def test_overdue_is_written_once_by_the_node_that_has_the_case(crew: Crew) -> None:
    hub = load.profile("hub")
    case = acts.send(crew.filled("urgent"), crew.doctor)
    later = clock.seconds() + 5 * 3600
    with clock.reading_from(lambda: later):
        assert jobs.overdue_watch(hub) == 0
        assert jobs.overdue_watch(crew.profile) == 1
        assert jobs.overdue_watch(crew.profile) == 0
        assert queries.board().late[0].case.pk == case.pk


# --- two nodes ------------------------------------------------------------------------------------


def test_the_journey_between_two_nodes(crew: Crew, hub: Any, wired: Any) -> None:
    wired(crew.profile, load.profile("hub"))
    on_duty(crew.heart)
    case = sent(crew)
    carry(crew.node, hub, times=2)
    with at(hub):
        there = Case.objects.get()
        assert (there.status, there.specialist_id) == ("assigned", crew.heart.pk)
        assert CaseEvent.objects.filter(act="receive").count() == 1
        acts.receive(there)
        assert CaseEvent.objects.filter(act="receive").count() == 1
        acts.answer(acts.accept(there, crew.heart), crew.heart, ANSWER, key_of(crew.heart))
        assert Case.objects.get().status == "answered"
    carry(hub, crew.node, times=2)
    here = Case.objects.get()
    assert here.status == "on_unit" and here.on_unit_at and CaseEvent.objects.filter(act="deliver").count() == 1
    acts.close(acts.explain(here, crew.doctor), crew.doctor, "treated_here")
    carry(crew.node, hub)
    with at(hub):
        assert Case.objects.get(pk=case.pk).status == "closed"
    assert not Clash.objects.filter(open=True).exists()


def test_a_box_whose_clock_was_set_back_still_serves_its_unit(crew: Crew) -> None:
    units.assign_node(crew.unit, "BOX9", None, local_day() - timedelta(days=40), beside=True)
    units.assign_node(crew.unit, crew.node.node, None, beside=True)
    before = clock.seconds() - 20 * 86400
    with clock.reading_from(lambda: before):
        assert jobs.served_here(crew.unit.pk)
    with at(replace(crew.node, node="BOX7")):
        assert not jobs.served_here(crew.unit.pk)


def test_cancelled_while_answered_ends_answered_with_a_notice_on_both(crew: Crew, hub: Any, wired: Any) -> None:
    wired(load.profile("hub"))
    on_duty(crew.heart)
    case = sent(crew)
    carry(crew.node, hub)
    with at(hub):
        acts.answer(acts.accept(Case.objects.get(), crew.heart), crew.heart, ANSWER, key_of(crew.heart))
    acts.cancel(case, crew.doctor, "went to hospital")
    carry(hub, crew.node)
    carry(crew.node, hub)
    for node in (crew.node, hub):
        with at(node):
            found = Case.objects.get()
            assert found.status == "answered"
            assert any(line.kind == "notice" for line in queries.timeline(found))


def test_lists_bear_people_who_have_not_arrived(crew: Crew, hub: Any) -> None:
    from qafila.journal.ingest import ingest, parcels_of

    case = sent(crew)
    parcels = parcels_of(Record._base_manager.filter(subject=case.pk).order_by("no"))
    with at(hub):
        ingest(parcels)
        jobs.case_routing(load.profile("hub"))
        row = queries.board().waiting[0]
        assert row.person is None and row.unit is None and row.case.status == "received"


def test_missing_files_are_listed_with_the_answer(crew: Crew, hub: Any, wired: Any) -> None:
    from pydicom.data import get_testdata_file

    wired(load.profile("hub"))
    on_duty(crew.heart)
    case = crew.filled()
    with open(str(get_testdata_file("waveform_ecg.dcm")), "rb") as file:
        ecg = visits.add_attachment(visits.Visit.objects.get(), crew.nurse, file.read(), "ecg.dcm", view="ecg12")
    intake = {**case.intake, "ecg_quality": "good"}
    case = acts.save_packet(case, intake, case.question, "routine", crew.doctor)
    acts.send(case, crew.doctor)
    carry(crew.node, hub)
    with at(hub):
        given = acts.answer(acts.accept(Case.objects.get(), crew.heart), crew.heart, ANSWER, key_of(crew.heart))
        assert given.missing_attachments == [ecg.pk.hex]


def test_an_answer_is_withdrawn_by_its_author_alone(crew: Crew) -> None:
    on_duty(crew.heart)
    case = acts.accept(acts.receive(sent(crew)), crew.heart)
    given = acts.answer(case, crew.heart, ANSWER, key_of(crew.heart))
    with pytest.raises(NotAllowed):
        visits.mark_error(given, crew.doctor, "I do not agree")
    assert visits.mark_error(given, crew.heart, "meant for another case").status == "entered-in-error"


def test_nothing_is_written_into_a_visit_entered_in_error(crew: Crew) -> None:
    from qafila.journal.write import writing
    from tests.clinic.conftest import readings

    visit = crew.visit()
    with writing(None, "setup") as write:
        other = write.save(new_person(local_day() - timedelta(days=9999)))
    visits.move_visit(visit, other, crew.doctor, "wrong card")
    visit.refresh_from_db()
    for act in (
        lambda: visits.record_vitals(visit, crew.nurse, readings()),
        lambda: visits.record_note(visit, "exam", "clear", crew.doctor),
        lambda: acts.draft_case(visit, "cardiology", crew.doctor),
        lambda: visits.start_doctor(visit, crew.doctor),
    ):
        with pytest.raises(WrongState):
            act()
