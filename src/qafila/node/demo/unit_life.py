"""A week in the life of a unit: people come, are seen, some are referred; every line of it by the unit's own acts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.refusal import NeedsConfirmation
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits import assessment
from qafila.clinic.visits.models import Visit
from qafila.node.demo import bodies
from qafila.node.demo.founding import FIRST_STOP
from qafila.node.demo.past import Past, opening, this_morning
from qafila.node.demo.people import ADULT, Invented
from qafila.node.demo.stories import Medicine, Referral, Story, Words, stories
from qafila.packs import load
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts, NewLink
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.units import queries as units
from qafila.registry.units.models import Room, Stop, Unit

Stage = Literal["waiting", "nurse", "ready", "doctor", "done", "left"]
TODAY: tuple[Stage, ...] = ("done", "done", "done", "done", "left", "doctor", "ready", "ready", "nurse", "waiting",
                            "waiting", "waiting")  # fmt: skip
ALLERGEN: Words = {"ar": "بنسلين", "fr": "pénicilline", "en": "penicillin"}
MINUTES = 21
"""Between two people."""


class UnitLife:
    """One unit, its crew and its people. `told` is called after every visit."""

    def __init__(
        self, unit: Unit, invented: Sequence[Invented], past: Past, seed: int, told: Callable[[], None]
    ) -> None:
        self.unit, self.invented, self.past, self.told = unit, list(invented), past, told
        self.dice = random.Random(seed)
        crew = {role: member for member in units.crew(unit) for role in member.roles}
        self.assistant, self.nurse, self.doctor = crew["assistant"], crew["nurse"], crew["doctor"]
        rooms = list(Room.objects.filter(unit=unit).order_by("id"))
        self.consulting, self.nursing = rooms[0], rooms[-1]
        self.registered: dict[int, Person] = {}
        self.seen: set[int] = set()

    # --- people ---------------------------------------------------------------------------

    def register(self, number: int) -> Person:
        """Register the person of that number, the mother before the child."""
        if number in self.registered:
            return self.registered[number]
        one = self.invented[number]
        links = [NewLink("mother", self.register(one.mother))] if one.mother >= 0 else []
        names = [
            NameParts(script, one.given[at], one.middle[at], one.family[at])
            for at, script in enumerate(("Arab", "Latn"))
            if script in one.scripts
        ]
        person = people.register(
            self.assistant, self.unit, names=names, birth=one.birth, links=links, sex=one.sex,
            national_id=one.national_id, phone=one.phone, phone_owner=one.phone_owner, place=one.place,
            language=one.language, circumstance=one.circumstance, description=one.description,
            birth_order=one.birth_order, no_fixed_address=one.no_fixed_address,
        )  # fmt: skip
        self.registered[number] = person
        return person

    def somebody(self, age: tuple[int, int], sex: str, on: date) -> int | None:
        """A person of that age and sex who was not seen yet, None where nobody is left."""
        fits = [
            n
            for n, one in enumerate(self.invented)
            if n not in self.seen
            and age[0] <= one.age(on) <= age[1]
            and sex in ("", one.sex)
            and one.circumstance == "ordinary"
        ]
        return self.dice.choice(fits) if fits else None

    # --- a day ----------------------------------------------------------------------------

    def day(self, day: date, count: int) -> None:
        """A day of the week behind: everybody was seen."""
        start = opening(day)
        for n in range(count):
            self.past.go(start + timedelta(minutes=MINUTES * n + self.dice.uniform(0, 9)))
            self.ordinary(day, "done" if self.dice.random() < 0.96 else "left")

    def today(self, now: datetime, stages: Sequence[Stage] = TODAY) -> None:
        """Today's queue, as it stands now."""
        start = this_morning(now)
        step = (now - start) / (len(stages) + 2)
        for n, stage in enumerate(stages):
            self.past.go(start + n * step)
            self.ordinary(local_day(now), stage, hurry=min(1.0, step.total_seconds() / 60 / MINUTES))

    def ordinary(self, day: date, stage: Stage, *, hurry: float = 1.0) -> None:
        """One ordinary visit, as far as `stage`; `hurry` shortens its minutes."""
        story = self.dice.choices(stories().story, [s.weight for s in stories().story])[0]
        number = self.somebody(story.age, story.sex, day)
        if number is None:
            return
        self.seen.add(number)
        visit = self.arrive(number, story.complaint, day)
        if stage in ("nurse", "ready", "doctor", "done"):
            self.past.wait(5 * hurry)
            visit = visits.start_nurse(visit, self.nurse, self.nursing)
        if stage in ("ready", "doctor", "done"):
            self.past.wait(4 * hurry)
            self.measure(visit, number, day, story.readings, pregnant=story.pregnant)
        if stage in ("doctor", "done"):
            self.past.wait(5 * hurry)
            visit = visits.start_doctor(visit, self.doctor, self.consulting)
        if stage == "done":
            self.past.wait(8 * hurry)
            self.consult(visit, story)
            self.past.wait(2 * hurry)
            visits.finish(visit, self.doctor)
        elif stage == "left":
            self.past.wait(40 * hurry)
            visits.left(visit, self.assistant)
        self.told()

    def arrive(self, number: int, complaint: Words, day: date) -> Visit:
        """Register if need be, and into the queue."""
        person = self.register(number)
        self.past.wait(1)
        stop: Stop | None = units.stop_today(self.unit, day)
        return visits.open_visit(
            person, self.unit, self.assistant, complaint[self.assistant.interface_language], stop=stop
        )

    def measure(
        self, visit: Visit, number: int, day: date, special: dict[str, tuple[float, float]], *, pregnant: bool = False
    ) -> None:
        """Vitals, and the question about allergies; then the person waits for the doctor."""
        one = self.invented[number]
        age = (day - one.born).days / 365.25
        taken = bodies.readings(self.dice, age, one.sex, special, pregnant=pregnant)
        self._record(visit, [visits.Reading(key, value) for key, value in taken.items()])
        asked = [name for name in assessment.missing(Visit.objects.get(pk=visit.pk)) if name in assessment.SIGNS]
        if asked:
            visits.record_vitals(visit, self.nurse, [], signs=dict.fromkeys(asked, False))
        visits.ready(visit, self.nurse)
        if age >= ADULT and self.dice.random() < 0.08:
            visits.state_allergy(visit, self.nurse, ALLERGEN[self.nurse.interface_language])
        elif self.dice.random() < 0.7:
            visits.no_known_allergy(visit, self.nurse)

    def _record(self, visit: Visit, given: list[visits.Reading]) -> None:
        try:
            visits.record_vitals(visit, self.nurse, given)
        except NeedsConfirmation as unusual:
            # As the nurse would: asked, and said that it is right.
            asked = {key for key, _ in unusual.errors}
            given = [visits.Reading(r.key, r.value, confirmed=r.key in asked) for r in given]
            visits.record_vitals(visit, self.nurse, given)

    def consult(self, visit: Visit, story: Story | Referral) -> None:
        """The doctor's notes, diagnosis and prescription."""
        language = self.doctor.interface_language
        visits.record_note(visit, "complaint", story.complaint[language], self.doctor)
        if isinstance(story, Referral):
            visits.record_note(visit, "history", story.history[language], self.doctor)
        visits.record_note(visit, "exam", story.exam[language], self.doctor)
        certainty = story.certainty if isinstance(story, Story) else "provisional"
        visits.add_condition(visit, story.code, certainty, "", language, self.doctor)
        if isinstance(story, Story):
            visits.record_note(visit, "plan", story.plan[language], self.doctor)
            if story.medicine is not None:
                self.prescribe(visit, story.medicine)

    def prescribe(self, visit: Visit, medicine: Medicine) -> None:
        """Write and sign; where the checks find something the doctor leaves it out."""
        code, words, dose, unit, route, per_day, days = medicine
        form, strength = product_of(code, words, unit)
        item = prescribing.Item(
            words, Decimal(str(dose)), unit, route, Decimal(str(per_day)), days,
            code if form else "", form=form, strength=strength,
        )  # fmt: skip
        try:
            written = prescribing.write_prescription(visit, self.doctor, [item])
        except prescribing.Unsafe:
            return
        prescribing.sign(written, self.doctor)

    def rest(self, now: datetime) -> None:
        """Register the families of those who were seen, and whoever else lives here, over the days behind."""
        week = [local_day(now) - timedelta(days=n) for n in range(FIRST_STOP, 0, -1)]
        for number, one in enumerate(self.invented):
            day = max(week[number % len(week)], one.born + timedelta(days=1))
            self.past.go(opening(day, 9, number * 11 % 60))
            self.register(number)


def product_of(code: str, words: str, unit: str) -> tuple[str, str]:
    """Form and strength of the formulary that a story's words mean; empty where there is none."""
    forms = {one.code: one.units for one in load.formulary().form}
    for medicine in load.formulary().medicine:
        for product in medicine.product if medicine.code == code else ():
            for strength in product.strengths:
                if strength in words and unit in forms[product.form]:
                    return product.form, strength
    return "", ""
