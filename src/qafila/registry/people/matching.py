"""Whether two records tell of one person: what they agree and differ in, weighed as Fellegi and Sunter did.

Each field of a pair stands at a *level* ("same", "near", "differ"…). How often a level is seen between two records of
one person, of two people of one household, and of two strangers is data (`packs/matching.toml`, with its source). The
evidence is log2 of one person's chance over that of the others. Three kinds and not two, since family name, commune,
telephone and mother say "one household": taken one by one they would pass twins for one child. A field that either
record lacks is no evidence either way. After Fellegi, Sunter: A theory for record linkage, JASA 64 (1969).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import log2
from typing import Protocol

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from qafila.kernel.dates import PartialDate, Precision
from qafila.kernel.names import name_keys
from qafila.kernel.text import fold

ALIKE = 0.9
"""Jaro-Winkler of letters (one script) from which two words are one with another spelling."""
SAME_SOUND = 0.8
SOME_LIKENESS = 0.78
RARE = 0.0003
"""Share of people taken for a name that few bear."""
COMMONEST = 4.0
"""Bits: no name counts for more than this as common, or as rare."""
FIELDS = ("given", "family", "middle", "birth", "sex", "place", "phone", "mother", "national_id")


class Level(StrEnum):
    """How far two values agree."""

    SAME = "same"
    SOUND = "sound"
    """Names: the same across scripts or spellings."""
    NEAR = "near"
    """Names: nearly; telephones: one digit."""
    LIKE = "like"
    """Names: some likeness, no more."""
    PART = "part"
    """Names: one is a part of the other."""
    SWAPPED = "swapped"
    """Birth: day and month change places."""
    ONE_OFF = "one_off"
    """Birth: one of day, month and year differs."""
    YEAR = "year"
    """Birth: one of the two is known in part, and they agree."""
    SAME_YEAR = "same_year"
    NEXT_YEAR = "next_year"
    STATED = "stated"
    """Birth: within the doubt of a stated age."""
    DIFFER = "differ"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a name as compared: folded letters, its keys, whether the letters are Arabic."""

    text: str
    keys: tuple[str, ...]
    arabic: bool


@lru_cache(maxsize=50_000)
def word(text: str) -> Word | None:
    """A part of a name made ready; None for one without letters."""
    keys = name_keys(text)
    letters = fold(text).replace("-", " ").replace("'", "")
    return Word(letters, keys, any("\u0600" <= c <= "\u06ff" for c in letters)) if keys else None


@dataclass(frozen=True, slots=True)
class Called:
    """One name: its parts as words, None where a part is not known."""

    given: Word | None
    middle: Word | None
    family: Word | None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all parts, each once."""
        parts = (self.given, self.middle, self.family)
        return tuple(dict.fromkeys(k for p in parts if p is not None for k in p.keys))


def called(given: str = "", middle: str = "", family: str = "") -> Called:
    """A name as compared."""
    return Called(word(given), word(middle), word(family))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a person as far as it tells them from others; empty or None where it is not known."""

    names: tuple[Called, ...] = ()
    birth: PartialDate | None = None
    sex: str = ""
    """female, male, or "" (not known)."""
    place: str = ""
    phone: str = ""
    mothers: tuple[Word, ...] = ()
    """The mother's whole name, as often as it is written."""
    national_id: str = ""


# --- levels -----------------------------------------------------------------------------------------


def compare(one: Known, other: Known) -> dict[str, Level]:
    """The level of each field of `FIELDS`. Given and family names may have changed places."""
    found = _names(one.names, other.names)
    found["birth"] = _birth(one.birth, other.birth)
    found["sex"] = _equal(one.sex, other.sex)
    found["place"] = _equal(one.place, other.place)
    found["phone"] = _phone(one.phone, other.phone)
    found["mother"] = _best(_wording(a, b) for a in one.mothers for b in other.mothers)
    found["national_id"] = _equal(one.national_id, other.national_id)
    return found


def _equal(one: str, other: str) -> Level:
    if not one or not other:
        return Level.MISSING
    return Level.SAME if one == other else Level.DIFFER


