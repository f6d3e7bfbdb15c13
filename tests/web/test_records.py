"""Files under rights and a policy, the history, who looked, clashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pydicom.data
import pytest
from django.test import Client
from PIL import Image

from qafila.clinic.cases.models import Case
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Blob, Clash, Quarantine, Read, Record
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.web.opaque import shown
from tests.web.desk import Desk, desk
from tests.web.test_specialist import queries
from tests.web.vehicle import fields, text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def heart(hub_desk: Desk) -> Client:
    return hub_desk.at(hub_desk.crew.heart)


@pytest.fixture
def coordinator(hub_desk: Desk) -> Client:
    return hub_desk.at(hub_desk.crew.coordinator)


def ecg(hub_desk: Desk) -> Any:
    """A case with a twelve-lead ECG."""
    hub_desk.sent()
    path = pydicom.data.get_testdata_file("waveform_ecg.dcm")
    with open(str(path), "rb") as file:
        return visits.add_attachment(Visit.objects.get(), hub_desk.crew.nurse, file.read(), "ecg.dcm", view="ecg12")


def test_an_ecg_on_its_paper_in_true_size_and_nothing_in_it_can_run(hub_desk: Desk, heart: Client) -> None:
    file = ecg(hub_desk)
    drawn = heart.get(f"/records/files/{file.pk}/strip/")
    assert drawn.status_code == 200 and drawn["Content-Type"] == "image/svg+xml" and b"<svg" in drawn.content
    assert "sandbox" in drawn["Content-Security-Policy"] and drawn["X-Content-Type-Options"] == "nosniff"
    assert drawn["Cache-Control"] == "no-store" and 'mm"' in drawn.content.decode()[:600]
    page = text(heart.get(f"/specialist/case/{Case.objects.get().pk}/"))
    assert f'<img src="/records/files/{file.pk}/strip/"' in page and "25 mm/s" in page


def test_what_is_no_picture_is_handed_over_as_a_file(hub_desk: Desk, heart: Client) -> None:
    whole = heart.get(f"/records/files/{ecg(hub_desk).pk}/original/")
    assert whole["Content-Disposition"].startswith("attachment") and "sandbox" in whole["Content-Security-Policy"]
    assert sum(len(part) for part in whole.streaming_content) == int(whole["Content-Length"])


def test_a_file_is_for_those_of_the_case_and_looks_are_kept(hub_desk: Desk, heart: Client) -> None:
    file = ecg(hub_desk)
    for kind in ("original", "preview", "strip", "glance"):
        address = f"/records/files/{file.pk}/{kind}/"
        assert hub_desk.at(hub_desk.crew.other_heart).get(address).status_code == 403
        assert hub_desk.at(hub_desk.admin).get(address).status_code == 403
    assert not Read.objects.filter(page="records.file").exists()
    heart.get(f"/records/files/{file.pk}/strip/")
    assert Read.objects.get(page="records.file").actor == hub_desk.crew.heart.pk


def test_a_file_that_is_still_on_its_way_says_so(hub_desk: Desk, heart: Client) -> None:
    file = ecg(hub_desk)
    Blob.objects.filter(pk=file.sha256).update(complete=False, chunks=b"")
    answer = heart.get(f"/records/files/{file.pk}/strip/")
    assert answer.status_code == 404 and "still on its way" in text(answer)
    assert "still on its way" in text(heart.get(f"/specialist/case/{Case.objects.get().pk}/"))


def test_a_photograph_is_shown_in_place(hub_desk: Desk, heart: Client) -> None:
    import io

    hub_desk.sent()
    drawn = io.BytesIO()
    Image.effect_noise((800, 600), 60).convert("RGB").save(drawn, "JPEG")
    file = visits.add_attachment(Visit.objects.get(), hub_desk.crew.nurse, drawn.getvalue(), "skin.jpg")
    assert heart.get(f"/records/files/{file.pk}/original/")["Content-Disposition"].startswith("inline")
    assert heart.get(f"/records/files/{file.pk}/preview/").status_code == 200
    assert heart.get(f"/records/files/{file.pk}/strip/").status_code == 415


def test_the_history_of_a_record_and_of_a_row(hub_desk: Desk, heart: Client) -> None:
    case = hub_desk.sent()
    page = text(heart.get(f"/records/people/{case.person_id}/"))
    assert "Palpitations for a week" in page and "case sent" in page and "Doctor" in page
    row = text(heart.get(f"/records/rows/{case.pk}/"))
    assert "case begun" in row and "case assigned" in row
    assert Read.objects.filter(page__in=("records.person", "records.row")).count() == 2
    assert heart.get("/records/rows/00000000-0000-0000-0000-000000000001/").status_code == 404
    assert hub_desk.at(hub_desk.crew.other_heart).get(f"/records/people/{case.person_id}/").status_code == 403


def test_who_looked(hub_desk: Desk, heart: Client) -> None:
    case = hub_desk.sent()
    heart.get(f"/specialist/case/{case.pk}/")
    page = text(heart.get(f"/records/people/{case.person_id}/looks/"))
    assert "Heart" in page and "Case page of the hub" in page


@pytest.fixture
def clash(hub_desk: Desk, hub: Here) -> Any:
    """Two nodes wrote different telephones of one person."""
    other = Here("U9", "unit", database=hub.database)
    with at(hub_desk.here):
        first = parcels_of(Record.objects.order_by("no"))
    with at(other):
        ingest(first)
    for node, phone in ((hub_desk.here, "0611111111"), (other, "0622222222")):
        with at(node), writing(None, "person.edit") as write:
            person = Person._base_manager.using(node.database).get(pk=hub_desk.crew.patient.pk)
            person.phone = phone
            write.save(person)
    with at(other):
        second = parcels_of(Record._base_manager.using(other.database).filter(node="U9").order_by("no"))
    with at(hub_desk.here):
        ingest(second)
    return Clash.objects.get(open=True)


def test_both_values_beside_each_other_and_one_is_kept(hub_desk: Desk, coordinator: Client, clash: Any) -> None:
    assert "Person: Telephone" in text(coordinator.get("/records/clashes/"))
    page = coordinator.get(f"/records/clashes/{shown(clash.pk)}/")
    assert "0611111111" in text(page) and "0622222222" in text(page) and "U9" in text(page)
    posted = fields(page, "Keep this one") | {"keep": "1"}
    coordinator.post(f"/records/clashes/{shown(clash.pk)}/", posted)
    assert not Clash.objects.filter(open=True).exists() and Person.objects.get(pk=clash.subject).phone == "0611111111"
    assert "Everything agrees" in text(coordinator.get("/records/clashes/"))


def test_another_value_is_written(coordinator: Client, clash: Any) -> None:
    coordinator.post(f"/records/clashes/{shown(clash.pk)}/", {"keep": "other", "other": "0633333333"})
    assert Person.objects.get(pk=clash.subject).phone == "0633333333"
    assert not Clash.objects.filter(open=True).exists()


@pytest.mark.parametrize(
    "posted", [{}, {"keep": "9"}, {"keep": "x"}, {"keep": "other", "other": " "}, {"keep": "other", "other": "9" * 99}]
)
def test_a_bad_choice_is_said_and_changes_nothing(coordinator: Client, clash: Any, posted: dict[str, str]) -> None:
    before = Record.objects.count()
    answer = coordinator.post(f"/records/clashes/{shown(clash.pk)}/", posted)
    assert answer.status_code == 422 and 'role="alert"' in text(answer)
    assert Record.objects.count() == before and Clash.objects.filter(open=True).exists()


def test_nobody_decides_about_values_unseen(coordinator: Client, clash: Any) -> None:
    answer = coordinator.post(f"/records/clashes/{shown(clash.pk)}/", {"keep": "0", "seen": "other"}, follow=True)
    assert "Look again" in text(answer) and Clash.objects.filter(open=True).exists()


def test_what_was_not_understood_is_listed_without_its_words(coordinator: Client) -> None:
    Quarantine.objects.create(node="U9", run=1, seq=7, raw=b"Salma's secret", reason="unknown kind")
    page = text(coordinator.get("/records/quarantine/"))
    assert "unknown kind" in page and "U9" in page and "secret" not in page


def test_the_history_costs_the_same_for_any_number(hub_desk: Desk, heart: Client) -> None:
    case = hub_desk.sent()
    address = f"/records/people/{case.person_id}/"
    heart.get(address)
    few = queries(heart, address)
    for n in range(5):
        visits.record_note(Visit.objects.get(), "exam", f"Note {n}", hub_desk.crew.doctor)
    assert queries(heart, address) == few


def test_a_record_that_was_not_understood_is_tried_again_or_dealt_with(hub_desk: Desk, coordinator: Client) -> None:
    with at(hub_desk.here):
        known = parcels_of(Record.objects.order_by("no"))[-1]
    raw = {"header": known.header.hex(), "fields": None, "salt": "", "prev": known.prev.hex(), "lane": known.lane}
    again = Quarantine.objects.create(node="U9", run=1, seq=7, raw=orjson.dumps(raw), reason="after an update")
    broken = Quarantine.objects.create(
        node="U9", run=1, seq=8, raw=orjson.dumps(raw | {"header": b"{".hex()}), reason="no header"
    )
    page = coordinator.get("/records/quarantine/")
    posted = fields(page, f"/records/quarantine/{shown(again.pk)}/")
    assert "is understood now" in text(
        coordinator.post(f"/records/quarantine/{shown(again.pk)}/", posted | {"again": "yes"}, follow=True)
    )
    address = f"/records/quarantine/{shown(broken.pk)}/"
    assert "still cannot" in text(coordinator.post(address, {"again": "yes"}, follow=True))
    assert "Write what was done" in text(coordinator.post(address, {"words": " "}, follow=True))
    coordinator.post(address, {"words": "The unit was updated and wrote it anew"})
    rows = {q.pk: q for q in Quarantine.objects.all()}
    assert rows[again.pk].settled and not rows[again.pk].words
    assert rows[broken.pk].settled and rows[broken.pk].words.startswith("The unit was updated")
    assert "was understood" in text(coordinator.get("/records/quarantine/"))
