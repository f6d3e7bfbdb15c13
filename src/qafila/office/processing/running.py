"""What this node really does with personal data, counted from what it holds: beside the record of processing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from qafila.journal.here import here
from qafila.office.breaches.models import Breach
from qafila.office.statistics.models import Release
from qafila.packs import load
from qafila.packs.roles import Role
from qafila.registry.people.models import Person
from qafila.registry.places import transfers
from qafila.registry.places.here import residency
from qafila.registry.places.transfer_models import Transfer
from qafila.registry.staff.models import Staff
from qafila.registry.units.models import Unit


@dataclass(frozen=True)
class Facts:
    """`roles`: role and how many hold it. `releases`: statistics that left. `authorisations`: in force."""

    node: str
    roles: list[tuple[Role, int]]
    units: int
    people: int
    releases: int
    breaches: int
    residency: str
    authorisations: list[Transfer]


def facts() -> Facts:
    """As of now. A fixed number of queries."""
    held: Counter[str] = Counter()
    for roles in Staff.objects.filter(active=True).values_list("roles", flat=True):
        held.update(roles)
    return Facts(
        node=here().node,
        roles=[(role, held[code]) for code, role in load.roles().items() if held[code]],
        units=Unit.objects.filter(active=True).count(),
        people=Person.objects.count(),
        releases=Release.objects.count(),
        breaches=Breach.objects.count(),
        residency=residency(),
        authorisations=transfers.in_force(),
    )
