"""Pregnancy, breastfeeding and kidneys against a medicine. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from qafila.clinic.prescribing.findings import Check, Facts, Finding, Line, Unchecked
from qafila.clinic.rules.words import N_, Message
from qafila.packs.catalogue import Catalogue
from qafila.packs.formulary_shapes import Care

PREGNANT = N_("Pregnancy, %(medicine)s: %(note)s.")
LACTATING = N_("Breastfeeding, %(medicine)s: %(note)s.")
KIDNEYS = N_("Kidneys (eGFR %(egfr)s), %(medicine)s: %(note)s.")
PREGNANT_NOT_ASKED = N_("It was not asked whether she is pregnant.")
LACTATING_NOT_ASKED = N_("It was not asked whether she breastfeeds.")
PREGNANT_UNKNOWN = N_("%(medicine)s: the list says nothing of pregnancy.")
LACTATING_UNKNOWN = N_("%(medicine)s: the list says nothing of breastfeeding.")
KIDNEYS_UNKNOWN = N_("%(medicine)s: the list says nothing of kidney function.")
NO_EGFR = N_("Kidney function is not known: no creatinine.")

_STATES = {
    "pregnancy": ("pregnant", PREGNANT, PREGNANT_NOT_ASKED, PREGNANT_UNKNOWN),
    "lactation": ("lactating", LACTATING, LACTATING_NOT_ASKED, LACTATING_UNKNOWN),
}


def state(check: Check, position: int, line: Line, facts: Facts, catalogue: Catalogue) -> Iterator[Finding | Unchecked]:
    """`pregnancy` or `lactation`."""
    fact, text, not_asked, unknown = _STATES[check]
    holds = getattr(facts, fact)
    if holds is None:
        yield Unchecked(check, position, Message(not_asked))
    if not holds:
        return
    care: Care | None = getattr(catalogue.medicines[line.medicine], check)
    if care is None:
        yield Unchecked(check, position, Message(unknown, medicine=line.words))
    elif care.level != "compatible":
        told = Message(text, medicine=line.words, note=f"@note:{care.note}")
        yield Finding(check, position, care.level, told, catalogue.sources.get(care.source, ""))


def kidneys(position: int, line: Line, facts: Facts, catalogue: Catalogue) -> Iterator[Finding | Unchecked]:
    """The lowest row of the medicine that fits the eGFR."""
    rows = sorted(catalogue.medicines[line.medicine].renal, key=lambda row: row.below)
    if not rows:
        yield Unchecked("renal", position, Message(KIDNEYS_UNKNOWN, medicine=line.words))
        return
    if not any(row.below for row in rows):
        return
    if facts.egfr is None:
        yield Unchecked("renal", position, facts.egfr_why or Message(NO_EGFR))
        return
    for row in rows:
        if facts.egfr < row.below:
            told = Message(KIDNEYS, medicine=line.words, egfr=facts.egfr, note=f"@note:{row.note}")
            if row.level != "compatible":
                yield Finding("renal", position, row.level, told, catalogue.sources.get(row.source, ""))
            return
