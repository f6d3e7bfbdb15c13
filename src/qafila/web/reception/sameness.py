"""What two records of perhaps one person agree and differ in, in words: a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.registry.people.births import age_of, birth_of
from qafila.registry.people.duplicates import Likely
from qafila.registry.people.matching import FIELDS, Level
from qafila.registry.people.models import Person, PersonName
from qafila.registry.people.queries import own_names
from qafila.registry.places import lookup
from qafila.registry.places.here import country, local_day
from qafila.web.reception import words
from qafila.web.reception.births import written

LABELS = {
    "given": _("Given name"),
    "family": _("Family name"),
    "middle": _("Father’s name"),
    "birth": _("Date of birth"),
    "sex": _("Sex"),
    "place": _("Commune"),
    "phone": _("Telephone"),
    "mother": _("Mother’s name"),
    "national_id": _("National number"),
}
SAID = {
    Level.SAME: _("the same"),
    Level.SOUND: _("the same, spelt in another way"),
    Level.NEAR: _("nearly the same"),
    Level.LIKE: _("a little alike"),
    Level.PART: _("one is a part of the other"),
    Level.SWAPPED: _("day and month change places"),
    Level.ONE_OFF: _("only day, month or year differs"),
    Level.YEAR: _("the same as far as it is known"),
    Level.SAME_YEAR: _("the same year, another day"),
    Level.NEXT_YEAR: _("about a year apart"),
    Level.STATED: _("fits the stated age"),
    Level.DIFFER: _("differs"),
    Level.MISSING: _("not known of both"),
}
AGREE = frozenset({Level.SAME, Level.SOUND, Level.YEAR, Level.SWAPPED})
AGAINST = frozenset({Level.DIFFER, Level.LIKE, Level.SAME_YEAR, Level.NEXT_YEAR})


@dataclass(frozen=True)
class Row:
    """One field of the comparison; `verdict` is agree, near, differ or missing."""

    label: str
    one: str
    other: str
    said: str
    verdict: str
    icon: str


def verdict(level: Level) -> tuple[str, str]:
    """How a level counts, and its icon."""
    if level is Level.MISSING:
        return "missing", "dash-lg"
    if level in AGREE:
        return "agree", "check-lg"
    return ("differ", "x-lg") if level in AGAINST else ("near", "plus-slash-minus")


def rows(levels: dict[str, Level], one: dict[str, str], other: dict[str, str]) -> list[Row]:
    """The fields of two records side by side; what neither has is left out."""
    found = []
    for name in FIELDS:
        if not one.get(name) and not other.get(name):
            continue
        level = levels.get(name, Level.MISSING)
        kind, icon = verdict(level)
        label = country().national_id.label.text(words.language()) if name == "national_id" else str(LABELS[name])
        found.append(Row(label, one.get(name, ""), other.get(name, ""), str(SAID[level]), kind, icon))
    return found


def written_of(person: Person, names: list[PersonName]) -> dict[str, str]:
    """A record's fields as text, every spelling of a name."""

    def all_of(part: str) -> str:
        return " · ".join(dict.fromkeys(t for n in names if (t := getattr(n, part))))

    return {
        "given": all_of("given"),
        "family": all_of("family"),
        "middle": all_of("middle"),
        "birth": written(birth_of(person)),
        "sex": words.sex_words(person) if person.sex != "unknown" else "",
        "place": lookup.label(person.place, words.language()),
        "phone": person.phone,
        "mother": person.mother_name,
        "national_id": person.national_id,
    }


def offered(found: list[Likely]) -> list[dict[str, Any]]:
    """Likely people for a list: who they are, what agrees, what differs, what is not known."""
    people = Person.objects.in_bulk([one.person_id for one in found])
    names = own_names(one.person_id for one in found)
    return [
        shown(people[one.person_id], names[one.person_id]) | {"why": why(one.levels), "certain": one.certain}
        for one in found
        if one.person_id in people
    ]


def shown(person: Person, names: list[PersonName]) -> dict[str, Any]:
    """Who somebody is, for a list."""
    name, other = words.name_words(person, names)
    return {
        "person": person,
        "name": name,
        "other": other,
        "age": words.age_words(age_of(person, local_day())),
        "sex": words.sex_words(person),
        "place": lookup.label(person.place, words.language()),
    }


def why(levels: dict[str, Level]) -> list[tuple[str, str, str]]:
    """Icon, kind and words of what was compared: what agrees, what differs, what is not known of one of them."""
    told: dict[str, list[str]] = {"agree": [], "near": [], "differ": [], "missing": []}
    for name in FIELDS:
        kind, _icon = verdict(levels.get(name, Level.MISSING))
        told[kind].append(str(LABELS[name]))
    heads = {
        "agree": ("check-lg", gettext("Agree: %(fields)s")),
        "near": ("plus-slash-minus", gettext("Nearly: %(fields)s")),
        "differ": ("x-lg", gettext("Differ: %(fields)s")),
        "missing": ("dash-lg", gettext("Not known: %(fields)s")),
    }
    comma = gettext(", ")
    return [
        (icon, kind, text % {"fields": comma.join(told[kind])}) for kind, (icon, text) in heads.items() if told[kind]
    ]


def likelihood(bits: float, stop: float) -> str:
    """The evidence in a word."""
    if bits >= 2 * stop:
        return gettext("Almost certainly one person")
    return gettext("Very likely one person") if bits >= stop else gettext("Perhaps one person")


def code_of(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """Two records in the order in which a pair is kept."""
    return (one, other) if one < other else (other, one)
