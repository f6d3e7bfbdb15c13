"""The link's page and the page of the clock, on a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.journal import blobs, doubt
from qafila.journal.here import Here
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.sync import budget, clock_doubt, outlook, tally
from qafila.sync.models import ClockWord, LinkChoice, LinkDay, Peer
from tests.web.vehicle import Vehicle, fields, text, vehicle


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


def plain(response: Any) -> str:
    """The words of a page alone."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text(response)))


def people(count: int) -> None:
    with writing(None, "person.register") as write:
        for number in range(count):
            write.save(Person(code=f"P{number}", phone="0600000000"))


def test_nothing_measured_is_said_to_be_not_known(van: Vehicle) -> None:
    page = text(van.at("fatima").get("/link/"))
    assert "never yet" in page and page.count("not known yet") >= 3 and "no limit is set" in page
    assert "What the link may cost" not in page


def test_what_waits_is_told_by_lane_with_size_and_time(van: Vehicle) -> None:
    people(3)
    blobs.put(b"x" * 40_000, "image/jpeg")
    outlook.note_sent(30_000, 2_000, 0.25, 7)
    page = plain(van.at("fatima").get("/link/"))
    assert "Pictures and previews" in page and " 40 kB " in page
    assert " 20 s " in page and "7 records wait at the hub" in page
    assert "the hub has confirmed 30 kB of" in page


def test_the_page_costs_the_same_however_much_waits(van: Vehicle) -> None:
    browser = van.at("salma")
    browser.get("/link/")
    with CaptureQueriesContext(connection) as few:
        browser.get("/link/")
    people(150)
    browser.get("/link/")
    with CaptureQueriesContext(connection) as many:
        page = text(browser.get("/link/"))
    assert len(many) <= len(few) and ">150<" in page


def test_the_budget_is_set_by_who_may_and_said_in_words(van: Vehicle) -> None:
    doctor = van.at("salma")
    form = fields(doctor.get("/link/"), "/link/cost/")
    assert doctor.post("/link/cost/", form | {"megabytes": "٥", "line": "SIM 1"}).status_code == 302
    assert (budget.read().limit, budget.read().line) == (5_000_000, "SIM 1")
    assert van.at("fatima").post("/link/cost/", {"megabytes": "0"}).status_code == 403
    budget.note(3_000_000, 2_500_000)
    page = text(doctor.get("/link/"))
    assert "used up" in page and "Send anyway today" in page
    assert doctor.post("/link/now/", {"what": "anyway"}).status_code == 302
    page = text(doctor.get("/link/"))
    assert "Today everything goes" in page and LinkChoice.objects.get().anyway_by == van.crew["salma"].pk


@pytest.mark.parametrize("typed", ["-1", "1.5", "²", "ten", "99999999999999999999", "2000000"])
def test_a_budget_that_is_no_number_is_refused(van: Vehicle, typed: str) -> None:
    answer = van.at("hind").post("/link/cost/", {"megabytes": typed})
    assert answer.status_code == 422 and "whole megabytes" in text(answer) and not LinkChoice.objects.exists()


def test_large_files_wait_for_the_parked_vehicle(van: Vehicle) -> None:
    doctor = van.at("salma")
    doctor.post("/link/cost/", {"megabytes": "0", "parked_only": "yes"})
    blobs.put(b"series" * 1000, "application/dicom", lane=Lane.BULK)
    assert "waits for parking" in text(doctor.get("/link/"))
    doctor.post("/link/now/", {"what": "parked"})
    page = text(doctor.get("/link/"))
    assert "waits for parking" not in page and "We drive on" in page
    doctor.post("/link/now/", {"what": "drive"})
    assert "waits for parking" in text(doctor.get("/link/"))
    assert doctor.post("/link/now/", {"what": "fly"}).status_code == 404


def test_both_sides_are_counted(van: Vehicle) -> None:
    people(4)
    tally.advance()
    people_of = next(r for r in tally.read() if r.kind == "registry.person")
    assert (people_of.here, people_of.waiting, people_of.confirmed) == (4, 4, 0)
    assert "Confirmed by the hub" in text(van.at("fatima").get("/link/"))


def test_a_doubted_clock_stops_ages_until_somebody_confirms(van: Vehicle) -> None:
    Peer.objects.create(code="H", upward=True, offset_ms=-3_600_000)
    assert clock_doubt.look() == "differs" and not doubt.trusted()
    nurse = van.at("rachid")
    page = text(nurse.get("/link/"))
    assert "Ages are not computed" in page and "/clock/" in page
    page = nurse.get("/clock/")
    assert "60 minutes behind it" in text(page)
    assert nurse.post("/clock/", fields(page, "I have compared")).status_code == 422
    done = nurse.post("/clock/", fields(page, "I have compared") | {"right": "yes"}, follow=True)
    assert "trusted" in text(done) and "Rachid" in text(done) and doubt.trusted()
    word = ClockWord.objects.get()
    assert (word.by, word.reason) == (van.crew["rachid"].pk, "differs")
    Peer.objects.update(offset_ms=-7_200_000)
    assert clock_doubt.look() == "differs"


def test_the_days_are_kept_apart(van: Vehicle) -> None:
    budget.note(10, 20)
    budget.note(1, 2)
    assert LinkDay.objects.values_list("up", "down").get() == (11, 22)
    later = clock.now() + timedelta(days=1)
    with clock.reading_from(later.timestamp):
        assert budget.read().used == 0
