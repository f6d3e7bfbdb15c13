"""What somebody still owes when they go on leave or depart. The wings above say what it is and how it is handed over;
nobody goes while something is owed and no name is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from qafila.registry.staff.models import Staff


@dataclass(frozen=True)
class Obligation:
    """Something that has an owner."""

    name: str
    count: Callable[[Staff], int]
    """How many the person owns."""
    hand: Callable[[Staff, Staff, Staff | None], int]
    """Give all of them from one person to another, by a third; how many. Raises what the wing's acts raise."""


OBLIGATIONS: dict[str, Obligation] = {}


class NobodyNamed(ValueError):
    """The person owns something and nobody was named to take it over, or somebody who is not there either."""

    message = _("Name somebody who takes the open cases over.")


def owed(staff: Staff) -> int:
    """How many things the person owns."""
    return sum(one.count(staff) for one in OBLIGATIONS.values())


def named(staff: Staff, to: Staff | None) -> Staff:
    """Who takes over from somebody. Raises `NobodyNamed` where it is nobody, the same person, or one who left."""
    if to is None or to.pk == staff.pk or not to.active:
        raise NobodyNamed
    return to


def hand_over(staff: Staff, to: Staff | None, by: Staff | None) -> int:
    """Hand all over, inside the caller's act; how many. Raises `NobodyNamed`."""
    if not owed(staff):
        return 0
    to = named(staff, to)
    return sum(one.hand(staff, to, by) for one in OBLIGATIONS.values())
