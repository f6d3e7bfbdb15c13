"""What is confidential: who treats sees it, others know of it where the rule says so, on every page that shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext
from PIL import Image

from qafila.clinic.cases.models import Case
from qafila.clinic.history import acts as lists
from qafila.clinic.imaging import taking
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Condition, Observation, Visit
from qafila.journal.fold import settle
from qafila.journal.here import Here
from qafila.journal.models import Label
from qafila.journal.write import writing
from qafila.packs import load
from tests.clinic.conftest import readings
from tests.web.desk import Desk, desk
from tests.web.test_watching import person_of
from tests.web.vehicle import text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def labelled(row: Any, level: int) -> None:
    with writing(None, "setup") as write:
        held = type(row).objects.get(pk=row.pk)
        held.label = level
        write.save(held)


def test_diagnoses_that_are_confidential_from_the_start() -> None:
    of = load.access().of_condition
    assert [of(code) for code in ("B20", "B24", "Z21", "F32.1", "T74.2", "Z30.0", "Y07.1")] == [1] * 7
    assert [of(code) for code in ("I10", "B19", "Z29", "", "T75")] == [0] * 5


def test_a_confidential_diagnosis(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    visit = visits.start_doctor(crew.visit(), crew.doctor)
    row = visits.add_condition(visit, "F32.1", "provisional", "Heavy mood", "en", crew.doctor)
    entry = lists.add(crew.patient, "problem", crew.doctor, "Heavy mood", code="F32.1", visit=visit)
    plain = visits.add_condition(visit, "I10", "provisional", "High pressure", "en", crew.doctor)
    assert (row.label, entry.label, plain.label) == (Label.RESTRICTED, Label.RESTRICTED, Label.NORMAL)
    page = f"/records/patients/{crew.patient.pk}/"
    for who in (crew.doctor, crew.nurse):
        assert "Heavy mood" in text(hub_desk.at(who).get(page))
    labelled(entry, Label.VERY_RESTRICTED)
    labelled(Condition.objects.get(pk=row.pk), Label.VERY_RESTRICTED)
    assert "Heavy mood" in text(hub_desk.at(crew.doctor).get(page))
    nurse = text(hub_desk.at(crew.nurse).get(page))
    assert "Heavy mood" not in nurse and "High pressure" in nurse
    # The history: a coordinator learns that there is something, and nothing of it.
    past = text(hub_desk.at(crew.coordinator).get(f"/records/people/{crew.patient.pk}/"))
    assert "Heavy mood" not in past and "High pressure" in past and "Confidential." in past
    assert hub_desk.at(crew.coordinator).get(f"/records/rows/{row.pk}/").status_code == 403
    assert "Heavy mood" in text(hub_desk.at(crew.doctor).get(f"/records/people/{crew.patient.pk}/"))
    assert "Heavy mood" not in text(hub_desk.at(hub_desk.admin).get(f"/records/people/{crew.patient.pk}/"))
    assert "Confidential." not in text(hub_desk.at(hub_desk.admin).get(f"/records/people/{crew.patient.pk}/"))


def test_an_intimate_picture_is_for_who_treats(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    visit = crew.visit()
    site = next(one.code for one in load.body().region if one.intimate)
    from io import BytesIO

    held = BytesIO()
    Image.effect_noise((900, 700), 90).convert("RGB").save(held, "JPEG", quality=90)
    words = load.body().keep_reason[0].code
    file = taking.keep_photo(visit, crew.nurse, held.getvalue(), site=site, kept=words)
    assert file.label == Label.RESTRICTED
    boss = person_of(crew.unit.code, "karim", "supervisor")
    addresses = [f"/records/files/{file.pk}/{what}/" for what in ("original", "preview", "look")]
    addresses.append(f"/nurse/files/{file.pk}/")
    for address in addresses:
        assert hub_desk.at(crew.nurse).get(address).status_code == 200, address
        for who in (crew.assistant, crew.coordinator, boss):
            assert hub_desk.at(who).get(address).status_code == 403, (address, who)
    record = f"/nurse/record/{visit.pk}/"
    assert f"/nurse/files/{file.pk}/" in text(hub_desk.at(crew.nurse).get(record))
    for who, knows in ((crew.assistant, False), (boss, True)):
        page = text(hub_desk.at(who).get(record))
        assert f"{file.pk}" not in page and ("shield-lock" in page) is knows


def test_a_confidential_case_is_routed_and_not_read(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    labelled(case, Label.RESTRICTED)
    page = text(hub_desk.at(hub_desk.crew.heart).get(f"/specialist/case/{case.pk}/"))
    assert "beta blocker" in page
    other = text(hub_desk.at(hub_desk.crew.coordinator).get(f"/specialist/case/{case.pk}/"))
    assert "Restricted." in other and "beta blocker" not in other and "Palpitations" not in other
    assert "Give it to" in other or "reroute" in other
    boss = person_of(hub_desk.crew.unit.code, "karim", "supervisor")
    assert hub_desk.at(boss).get(f"/doctor/case/{case.pk}/").status_code == 403
    assert hub_desk.at(hub_desk.crew.assistant).get(f"/prints/transfer/{case.pk}/").status_code == 403
    assert Case.objects.get(pk=case.pk).question


def test_a_label_is_raised_and_lowered_on_a_page_by_who_sees_the_row(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    visit = visits.start_doctor(crew.visit(), crew.doctor)
    entry = lists.add(crew.patient, "problem", crew.doctor, "Old sorrow", code="Z60.2", visit=visit)
    boss = person_of(crew.unit.code, "karim", "supervisor")
    row, record = f"/records/rows/{entry.pk}/", f"/records/patients/{crew.patient.pk}/"

    def give(who: Any, level: object) -> int:
        return hub_desk.at(who).post(f"{row}label/", {"level": level}).status_code

    assert "Old sorrow" in text(hub_desk.at(crew.nurse).get(record))
    assert 'name="level"' in text(hub_desk.at(boss).get(row))
    assert [give(boss, odd) for odd in ("", "3", "-1", "²", "x")] == [400] * 5
    assert give(crew.nurse, 2) == give(crew.coordinator, 2) == 403
    # A supervisor raises it, sees it no more, and so cannot lower it again.
    assert give(boss, 2) == 302 and type(entry).objects.get(pk=entry.pk).label == Label.VERY_RESTRICTED
    assert "Old sorrow" not in text(hub_desk.at(crew.nurse).get(record))
    assert hub_desk.at(boss).get(row).status_code == 403 and give(boss, 0) == 403
    assert "Old sorrow" not in text(hub_desk.at(boss).get(f"/records/people/{crew.patient.pk}/"))
    assert give(crew.doctor, 1) == 302 and "Old sorrow" in text(hub_desk.at(crew.nurse).get(record))
    past = text(hub_desk.at(crew.doctor).get(row))
    with translation.override(crew.doctor.interface_language):
        assert gettext("confidentiality changed") in past
    assert ">Confidentiel<" in past and "Restricted" not in past
    # What no page hides by its label has none to change.
    visits.record_vitals(visit, crew.nurse, readings())
    reading = Observation.objects.filter(visit_id=visit.pk)[0]
    assert 'name="level"' not in text(hub_desk.at(crew.doctor).get(f"/records/rows/{reading.pk}/"))
    assert hub_desk.at(crew.doctor).post(f"/records/rows/{reading.pk}/label/", {"level": 1}).status_code == 404


def test_a_note_is_for_who_sees_its_label(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    crew, seen = hub_desk.crew, "beaten at home"
    visit = Visit.objects.get(pk=case.visit_id)
    page, consult = f"/specialist/case/{case.pk}/", f"/doctor/visit/{visit.pk}/"
    note = visits.record_note(visit, "history", f"Says she was {seen}", crew.doctor)
    assert seen in text(hub_desk.at(crew.coordinator).get(page))
    said = hub_desk.at(crew.doctor).post(f"/records/rows/{note.pk}/label/", {"level": 2})
    assert said.status_code == 302
    for who, shown in ((crew.coordinator, False), (crew.heart, True)):
        assert (seen in text(hub_desk.at(who).get(page))) is shown
    assert seen in text(hub_desk.at(crew.doctor).get(consult))
    past = f"/records/people/{crew.patient.pk}/"
    assert seen not in text(hub_desk.at(crew.coordinator).get(past))
    # A newer text is as confidential as the one that it replaces.
    newer = visits.record_note(visit, "history", f"Says again: {seen}", crew.doctor)
    assert newer.label == Label.VERY_RESTRICTED


def test_a_newer_word_is_as_confidential_as_the_one_before(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    visit = visits.start_doctor(crew.visit(), crew.doctor)
    entry = lists.add(crew.patient, "problem", crew.doctor, "Heavy mood", code="F32.1", visit=visit)
    assert lists.change(entry, crew.doctor, "resolved").label == Label.RESTRICTED
    row = visits.add_condition(visit, "I10", "provisional", "High pressure", "en", crew.doctor)
    labelled(row, Label.VERY_RESTRICTED)
    surer = visits.add_condition(visit, "I10", "confirmed", "High pressure", "en", crew.doctor)
    assert surer.pk != row.pk and surer.label == Label.VERY_RESTRICTED


def test_of_two_labels_given_side_by_side_the_stricter_holds() -> None:
    assert (
        settle(Case, "label", [0, 2]) == settle(Case, "label", [2, 0]) == settle(Condition, "label", [2, 1]) == (2, [])
    )
