"""Invented people in households, and the same people registered twice by somebody else in another manner.

Everything follows from the seed. The letters, manners and slips below belong to this generator alone: nothing here
is read from, or by, `registry.people.matching` or `kernel.names`.

Kinds of error of a second registration (`ERRORS`, each drawn on its own, at least one a copy):
script    the name is written in the other script alone
spelling  the same sounds in another manner (French, English, dialect); hamza, final ya and ta marbuta in Arabic
typo      one letter of the given or the family name is left out, doubled, replaced or changes places
swapped   given and family name change places
day_month day and month change places (a day above 12: a wrong day)
wrong_day, wrong_month, wrong_year (one to either side)
year_only, stated_age (true age up to two years off, margin 3)
missing   one or two of telephone, mother's name, commune, birth, family name, sex are not asked for
moved     another commune; new_phone: another telephone
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from qafila.kernel.dates import PartialDate
from qafila.packs import load

TODAY = date(2026, 3, 1)
ERRORS = {
    "script": 0.30, "spelling": 0.45, "typo": 0.15, "swapped": 0.10, "day_month": 0.06, "wrong_day": 0.06,
    "wrong_month": 0.04, "wrong_year": 0.05, "year_only": 0.06, "stated_age": 0.06, "missing": 0.25, "moved": 0.08,
    "new_phone": 0.12,
}  # fmt: skip
_DATE_ERRORS = ("day_month", "wrong_day", "wrong_month", "wrong_year", "year_only", "stated_age")

_LETTERS = [
    ("ب", ("b",)), ("ت", ("t",)), ("ث", ("th", "t")), ("ج", ("j", "dj")), ("ح", ("h",)), ("خ", ("kh",)),
    ("د", ("d",)), ("ر", ("r",)), ("ز", ("z",)), ("س", ("s", "ss")), ("ش", ("ch", "sh")), ("ص", ("s",)),
    ("ض", ("d",)), ("ط", ("t",)), ("ع", ("a", "")), ("غ", ("gh",)), ("ف", ("f",)), ("ق", ("k", "q")),
    ("ك", ("k",)), ("ل", ("l",)), ("م", ("m",)), ("ن", ("n",)), ("ه", ("h",)),
]  # fmt: skip
_VOWELS = [("ا", ("a",)), ("و", ("ou", "u")), ("ي", ("i",)), ("", ("a", "e")), ("", ("o", "ou")), ("", ("i", "e"))]
_FRONTS = [(("", ""),), (("ال", "El "), ("ال", "Al "), ("ال", "El")), (("بن ", "Ben "), ("بن", "Ben")),
           (("أيت ", "Ait "), ("ايت ", "Aït ")), (("أو", "Ou"), ("او", "Ou"))]  # fmt: skip
_MANNERS = [("ou", "u"), ("ch", "sh"), ("ss", "s"), ("ll", "l"), ("mm", "m"), ("dd", "d"), ("aa", "a"), ("ï", "i"),
            ("ou", "o"), ("ia", "iya"), ("k", "q"), ("ae", "aa"), ("ei", "ay"), ("i", "y"), ("e", "a")]  # fmt: skip
_ARABIC_MANNERS = [("أ", "ا"), ("إ", "ا"), ("ة", "ه"), ("ى", "ي"), ("ئ", "ي"), ("ؤ", "و"), ("آ", "ا")]


@dataclass(frozen=True)
class Name:
    """One part of a name as the family knows it: its Arabic and the Latin manners of writing it."""

    arabic: str
    latin: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """One living person."""

    given: Name
    father: Name
    family: Name
    sex: str
    born: date
    place: str
    phone: str
    mother: tuple[Name, Name]


@dataclass(frozen=True)
class Written:
    """One registration, as the form has it. `person` is the number of the living person it tells of."""

    person: int
    names: tuple[tuple[str, str, str], ...]
    """Given, father's, family name; one for each script it is written in."""
    birth: PartialDate | None
    sex: str
    place: str
    phone: str
    mother: str
    errors: tuple[str, ...] = ()


