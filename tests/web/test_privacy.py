"""The pages of the data-protection officer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qafila.clinic.access.identity import FAILED
from qafila.clinic.history import consents
from qafila.journal.here import Here
from qafila.journal.models import Read
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.office.breaches import acts, queries
from qafila.office.breaches.models import Breach
from qafila.office.statistics import release
from qafila.office.statistics.models import Release
from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.places.transfer_models import Transfer
from qafila.registry.staff.models import Staff
from tests.web.desk import Desk, desk


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def officer(hub_desk: Desk) -> Staff:
    with writing(None, "setup") as write:
        return write.save(Staff(username="dpo", name="Rita Test", roles=["privacy_officer"], interface_language="en"))


def local(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def post(browser: Any, page: str, address: str, **said: Any) -> Any:
    """Send a form of a page with the key that the page gave it."""
    text = browser.get(page).content.decode()
    at = text.index(f'action="{address}"') if f'action="{address}"' in text else text.index("novalidate")
    key = text[at:].split('name="once" value="', 1)[1].split('"', 1)[0]
    return browser.post(address, {"once": key, **said})


def test_a_breach_is_entered_told_late_and_closed(hub_desk: Desk, officer: Staff) -> None:
    browser, noticed = hub_desk.at(officer), clock.now() - timedelta(hours=80)
    page = "/privacy/breaches/"
    refused = post(browser, page, page, kind="lost_unit", what=" ", noticed=local(noticed))
    assert refused.status_code == 422 and not Breach.objects.exists()
    sent = post(browser, page, page, kind="lost_unit", what="A tablet was stolen.", cause="U1", noticed=local(noticed))
    row = Breach.objects.get()
    one = f"/privacy/breaches/{row.pk}/"
    assert sent.status_code == 302 and sent["Location"] == one
    assert queries.pressing() == (1, 1)
    # Whoever may do something about it sees it on every page; nobody else does.
    assert "should have been told" in hub_desk.at(hub_desk.crew.coordinator).get("/coordinator/").content.decode()
    assert "should have been told" not in hub_desk.at(hub_desk.crew.heart).get("/specialist/").content.decode()
    assert hub_desk.at(hub_desk.crew.heart).get(one).status_code == 403
    said = {"what": "A tablet was stolen at night.", "people": "٤٠", "records": "", "categories": ["health"],
            "effects": "", "measures": "Shut out at once.", "contact": "dpo"}  # fmt: skip
    assert post(browser, one, f"{one}describe/", **said).status_code == 302
    assert post(browser, one, f"{one}describe/", **said | {"people": "many"}).status_code == 422
    assert post(browser, one, f"{one}describe/", **said | {"categories": ["shoes"]}).status_code == 422
    assert Breach.objects.get().people == 40
    early = local(noticed - timedelta(hours=1))
    assert post(browser, one, f"{one}authority/", at=early).status_code == 422
    assert post(browser, one, f"{one}authority/", at=local(clock.now()), reference="R-7").status_code == 302
    assert queries.pressing() == (0, 0) and queries.entry(Breach.objects.get()).authority.late
    assert post(browser, one, f"{one}close/", words="Found again, encrypted.").status_code == 302
    text = browser.get(one).content.decode()
    assert "too late" in text and text.count("<li>") >= 5
    assert browser.post(f"{one}close/", {"words": "again"}).status_code in (302, 409, 422)


def test_the_people_are_told_where_the_law_says_by_when(hub_desk: Desk, officer: Staff) -> None:
    rule = load.privacy(country_code()).breach
    row = acts.enter(officer, "other", "x", clock.now() - timedelta(hours=1))
    told = acts.told_authority(row, officer, clock.now())
    assert (queries.entry(told).people is None) == (rule.people_days == 0)
    for code in load.countries():
        assert load.privacy(code).breach.hours == 72
        assert {one.code for one in load.privacy(code).breach.report} >= {"nature", "extent", "effects", "measures"}


def test_figures_are_given_out_suppressed_and_not_anew_each_day(hub_desk: Desk, officer: Staff) -> None:
    crew, k = hub_desk.crew, load.privacy(country_code()).statistics.k
    for _ in range(k + 2):
        crew.visit(hub_desk.another())
    alone = hub_desk.another()
    with writing(None, "setup") as write:
        alone.sex = "male"
        write.save(alone)
    crew.visit(alone)
    refuses = hub_desk.another()
    consents.give(refuses, crew.nurse, "research", "deny", "spoken")
    crew.visit(refuses)
    browser = hub_desk.at(officer)
    page = browser.get("/privacy/figures/").content.decode()
    assert "∗" in page
    given = release.released("people_by_age", officer)
    assert given.cells[("*", "male")] is None and given.cells[("*", "*")] in (None, k + 3)
    assert sum(1 for n in given.cells.values() if n is not None and 0 < n < k) == 0
    crew.visit(hub_desk.another())
    assert release.released("people_by_age", officer) == given
    table = browser.get("/privacy/figures/people_by_age/csv/")
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert table["Content-Type"].startswith("text/csv") and "*" in {cell for row in rows for cell in row}
    assert browser.get("/privacy/figures/nothing/csv/").status_code == 404
    assert hub_desk.at(crew.heart).get("/privacy/figures/").status_code == 403
    # Later: one more person alone must not show beside what is out.
    Release.objects.update(at=clock.now() - timedelta(days=99))
    later = release.released("people_by_age", officer)
    assert later.at > given.at
    for key, count in later.cells.items():
        before = given.cells.get(key)
        assert count is None or before is None or count == before or abs(count - before) >= k


def test_authorisations_are_entered_and_ended(hub_desk: Desk, officer: Staff) -> None:
    browser, page = hub_desk.at(officer), "/privacy/transfers/"
    assert "No record leaves the country" in browser.get(page).content.decode()
    assert post(browser, page, page, country="Z", number="", authority="x").status_code == 422
    sent = post(browser, page, page, country="ZZ", number="T-1", authority="CNDP", granted="2026-01-01", until="")
    assert sent.status_code == 302
    row = Transfer.objects.get()
    assert post(browser, page, f"{page}{row.pk}/end/", words="over").status_code == 302
    assert Transfer.objects.get().ended_at is not None


def test_the_record_of_processing_says_what_the_node_does(hub_desk: Desk, officer: Staff) -> None:
    page = hub_desk.at(officer).get("/privacy/").content.decode()
    assert "Tele-expertise" in page and "in the country alone" in page and "Specialist" in page


def test_a_record_is_given_to_whoever_is_known(hub_desk: Desk, officer: Staff) -> None:
    browser, person = hub_desk.at(officer), hub_desk.crew.patient
    page = f"/privacy/people/{person.pk}/"
    assert browser.get(f"{page}zip/").status_code == 404
    said = {"asks": "Salma", "self": "yes", "once": "t" * 16}
    assert browser.post(page, said | {"card": "QF-1"}).status_code == 422
    assert browser.get(f"{page}zip/").status_code == 404
    assert Read.objects.filter(patient=person.pk, page=FAILED).count() == 1, "a try counts, whatever comes of the form"
    assert browser.post(page, said | {"card": person.code}).status_code == 302
    assert "v-phrase" in browser.get(page).content.decode()
    given = browser.get(f"{page}zip/?lang=ar")
    data = b"".join(given.streaming_content)
    assert given.status_code == 200 and data.startswith(b"PK") and b"Salma" not in data
    assert Read.objects.filter(patient=person.pk, page="export", reason__contains="Salma (card)").count() == 1
    assert hub_desk.at(hub_desk.crew.coordinator).get(page).status_code == 403
    # Somebody else's record is not opened by it.
    other = hub_desk.another()
    assert browser.get(f"/privacy/people/{other.pk}/zip/").status_code == 404
