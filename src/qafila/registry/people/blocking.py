"""Which records are compared at all: those that share a *block*, something said of a person together with a year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from qafila.kernel.dates import PartialDate
from qafila.registry.people.matching import Known, in_part

MOST_COMPARED = 40
"""So many of those who share a block are compared, who share more and rarer ones first."""
USUAL = 2
"""A block of n people weighs 1 / (n + this): who shares a rare one is nearer."""
NO_YEAR, ANY_YEAR = 0, 1
"""In the place of a year: the birth is not known; every year."""
_MOST_KEYS = 4
_WIDEST = 13


class Block(NamedTuple):
    """What is said (the kind, a stroke, the words) and the year."""

    said: str
    year: int


Who = TypeVar("Who", bound=Hashable)


def nearest(rows: Iterable[tuple[Hashable, Who]], most: int = MOST_COMPARED) -> list[Who]:
    """Those of (block, person) who are compared; `queries.in_blocks` says the same in SQL."""
    held = list(rows)
    sizes = Counter(block for block, _ in held)
    weights: dict[Who, float] = {}
    for block, who in held:
        weights[who] = weights.get(who, 0.0) + 1 / (USUAL + sizes[block])
    return sorted(weights, key=lambda who: -weights[who])[:most]


def hashed(block: Block) -> int:
    """A block as the table keeps it: 48 bits of what is said, 16 of the year, signed.

    The years of one thing said lie beside each other in the index: whoever looks for ten of them reads one page.
    """
    said = int.from_bytes(blake2b(block.said.encode(), digest_size=6).digest(), signed=True)
    return (said << 16) | (block.year & 0xFFFF)


def blocks(known: Known) -> set[Block]:
    """The blocks a record stands in."""
    return _blocks(known, _years(known.birth, 0)) | _timeless(known)


def asked(known: Known) -> set[Block]:
    """The blocks where records of the same person stand: a year to either side, and those without a year.

    Somebody whose birth is not known is looked for by whole name, mother, telephone, whatever the year.
    """
    years = _years(known.birth, 1)
    return _blocks(known, [*years, NO_YEAR]) if years != [NO_YEAR] else _blocks(known, years) | _timeless(known)


def _timeless(known: Known) -> set[Block]:
    return {Block(said, ANY_YEAR) for said in (*_pairs(known), *_mothers(known))}


def _pairs(known: Known) -> set[str]:
    return {
        "n|" + " ".join(sorted((a, b)))
        for n in known.names
        for i, a in enumerate(n.keys[:_MOST_KEYS])
        for b in n.keys[i + 1 : _MOST_KEYS]
    }


def _mothers(known: Known) -> set[str]:
    return {"m|" + " ".join(sorted(m.keys[:2])) for m in known.mothers}


def _years(birth: PartialDate | None, more: int) -> list[int]:
    if birth is None:
        return [NO_YEAR]
    first, last = birth.earliest.year - more, birth.latest.year + more
    middle = _WIDEST // 2
    first, last = max(first, birth.year - middle), min(last, birth.year + middle)
    return list(range(first, last + 1))


def _blocks(known: Known, years: list[int]) -> set[Block]:
    heads = {k for n in known.names for p in (n.given, n.family) if p is not None for k in p.keys[:2]}
    said = _pairs(known) | _mothers(known)
    if known.place:
        said |= {f"c|{known.place}|{head}" for head in heads}
    found = {Block(one, year) for one in said for year in years}
    if known.birth is not None and not in_part(known.birth):
        low, high = sorted((known.birth.month or 0, known.birth.day or 0))
        found |= {Block(f"d|{low}-{high}|{head}", year) for year in years if year != NO_YEAR for head in heads}
    if known.phone:
        found.add(Block(f"p|{known.phone}", ANY_YEAR))
    if known.national_id:
        found.add(Block(f"i|{known.national_id}", ANY_YEAR))
    return found
