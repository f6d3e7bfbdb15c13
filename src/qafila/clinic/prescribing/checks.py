"""What can be checked of a prescription, and what could not be and why: pure, from tables (`packs/formulary`,
`packs/interactions`). Whoever prescribes decides; a check that lacks something never says that all is well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qafila.clinic.prescribing import allergies, conditions, doses, together
from qafila.clinic.prescribing.findings import (
    CHECKS,
    Check,
    Checked,
    Facts,
    Finding,
    Line,
    Unchecked,
    sorted_findings,
)
from qafila.clinic.rules.words import N_, Message
from qafila.packs.catalogue import Catalogue

FREE_TEXT = N_("%(medicine)s: written by hand, its substance is not known")


def check(lines: Sequence[Line], facts: Facts, catalogue: Catalogue) -> Checked:
    """Run every check of every line."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    passed: set[tuple[Check, int]] = set()
    for position in range(len(lines)):
        for name in CHECKS:
            results = list(_run(name, position, lines, facts, catalogue))
            found += [one for one in results if isinstance(one, Finding)]
            unchecked += [one for one in results if isinstance(one, Unchecked)]
            if not results and not _does_not_apply(name, lines[position], catalogue):
                passed.add((name, position))
    return Checked(sorted_findings(found), tuple(dict.fromkeys(unchecked)), frozenset(passed))


def _run(
    name: Check, position: int, lines: Sequence[Line], facts: Facts, catalogue: Catalogue
) -> Iterable[Finding | Unchecked]:
    line = lines[position]
    if name == "allergy":
        yield from allergies.check(position, line, facts, catalogue)
    elif name == "double":
        yield from together.doubles(position, lines, facts, catalogue)
    elif name == "interaction":
        yield from together.interactions(position, lines, facts, catalogue)
    if line.medicine not in catalogue.medicines:
        yield Unchecked(name, position, Message(FREE_TEXT, medicine=line.words))
    elif _does_not_apply(name, line, catalogue):
        return
    elif name in ("pregnancy", "lactation"):
        yield from conditions.state(name, position, line, facts, catalogue)
    elif name == "dose":
        yield from doses.check(position, line, facts, catalogue)
    elif name == "renal":
        yield from conditions.kidneys(position, line, facts, catalogue)


def _does_not_apply(name: Check, line: Line, catalogue: Catalogue) -> bool:
    """Doses and kidneys are no matter of what is put on the skin, into an eye, an ear or the nose."""
    return name in ("dose", "renal") and not catalogue.systemic(line.medicine, line.form)
