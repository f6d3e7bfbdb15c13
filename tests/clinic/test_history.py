"""Longitudinal lists and consents: none known is not *not asked*, a change is a new row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qafila.clinic.history import acts, consents
from qafila.clinic.history.models import HistoryEntry, Section
from qafila.clinic.history.queries import lists_of, patient
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import corrections
from qafila.clinic.visits.models import Consent, FactStatus
from qafila.kernel.dates import PartialDate
from qafila.kernel.rights import NotAllowed
from qafila.registry.people import acts as people
from qafila.registry.people.models import PersonLink
from qafila.registry.places.here import local_day
from tests.clinic.conftest import Crew


def known(crew: Crew, section: str) -> str:
    return lists_of([crew.patient.pk])[section].known


@pytest.mark.parametrize("section", Section.values)
def test_not_asked_none_known_and_some(crew: Crew, section: str) -> None:
    assert known(crew, section) == "not_asked"
    none = acts.none_known(crew.patient, section, crew.doctor)
    assert acts.none_known(crew.patient, section, crew.doctor) == none
    assert known(crew, section) == "none_known"
    entry = acts.add(crew.patient, section, crew.doctor, "Something", since=PartialDate(2019, 3))
    assert (known(crew, section), entry.replaces, entry.since) == ("some", none.pk, "2019-03")
    with pytest.raises(Refusal):
        acts.none_known(crew.patient, section, crew.doctor)


def test_a_change_is_a_new_row(crew: Crew) -> None:
    entry = acts.add(crew.patient, "medication", crew.nurse, "Metformin 500 mg", detail="2 a day")
    assert acts.add(crew.patient, "medication", crew.nurse, "metformin 500 MG", detail="2 a day") == entry
    stopped = acts.change(entry, crew.nurse, "stopped", PartialDate(2025, 1))
    assert (stopped.replaces, stopped.words, stopped.until) == (entry.pk, "Metformin 500 mg", "2025-01")
    assert HistoryEntry.objects.get(pk=entry.pk).status == FactStatus.AMENDED
    held = lists_of([crew.patient.pk])["medication"]
    assert (held.open, held.past) == ([], [stopped])
    wrong = corrections.mark_error(stopped, crew.nurse, "another person's")
    assert wrong.status == FactStatus.ERROR
    assert known(crew, "medication") == "not_asked"


def test_what_is_refused(crew: Crew) -> None:
    tomorrow = local_day() + timedelta(days=1)
    bad: list[dict[str, Any]] = [
        {"section": "problem", "words": " "},
        {"section": "shoes", "words": "x"},
        {"section": "problem", "words": "x", "state": "taking"},
        {"section": "problem", "words": "x", "since": PartialDate(tomorrow.year, tomorrow.month, tomorrow.day)},
        {"section": "problem", "words": "x", "since": PartialDate(1850)},
        {"section": "problem", "words": "x", "since": PartialDate(2020), "until": PartialDate(2019)},
        {"section": "problem", "words": "x" * 201},
        {"section": "pregnancy", "words": "", "due": local_day() + timedelta(days=400)},
    ]
    for one in bad:
        with pytest.raises(Refusal):
            acts.add(crew.patient, one.pop("section"), crew.doctor, one.pop("words"), **one)
    with pytest.raises(NotAllowed):
        acts.add(crew.patient, "problem", crew.nurse, "x")
    with pytest.raises(NotAllowed):
        acts.none_known(crew.patient, "medication", crew.assistant)
    assert not HistoryEntry.objects.exists()


def test_one_pregnancy_at_a_time_and_none_of_a_man(crew: Crew) -> None:
    due = acts.due_of(local_day() - timedelta(days=70))
    first = acts.add(crew.patient, "pregnancy", crew.nurse, "", due=due)
    assert [(d.what, d.day, d.over) for d in patient(crew.patient).due] == [("birth", due, False)]
    with pytest.raises(Refusal):
        acts.add(crew.patient, "pregnancy", crew.nurse, "", due=due)
    acts.add(crew.patient, "pregnancy", crew.nurse, "", state="live_birth", until=PartialDate(2020))
    acts.change(first, crew.nurse, "miscarriage")
    assert patient(crew.patient).due == []
    people.edit(crew.patient, None, {"sex": "male"})
    with pytest.raises(Refusal):
        acts.add(crew.patient, "pregnancy", crew.nurse, "")


def test_the_page_reads_all_records_of_one_person(crew: Crew) -> None:
    other = people.register(None, None, names=[people.NameParts("Latn", "Fatima")], sex="female")
    acts.add(other, "problem", crew.doctor, "Asthma")
    people.link(other, PersonLink.Relation.SAME, crew.patient, None)
    assert [e.words for e in patient(crew.patient).lists["problem"].open] == ["Asthma"]
    assert [e.words for e in patient(other).lists["problem"].open] == ["Asthma"]


def test_consent_by_purpose_with_its_paper_and_taken_back(crew: Crew) -> None:
    def states() -> dict[str, str]:
        return {s.purpose.code: s.state for s in consents.standing(crew.patient)}

    assert states() == dict.fromkeys(
        ("care", "referral", "picture", "message", "teaching", "research", "abroad"), "not_asked"
    )
    paper = b"%PDF-1.4\nsigned\n%%EOF\n"
    given = consents.give(crew.patient, crew.assistant, "teaching", "permit", "signed", scan=paper, scan_name="c.pdf")
    consents.give(crew.patient, crew.assistant, "abroad", "deny", "spoken")
    assert {code: state for code, state in states().items() if state != "not_asked"} == {
        "teaching": "permit", "abroad": "deny",
    }  # fmt: skip
    scan = next(s.scan for s in consents.standing(crew.patient) if s.purpose.code == "teaching")
    assert scan is not None and scan.media == "application/pdf"
    back = consents.withdraw(given, crew.assistant, "changed her mind")
    assert (back.replaces, back.decision) == (given.pk, "withdrawn")
    assert Consent.objects.get(pk=given.pk).withdrawn_at is not None
    assert states()["teaching"] == "withdrawn"
    with pytest.raises(Refusal):
        consents.withdraw(given, crew.assistant)
    consents.give(crew.patient, crew.assistant, "teaching", "permit", "spoken")
    assert states()["teaching"] == "permit"


@pytest.mark.parametrize(
    "bad",
    [
        {"purpose": "shoes"},
        {"decision": "perhaps"},
        {"method": "emergency_unable"},
        {"given_by": "mother"},
        {"given_by": "nobody"},
    ],
)
def test_consents_that_are_refused(crew: Crew, bad: dict[str, str]) -> None:
    said = {"purpose": "care", "decision": "permit", "method": "spoken"} | bad
    with pytest.raises(Refusal):
        consents.give(crew.patient, crew.assistant, **said)
    assert not Consent.objects.exists()
