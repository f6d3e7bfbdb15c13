"""One field finds a person: a name in either script, the code or QR of the card, a national number, a telephone.

Four queries whatever is typed: names by their keys, people, their names, who was merged with whom.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q
from rapidfuzz import fuzz

from qafila.kernel.names import name_key, name_keys
from qafila.kernel.text import fold, latin_digits
from qafila.packs.national_id import normalised
from qafila.registry.people.details import phone_number
from qafila.registry.people.models import Person, PersonName
from qafila.registry.people.queries import candidates, groups_of, names_of, own_names, people_of
from qafila.registry.people.scanned import code_of

_MAX_TYPED = 100
_ALIKE = 60
"""Names less alike than this (rapidfuzz, 0-100) are not shown."""


@dataclass(frozen=True)
class Found:
    """A person, their names, how well they fit (0-100), and what it was found by: code, national_id, phone, name."""

    person: Person
    names: list[PersonName]
    score: float
    why: str


def search(text: str, limit: int = 20) -> list[Found]:
    """The people meant by `text`, the likeliest first. Nothing for less than two characters."""
    typed = text.strip()[:_MAX_TYPED]
    if len(typed) < 2:
        return []
    code = code_of(typed)
    number, phone = _digits(typed)
    keys = [] if number else _keys(typed)
    by_name = candidates(keys, max(1, len(keys) - 1)) if keys else []
    wanted = Q(pk__in=by_name)
    if code:
        wanted |= Q(code=code)
    if number:
        wanted |= Q(national_id=number)
    if phone:
        wanted |= Q(phone__gte=phone, phone__lt=phone[:-1] + chr(ord(phone[-1]) + 1))
    people = list(Person.objects.filter(wanted)[: len(by_name) + 50])
    names = own_names(p.pk for p in people)
    written = _Written.of(typed)
    found = [_fit(p, names[p.pk], written, code, number, phone) for p in people]
    good = [f for f in found if f.why != "name" or f.score >= _ALIKE]
    return _survivors(sorted(good, key=lambda f: (-f.score, -f.person.pk.int)))[:limit]


def _survivors(found: list[Found]) -> list[Found]:
    """Each person once, by the record that survives, whichever of their records was found."""
    held = groups_of(f.person.pk for f in found)
    if not held:
        return found
    people, names = people_of(held), names_of(held)
    best: dict[UUID, Found] = {}
    for one in found:
        pk = one.person.pk
        person = people.get(pk, one.person)
        best.setdefault(person.pk, replace(one, person=person, names=names[pk]) if pk in held else one)
    return list(best.values())


def _digits(typed: str) -> tuple[str, str]:
    """What was typed as a national number and as the beginning of a telephone number, where it can be one."""
    number = normalised(typed)
    if not any(c.isdigit() for c in number) or len(number) < 4 or not number.isascii():
        return "", ""
    phone = phone_number(typed)
    # Letters in it: the letter of a card's number, not a telephone.
    return number, phone if isinstance(phone, str) and re.fullmatch(r"[+\d\s().\-/]+", latin_digits(typed)) else ""


def _keys(typed: str) -> list[str]:
    if len(fold(typed)) < 2:
        return []
    return list(dict.fromkeys(name_keys(typed)))


def _fit(person: Person, names: list[PersonName], typed: _Written, code: str | None, number: str, phone: str) -> Found:
    if code and person.code == code:
        return Found(person, names, 100, "code")
    if number and person.national_id == number:
        return Found(person, names, 100, "national_id")
    if phone and person.phone.startswith(phone):
        return Found(person, names, 100 if person.phone == phone else 90, "phone")
    return Found(person, names, max((typed.alike(_Written.of(n.text)) for n in names), default=0), "name")


def likeness(one: str, other: str) -> float:
    """How alike two names are, 0-100, in whatever order their words stand and in whichever script each is."""
    return _Written.of(one).alike(_Written.of(other))


class _Written(NamedTuple):
    """A name as names are compared: its letters, and its key, which is the same in each script."""

    letters: str
    key: str

    @classmethod
    def of(cls, name: str) -> _Written:
        return cls(fold(name), name_key(name))

    def alike(self, other: _Written) -> float:
        written = max(
            fuzz.token_sort_ratio(self.letters, other.letters), 0.95 * fuzz.token_set_ratio(self.letters, other.letters)
        )
        # Across scripts only the keys can be compared; alike keys are less than alike letters.
        begun = 0.85 * _begins(self.key.split(), other.key.split())
        return max(written, 0.92 * fuzz.token_sort_ratio(self.key, other.key), begun)


def _begins(typed: Sequence[str], full: Sequence[str]) -> float:
    """100 where every typed key begins a key of the name (somebody is still typing)."""
    hits = sum(any(f.startswith(t) for f in full) for t in typed)
    return 100 * hits / len(typed) if typed else 0


def ids(found: list[Found]) -> list[UUID]:
    """The people's ids, in order."""
    return [f.person.pk for f in found]
