"""Invented people: households with plausible names in both scripts. Nobody real is meant.

Pure: a pack's names and a seeded die in, people out; the same seed invents the same people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from qafila.kernel.dates import PartialDate
from qafila.packs.country import Country, Name, People

Sex = Literal["female", "male"]
Known = Literal["day", "year", "age", "unknown"]
ADULT = 18


@dataclass
class Invented:
    """One invented person. `mother` is the place of another in the same list, -1 for none."""

    sex: Sex
    born: date
    precision: Known
    given: tuple[str, str] = ("", "")
    """In Arabic and in Latin script."""
    middle: tuple[str, str] = ("", "")
    family: tuple[str, str] = ("", "")
    national_id: str = ""
    phone: str = ""
    phone_owner: str = ""
    language: str = ""
    place: str = ""
    mother: int = -1
    household: int = -1
    birth_order: int | None = None
    circumstance: str = "ordinary"
    description: str = ""
    no_fixed_address: bool = False
    scripts: tuple[str, ...] = field(default=("Arab", "Latn"))

    @property
    def birth(self) -> PartialDate | None:
        """What is known of the day of birth."""
        if self.precision == "unknown":
            return None
        if self.precision == "day":
            return PartialDate(self.born.year, self.born.month, self.born.day)
        return PartialDate(self.born.year, plus_minus=3 if self.precision == "age" else 0)

    def age(self, on: date) -> int:
        """Whole years."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))


class Inventor:
    """Invents households of a country around some places."""

    def __init__(self, country: Country, names: People, places: Sequence[str], today: date, seed: int) -> None:
        self.country, self.names, self.places, self.today = country, names, places, today
        self.dice = random.Random(seed)
        self.phones = seed % 89 * 37
        self.serial = seed % 97 * 1000

    def people(self, count: int) -> list[Invented]:
        """`count` people; mothers before their children, the unusual ones (`unusual`) last."""
        special = list(self.unusual()) if count >= 20 else []
        ordinary = count - len(special) - bool(special)
        found: list[Invented] = []
        while len(found) < ordinary:
            found += self._household(len(found))[: ordinary - len(found)]
        if special:
            mothers = [n for n, one in enumerate(found) if one.sex == "female" and 18 <= one.age(self.today) <= 42]
            found += [self._unnamed(n, found[n]) for n in mothers[:1]] or self._household(len(found))[:1]
        return found + special

    def unusual(self) -> Iterator[Invented]:
        """Somebody who cannot say who they are, a nomad, somebody without papers or a birth date."""
        yield Invented(
            "male", self.today - timedelta(days=365 * 45), "age", circumstance="unidentified", scripts=(),
            description="رجل في حوالي 45 سنة، وُجد على جانب الطريق، جلابة بنية / homme d’environ 45 ans, bord de route",
        )  # fmt: skip
        nomad = self._adult("male", 52, self._name(self.names.family))
        nomad.no_fixed_address, nomad.place, nomad.national_id, nomad.precision = True, "", "", "age"
        yield nomad
        old = self._adult("female", 78, self._name(self.names.family))
        old.precision, old.scripts, old.phone, old.national_id = "unknown", ("Arab",), "", ""
        yield old

    def _household(self, start: int) -> list[Invented]:
        family, place = self._name(self.names.family), self.dice.choice(self.places)
        language = self.dice.choices([s.language for s in self.names.spoken], [s.percent for s in self.names.spoken])[0]
        age = self.dice.randint(20, 72)
        father = self._adult("male", age + self.dice.randint(0, 8), family)
        # Women keep their own family's name.
        mother = self._adult("female", age, self._name(self.names.family))
        found = [mother, father] if self.dice.random() < 0.8 else [mother]
        for _ in range(self.dice.choice((0, 1, 2, 2, 3, 3, 4))):
            years = age - self.dice.randint(18, 38)
            if 0 <= years < ADULT:
                found.append(self._child(years, family, father, start))
        if len(found) > 2 and found[-1].precision == "day" and self.dice.random() < 0.06:
            found.append(self._twin(found[-1]))
        for one in found:
            one.place, one.language = place, language
            one.household = start if one is not mother else -1
        return found

    def _name(self, among: Sequence[Name]) -> tuple[str, str]:
        name = self.dice.choice(among)
        return name.ar, name.latin[0] if self.dice.random() < 0.7 else self.dice.choice(name.latin)

    def _adult(self, sex: Sex, age: int, family: tuple[str, str]) -> Invented:
        one = self._somebody(sex, age, family)
        one.language = self.names.spoken[0].language
        one.place = self.dice.choice(self.places)
        self._middle(one, self._name(self.names.male))
        if self.dice.random() < 0.75:
            one.national_id = self._national_id(one)
        if self.dice.random() < 0.7:
            one.phone = self._phone()
        return one

    def _child(self, age: int, family: tuple[str, str], father: Invented, mother: int) -> Invented:
        one = self._somebody(self.dice.choice(("female", "male")), age, family)
        self._middle(one, father.given)
        one.mother = mother
        one.phone, one.phone_owner = father.phone, "الأب / père" if father.phone else ""
        return one

    def _twin(self, first: Invented) -> Invented:
        names = self.names.female if first.sex == "female" else self.names.male
        other = Invented(**{**first.__dict__, "given": self._name(names), "birth_order": 2})
        first.birth_order = 1
        return other

    def _unnamed(self, at: int, mother: Invented) -> Invented:
        return Invented(
            "female", self.today - timedelta(days=2), "day", circumstance="newborn", mother=at, scripts=(),
            place=mother.place, language=mother.language,
        )  # fmt: skip

    def _somebody(self, sex: Sex, age: int, family: tuple[str, str]) -> Invented:
        names = self.names.female if sex == "female" else self.names.male
        born = self.today - timedelta(days=int(age * 365.25) + self.dice.randint(30, 364))
        # Old people often know the year alone, or their age.
        known: Known = "day" if age < 50 or self.dice.random() < 0.6 else self.dice.choice(("year", "age"))
        scripts = ("Arab", "Latn") if self.dice.random() < 0.85 else (self.dice.choice(("Arab", "Latn")),)
        return Invented(sex, born, known, given=self._name(names), family=family, scripts=scripts)

    def _middle(self, one: Invented, father: tuple[str, str]) -> None:
        if self.names.middle == "father":
            one.middle = father

    def _phone(self) -> str:
        self.phones += 1
        stem, length = self.country.phone.example_stem, len(self.country.phone.example.replace(" ", ""))
        return stem + str(self.phones).zfill(length - len(stem))[-(length - len(stem)) :]

    def _national_id(self, one: Invented) -> str:
        """A number of the country's form: where it carries date and sex, the person's own."""
        form, self.serial = self.country.national_id, self.serial + 1
        if not form.century:
            letters = "".join(c for c in form.example if c.isalpha())
            return letters + str(600000 + self.serial)
        century = next(code for code, year in form.century.items() if year <= one.born.year < year + 100)
        last = self.serial % 5 * 2 + (one.sex == form.odd_sex)
        region = form.example[7:9]
        return f"{century}{one.born:%y%m%d}{region}{self.serial % 1000:03d}{last}{self.serial % 10}"
