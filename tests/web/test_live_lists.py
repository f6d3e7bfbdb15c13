"""A list that is open is told of every change that it shows, and of no other; where nothing has changed, it is not
drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from qafila.clinic.cases import acts, handing, opinions
from qafila.clinic.cases.models import Case
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.registry.people.models import PersonName
from qafila.registry.staff import acts as staff
from qafila.registry.staff.roster.models import Shift
from tests.clinic.conftest import ANSWER, key_of
from tests.web.desk import Desk, desk

LISTS = ("/specialist/", "/specialist/done/", "/coordinator/", "/coordinator/duty/", "/loop/watch/")
TOKENS = re.compile(r'name="(?:csrfmiddlewaretoken|once)" value="[^"]*"')
PART = re.compile(r'data-live="\w+">.*', re.S)


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


class Screen:
    """Somebody's open list."""

    def __init__(self, client: Any, path: str) -> None:
        self.client, self.path = client, path
        self.of, self.words = self.ask()

    def ask(self) -> tuple[str, str]:
        answer = self.client.get(self.path, headers={"X-Live": "lists"})
        found = PART.search(TOKENS.sub("", answer.content.decode()))
        assert answer.status_code == 200 and found is not None, self.path
        return answer.headers["X-Live-Of"], found[0]

    def is_told(self) -> bool:
        """Whether it would draw itself anew if it were asked to."""
        answer = self.client.get(self.path, headers={"X-Live": "lists", "X-Live-Since": self.of})
        return bool(answer.status_code != 204)


def screens(made: Desk) -> list[Screen]:
    """Every list of everybody who has one."""
    crew = made.crew
    ours = [(who, path) for who in (crew.heart, crew.other_heart) for path in LISTS[:2]]
    return [Screen(made.at(who), path) for who, path in (*ours, *((crew.coordinator, path) for path in LISTS[2:]))]


def life(made: Desk) -> Iterator[str]:
    """What can become of cases, of whom they are about and of who answers them; a word for each."""
    crew = made.crew
    case = made.sent(duty=False)
    yield "a case nobody has"
    case = handing.claim(case, crew.heart)
    yield "taken"
    case = acts.accept(Case.objects.get(pk=case.pk), crew.heart)
    yield "accepted"
    opinion = opinions.ask_opinion(case, crew.other_heart, crew.heart, "What do you make of it?")
    yield "an opinion asked"
    opinions.give_opinion(opinion, crew.other_heart, "Nothing much.")
    yield "an opinion given"
    acts.post_message(case, crew.doctor, "She is better.")
    yield "a word"
    with writing(None, "setup") as write:
        write.save(PersonName(person_id=case.person_id, given="Itto", family="Azoulay", script="Latn"))
    yield "a name"
    case = acts.reroute(Case.objects.get(pk=case.pk), crew.other_heart, crew.coordinator, "Speaks Tamazight")
    yield "given to another"
    case = acts.accept(Case.objects.get(pk=case.pk), crew.other_heart)
    yield "accepted by the other"
    acts.answer(case, crew.other_heart, ANSWER, key_of(crew.other_heart))
    yield "answered"
    staff.set_duty(crew.heart, "cardiology", "on", crew.heart)
    yield "on duty"
    with writing(None, "setup") as write:
        write.save(Shift(staff=crew.other_heart, specialty="cardiology", day=date.today(), half="am"))
    yield "a shift"
    with writing(None, "setup") as write:
        crew.other_heart.name = "Another Name"
        write.save(crew.other_heart)
    yield "another name of a colleague"
    made.sent("emergency")
    yield "an emergency"


def test_every_list_is_told_of_what_it_shows(hub_desk: Desk) -> None:
    before, told, silent = screens(hub_desk), 0, 0
    for word in life(hub_desk):
        after = screens(hub_desk)
        for was, now in zip(before, after, strict=True):
            if was.words != now.words:
                assert was.is_told(), f"{was.path} shows {word!r} and is not told"
                told += 1
            silent += not was.is_told()
        before = after
    assert told > 20 and silent > 20


def test_a_specialist_is_not_told_of_a_colleagues_case(hub_desk: Desk) -> None:
    crew = hub_desk.crew
    case = handing.claim(hub_desk.sent(duty=False), crew.heart)
    other, own = Screen(hub_desk.at(crew.other_heart), "/specialist/"), Screen(hub_desk.at(crew.heart), "/specialist/")
    acts.accept(Case.objects.get(pk=case.pk), crew.heart)
    acts.post_message(Case.objects.get(pk=case.pk), crew.doctor, "She is better.")
    assert own.is_told() and not other.is_told()


def test_what_arrives_from_a_unit_is_told(hub_desk: Desk, hub: Here) -> None:
    """Records that come by sync, not by an act here, wake the same lists."""
    case = handing.claim(hub_desk.sent(duty=False), hub_desk.crew.heart)
    own = Screen(hub_desk.at(hub_desk.crew.heart), "/specialist/")
    with at(Here("U9", "unit", database=hub.database, directory=hub.directory)) as far:
        with writing(None, "setup") as write:
            write.save(PersonName(person_id=case.person_id, given="Itto", family="Azoulay", script="Latn"))
        parcels = parcels_of(Record._base_manager.filter(node=far.node).order_by("no"))
    ingest(parcels)
    assert PersonName.objects.filter(family="Azoulay").exists() and own.is_told()


def test_where_nothing_has_changed_nothing_is_drawn(hub_desk: Desk) -> None:
    hub_desk.sent()
    client = hub_desk.at(hub_desk.crew.heart)
    screen = Screen(client, "/specialist/")
    with CaptureQueriesContext(connection) as held:
        answer = client.get("/specialist/", headers={"X-Live": "worklist", "X-Live-Since": screen.of})
    assert (answer.status_code, answer.content) == (204, b"") and len(held) <= 2
    assert client.get("/specialist/", headers={"X-Live-Since": screen.of}).status_code == 200


WORD = "since=0123456789abcdef"


@pytest.mark.parametrize("odd", ["", "of=1", "of=1&since=x", f"of=99999&{WORD}", f"of=..&{WORD}", f"of=٣&{WORD}"])
def test_an_odd_word_for_what_it_was_made_of_draws_the_list(hub_desk: Desk, odd: str) -> None:
    client = hub_desk.at(hub_desk.crew.heart)
    asked = {"X-Live": "worklist", "X-Live-Since": odd.encode().decode("latin-1")}
    assert client.get("/specialist/", headers=asked).status_code == 200


def test_who_is_not_in_learns_nothing(hub_desk: Desk) -> None:
    from django.test import Client

    screen = Screen(hub_desk.at(hub_desk.crew.heart), "/specialist/")
    answer = Client().get("/specialist/", headers={"X-Live": "worklist", "X-Live-Since": screen.of})
    assert answer.status_code == 302


def test_a_board_drawn_for_several_gives_each_their_own_tokens(hub_desk: Desk) -> None:
    hub_desk.sent(duty=False)
    client = hub_desk.at(hub_desk.crew.coordinator)
    first, second = (client.get("/coordinator/").content.decode() for _ in range(2))
    tokens = [set(re.findall(r'name="once" value="([^"]*)"', one)) for one in (first, second)]
    assert tokens[0] and not tokens[0] & tokens[1]
    other = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', first)
    assert len(other) > 1 and all(len(one) == 64 for one in other)
