"""The nearest facility that can take a person: by road where that is known, else straight, else not known."""

from __future__ import annotations

from datetime import date

import pytest

from qafila.packs import load
from qafila.registry.places.here import use
from qafila.registry.places.receiving import point_of, receiving

TABANT, DEMNATE_SIDE = "05.081.03.09", "05.081.03.03"


@pytest.fixture(autouse=True)
def morocco():
    use("morocco")
    yield
    use(None)


def test_a_known_road_is_said_with_its_time_and_the_older_date() -> None:
    found = receiving(TABANT, "surgery")
    assert found is not None and found.facility.code == "MA-PH-AZ"
    assert (found.km, found.minutes, found.by_road) == (78, 115, True)
    assert found.data_from == date(2024, 1, 1)


def test_without_a_road_the_line_is_straight() -> None:
    found = receiving(DEMNATE_SIDE, "surgery")
    assert found is not None and not found.by_road and found.minutes is None and 10 < found.km < 60


def test_only_a_facility_that_offers_the_service_and_takes_emergencies_counts() -> None:
    for service in ("ent", "intensive_care", "obstetrics"):
        found = receiving(TABANT, service)
        assert found is not None and service in found.facility.services and found.facility.emergency
    assert receiving(TABANT, "heart_transplant") is None


def test_a_place_that_nobody_knows_is_not_measured() -> None:
    assert receiving("nowhere", "surgery") is None and receiving("", "") is None
    assert point_of("nowhere") is None


def test_every_red_flag_finds_a_facility_from_every_stop() -> None:
    stops = [s.place for unit in load.units("morocco").unit for tour in unit.round for s in tour.stop]
    services = {flag.service for code in load.specialties() for flag in load.load_specialty(code).red_flag}
    assert all(receiving(place, service) for place in stops for service in services)
