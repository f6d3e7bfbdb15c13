"""Growth charts and trends: what the pages and the paper show of what was measured."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.http import HttpResponse

from qafila.clinic.rules.growth import row_for
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.growth import growth_of
from qafila.clinic.visits.models import Observation, Visit
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.web.nurse import chart
from tests.web.vehicle import Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def child(van: Vehicle, days: int = 500, **facts: str) -> Visit:
    born = local_day() - timedelta(days=days)
    facts = {"sex": "female"} | facts
    birth = PartialDate(born.year, born.month, born.day)
    person = acts.register(van.crew["fatima"], van.unit, names=[NameParts("Latn", "Adam")], birth=birth, **facts)
    return visits.open_visit(person, van.unit, van.crew["fatima"])


def measure(van: Vehicle, visit: Visit, days_ago: int = 0, posture: str = "", **values: str) -> None:
    at = clock.now() - timedelta(days=days_ago)
    readings = [
        visits.Reading(key, Decimal(value), posture=posture if key == "height" else "", confirmed=True, at=at)
        for key, value in values.items()
    ]
    visits.record_vitals(visit, van.crew["rachid"], readings)


def grown(van: Vehicle, visit: Visit, query: str = "") -> HttpResponse:
    return van.at("rachid").get(f"/nurse/growth/{visit.person_id}/{query}")


def test_points_lines_and_the_same_as_a_table(van: Vehicle) -> None:
    visit = child(van)
    measure(van, visit, 90, weight="9", height="74", head_circumference="45")
    measure(van, visit, 0, weight="9.6", height="77")
    page = grown(van, visit)
    html, words = page.content.decode(), text(page)
    # Weight, length, weight for length and BMI twice, head once; arm has none.
    assert html.count("<circle") == 2 * 4 + 1
    assert html.count('<svg class="g-svg"') == 6 and words.count("no measurement in this span") == 1
    assert "Weight for age" in words and "9.6" in words and "+3" in words and "\u22123" in words
    assert Read.objects.filter(page="nurse.growth").exists()
    # What was measured by mistake is no point.
    wrong = Observation.objects.filter(code="weight").order_by("at").last()
    assert wrong is not None
    visits.mark_error(wrong, van.crew["rachid"], "scale")
    assert grown(van, visit).content.decode().count("<circle") == 4 + 1 + 1


def test_coordinates_are_the_same_in_every_language(van: Vehicle) -> None:
    visit = child(van)
    measure(van, visit, weight="9.6", height="77")
    drawings = []
    for language in ("en", "fr", "ar"):
        browser = van.at("rachid")
        browser.post("/language/", {"language": language, "next": "/"})
        page = browser.get(f"/nurse/growth/{visit.person_id}/").content.decode()
        drawings.append(re.findall(r' (?:d|cx|cy|x|y)="[^"]*"', page[page.index("g-svg") :]))
    assert drawings[0] == drawings[1] == drawings[2]
    assert not [one for one in drawings[0] if "," in one]


def test_the_posture_typed_on_the_sheet_is_counted(van: Vehicle) -> None:
    visit = child(van)
    typed = {"height": "77", "weight": "9.6", "posture": "standing"}
    assert van.at("rachid").post(f"/nurse/vitals/{visit.pk}/", typed).status_code == 302
    assert Observation.objects.get(code="height").posture == "standing"
    found = growth_of(Person.objects.get()).measurings[0]
    assert found.corrected == pytest.approx(77.7)
    assert 'name="posture"' not in van.at("rachid").get(f"/nurse/vitals/{child(van, 9000).pk}/").content.decode()


def test_oedema_and_severe_malnutrition_are_said(van: Vehicle) -> None:
    visit = child(van)
    typed = {"weight": "9.6", "height": "77", "arm_circumference": "11.2", "oedema": "2"}
    saved = van.at("rachid").post(f"/nurse/vitals/{visit.pk}/", typed, follow=True)
    assert "Saved." in text(saved) and "Severe acute malnutrition: oedema" in text(saved)
    words = text(grown(van, visit))
    assert "Severe acute malnutrition: oedema" in words and "under 11.5 cm" in words
    assert "With oedema the weight tells nothing" in words


def test_without_sex_nothing_is_computed_and_a_rough_age_is_said(van: Vehicle) -> None:
    unknown = child(van, sex="unknown")
    assert "the sex is not recorded" in text(grown(van, unknown))
    rough = acts.register(
        van.crew["fatima"], van.unit, names=[NameParts("Latn", "Nour")], sex="male",
        birth=PartialDate(local_day().year - 4),
    )  # fmt: skip
    visit = visits.open_visit(rough, van.unit, van.crew["fatima"])
    measure(van, visit, weight="15")
    assert "age is only about known" in text(grown(van, visit))


def test_spans(van: Vehicle) -> None:
    visit = child(van, 10 * 365)
    measure(van, visit, weight="30", height="137")
    page = grown(van, visit)
    assert text(page).count("Age (years)") == 3
    assert grown(van, visit, "?span=0-5").content.decode().count("<circle") == 0
    assert grown(van, visit, "?span=nonsense").status_code == 200


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("span", chart.SPANS)
def test_lines_stand_where_the_tables_say(sex: str, span: str) -> None:
    for one in chart.charts(sex, span, []):
        ends = [line.end for line in one.lines]
        assert ends == sorted(ends) and one.top <= ends[0] and ends[-1] <= one.bottom
        assert {line.name for line in one.lines} == {"+3", "+2", "+1", "0", "\u22121", "\u22122", "\u22123"}
    month = row_for("height_for_age", sex, 24 * 30.4375)
    assert month is not None


def test_the_paper(van: Vehicle, tmp_path: Path) -> None:
    visit = child(van)
    measure(van, visit, weight="9.6", height="77")
    answer = van.at("salma").get(f"/prints/growth/{visit.person_id}/")
    assert answer["Content-Type"] == "application/pdf"
    file = tmp_path / "growth.pdf"
    file.write_bytes(answer.content)
    words = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True).stdout
    assert "Weight for age" in words and "9.6" in words


def test_only_those_who_may_read_the_person(van: Vehicle) -> None:
    visit = child(van)
    for place in ("nurse/growth", "nurse/trends", "prints/growth"):
        assert van.at("hind").get(f"/{place}/{visit.person_id}/").status_code == 403
        assert van.at("salma").get(f"/{place}/{visit.pk}/").status_code == 404


def test_trends_are_tables_with_a_curve_from_two_readings_on(van: Vehicle) -> None:
    visit = child(van, 12000)
    assert "No reading yet" in text(van.at("rachid").get(f"/nurse/trends/{visit.person_id}/"))
    measure(van, visit, 40, systolic="150", diastolic="95", pulse="80")
    measure(van, visit, 0, systolic="140", diastolic="90")
    page = van.at("salma").get(f"/nurse/trends/{visit.person_id}/")
    html = page.content.decode()
    assert html.count("data-plot") == 1 and "2 readings, as a table" in text(page)
    assert re.findall(r'data-value="(\d+)"', html) == ["140", "90", "150", "95", "80"]
    assert "vendor/uplot/uPlot.iife.min.js" in html
