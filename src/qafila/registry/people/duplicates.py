"""People who may be one: offered to whoever registers or keeps the register, never decided by the program."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from qafila.kernel.dates import PartialDate
from qafila.packs import load
from qafila.registry.people.blocking import asked, hashed
from qafila.registry.people.details import NameParts, phone_number
from qafila.registry.people.matching import Known, Level, called, commonness, compare, weigh, word
from qafila.registry.people.models import Sex
from qafila.registry.people.queries import in_blocks, known_of, name_shares


@dataclass(frozen=True)
class Likely:
    """A person on record who may be the one at hand: the evidence in bits, and what agrees and differs."""

    person_id: UUID
    bits: float
    levels: dict[str, Level]
    certain: bool
    """So likely that nobody should be registered without an answer."""


def typed(
    names: Sequence[NameParts],
    birth: PartialDate | None = None,
    sex: str = "",
    place: str = "",
    phone: str = "",
    mother: str = "",
    national_id: str = "",
) -> Known:
    """What somebody has typed so far, as the matcher compares it."""
    number, mum = phone_number(phone), word(mother)
    return Known(
        names=tuple(called(n.given, n.middle, n.family) for n in names),
        birth=birth,
        sex="" if sex == Sex.UNKNOWN else sex,
        place=place,
        phone=number if isinstance(number, str) else "",
        mothers=(mum,) if mum else (),
        national_id=national_id,
    )


def likely(known: Known, besides: Collection[UUID] = (), limit: int = 5) -> list[Likely]:
    """Who on this node may be the same person, the likeliest first. Five queries.

    `besides` are left out: the person themselves, and whom somebody has told from them.
    """
    odds = load.matching()
    keys = {hashed(block) for block in asked(known)}
    people = known_of(pk for pk in in_blocks(keys) if pk not in besides)
    if not people:
        return []
    here, shares = name_shares({key for one in (known, *people.values()) for name in one.names for key in name.keys})
    found = []
    for pk, other in people.items():
        levels = compare(known, other)
        bits = weigh(levels, odds, commonness((*known.names, *other.names), shares, odds), here)
        if bits >= odds.propose:
            found.append(Likely(pk, bits, levels, bits >= odds.stop))
    return sorted(found, key=lambda one: (-one.bits, one.person_id.int))[:limit]
