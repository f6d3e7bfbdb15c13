"""The formulary as the checks and the screens look things up in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from qafila.kernel.text import fold
from qafila.packs import load
from qafila.packs.formulary_shapes import CrossAllergies, Form, Formulary, LocalFormulary, Medicine
from qafila.packs.interactions import Interactions
from qafila.packs.shapes import Label

NO_SUBSTANCE = frozenset({"acid", "acide", "حمض", "with", "avec", "tablet", "allergy", "cream", "creme", "collyre",
                          "drops", "موضعي", "عيني", "sodium", "potassium", "calcium", "oral", "salts", "human",
                          "vitamin", "vitamine", "فيتامين", "medicines", "allergie"})  # fmt: skip
"""Words of names that do not tell one substance from another."""
MIN_WORD = 4
"""Shorter words of an allergy ("of", "the", "iv") name no substance."""


def words(text: str) -> frozenset[str]:
    """The words of a name that tell something, as they compare."""
    return frozenset(w for w in re.findall(r"\w+", fold(text)) if len(w) >= MIN_WORD) - NO_SUBSTANCE


@dataclass(frozen=True, slots=True)
class Named:
    """What a text written by hand may mean: substances and classes by code."""

    substances: frozenset[str]
    classes: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.substances or self.classes)


@dataclass(frozen=True)
class Catalogue:
    """One formulary with its country's names, cross-allergies and lists of interactions."""

    formulary: Formulary
    cross: CrossAllergies
    interactions: Mapping[str, Interactions]
    local: LocalFormulary | None = None

    @cached_property
    def medicines(self) -> Mapping[str, Medicine]:
        """Medicines by code."""
        return MappingProxyType({one.code: one for one in self.formulary.medicine})

    @cached_property
    def forms(self) -> Mapping[str, Form]:
        """Forms by code."""
        return MappingProxyType({one.code: one for one in self.formulary.form})

    @cached_property
    def units(self) -> Mapping[str, Label]:
        """Units of dose by code."""
        return MappingProxyType({one.code: one.label for one in self.formulary.unit})

    @cached_property
    def notes(self) -> Mapping[str, Label]:
        """Notes on pregnancy, breastfeeding, kidneys and age by code."""
        return MappingProxyType({one.code: one.label for one in self.formulary.note})

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """Where rows come from, by code."""
        return MappingProxyType({one.code: one.words for one in self.formulary.source_list})

    @cached_property
    def labels(self) -> Mapping[str, Label]:
        """Labels of substances and classes by code."""
        found = {one.code: one.label for one in self.formulary.medicine if not one.substances}
        found |= {one.code: one.label for one in (*self.formulary.substance, *self.formulary.family)}
        return MappingProxyType(found)

    @cached_property
    def classes(self) -> Mapping[str, frozenset[str]]:
        """Substance → its classes."""
        found = {one.code: frozenset(one.classes) for one in self.formulary.medicine if not one.substances}
        found |= {one.code: frozenset(one.classes) for one in self.formulary.substance}
        return MappingProxyType(found)

    @cached_property
    def twice(self) -> frozenset[str]:
        """Classes of which two members at once are one too many."""
        return frozenset(one.code for one in self.formulary.family if one.twice)

    @cached_property
    def local_names(self) -> Mapping[str, tuple[str, ...]]:
        """Medicine → names in the country."""
        rows = self.local.name if self.local else ()
        return MappingProxyType({one.code: one.names for one in rows})

    def substances(self, code: str) -> frozenset[str]:
        """What a medicine holds; empty for a code that the formulary does not know."""
        found = self.medicines.get(code)
        return frozenset() if found is None else frozenset(found.substances or (code,))

    def classes_of(self, substances: Iterable[str]) -> frozenset[str]:
        """All classes of these substances."""
        return frozenset().union(*(self.classes.get(one, frozenset()) for one in substances))

    def systemic(self, medicine: str, form: str = "") -> bool:
        """Whether it acts in the whole body; what goes on the skin or into an eye or ear does not count for doses,
        doubles and interactions. Without a form: whether any of its forms does."""
        found = self.medicines.get(medicine)
        if found is None:
            return True
        routes = {one.route for one in found.product if not form or one.form == form}
        return not routes or not routes <= LOCAL_ROUTES

    def named(self, text: str) -> Named:
        """Substances and classes that a text may name, in any of the languages."""
        said = words(text)
        substances = frozenset(code for code, known in self._names.items() if same_word(said, known))
        classes = frozenset(code for code, known in self._class_names.items() if same_word(said, known))
        return Named(substances, classes)

    @cached_property
    def _names(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for one in self.formulary.medicine:
            if not one.substances:
                names = (one.label.ar, one.label.fr, one.label.en, *self.local_names.get(one.code, ()))
                found.setdefault(one.code, set()).update(*map(words, names))
            else:
                for substance in one.substances:
                    found.setdefault(substance, set()).update(*map(words, self.local_names.get(one.code, ())))
        for sub in self.formulary.substance:
            found.setdefault(sub.code, set()).update(*map(words, (sub.label.ar, sub.label.fr, sub.label.en)))
        return {code: frozenset(names) for code, names in found.items() if names}

    @cached_property
    def _class_names(self) -> dict[str, frozenset[str]]:
        return {one.code: frozenset().union(*map(words, one.names)) for one in self.formulary.family if one.names}


LOCAL_ROUTES = frozenset({"topical", "eye", "ear", "nasal"})


def same_word(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a word of one is, or holds, a word of the other: penicillin, penicilline, benzylpenicillin."""
    return any(a in b or b in a for a in one for b in other)


@load.remembered
def catalogue(country: str = "") -> Catalogue:
    """What this node knows of medicines, with the names of a country."""
    local = load.local_formulary(country) if country else None
    return Catalogue(load.formulary(), load.cross_allergies(), load.interactions(), local)
