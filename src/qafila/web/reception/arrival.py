"""Somebody arrives: registered and put into the queue in one act, so that neither stands without the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.journal.write import writing
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts, NewLink
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Unit
from qafila.registry.units.queries import stop_today


def arrive(
    by: Staff, unit: Unit, names: Sequence[NameParts], links: Sequence[NewLink], reason: str, **values: Any
) -> tuple[Person, Visit]:
    """Register somebody and open their visit. Raises what these two raise; then nothing is written."""
    with writing(by, act="person.register"):
        person = people.register(by, unit, names=names, links=links, **values)
        return person, visits.open_visit(person, unit, by, reason=reason[:200], stop=stop_today(unit))
