"""Places of the country's pack by what people type, in either script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from qafila.kernel.names import name_keys
from qafila.kernel.text import fold
from qafila.packs import places as packs
from qafila.packs.places import Place
from qafila.registry.places.here import country_code

_GOOD_ENOUGH = 70


@dataclass(frozen=True)
class _Index:
    places: tuple[Place, ...]
    texts: tuple[str, ...]
    """The folded names of `places[i]` and its keys, many to one through `owner`."""
    owner: tuple[int, ...]


@lru_cache(maxsize=4)
def _index(code: str) -> _Index:
    found = tuple(packs.places(code).values())
    texts: list[str] = []
    owner: list[int] = []
    for number, place in enumerate(found):
        names = {place.name.ar, place.name.fr, place.name.en}
        for text in {fold(n) for n in names} | {" ".join(name_keys(n)) for n in names}:
            if text:
                texts.append(text)
                owner.append(number)
    return _Index(found, tuple(texts), tuple(owner))


def search(text: str, limit: int = 20, level: str = "") -> list[Place]:
    """Places whose name is like `text`, best first; of one level of division or of all."""
    index = _index(country_code())
    typed, keys = fold(text[:80]), " ".join(name_keys(text[:80]))
    if not typed:
        return []
    best: dict[int, float] = {}
    for query in {typed, keys} - {""}:
        for value, score, at in process.extract(query, index.texts, scorer=fuzz.WRatio, limit=limit * 6):
            if score < _GOOD_ENOUGH:
                continue
            # What begins as typed comes before what merely resembles it.
            bonus = 10 if value.startswith(query) else 0
            number = index.owner[at]
            best[number] = max(best.get(number, 0), score + bonus)
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
