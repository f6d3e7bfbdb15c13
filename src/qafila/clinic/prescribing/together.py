"""Medicines against one another: one substance or class twice, and interactions. Pure.

A line is compared with every other line and with everything that the person takes already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qafila.clinic.prescribing.findings import Facts, Finding, Line, Unchecked
from qafila.clinic.rules.words import N_, Message
from qafila.packs.catalogue import Catalogue
from qafila.packs.interactions import SEVERITIES, Interactions, Pair, Severity

TWICE = N_("%(medicine)s is prescribed twice.")
RUNNING = N_("%(medicine)s is already being taken.")
CLASS_TWICE = N_("%(medicine)s and %(other)s are both %(family)s.")
PAIR = N_("%(medicine)s with %(other)s: %(why)s.")
NOT_ASKED = N_("It was not asked which medicines the person takes already.")
UNKNOWN = N_("%(medicine)s, which the person takes, is not in the list of medicines.")
NO_LIST = N_("There is no list of interactions on this node.")
NOT_IN_LIST = N_("No list of interactions speaks of %(medicine)s.")


@dataclass(frozen=True, slots=True)
class Other:
    """What a line is compared with. `local`: used where it acts; `now`: on the same prescription."""

    words: str
    substances: frozenset[str]
    local: bool
    now: bool


def others(position: int, lines: Sequence[Line], facts: Facts, catalogue: Catalogue) -> list[Other]:
    """Every other line, and everything that is taken."""
    found = [
        Other(one.words, held(one, catalogue), _local(one.medicine, one.form, catalogue), True)
        for n, one in enumerate(lines)
        if n != position
    ]
    return found + [
        Other(
            one.words,
            catalogue.substances(one.medicine) or catalogue.named(one.words).substances,
            _local(one.medicine, "", catalogue),
            False,
        )
        for one in facts.taking
    ]


def held(line: Line, catalogue: Catalogue) -> frozenset[str]:
    """The substances of a line; of one written by hand, those that its words name."""
    return catalogue.substances(line.medicine) or catalogue.named(line.words).substances


def doubles(position: int, lines: Sequence[Line], facts: Facts, catalogue: Catalogue) -> Iterator[Finding | Unchecked]:
    """One substance, or two of one class."""
    line = lines[position]
    own, local = held(line, catalogue), _local(line.medicine, line.form, catalogue)
    yield from _unknown("double", position, facts, catalogue)
    for other in others(position, lines, facts, catalogue):
        same_words = other.now and other.words.casefold() == line.words.casefold()
        if other.local != local and not same_words:
            continue
        if own & other.substances or same_words:
            text, severity = (TWICE, "avoid") if other.now else (RUNNING, "caution")
            yield Finding("double", position, severity, Message(text, medicine=line.words))  # type: ignore[arg-type]
            continue
        shared = catalogue.classes_of(own) & catalogue.classes_of(other.substances) & catalogue.twice
        if shared and not local:
            told = Message(CLASS_TWICE, medicine=line.words, other=other.words, family=f"@name:{min(shared)}")
            yield Finding("double", position, "avoid" if other.now else "caution", told)


def interactions(
    position: int, lines: Sequence[Line], facts: Facts, catalogue: Catalogue
) -> Iterator[Finding | Unchecked]:
    """The pairs of the lists that a line makes with another medicine: of each list the worst."""
    line = lines[position]
    yield from _unknown("interaction", position, facts, catalogue)
    if not catalogue.interactions:
        yield Unchecked("interaction", position, Message(NO_LIST))
        return
    own = held(line, catalogue)
    mine = own | catalogue.classes_of(own)
    against = others(position, lines, facts, catalogue)
    if against and not any(mine & _spoken_of(pack) for pack in catalogue.interactions.values()):
        yield Unchecked("interaction", position, Message(NOT_IN_LIST, medicine=line.words))
    local = _local(line.medicine, line.form, catalogue)
    for other in against:
        theirs = other.substances | catalogue.classes_of(other.substances)
        for name, pack in catalogue.interactions.items():
            pair = _worst(pack, mine, theirs)
            if pair is None or (own & other.substances and own == other.substances):
                continue
            why = f"@why:{name}:{pair.why}" if pair.why else pair.words
            told = Message(PAIR, medicine=line.words, other=other.words, why=why)
            # On the skin or in an ear little of it reaches the rest of the body.
            severity: Severity = "monitor" if local or other.local else pair.severity
            yield Finding("interaction", position, severity, told, f"{pack.source}, {pack.date.isoformat()}")


def _unknown(check: str, position: int, facts: Facts, catalogue: Catalogue) -> Iterator[Unchecked]:
    if not facts.taking_asked:
        yield Unchecked(check, position, Message(NOT_ASKED))  # type: ignore[arg-type]
    for one in facts.taking:
        if not catalogue.substances(one.medicine) and not catalogue.named(one.words).substances:
            yield Unchecked(check, position, Message(UNKNOWN, medicine=one.words))  # type: ignore[arg-type]


def _local(medicine: str, form: str, catalogue: Catalogue) -> bool:
    return not catalogue.systemic(medicine, form)


def _worst(pack: Interactions, mine: frozenset[str], theirs: frozenset[str]) -> Pair | None:
    index = _index(pack)
    found = [index[key] for a in mine for b in theirs if (key := frozenset((a, b))) in index]
    return min(found, key=lambda p: (SEVERITIES.index(p.severity), p.one, p.other)) if found else None


@lru_cache(maxsize=16)
def _index(pack: Interactions) -> dict[frozenset[str], Pair]:
    return {frozenset((pair.one, pair.other)): pair for pair in pack.pair}


@lru_cache(maxsize=16)
def _spoken_of(pack: Interactions) -> frozenset[str]:
    return frozenset(code for pair in pack.pair for code in (pair.one, pair.other))
