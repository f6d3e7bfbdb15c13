"""Allergies against medicines: the substance itself, its class, and classes that go together. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qafila.clinic.prescribing.findings import Facts, Finding, Line, Unchecked
from qafila.clinic.rules.words import N_, Message
from qafila.packs.catalogue import Catalogue, same_word, words

ALLERGY = N_("Allergy on record: %(substance)s. Prescribed: %(medicine)s.")
FAMILY = N_("Allergy on record: %(substance)s. %(medicine)s belongs to the same family (%(family)s).")
CROSS = N_("Allergy on record: %(substance)s. %(medicine)s: %(note)s.")
NOT_ASKED = N_("Allergies have not been asked about.")
UNKNOWN = N_("The allergy “%(substance)s” is not in the list of medicines: it was compared by its words alone.")


def check(position: int, line: Line, facts: Facts, catalogue: Catalogue) -> Iterator[Finding | Unchecked]:
    """What a line has against the allergies on record."""
    if facts.allergies is None:
        yield Unchecked("allergy", position, Message(NOT_ASKED))
        return
    held = catalogue.substances(line.medicine) or catalogue.named(line.words).substances
    for allergy in facts.allergies:
        named = catalogue.named(allergy)
        found = _one(position, line, held, allergy, catalogue)
        if found is not None:
            yield found
        elif not named:
            yield Unchecked("allergy", position, Message(UNKNOWN, substance=allergy))


def _one(position: int, line: Line, held: frozenset[str], allergy: str, catalogue: Catalogue) -> Finding | None:
    named = catalogue.named(allergy)
    if named.substances & held or same_word(words(allergy), words(line.words)):
        return Finding("allergy", position, "avoid", Message(ALLERGY, substance=allergy, medicine=line.words))
    # Only classes that people name as an allergy count as a family here, not every class of the formulary.
    families = {one.code for one in catalogue.formulary.family if one.names}
    against = named.classes | (catalogue.classes_of(named.substances) & families)
    own = catalogue.classes_of(held)
    for shared in sorted(against & own):
        told = Message(FAMILY, substance=allergy, medicine=line.words, family=f"@name:{shared}")
        return Finding("allergy", position, "avoid", told)
    theirs, ours = named.substances | against, held | own
    for n, row in enumerate(catalogue.cross.cross):
        if (row.one in theirs and row.other in ours) or (row.other in theirs and row.one in ours):
            told = Message(CROSS, substance=allergy, medicine=line.words, note=f"@cross:{n}")
            return Finding("allergy", position, row.level, told, row.source)
    return None