_RANK = {
    Level.SAME: 6, Level.SOUND: 5, Level.NEAR: 4, Level.PART: 3, Level.LIKE: 2, Level.DIFFER: 1, Level.MISSING: 0,
}  # fmt: skip


def _best(levels: Iterable[Level]) -> Level:
    return max(levels, key=_RANK.__getitem__, default=Level.MISSING)


def _names(mine: tuple[Called, ...], theirs: tuple[Called, ...]) -> dict[str, Level]:
    """Levels of the name's parts, of the two spellings that agree best; each field on its own where there are more."""
    straight = crossed = (Level.MISSING, Level.MISSING)
    middle = Level.MISSING
    for a in mine:
        for b in theirs:
            straight = _better(straight, (_wording(a.given, b.given), _wording(a.family, b.family)))
            crossed = _better(crossed, (_wording(a.given, b.family), _wording(a.family, b.given)))
            middle = _best((middle, _wording(a.middle, b.middle)))
    if _crossed(straight, crossed):
        # Which of the two agrees less is taken for the given name, the weightier.
        straight = crossed if _RANK[crossed[0]] <= _RANK[crossed[1]] else (crossed[1], crossed[0])
    return {"given": straight[0], "family": straight[1], "middle": middle}


def _crossed(straight: tuple[Level, Level], crossed: tuple[Level, Level]) -> bool:
    """Whether given and family name stand in each other's place: only where that makes parts agree that did not."""
    before, after = [_RANK[x] for x in straight], [_RANK[x] for x in crossed]
    if 0 in after or 0 in before:
        # One part alone is known of somebody: it is a given name unless it is plainly the other's family name.
        return max(before) <= _RANK[Level.LIKE] and max(after) >= _RANK[Level.NEAR]
    return sum(after) > sum(before) and max(before) <= _RANK[Level.LIKE] and max(after) >= _RANK[Level.SOUND]


def _better(one: tuple[Level, Level], other: tuple[Level, Level]) -> tuple[Level, Level]:
    return _best((one[0], other[0])), _best((one[1], other[1]))


