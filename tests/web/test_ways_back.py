"""Where pages lead back to, which place of the menu they belong to, and where a person begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st

from qafila.journal.here import Here
from qafila.packs import load
from qafila.web import menu, ways_back
from qafila.web.ways_back import BACK, BESIDE, DEEP, NAMES, came_from
from tests.web.desk import Desk, desk
from tests.web.vehicle import text


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


def names(resolver: object = None, space: str = "") -> Iterator[str]:
    """The name of every address."""
    for one in getattr(resolver or get_resolver(), "url_patterns", []):
        if hasattr(one, "url_patterns"):
            yield from names(one, f"{space}{one.namespace}:" if one.namespace else space)
        elif one.name:
            yield space + one.name


def test_every_page_that_is_named_exists() -> None:
    above = {name for table in (BACK, BESIDE) for found in table.values() for name in found}
    assert {*BACK, *BESIDE, *DEEP, *NAMES, *above} <= set(names())
    assert above <= set(NAMES), "a page that others lead back to has a name"


def test_every_way_back_ends_in_the_menu_or_on_ones_own_page() -> None:
    ends = {place.view for place in menu.PLACES} | {"account", "link"}
    for page in BACK:
        found = [page]
        for name in found:
            found += [one for one in (*BACK.get(name, ()), *BESIDE.get(name, ())) if one not in found]
        assert ends & set(found), f"{page} leads nowhere"


def test_no_two_pages_lead_back_to_each_other() -> None:
    for page, found in BACK.items():
        for name in found:
            assert page not in BACK.get(name, ()) or DEEP.get(page, 0) != DEEP.get(name, 0), (page, name)


def test_a_page_of_the_coordinator_leads_back_and_says_where_it_is(hub_desk: Desk) -> None:
    page = text(hub_desk.at(hub_desk.crew.coordinator).get("/coordinator/handover/"))
    assert '<a class="back" href="/coordinator/roster/">' in page
    assert page.count('href="/coordinator/roster/" aria-current="page"') == 2, "in the bar and under More"
    assert page.count('aria-current="page"') == 2


def test_a_role_begins_at_its_own_screen(hub_desk: Desk) -> None:
    hub = load.profile("hub")
    assert menu.home(hub_desk.crew.coordinator, hub) == "/coordinator/"
    assert menu.home(hub_desk.crew.heart, hub) == "/specialist/"
    assert menu.home(hub_desk.crew.doctor, load.profile("unit")) == "/doctor/"
    at_hub = {place.view for place in menu.PLACES if not place.wing or place.wing in hub.wings}
    assert "stock:list" not in at_hub, "the stock is a unit's: a supervisor would begin with a page that is not there"


def test_back_is_where_one_came_from_if_that_is_less_deep(hub_desk: Desk) -> None:
    case = hub_desk.sent()
    reader = hub_desk.at(hub_desk.crew.heart)
    page = f"/records/patients/{case.person_id}/"
    came = text(reader.get(page, HTTP_REFERER=f"http://testserver/specialist/case/{case.pk}/"))
    assert f'<a class="back" href="/specialist/case/{case.pk}/">' in came
    loop = text(reader.get(page, HTTP_REFERER=f"http://testserver/records/people/{case.person_id}/looks/"))
    assert "/looks/" not in loop.split("<main")[1].split("<h1>")[0]


@given(st.one_of(st.text(), st.text().map("http://testserver".__add__)))
def test_whatever_the_browser_says_one_stays_on_this_node(said: str) -> None:
    request = RequestFactory().get("/account/", HTTP_REFERER=said)
    path = came_from(request)
    assert path == "" or (path[0] == "/" and path[1:2] not in ("/", "\\"))
    assert ways_back.back(request) is None, "nobody is logged in"
