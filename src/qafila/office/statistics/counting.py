"""Who is counted, and how people fall into the cells of the statistics that the hub gives out.

Each person counts once in a table: what is counted is people, so that a figure is as small as the number of those
behind it. Whoever refuses research and statistics is in none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.clinic.cases.models import Case
from qafila.clinic.history.consented import RESEARCH, consented
from qafila.clinic.visits.models import Visit
from qafila.office.statistics.suppression import Table
from qafila.office.statistics.tables import Cell, Parents, tabulated
from qafila.packs.places import places
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code

UNKNOWN = "-"
BATCH = 2000


@dataclass(frozen=True)
class Statistic:
    """A table that the hub gives out. `rows`: person → their cell, for a year."""

    code: str
    label: str | Promise
    dimensions: tuple[str | Promise, ...]
    rows: Callable[[int], Mapping[UUID, Cell]]
    parents: Callable[[], tuple[Parents, ...]]


def counted(people: Iterable[UUID]) -> frozenset[UUID]:
    """Those who may be counted: whoever has refused research and statistics is not."""
    asked, found = list(people), set[UUID]()
    for start in range(0, len(asked), BATCH):
        found |= consented(asked[start : start + BATCH], RESEARCH)
    return frozenset(found)


def table_of(statistic: Statistic, year: int) -> Table:
    """The true counts of a year, of those who may be counted."""
    rows = statistic.rows(year)
    kept = counted(rows)
    return tabulated((cell for person, cell in rows.items() if person in kept), statistic.parents())


def _seen(year: int) -> dict[UUID, Person]:
    days = (date(year, 1, 1), date(year, 12, 31))
    seen = Visit.objects.filter(day__range=days).order_by().values("person_id").distinct()
    return {one.pk: one for one in Person.objects.filter(pk__in=seen).only("sex", "birth_date", "place", "heads")}


def _by_place(year: int) -> Mapping[UUID, Cell]:
    return {pk: (one.place or UNKNOWN, one.sex) for pk, one in _seen(year).items()}


def _by_age(year: int) -> Mapping[UUID, Cell]:
    return {pk: (_age(one, year), one.sex) for pk, one in _seen(year).items()}


def _age(person: Person, year: int) -> str:
    if person.birth_date is None:
        return UNKNOWN
    years = year - person.birth_date.year
    return next((f"{low}-{high}" for low, high in ((0, 4), (5, 14), (15, 49), (50, 64)) if low <= years <= high), "65+")


def _by_specialty(year: int) -> Mapping[UUID, Cell]:
    days = (date(year, 1, 1), date(year, 12, 31))
    rows = Case.objects.filter(sent_at__date__range=days).order_by("sent_at", "id")
    return {person: (specialty, urgency) for person, specialty, urgency in rows.values_list(
        "person_id", "specialty", "urgency")}  # fmt: skip


def _flat() -> tuple[Parents, ...]:
    return {}, {}


def _places() -> tuple[Parents, ...]:
    return {one.code: one.parent for one in places(country_code()).values() if one.parent}, {}


STATISTICS = {
    one.code: one
    for one in (
        Statistic("people_by_place", _("People seen, by where they live"), (_("Place"), _("Sex")), _by_place, _places),
        Statistic("people_by_age", _("People seen, by age"), (_("Age"), _("Sex")), _by_age, _flat),
        Statistic("people_by_specialty", _("People with a case, by specialty"), (_("Specialty"), _("Urgency")),
                  _by_specialty, _flat),
    )
}  # fmt: skip
"""What the hub gives out. A person with several cases counts under the last one."""
