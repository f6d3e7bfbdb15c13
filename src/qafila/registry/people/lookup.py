"""Whom a unit means that looks a person up on this node: only by two identifiers, and told with little data."""

from __future__ import annotations

from datetime import date

from qafila.kernel.names import name_keys
from qafila.packs.national_id import normalised
from qafila.registry.people.models import BirthPrecision, Person
from qafila.registry.people.queries import candidates, holders_of, names_of
from qafila.registry.people.scanned import code_of
from qafila.registry.people.search import likeness
from qafila.sync import lookup
from qafila.sync.messages import Candidate, Lookup

ALIKE = 75
"""Names less alike than this (0-100) are not meant: more than in a unit's own search, where no birth date is asked."""


def connect() -> None:
    """Answer questions from now on."""
    if match not in lookup.matchers:
        lookup.matchers.append(match)


def match(said: Lookup) -> list[Candidate]:
    """The people meant; at most one more than a crew may be shown."""
    most = lookup.MOST_FOUND + 1
    code = code_of(said.code)
    if code:
        people = list(Person.objects.filter(code=code).order_by("id")[:most])
    elif said.identity.strip():
        people = holders_of(normalised(said.identity))[:most]
    else:
        people = _by_name(said.name, said.birth)[:most]
    names = names_of(p.pk for p in people)
    return [_told(p, [n.text for n in names[p.pk]]) for p in people]


def _by_name(name: str, birth: str) -> list[Person]:
    try:
        born = date.fromisoformat(birth)
    except ValueError:
        return []
    keys = list(dict.fromkeys(name_keys(name)))
    if len(keys) < 2:
        # A given name alone is no identifier.
        return []
    ids = candidates(keys, max(2, len(keys) - 1))
    people = [p for p in Person.objects.filter(pk__in=ids).order_by("id") if _same_birth(p, born)]
    names = names_of(p.pk for p in people)
    return [p for p in people if any(likeness(name, n.text) >= ALIKE for n in names[p.pk])]


def _same_birth(person: Person, born: date) -> bool:
    known = person.birth_date
    if known is None or person.birth_precision == BirthPrecision.UNKNOWN:
        return False
    if person.birth_precision == BirthPrecision.DAY:
        return known == born
    if person.birth_precision == BirthPrecision.MONTH:
        return (known.year, known.month) == (born.year, born.month)
    return abs(known.year - born.year) <= person.birth_margin


def _told(person: Person, names: list[str]) -> Candidate:
    birth = person.birth_date.isoformat() if person.birth_date else ""
    shown = {BirthPrecision.DAY: birth, BirthPrecision.MONTH: birth[:7]}.get(
        BirthPrecision(person.birth_precision), birth[:4]
    )
    name, other = (*names, "", "")[:2]
    return Candidate(person.pk.hex, name, other, person.sex, shown, person.place)
