"""Requests about one's own record: two people erase it, few see what is put aside, what is wrong is put right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from qafila.clinic.access import door
from qafila.clinic.access.models import AccessGrant
from qafila.clinic.visits.models import Note
from qafila.journal import check, history
from qafila.journal.here import Here
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.claims import erasure, rectifying, restricting, retention
from qafila.registry.claims.models import ErasureRequest, Rectification, Restriction, RetentionDue
from qafila.registry.people.models import Person
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.sync import erasing
from qafila.sync.models import Erasure, ErasureReceipt, Peer
from tests.web.desk import Desk, desk
from tests.web.vehicle import fields, text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    unit.confirmed_by_hub = False
    with desk(unit) as made:
        with writing(None, "setup") as write:
            made.admin.interface_language = "en"
            write.save(made.admin)
        yield made


@pytest.fixture
def person(hub_desk: Desk) -> Person:
    return hub_desk.another()


def send(client: Client, url: str, **values: str) -> Any:
    page = client.get(url)
    assert page.status_code == 200, page.status_code
    return client.post(url, fields(page) | values)


def test_one_person_asks_and_another_confirms(hub_desk: Desk, person: Person) -> None:
    board, admin = hub_desk.at(hub_desk.crew.coordinator), hub_desk.at(hub_desk.admin)
    url = f"/claims/people/{person.pk}/"
    assert send(board, url, what="erase", ground="", reason="letter of 3 May").status_code == 422
    assert send(board, url, what="erase", ground="withdrawn", reason="").status_code == 422
    assert send(board, url, what="erase", ground="withdrawn", reason="letter", reference="12/26").status_code == 302
    assert send(board, url, what="erase", ground="withdrawn", reason="again").status_code == 422
    row = ErasureRequest.objects.get()
    decide = f"/claims/erasures/{row.pk}/"
    with pytest.raises(ActRefused):
        erasure.confirm(row, hub_desk.crew.coordinator)
    assert "another person confirms" in text(board.get("/claims/"))
    assert admin.post(decide, {"decision": "confirm"}).status_code == 422
    assert admin.post(decide, {"decision": "refuse", "words": ""}).status_code == 422
    Peer.objects.create(code="U9", profile="unit")
    assert admin.post(decide, {"decision": "confirm", "sure": "yes"}).status_code == 302
    erasing.settle()
    assert not Person.objects.filter(pk=person.pk).exists() and not ErasureRequest.objects.exists()
    assert not Record.objects.filter(patient=person.pk).exclude(fields=None).exists()
    word = Erasure.objects.get()
    assert (word.who, word.ground, word.reference, word.asked_by) == (
        person.pk, "withdrawn", "12/26", hub_desk.crew.coordinator.pk,
    )  # fmt: skip
    assert ErasureReceipt.objects.get().node == hub_desk.here.node
    shown = text(admin.get("/claims/"))
    assert "1 node has not answered" in shown and "U9" in shown and "12/26" in shown and "Admin" in shown
    assert admin.post(decide, {"decision": "confirm", "sure": "yes"}).status_code == 404
    assert list(check.problems()) == []


def test_an_erasure_waits_for_what_is_open_and_may_be_refused(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    row = erasure.ask(case.person, hub_desk.crew.coordinator, "ordered", "a court")
    with pytest.raises(ActRefused, match="open"):
        erasure.confirm(row, hub_desk.admin)
    erasure.refuse(row, hub_desk.admin, "the law asks to keep it")
    with pytest.raises(ActRefused, match="decided"):
        erasure.confirm(row, hub_desk.admin)
    assert ErasureRequest.objects.get().words == "the law asks to keep it" and not Erasure.objects.exists()


def test_a_unit_cannot_confirm(hub_desk: Desk, person: Person) -> None:
    row = erasure.ask(person, hub_desk.crew.coordinator, "ordered", "a court")
    hub_desk.here.confirmed_by_hub = True
    with pytest.raises(ActRefused, match="hub"):
        erasure.confirm(row, hub_desk.admin)


def test_a_record_put_aside_is_seen_by_few_and_by_others_with_a_reason(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    board, heart = hub_desk.at(hub_desk.crew.coordinator), hub_desk.at(hub_desk.crew.heart)
    page, url = f"/records/patients/{case.person_id}/", f"/claims/people/{case.person_id}/"
    assert heart.get(page).status_code == 200
    assert send(board, url, what="restrict", reason="").status_code == 422
    assert send(board, url, what="restrict", reason="says it is not hers").status_code == 302
    for closed in (page, f"/specialist/case/{case.pk}/"):
        answer = heart.get(closed)
        assert answer.status_code == 403 and "This record is put aside." in text(answer)
        assert "says it is not hers" not in text(answer) and "The person is here" not in text(answer)
    assert restricting.without_restricted([case.person_id]) == set()
    assert board.get(url).status_code == 200
    assert door.may_open(hub_desk.crew.coordinator, case.person_id).person == case.person_id
    breaking = f"/watch/people/{case.person_id}/emergency/"
    assert heart.post(breaking, {"reason": " "}).status_code == 422
    assert heart.post(breaking, {"reason": "chest pain, now", "next": page})["Location"] == page
    assert "says it is not hers" in text(heart.get(page))
    grant = AccessGrant.objects.get()
    assert grant.reason == "chest pain, now"
    heart.post(f"/watch/emergency/{grant.pk}/end/")
    assert heart.get(page).status_code == 403
    assert send(board, url, what="lift", reason="it is hers").status_code == 302
    assert heart.get(page).status_code == 200 and Restriction.objects.get().words == "it is hers"
    assert case.person_id not in restricting.restricted()


def test_what_is_wrong_is_put_right_by_a_new_entry_or_refused(hub_desk: Desk, person: Person) -> None:
    board = hub_desk.at(hub_desk.crew.coordinator)
    url = f"/claims/people/{person.pk}/"
    assert send(board, url, what="rectify", wrong="").status_code == 422
    assert send(board, url, what="rectify", wrong="the phone", right="0612").status_code == 302
    one = Rectification.objects.get()
    assert send(board, url, what="done", one=one.pk.hex, row=person.pk.hex).status_code == 422
    old = Person.objects.get(pk=person.pk).phone
    with writing(None, "person.edit") as write:
        row = Person.objects.get(pk=person.pk)
        row.phone = "0612000000"
        write.save(row)
    assert [e.subject for e in rectifying.corrections(one)] == [person.pk]
    assert send(board, url, what="done", one=one.pk.hex, row=person.pk.hex, words="by the card").status_code == 302
    assert Rectification.objects.get().row == person.pk
    assert any((e.fields or {}).get("phone", "") == old for e in history.of_subject(person.pk))
    assert send(board, url, what="rectify", wrong="the diagnosis").status_code == 302
    two = Rectification.objects.get(state="asked")
    assert send(board, url, what="refuse", one=two.pk.hex, words="").status_code == 422
    assert send(board, url, what="refuse", one=two.pk.hex, words="it was seen by two doctors").status_code == 302
    assert "it was seen by two doctors" in text(board.get(url))
    assert send(board, url, what="nonsense").status_code == 404


def test_who_may_not_is_refused(hub_desk: Desk, person: Person) -> None:
    heart = hub_desk.at(hub_desk.crew.heart)
    assert heart.get("/claims/").status_code == 403
    assert heart.get(f"/claims/people/{person.pk}/").status_code == 403
    with writing(None, "setup") as write:
        gone = write.save(Staff(username="left", name="Left", roles=["coordinator"], active=False))
    with pytest.raises(Exception, match="erasure.ask"):
        erasure.ask(person, gone, "withdrawn", "x")


PERIODS = """
version = 1
[[keep]]
code = "record"
label = { ar = "س", fr = "d", en = "Whole record" }
kinds = ["*"]
years = 20
counted_from = "last_contact"
source = { ar = "قرار الوزارة", fr = "Un arrêté du ministère", en = "An order of the ministry" }
status = "%s"
[[keep]]
code = "notes"
label = { ar = "س", fr = "d", en = "Notes" }
kinds = ["clinic.note"]
years = 10
counted_from = "written"
source = { ar = "قرار الوزارة", fr = "Un arrêté du ministère", en = "An order of the ministry" }
status = "%s"
"""


@pytest.mark.parametrize("status", ["draft", "approved"])
def test_what_was_kept_for_long_enough_is_listed_and_erased_when_confirmed(
    hub_desk: Desk, tmp_path: Path, status: str
) -> None:
    folder = load.country("morocco").folder
    file = tmp_path / f"countries/{folder}/retention.toml"
    file.parent.mkdir(parents=True)
    file.write_text(PERIODS % (status, status))
    start = clock.now().timestamp()
    old = hub_desk.another()
    with writing(None, "note.write") as write:
        note = write.save(Note(person=old, kind_of_note="note", text="long ago"))
    load.use_root(tmp_path)
    try:
        assert retention.look() == 0
        with clock.reading_from(lambda: start + 11 * 366 * 86400):
            assert retention.look() == RetentionDue.objects.filter(rule="notes", person=old.pk).count() == 1
            entry = RetentionDue.objects.get()
            assert entry.rows == [note.pk.hex]
            client = hub_desk.at(hub_desk.admin)
            page = client.get("/claims/retention/")
            assert "Whole record" in text(page) and old.code in text(page)
            confirmed = client.post(f"/claims/retention/{entry.pk}/", {"sure": "yes"})
            erasing.settle()
            gone = not Note.objects.exists()
            assert confirmed.status_code == (302 if status == "approved" else 422)
            assert gone == (status == "approved") and Person.objects.filter(pk=old.pk).exists()
        with clock.reading_from(lambda: start + 40 * 366 * 86400):
            retention.look()
            whole = RetentionDue.objects.filter(rule="record", person=old.pk)
            assert whole.count() == 1
            if status == "approved":
                retention.confirm(whole.get(), hub_desk.admin)
                erasing.settle()
                assert not Person.objects.filter(pk=old.pk).exists()
                retention.look()
                assert not RetentionDue.objects.filter(person=old.pk).exists()
    finally:
        load.use_root(None)
    assert list(check.problems()) == []
