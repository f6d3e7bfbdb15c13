"""People who may be the one about to be registered: offered to whoever registers, never decided by the program."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from qafila.kernel.dates import PartialDate
from qafila.kernel.names import name_keys
from qafila.registry.people.births import birth_of
from qafila.registry.people.details import NameParts, phone_number
from qafila.registry.people.models import Person, PersonName, Sex
from qafila.registry.people.queries import candidates, names_of
from qafila.registry.people.search import Found, likeness

LIKELY = 70.0
_YEARS_OFF = 2
"""Stated years of birth differ by this much between two visits without anybody having lied."""


def proposals(
    names: Sequence[NameParts],
    birth: PartialDate | None = None,
    sex: str = Sex.UNKNOWN,
    place: str = "",
    national_id: str = "",
    phone: str = "",
    limit: int = 5,
    besides: Person | None = None,
) -> list[Found]:
    """Likely duplicates, the likeliest first: by name in either script, year of birth, sex, commune, telephone."""
    texts = [" ".join(p for p in (n.given, n.middle, n.family) if p) for n in names]
    keys = max((list(dict.fromkeys(name_keys(t))) for t in texts), key=len, default=[])
    ids = candidates(keys, max(1, len(keys) - 1)) if keys else []
    number = phone_number(phone)
    wanted = Q(pk__in=ids)
    if number and isinstance(number, str):
        wanted |= Q(phone=number)
    if national_id:
        wanted |= Q(national_id=national_id)
    people = [p for p in Person.objects.filter(wanted)[:200] if besides is None or p.pk != besides.pk]
    known = names_of(p.pk for p in people)
    found = []
    for person in people:
        alike = max((likeness(t, n.text) for t in texts for n in known[person.pk]), default=0.0)
        score = weigh(alike, person, birth, sex, place, number if isinstance(number, str) else "")
        if national_id and person.national_id == national_id:
            found.append(Found(person, known[person.pk], 100, "national_id"))
        elif score >= LIKELY:
            found.append(Found(person, known[person.pk], score, "name"))
    return sorted(found, key=lambda f: (-f.score, f.person.pk.int))[:limit]


def weigh(alike: float, person: Person, birth: PartialDate | None, sex: str, place: str, phone: str) -> float:
    """How likely the two are one, 0-100: what is not known on one side counts neither way."""
    score = alike
    theirs = birth_of(person)
    if birth and theirs:
        near = timedelta(days=366 * _YEARS_OFF)
        apart = birth.earliest > theirs.latest + near or theirs.earliest > birth.latest + near
        score += -30 if apart else 8 if str(birth) == str(theirs) else 3
    if Sex.UNKNOWN not in (sex, person.sex):
        score += 0 if sex == person.sex else -25
    if place and person.place:
        score += 4 if place == person.place else -4
    if phone and person.phone == phone:
        score += 15
    return max(0.0, min(score, 99.0))


def named(name: PersonName) -> NameParts:
    """A stored name as it would be typed."""
    return NameParts(name.script, name.given, name.middle, name.family, name.use)
