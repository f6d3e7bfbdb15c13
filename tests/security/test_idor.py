"""Every link and form on one person's pages, tried by somebody who has nothing to do with that person; and what stands
in addresses at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.http import HttpResponse
from django.test.utils import override_settings
from django.urls import Resolver404, resolve

from qafila.journal.here import Here
from qafila.packs import load
from qafila.registry.people.models import Person, PersonName
from tests.web.desk import desk
from tests.web.matrix import (
    EVERY,
    OTHER_PATIENT,
    OTHER_UNIT,
    OWN,
    RULES,
    World,
    circumstances,
    expected,
    make_world,
    path,
    places,
    refused,
)

READERS = ("doctor", "specialist")
TARGET = re.compile(r'\b(?:href|action|formaction|src|hx-get|hx-post|data-url|data)="(/[^"]*)"')
PUBLIC = ("/static/",)
WORD = re.compile(r"[a-z][a-z_-]*\d?[a-z]?")
"""What may stand in a place that is no id: a word of the program (`spo2`, `hba1c`)."""


def pages(world: World) -> Iterator[tuple[str, str]]:
    """What the pages of the own patient hold, as each reader sees them: reader, address."""
    for reader in READERS:
        for name, _pattern in EVERY:
            if (
                places(name)
                and len(circumstances(name)) > 1
                and not RULES[name].get("drawn")
                and expected(name, reader, OWN)
            ):
                answer = world.ask(reader, "GET", path(name, world.rows[OWN]))
                if answer.status_code == 200 and "html" in answer["Content-Type"]:
                    yield from ((reader, one) for one in addresses(answer))


def addresses(answer: HttpResponse) -> set[str]:
    """The addresses of this node on a page."""
    found = {one.replace("&amp;", "&") for one in TARGET.findall(answer.content.decode())}
    return {one for one in found if not one.startswith(PUBLIC)}


def test_what_one_persons_pages_hold_opens_nothing_for_others(unit: Here) -> None:
    wrong, seen = [], set()
    with desk(unit), override_settings(SESSION_ENGINE="django.contrib.sessions.backends.cache"):
        world = make_world("H")
        private = words_of(world)
        for _reader, address in pages(world):
            if address in seen:
                continue
            seen.add(address)
            wrong += [f"{quiet(address)}: {why}" for why in loose(address, private)]
            try:
                found = resolve(urlsplit(address).path)
            except Resolver404:
                wrong.append(f"{quiet(address)} leads nowhere")
                continue
            wrong += replayed(world, found.view_name, address)
        assert len(seen) > 40
    assert not wrong, "\n".join(sorted(set(wrong)))


def replayed(world: World, name: str, address: str) -> Iterator[str]:
    """What goes wrong when people of another unit, and another specialist, try the address."""
    public, alike = RULES[name]["right"] in ("public", "anyone"), len(circumstances(name)) == 1
    if public or alike:
        return
    for role in load.roles():
        circumstance = OTHER_PATIENT if role == "specialist" else OTHER_UNIT
        holds = expected(name, role, OWN)  # who lacks the right altogether is refused by the door, as the matrix shows
        if not holds or expected(name, role, circumstance):
            continue
        for method in ("GET", "POST"):
            answer = world.ask(f"other {role}", method, address, part=True)
            if answer.status_code >= 500 or not refused(answer):
                yield f"{name}: {method} by another unit's {role}: {answer.status_code}"


def words_of(world: World) -> set[str]:
    """What says who somebody is: it stands in no address."""
    person = Person.objects.get(pk=world.rows[OWN]["person"])
    names = PersonName.objects.filter(person=person)
    return {person.national_id, person.phone, *(part for n in names for part in (n.given, n.family))} - {""}


def loose(address: str, private: set[str]) -> Iterator[str]:
    """What in an address could be counted on, or says something of a person."""
    parts = urlsplit(address)
    for part in [one for one in unquote(parts.path).split("/") if one]:
        if not opaque(part):
            yield f"{part!r} could be guessed"
    for said in unquote(parts.query).split("&"):
        value = said.partition("=")[2]
        if said.partition("=")[0].endswith("id") and not opaque(value):
            yield "an id in the query that could be guessed"
    if any(word.casefold() in unquote(address).casefold() for word in private):
        yield "says who somebody is"


def opaque(part: str) -> bool:
    """Whether a part of an address is an id that says nothing, or a word of the program."""
    try:
        return bool(UUID(part))
    except ValueError:
        frame = part == "1"  # of a series: its place in it
        return frame or bool(WORD.fullmatch(part)) or part.replace("-", "").isalpha() or part == "keys.json"


def quiet(address: str) -> str:
    """An address without ids."""
    return re.sub(r"[0-9a-f-]{32,36}", "…", address)
