"""What can be checked of a prescription, and what cannot: pure.

Checked: an allergy on record against the names of the medicines, and one substance twice. Nothing else: doses,
interactions, pregnancy and kidneys are for the prescriber, and the screen says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qafila.clinic.rules.words import N_, Message
from qafila.kernel.text import fold

ALLERGY = N_("Allergy on record: %(substance)s. Prescribed: %(medicine)s.")
FAMILY = N_("Allergy on record: %(substance)s. %(medicine)s belongs to the same family.")
TWICE = N_("%(medicine)s is prescribed twice.")
RUNNING = N_("%(medicine)s is already being taken, by an earlier prescription.")
ALLERGY_NOT_ASKED = N_("Allergies have not been asked about.")
NOT_CHECKED = (
    N_("Doses for age, weight and kidney function"),
    N_("Interactions between medicines"),
    N_("Pregnancy and breastfeeding"),
)
FREE_TEXT = N_("%(medicine)s: written by hand, its substance is not known")
NO_SUBSTANCE = frozenset(
    {"acid", "acide", "حمض", "sodium", "potassium", "calcium", "with", "avec", "tablet", "allergy"}
)
"""Words of names that do not tell one substance from another."""
MIN_WORD = 4
"""Shorter words of an allergy ("of", "the", "iv") name no substance."""

FAMILY_BY_ATC: tuple[str, ...] = ("J01C", "J01D", "J01E", "J01F", "J01M", "M01A", "N02BA")
"""ATC groups whose members are often not borne by who does not bear one of them. General knowledge, to be approved."""


@dataclass(frozen=True, slots=True)
class Known:
    """A medicine of the formulary as the checks see it: every name that people use for it, and its ATC code."""

    code: str
    names: tuple[str, ...]
    atc: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a prescription: formulary code ("" = free text) and the words as printed."""

    medicine: str
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be changed, or overridden with a reason."""

    kind: Literal["allergy", "family", "twice", "running"]
    position: int
    message: Message


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and what was not checked."""

    found: tuple[Finding, ...]
    not_checked: tuple[Message, ...]


def check(
    lines: Sequence[Line],
    *,
    allergies: Iterable[str],
    asked: bool,
    formulary: Iterable[Known],
    running: Iterable[str] = (),
) -> Checked:
    """Check lines against allergies by words (`asked`: somebody asked at all) and for one substance twice.

    `running`: formulary codes of earlier prescriptions that have not run out.
    """
    known = {one.code: one for one in formulary}
    found: list[Finding] = []
    for position, line in enumerate(lines):
        found += _allergies(position, line, tuple(allergies), known)
    found += _twice(lines, known, frozenset(running))
    blind = [Message(FREE_TEXT, medicine=line.words) for line in lines if line.medicine not in known]
    if not asked:
        blind.insert(0, Message(ALLERGY_NOT_ASKED))
    return Checked(tuple(found), (*blind, *(Message(text) for text in NOT_CHECKED)))


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", fold(text)) if len(word) >= MIN_WORD} - NO_SUBSTANCE


def _allergies(position: int, line: Line, allergies: tuple[str, ...], known: dict[str, Known]) -> list[Finding]:
    medicine = known.get(line.medicine)
    named = _words(line.words).union(*(_words(name) for name in medicine.names)) if medicine else _words(line.words)
    found = []
    for substance in allergies:
        if _same_word(_words(substance), named):
            message = Message(ALLERGY, substance=substance, medicine=line.words)
            found.append(Finding("allergy", position, message))
        elif medicine and _family(medicine.atc) and _family(medicine.atc) in _families(substance, known):
            message = Message(FAMILY, substance=substance, medicine=line.words)
            found.append(Finding("family", position, message))
    return found


def _same_word(one: set[str], other: set[str]) -> bool:
    """Whether a word of one is, or begins, a word of the other: penicillin, penicilline, benzylpenicillin."""
    return any(a in b or b in a for a in one for b in other)


def _family(atc: str) -> str:
    return next((group for group in FAMILY_BY_ATC if atc.startswith(group)), "")


def _families(substance: str, known: dict[str, Known]) -> set[str]:
    words = _words(substance)
    groups = {_family(one.atc) for one in known.values() if _same_word(words, set().union(*map(_words, one.names)))}
    return groups - {""}


def _twice(lines: Sequence[Line], known: dict[str, Known], running: frozenset[str]) -> list[Finding]:
    found, seen = [], set()
    for position, line in enumerate(lines):
        substance = known[line.medicine].atc or line.medicine if line.medicine in known else fold(line.words)
        if substance in seen:
            found.append(Finding("twice", position, Message(TWICE, medicine=line.words)))
        elif line.medicine and line.medicine in running:
            found.append(Finding("running", position, Message(RUNNING, medicine=line.words)))
        seen.add(substance)
    return found