@dataclass
class Town:
    """Draws people and registers them."""

    seed: int
    families: int = 8000
    communes: int = 1500
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        kept = [load.people(country) for country in load.countries()]
        self.women = [Name(n.ar, tuple(n.latin)) for k in kept for n in k.female]
        self.men = [Name(n.ar, tuple(n.latin)) for k in kept for n in k.male]
        old = [Name(n.ar, tuple(n.latin)) for k in kept for n in k.family]
        self.surnames = old + [self._surname() for _ in range(self.families - len(old))]
        for names in (self.women, self.men, self.surnames):
            self.dice.shuffle(names)
        self._weights = {id(names): _zipf(len(names), 5) for names in (self.women, self.men)}
        self._weights[id(self.surnames)] = _zipf(len(self.surnames), 20)

    def _surname(self) -> Name:
        letters = [self.dice.choice(_LETTERS) for _ in range(3)]
        vowels = [self.dice.choice(_VOWELS) for _ in range(2)]
        front = self.dice.choices(_FRONTS, (5, 3, 2, 1, 1))[0]
        nisba = self.dice.random() < 0.5
        arabic = letters[0][0] + vowels[0][0] + letters[1][0] + vowels[1][0] + letters[2][0] + ("ي" if nisba else "")
        latin = []
        for _ in range(3):
            said = [self.dice.choice(x[1]) for x in (letters[0], vowels[0], letters[1], vowels[1], letters[2])]
            start = self.dice.choice(front)[1]
            word = "".join(said) + ("i" if nisba else "")
            latin.append(start + (word if start in ("El", "Ben", "Ou") else word.capitalize()))
        return Name(self.dice.choice(front)[0] + arabic, tuple(dict.fromkeys(latin)))

    def _draw(self, names: list[Name]) -> Name:
        return self.dice.choices(names, cum_weights=self._weights[id(names)])[0]

    # --- people -----------------------------------------------------------------------------

    def people(self, count: int) -> list[Truth]:
        """So many living people, household by household."""
        found: list[Truth] = []
        while len(found) < count:
            found += self._household()
        return found[:count]

    def _phone(self) -> str:
        return f"0{self.dice.choice('67')}{self.dice.randrange(10**8):08}"

    def _household(self) -> Iterator[Truth]:
        dice = self.dice
        place, shared, family = str(10000 + dice.randrange(self.communes)), self._phone(), self._draw(self.surnames)
        born = TODAY - timedelta(days=dice.randrange(20 * 365, 85 * 365))
        mother = (self._draw(self.women), self._draw(self.surnames))
        father = self._draw(self.men)

        def one(given: Name, surname: Name, sex: str, day: date, dad: Name, mum: tuple[Name, Name]) -> Truth:
            own = shared if dice.random() < 0.6 else self._phone()
            return Truth(given, dad, surname, sex, day, place, own, mum)

        def elder() -> tuple[Name, Name]:
            return self._draw(self.women), self._draw(self.surnames)

        if dice.random() < 0.8:
            yield one(mother[0], mother[1], "female", born, self._draw(self.men), elder())
        if dice.random() < 0.8:
            older = born - timedelta(days=dice.randrange(8 * 365))
            yield one(father, family, "male", older, self._draw(self.men), elder())
        day, names = born + timedelta(days=dice.randrange(18 * 365, 26 * 365)), set()
        for _ in range(dice.choices(range(6), (2, 2, 3, 3, 2, 1))[0]):
            if day >= TODAY:
                break
            for _child in range(2 if dice.random() < 0.012 else 1):
                sex = dice.choice(("female", "male"))
                given = self._draw(self.women if sex == "female" else self.men)
                if given in names:
                    continue
                names.add(given)
                yield one(given, family, sex, day, father, mother)
            day += timedelta(days=dice.randrange(400, 1800))

    # --- registrations --------------------------------------------------------------------------

    def register(self, person: int, truth: Truth) -> Written:
        """What a careful clerk writes; what people do not know or nobody asks for is left out."""
        dice = self.dice
        scripts = dice.choices((("ar",), ("la",), ("ar", "la")), (35, 45, 20))[0]
        chance = dice.random()
        born = truth.born
        birth: PartialDate | None = PartialDate(born.year, born.month, born.day)
        if chance < 0.02:
            birth = None
        elif chance < 0.10:
            birth = PartialDate(born.year)
        elif chance < 0.15:
            birth = self._stated(born, 1)
        middle = dice.random() < 0.5
        mother = ""
        if dice.random() < 0.75:
            arabic = scripts[0] == "ar"
            mother = " ".join(n.arabic if arabic else dice.choice(n.latin) for n in truth.mother)
        return Written(
            person,
            tuple(self._spell(truth, script, middle) for script in scripts),
            birth,
            truth.sex if dice.random() < 0.99 else "",
            truth.place if dice.random() < 0.97 else "",
            truth.phone if dice.random() < 0.85 else "",
            mother,
        )

    def _spell(self, truth: Truth, script: str, middle: bool) -> tuple[str, str, str]:
        parts = (truth.given, truth.father if middle else None, truth.family)
        said = [("" if n is None else n.arabic if script == "ar" else self.dice.choice(n.latin)) for n in parts]
        return said[0], said[1], said[2]

    def _stated(self, born: date, off: int) -> PartialDate:
        return PartialDate(born.year + self.dice.randint(-off, off), plus_minus=3)

    def again(self, person: int, truth: Truth) -> Written:
        """The same person registered a second time, with at least one error."""
        kinds = [k for k, chance in ERRORS.items() if self.dice.random() < chance]
        kinds = kinds or [self.dice.choice(list(ERRORS))]
        dates = [k for k in kinds if k in _DATE_ERRORS]
        for extra in dates[1:]:
            kinds.remove(extra)
        one = self.register(person, truth)
        for kind in kinds:
            one = getattr(self, f"_{kind}")(one, truth)
        return replace(one, errors=tuple(kinds))

    def _script(self, one: Written, truth: Truth) -> Written:
        other = "la" if any("\u0600" <= c <= "\u06ff" for c in one.names[0][0]) else "ar"
        return replace(one, names=(self._spell(truth, other, bool(one.names[0][1])),))

    def _spelling(self, one: Written, truth: Truth) -> Written:
        return replace(one, names=tuple(tuple(map(self._respell, n)) for n in one.names))  # type: ignore[misc]

    def _respell(self, text: str) -> str:
        manners = _ARABIC_MANNERS if any("\u0600" <= c <= "\u06ff" for c in text) else _MANNERS
        fit = [(a, b) for a, b in manners if a in text] + [
            (b, a) for a, b in _MANNERS[:6] if b in text and text.isascii()
        ]
        for old, new in self.dice.sample(fit, min(len(fit), 1)):
            text = text.replace(old, new, 1)
        return text

    def _typo(self, one: Written, truth: Truth) -> Written:
        names = [list(n) for n in one.names]
        for name in names:
            part = self.dice.choice((0, 2))
            name[part] = self._slip(name[part])
        return replace(one, names=tuple(tuple(n) for n in names))  # type: ignore[misc]

    def _slip(self, text: str) -> str:
        if len(text) < 4:
            return text
        at = self.dice.randrange(1, len(text) - 1)
        kind = self.dice.randrange(4)
        if kind == 0:
            return text[:at] + text[at + 1 :]
        if kind == 1:
            return text[:at] + text[at] + text[at:]
        if kind == 2:
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        letters = "ابتدرسعلمن" if "\u0600" <= text[at] <= "\u06ff" else "aeioutrslmn"
        return text[:at] + self.dice.choice(letters) + text[at + 1 :]

    def _swapped(self, one: Written, truth: Truth) -> Written:
        return replace(one, names=tuple((c, b, a) for a, b, c in one.names))

    def _day_month(self, one: Written, truth: Truth) -> Written:
        born = truth.born
        if born.day > 12 or born.day == born.month:
            return self._wrong_day(one, truth)
        return replace(one, birth=PartialDate(born.year, born.day, born.month))

    def _wrong_day(self, one: Written, truth: Truth) -> Written:
        days = [d for d in range(1, 29) if d != truth.born.day]
        return replace(one, birth=PartialDate(truth.born.year, truth.born.month, self.dice.choice(days)))

    def _wrong_month(self, one: Written, truth: Truth) -> Written:
        months = [m for m in range(1, 13) if m != truth.born.month]
        return replace(one, birth=PartialDate(truth.born.year, self.dice.choice(months), min(28, truth.born.day)))

    def _wrong_year(self, one: Written, truth: Truth) -> Written:
        born = truth.born
        return replace(one, birth=PartialDate(born.year + self.dice.choice((-1, 1)), born.month, min(28, born.day)))

    def _year_only(self, one: Written, truth: Truth) -> Written:
        return replace(one, birth=PartialDate(truth.born.year))

    def _stated_age(self, one: Written, truth: Truth) -> Written:
        return replace(one, birth=self._stated(truth.born, 2))

    def _missing(self, one: Written, truth: Truth) -> Written:
        chosen = self.dice.sample(("phone", "mother", "place", "birth", "family", "sex"), self.dice.choice((1, 1, 2)))
        for name in chosen:
            if name == "birth":
                one = replace(one, birth=None)
            elif name == "family":
                one = replace(one, names=tuple((a, b, "") for a, b, _ in one.names))
            else:
                one = replace(one, **{name: ""})  # type: ignore[arg-type]
        return one

    def _moved(self, one: Written, truth: Truth) -> Written:
        return replace(one, place=str(10000 + self.dice.randrange(self.communes)))

    def _new_phone(self, one: Written, truth: Truth) -> Written:
        return replace(one, phone=self._phone())

    def registry(self, count: int, doubled: float) -> list[Written]:
        """`count` registrations; the share `doubled` of them tells of somebody who is registered already."""
        copies = round(count * doubled)
        people = self.people(count - copies)
        found = [self.register(n, truth) for n, truth in enumerate(people)]
        twice = self.dice.sample(range(len(people)), copies)
        return found + [self.again(n, people[n]) for n in twice]


def _zipf(count: int, flat: int) -> list[float]:
    """Cumulative weights: the n-th name is borne 1/(n + flat) as often."""
    total, found = 0.0, []
    for n in range(count):
        total += 1 / (n + flat)
        found.append(total)
    return found
