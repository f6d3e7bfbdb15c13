"""Places of the country's pack by what people type, in either script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from qafila.kernel.names import name_keys
from qafila.kernel.text import fold
from qafila.packs import places as packs
from qafila.packs.places import Place
from qafila.registry.places.here import country_code

_ALIKE = 74
_SAME_KEY = 85


@dataclass(frozen=True)
class _Index:
    places: tuple[Place, ...]
    texts: tuple[str, ...]
    """Folded names; `owner` says of which place each is."""
    owner: tuple[int, ...]
    keys: dict[str, tuple[int, ...]]
    """Name keys → places: one spelling in two scripts."""


@lru_cache(maxsize=4)
def _index(code: str) -> _Index:
    found = tuple(packs.places(code).values())
    texts: list[str] = []
    owner: list[int] = []
    keys: dict[str, set[int]] = {}
    for number, place in enumerate(found):
        names = {place.name.ar, place.name.fr, place.name.en}
        for text in {fold(n) for n in names} - {""}:
            texts.append(text)
            owner.append(number)
        for key in {" ".join(name_keys(n)) for n in names} - {""}:
            keys.setdefault(key, set()).add(number)
    return _Index(found, tuple(texts), tuple(owner), {k: tuple(sorted(v)) for k, v in keys.items()})


def search(text: str, limit: int = 20, level: str = "") -> list[Place]:
    """Places whose name is like `text`, best first; of one level of division or of all.

    What follows a comma is the division above, as `label` writes it, and is not looked at.
    """
    index = _index(country_code())
    name = re.split("[,،]", text[:80])[0]
    typed = fold(name)
    if not typed:
        return []
    best: dict[int, float] = {}
    for value, score, at in process.extract(typed, index.texts, scorer=fuzz.ratio, limit=None, score_cutoff=_ALIKE):
        best[index.owner[at]] = max(best.get(index.owner[at], 0), score - (0 if value == typed else 5))
    for value, number in zip(index.texts, index.owner, strict=True):
        if typed in value:
            best[number] = max(best.get(number, 0), 92 if value.startswith(typed) else 80)
    key = " ".join(name_keys(name))
    for number in index.keys.get(key, ()) if len(key) > 1 else ():
        best[number] = max(best.get(number, 0), _SAME_KEY)
    ranked = sorted(best, key=lambda n: (-best[n], -(index.places[n].population or 0), n))
    places = [index.places[n] for n in ranked]
    return [p for p in places if not level or p.level == level][:limit]


def chain(code: str) -> tuple[Place, ...]:
    """The place and what it lies in, smallest first; empty for an unknown code."""
    return packs.above(country_code(), code) if code else ()


def known(code: str) -> bool:
    """Whether the country's pack has the place."""
    return code in packs.places(country_code())


def label(code: str, language: str) -> str:
    """The place with the division above it: "Tabant, Azilal"; empty for an unknown code."""
    separator = "، " if language.startswith("ar") else ", "
    return separator.join(p.name.text(language) for p in chain(code)[:2])


def labels_near(codes: Iterable[str], language: str) -> list[str]:
    """Labels of all places that share a parent with one of these, by name; to choose from while typing."""
    country = country_code()
    parents: list[str] = []
    for code in codes:
        here = chain(code)
        if here:
            # Of a province its communes, of a commune those beside it.
            parents.append(code if packs.children(country, code) else here[0].parent)
    near = [place for parent in dict.fromkeys(parents) for place in packs.children(country, parent)]
    separator = "، " if language.startswith("ar") else ", "
    above = packs.places(country)
    return sorted(
        {
            separator.join(
                [p.name.text(language), *([above[p.parent].name.text(language)] if p.parent in above else [])]
            )
            for p in near
        }
    )