def _wording(one: Word | None, other: Word | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    return _wording_of(one, other) if one.text <= other.text else _wording_of(other, one)


@lru_cache(maxsize=50_000)
def _wording_of(one: Word, other: Word) -> Level:
    if one.text == other.text:
        return Level.SAME
    mine, theirs = "".join(sorted(one.keys)), "".join(sorted(other.keys))
    alike = _alike(one, other) if one.arabic == other.arabic else None
    if mine == theirs and (alike is None or alike >= SAME_SOUND):
        return Level.SOUND
    longest = max(len(mine), len(theirs))
    off = DamerauLevenshtein.distance(mine, theirs, score_cutoff=2)
    close = off <= 1 and longest >= 4
    if (alike is not None and alike >= ALIKE) or (close and (alike is None or alike >= SOME_LIKENESS)):
        return Level.NEAR
    if set(one.keys) <= set(other.keys) or set(other.keys) <= set(one.keys):
        return Level.PART
    like = (alike is not None and alike >= SOME_LIKENESS) or (off <= 2 and longest >= 4) or (off <= 1 and longest >= 2)
    return Level.LIKE if like else Level.DIFFER


def _alike(one: Word, other: Word) -> float:
    """Jaro-Winkler of two names in one script, their words in whatever order."""
    joined = JaroWinkler.similarity(one.text.replace(" ", ""), other.text.replace(" ", ""))
    if " " not in one.text and " " not in other.text:
        return joined
    return max(joined, JaroWinkler.similarity(*(" ".join(sorted(w.text.split())) for w in (one, other))))


def _phone(one: str, other: str) -> Level:
    if not one or not other:
        return Level.MISSING
    if one == other:
        return Level.SAME
    return Level.NEAR if DamerauLevenshtein.distance(one, other, score_cutoff=1) <= 1 else Level.DIFFER


def in_part(birth: PartialDate) -> bool:
    """Whether the day is not known."""
    # The first of January is what clerks write for "that year".
    return birth.precision is not Precision.DAY or (birth.month, birth.day) == (1, 1)


def _birth(one: PartialDate | None, other: PartialDate | None) -> Level:
    if one is None or other is None:
        return Level.MISSING
    if in_part(one) or in_part(other):
        return _birthin_part(one, other)
    if one == other:
        return Level.SAME
    apart = abs(one.year - other.year)
    same = (one.month == other.month, one.day == other.day)
    if apart == 0:
        if (one.month, one.day) == (other.day, other.month):
            return Level.SWAPPED
        return Level.ONE_OFF if any(same) else Level.SAME_YEAR
    if all(same) and (apart in (1, 10) or sorted(str(one.year)) == sorted(str(other.year))):
        return Level.ONE_OFF
    return Level.NEXT_YEAR if apart == 1 else Level.DIFFER


def _birthin_part(one: PartialDate, other: PartialDate) -> Level:
    stated = Precision.ABOUT in (one.precision, other.precision)
    if not stated and one.year == other.year:
        months = {one.month, other.month} if Precision.YEAR not in (one.precision, other.precision) else set()
        day_alone = any(b.precision is Precision.DAY and (b.month, b.day) == (1, 1) for b in (one, other))
        return Level.SAME_YEAR if len(months) > 1 and not day_alone else Level.YEAR
    if stated and one.earliest <= other.latest and other.earliest <= one.latest:
        return Level.STATED
    return Level.NEXT_YEAR if abs(one.year - other.year) <= 1 + one.plus_minus + other.plus_minus else Level.DIFFER


# --- weights ----------------------------------------------------------------------------------------


AGREED = (Level.SAME, Level.SOUND)


class Seen(Protocol):
    """How often a level is seen between two records of one person, of one household, of strangers."""

    @property
    def one(self) -> float:
        """Between two records of one person."""

    @property
    def household(self) -> float:
        """Between two of one household."""

    @property
    def stranger(self) -> float:
        """Between strangers."""


class Odds(Protocol):
    """The data that decides (`packs.matching.Matching`)."""

    @property
    def field(self) -> Mapping[str, Mapping[str, Seen]]:
        """Field → level → how often it is seen."""

    @property
    def strangers(self) -> float:
        """How many strangers there are to confuse a person with."""

    @property
    def relatives(self) -> float:
        """How many of their household there are."""


def weigh(levels: Mapping[str, Level], odds: Odds, common: Mapping[str, float] | None = None, people: int = 0) -> float:
    """The evidence in bits: 0 where one person is as likely as two, 10 where a thousand times as likely.

    `common`: how much commoner the names of the two are than names at large (`commonness`); `people`: how many are
    registered, each of them somebody to be confused with.
    """
    one, house, other = 0.0, log2(odds.relatives), log2(max(odds.strangers, people))
    for name, level in levels.items():
        if level is not Level.MISSING:
            seen = odds.field[name][level]
            one += log2(seen.one)
            house += log2(seen.household)
            other += log2(seen.stranger)
            if common and level in AGREED and name in common:
                other += common[name]
                house += common[name] if name == "given" else 0.0
    top = max(house, other)
    return one - top - log2(2 ** (house - top) + 2 ** (other - top))


def commonness(names: Collection[Called], shares: Mapping[str, float], odds: Odds) -> dict[str, float]:
    """By how many bits it is commoner than at large to share a given name, and a family name, of these.

    `shares`: key → share of the people here who bear it; a key that it lacks is rare. Empty: nothing is known.
    Winkler: Frequency-based matching in the Fellegi-Sunter model, US Bureau of the Census RR2000/06.
    """
    if not shares:
        return {}
    found = {}
    for name in ("given", "family"):
        words = [w for n in names if (w := n.given if name == "given" else n.family) is not None]
        if words:
            share = max(min(shares.get(key, RARE) for key in w.keys) for w in words)
            at_large = sum(odds.field[name][level].stranger for level in AGREED)
            found[name] = max(-COMMONEST, min(COMMONEST, log2(share / at_large)))
    return found
