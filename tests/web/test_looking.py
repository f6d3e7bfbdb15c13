"""Looking somebody up on the hub, as reception sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.kernel import clock, ids
from qafila.registry.people import acts
from qafila.registry.people.details import NameParts
from qafila.sync import lookup
from qafila.sync.messages import Candidate, Found
from qafila.sync.models import Look, Peer
from tests.web.vehicle import Vehicle, fields, text, vehicle

WHO = Candidate(ids.new().hex, "Fatima Benali", "فاطمة بن علي", "female", "1984-03-12")


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        Peer.objects.create(code="H", upward=True, url="https://hub.invalid", last_contact=clock.now())
        yield made


def ask(van: Vehicle, **said: str):  # type: ignore[no-untyped-def]
    browser = van.at("fatima")
    return browser, browser.post("/reception/people/look/", {"ask": "yes", **said})


def answer(outcome: str, *people: Candidate) -> None:
    """The agent has brought the hub's answer."""
    asked = lookup.waiting()
    assert asked is not None
    lookup.take(asked, Found(outcome, list(people)))


def test_from_the_search_to_the_form_and_the_question(van: Vehicle) -> None:
    browser = van.at("fatima")
    found = browser.post("/reception/queue/search/", {"q": "Fatima Benali"}, headers={"HX-Request": "true"})
    assert "Not found here: look on the hub" in text(found)
    form = browser.post("/reception/people/look/", fields(found, "people/look"))
    assert 'value="Fatima Benali"' in text(form)
    done = browser.post("/reception/people/look/", {"ask": "yes", "name": "Fatima Benali", "birth": "12/03/1984"})
    row = Look.objects.get()
    assert done["Location"] == f"/reception/people/look/{row.pk}/" and "Fatima" not in done["Location"]
    assert (row.name, row.birth) == ("Fatima Benali", "1984-03-12")
    assert "Asking the hub" in text(browser.get(done["Location"]))


@pytest.mark.parametrize("said", [{"name": "Fatima"}, {"name": "F", "birth": "1984"}, {"code": "12"}, {}])
def test_two_identifiers_are_asked_for(van: Vehicle, said: dict[str, str]) -> None:
    _, refused = ask(van, **said)
    assert refused.status_code == 422 and not Look.objects.exists()


def test_chosen_and_opened(van: Vehicle) -> None:
    browser, done = ask(van, identity="AB123456")
    answer("found", WHO)
    page = browser.get(done["Location"])
    assert "Fatima Benali" in text(page) and "1984-03-12" in text(page)
    chosen = fields(page, "choose")
    assert browser.post(f"{done['Location']}choose/", chosen | {"person": ids.new().hex, "once": ""}).status_code == 404
    assert browser.post(f"{done['Location']}choose/", chosen).status_code == 302
    row = Look.objects.get()
    assert row.chosen and row.chosen.hex == WHO.person and Read.objects.get(patient=row.chosen).reason == lookup.PURPOSE
    assert "Asking the hub" in text(browser.get(done["Location"]))
    answer("granted")
    assert "on its way" in text(browser.get(done["Location"]))
    person = acts.register(
        van.crew["fatima"], van.unit, names=[NameParts("Latn", "Fatima", "", "Benali")], sex="female"
    )
    Look.objects.update(chosen=person.pk)
    page = text(browser.get(done["Location"]))
    assert "The record is here." in page and f"/reception/queue/open/{person.pk}/" in page


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("none", "knows nobody like that"), ("many", "Too many people fit"), ("limit", "too many people")],
)
def test_it_says_plainly_why_nobody_is_shown(van: Vehicle, outcome: str, words: str) -> None:
    browser, done = ask(van, identity="AB123456")
    answer(outcome)
    assert words in text(browser.get(done["Location"]))


def test_without_a_link_the_page_says_so_and_gives_up(van: Vehicle) -> None:
    Peer.objects.update(last_contact=clock.now() - timedelta(hours=1))
    browser, done = ask(van, identity="AB123456")
    assert "no link" in text(browser.get(done["Location"])).lower()
    Look.objects.update(asked_at=clock.now() - lookup.UNANSWERED)
    assert "did not answer in time" in text(browser.get(done["Location"]))


def test_who_may_not_register_may_not_look(van: Vehicle) -> None:
    assert van.at("hind").post("/reception/people/look/", {"ask": "yes", "identity": "AB1"}).status_code == 403
