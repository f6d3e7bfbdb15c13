"""What a hand slips into the vitals sheet: asked about or refused in words that help, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Note, Observation, Visit
from qafila.journal.here import Here
from qafila.journal.models import Label
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.web.nurse.sheet import day_typed
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def aged(van: Vehicle, years: int, sex: str = "female") -> Visit:
    born = local_day() - timedelta(days=round(years * 365.25) + 100)
    birth = PartialDate(born.year, born.month, born.day)
    person = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Nour")], birth=birth, sex=sex)
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def save(van: Vehicle, visit: Visit, **typed: str) -> HttpResponse:
    return van.at("rachid").post(f"/nurse/vitals/{visit.pk}/", typed)


def written(**days: int) -> str:
    """A day so long ago, as people write it."""
    return f"{local_day() - timedelta(**days):%d/%m/%Y}"


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("spo2", "8", "between 10 and 100"),
        ("spo2", "108", "between 10 and 100"),
        ("temperature", "98.6", "Is it 98.6 °F?"),
        ("weight", "350", "Is it right?"),
        ("weight", "1,234", "two ways"),
        ("height", "1.70", "Is it 1.7 m?"),
        ("pulse", "8O", "is not a number"),
        ("lmp", "25/13/2025", "day/month/year"),
        ("lmp", "2025", "day/month/year"),
        ("lmp", "last month", "day/month/year"),
    ],
)
def test_it_is_asked_or_refused_and_everything_typed_stays(van: Vehicle, name: str, typed: str, words: str) -> None:
    visit = aged(van, 40)
    answer = save(van, visit, **{"respirations": "16", "diastolic": "٨٠", name: typed})
    page = answer.content.decode()
    assert answer.status_code == 422 and "Nothing is saved yet" in text(answer)
    assert words in text(answer) or (words == "two ways" and 'data-value="1.234"' in page)
    for value in ("16", "٨٠", typed):
        assert f'value="{value}"' in page
    assert not Observation.objects.exists()


def test_a_unit_that_was_perhaps_meant_is_one_tap_away(van: Vehicle) -> None:
    visit = aged(van, 40)
    page = save(van, visit, temperature="98.6", **{"unit-temperature": "Cel"}).content.decode()
    button = re.search(r"<button[^>]*data-put=\"u-temperature\"[^>]*>", page)
    assert button and 'data-value="[degF]"' in button.group() and 'data-then="v-temperature"' in button.group()
    assert save(van, visit, temperature="98.6", **{"unit-temperature": "[degF]"}).status_code == 302
    row = Observation.objects.get(code="temperature")
    assert float(row.number or 0) == 37.0 and (row.entered, row.entered_unit) == ("98.6", "[degF]")


@pytest.mark.parametrize(("typed", "kept"), [("٣٧٫٥", 37.5), ("۳۷٫۵", 37.5), ("37,5", 37.5), (" 37.5 ", 37.5)])
def test_every_script_and_separator(van: Vehicle, typed: str, kept: float) -> None:
    assert save(van, aged(van, 40), temperature=typed).status_code == 302
    assert float(Observation.objects.get().number or 0) == kept


@given(st.text(max_size=80) | st.from_regex(r"[0-9٠-٩]{1,4}[/.-][0-9٠-٩]{1,4}[/.-][0-9٠-٩]{1,4}", fullmatch=True))
def test_anything_typed_as_a_day_is_a_day_or_gets_words(typed: str) -> None:
    found = day_typed(typed)
    assert found <= local_day() if isinstance(found, date) else found


def test_350_kg_is_kept_once_somebody_says_that_it_is_right(van: Vehicle) -> None:
    visit = aged(van, 40)
    assert save(van, visit, weight="350").status_code == 422
    assert save(van, visit, weight="350", **{"ok-weight": "350|kg"}).status_code == 302
    row = Observation.objects.get()
    assert row.confirmed and row.entered == "350"


def test_a_birth_in_the_future_is_refused_at_registration(van: Vehicle) -> None:
    form = {"given_latn": "Nour", "given": "Nour", "sex": "female", "birth": f"01/01/{local_day().year + 1}"}
    answer = van.at("fatima").post("/reception/people/register/", form)
    assert answer.status_code in (200, 422) and "in the future" in text(answer)
    assert form["birth"] in answer.content.decode() and not Person.objects.exists()


def test_pregnancy_of_somebody_recorded_as_male(van: Vehicle) -> None:
    visit = aged(van, 30, "male")
    answer = save(van, visit, pulse="80", pregnant="yes")
    assert answer.status_code == 422 and "recorded as male" in text(answer)
    assert not Observation.objects.exists()
    assert save(van, visit, pulse="80", pregnant="yes", **{"ok-pregnant": "yes|"}).status_code == 302
    assert Observation.objects.get(code="pregnant").confirmed
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("years", "asked"), [(9, True), (10, True), (14, True), (15, False), (49, False), (50, True), (54, True)]
)
def test_pregnancy_at_an_unusual_age_is_confirmed(van: Vehicle, years: int, asked: bool) -> None:
    visit = aged(van, years)
    offered = 'name="pregnant"' in van.at("rachid").get(f"/nurse/vitals/{visit.pk}/").content.decode()
    assert offered == (years >= 10)
    if offered:
        answer = save(van, visit, pregnant="yes")
        assert answer.status_code == (422 if asked else 302)
        assert ("unusual at this age" in text(answer)) == asked


def test_a_pregnancy_under_18_writes_a_restricted_note_once(van: Vehicle) -> None:
    visit = aged(van, 16)
    assert save(van, visit, pregnant="yes").status_code == 302
    assert save(van, visit, pregnant="yes", pulse="80").status_code == 302
    note = Note.objects.get()
    assert (note.kind_of_note, note.label) == ("safeguarding", Label.RESTRICTED)
    assert "whether she is safe" in text(van.at("salma").get(f"/doctor/visit/{visit.pk}/"))
    assert "whether she is safe" not in text(van.at("rachid").get(f"/nurse/record/{visit.pk}/"))
    grown = aged(van, 18)
    assert save(van, grown, pregnant="yes").status_code == 302
    assert Note.objects.count() == 1


def test_a_last_period_two_years_ago(van: Vehicle) -> None:
    visit, long_ago = aged(van, 30), written(days=730)
    answer = save(van, visit, lmp=long_ago)
    assert answer.status_code == 422 and "104 weeks ago. Is the year right?" in text(answer)
    # With a pregnancy it cannot be: no tick makes it right.
    both = {"lmp": long_ago, "pregnant": "yes", "ok-lmp": f"{long_ago}|"}
    answer = save(van, visit, **both)
    assert answer.status_code == 422 and "No pregnancy lasts 104 weeks" in text(answer)
    assert f'value="{long_ago}"' in answer.content.decode() and not Observation.objects.exists()
    assert save(van, visit, lmp=long_ago, **{"ok-lmp": f"{long_ago}|"}).status_code == 302
    assert Observation.objects.get().choice == (local_day() - timedelta(days=730)).isoformat()


def test_a_last_period_to_come_and_one_in_other_digits(van: Vehicle) -> None:
    visit = aged(van, 30)
    assert "in the future" in text(save(van, visit, lmp=written(days=-3)))
    arabic = written(days=60).translate({ord("0") + n: chr(0x660 + n) for n in range(10)})
    assert save(van, visit, lmp=arabic, pregnant="yes").status_code == 302
    row = Observation.objects.get(code="lmp")
    assert row.entered == arabic and row.loinc == "8665-2"
    assert text(van.at("salma").get(f"/nurse/record/{visit.pk}/")).count("First day of the last period") >= 1


def test_the_draft_keeps_what_was_asked_about(van: Vehicle) -> None:
    visit = aged(van, 40)
    typed = {"spo2": "108", "weight": "1,234", "lmp": "25/13/2025", "pulse": "80"}
    browser = van.at("rachid")
    browser.post("/nurse/draft/", {"draft": f"vitals:{visit.pk.hex}", **typed})
    page = browser.get(f"/nurse/vitals/{visit.pk}/").content.decode()
    for value in typed.values():
        assert f'value="{value}"' in page
