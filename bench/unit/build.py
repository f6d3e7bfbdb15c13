"""Fills the node named by QAFILA_DIR with invented people and two years of their visits.

python -m bench.unit.build PEOPLE OBSERVATIONS
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import django

PASSWORD = "Mesure-lente-77"
WAITING = 40
BATCH = 400
DAYS = 730
READINGS = (
    ("temperature", 36.2, 38.6, "0.1"), ("pulse", 58, 110, "1"), ("respirations", 12, 22, "1"),
    ("systolic", 100, 165, "1"), ("diastolic", 58, 98, "1"), ("spo2", 93, 99, "1"),
    ("glucose", 4.2, 9.8, "0.1"), ("weight", 48, 96, "0.1"),
)  # fmt: skip
PROBLEMS = (("I10", "Essential (primary) hypertension"), ("E11.9", "Type 2 diabetes mellitus without complications"),
            ("J06.9", "Acute upper respiratory infection, unspecified"), ("M54.5", "Low back pain"))  # fmt: skip


@dataclass
class Wall:
    """The wall clock of the past that is being written."""

    at: float

    def __call__(self) -> float:
        return self.at


def main(people: int, observations: int) -> None:
    """Build, and say what was made as one line of JSON."""
    django.setup()
    from django.db import connection

    from qafila.journal.here import here
    from qafila.journal.models import Record
    from qafila.kernel import clock

    started = time.monotonic()
    cursor = connection.cursor()
    # For the building alone: nobody is waiting for a commit, and a broken build is thrown away.
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.execute("PRAGMA cache_size=-600000")
    now = datetime.now(UTC)
    wall = Wall((now - timedelta(days=DAYS + 2)).timestamp())
    # The past has long been confirmed by the hub.
    here().confirmed_by_hub = False
    with clock.reading_from(wall):
        staff, unit = _crew()
        _past(staff, unit, people, observations, wall, now)
    cursor.execute("PRAGMA optimize=0x10002")
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    json.dump({"records": Record.objects.count(), "build_s": round(time.monotonic() - started, 1)}, sys.stdout)


def _crew() -> tuple[dict[str, object], object]:
    from qafila.registry.places.here import country
    from qafila.registry.staff.acts import create_staff
    from qafila.registry.units import acts

    place = next(iter(_places(country().folder)))
    unit = acts.create_unit(None, "U1", "Unit 1", home=place)
    acts.assign_node(unit, "U1", None)
    staff = {}
    for role in ("assistant", "nurse", "doctor"):
        staff[role] = create_staff(None, f"bench-{role}", PASSWORD, f"Bench {role}", [role], interface_language="en")
        acts.assign_staff(unit, staff[role], None)
    return staff, unit


def _places(country: str) -> list[str]:
    from qafila.packs import load
    from qafila.packs.places import places

    home = places(country)[load.units(country).unit[0].place]
    return [home.code, *[p.code for p in places(country).values() if p.parent == home.parent][:20]]


def _past(staff, unit, people, observations, wall, now):  # type: ignore[no-untyped-def]
    from bench.unit.bulk import bulk
    from qafila.node.demo.people import Inventor
    from qafila.packs import load
    from qafila.registry.people import keys
    from qafila.registry.places.here import country, local_day

    inventor = Inventor(country(), load.people(country().folder), _places(country().folder), now.date(), 7)
    invented = inventor.people(people)
    dice = random.Random(11)
    visits = observations // len(READINGS)
    # Everybody comes once, in the order in which they were registered; the rest are people who come again.
    plan = [n if n < people else dice.randrange(people) for n in range(visits)]
    step = DAYS * 86400 / max(1, visits)
    known: list = [None] * people
    tickets: dict[date, itertools.count] = {}
    begun = wall.at
    for start in range(0, visits, BATCH):
        fresh = []
        with bulk(staff["nurse"], "bench.past") as write:
            for n in range(start, min(start + BATCH, visits)):
                wall.at = begun + n * step
                day = local_day()
                who = plan[n]
                if known[who] is None:
                    known[who] = _person(write, unit, invented[who])
                    fresh.append(known[who].pk)
                _visit(write, staff, unit, known[who], day, next(tickets.setdefault(day, itertools.count(1))), dice)
        if fresh:
            keys.refresh(fresh, "default")
        if start % (BATCH * 20) == 0:
            print(f"{start}/{visits}", file=sys.stderr, flush=True)


def _person(write, unit, one):  # type: ignore[no-untyped-def]
    from qafila.kernel.ids import short_code
    from qafila.registry.people.births import to_fields
    from qafila.registry.people.models import Person, PersonName

    person = Person(
        sex=one.sex, national_id=one.national_id, phone=one.phone, phone_owner=one.phone_owner[:60], place=one.place,
        language=one.language, circumstance=one.circumstance, description=one.description, home_unit=unit,
        no_fixed_address=one.no_fixed_address, birth_order=one.birth_order, **to_fields(one.birth),
    )  # fmt: skip
    person.code = short_code(person.id)
    write.save(person)
    for place, script in enumerate(("Arab", "Latn")):
        if script in one.scripts:
            given, middle, family = (part[place] for part in (one.given, one.middle, one.family))
            write.save(PersonName(person=person, script=script, given=given, middle=middle, family=family))
    return person


def _visit(write, staff, unit, person, day, ticket, dice):  # type: ignore[no-untyped-def]
    from qafila.clinic.models import Condition, Encounter, Note, Observation, Visit
    from qafila.clinic.rules.observations import KINDS
    from qafila.kernel import clock

    at = clock.now()
    care = {"person_id": person.pk, "author": staff["nurse"], "at": at}
    visit = write.save(Visit(person_id=person.pk, unit=unit, day=day, ticket=ticket % 30000, status="done",
                             triage="green", opened_at=at, closed_at=at + timedelta(minutes=30)))  # fmt: skip
    care["visit_id"] = visit.pk
    write.save(Encounter(person_id=person.pk, visit_id=visit.pk, encounter_class="AMB", responsible=staff["doctor"],
                         started_at=at, ended_at=at + timedelta(minutes=12)))  # fmt: skip
    for key, low, high, step in READINGS:
        kind = KINDS[key]
        number = Decimal(str(dice.uniform(low, high))).quantize(Decimal(step))
        write.save(Observation(**care, code=key, loinc=kind.code, number=number.quantize(Decimal("0.0001")),
                               unit=kind.unit, entered=str(number), entered_unit=kind.unit))  # fmt: skip
    if dice.random() < 0.6:
        code, words = dice.choice(PROBLEMS)
        write.save(Condition(**care, code=code, code_version="ICD-10 2019", words=words, language="en",
                             certainty="confirmed"))  # fmt: skip
    if dice.random() < 0.3:
        write.save(Note(**care, kind_of_note="complaint", text="Synthetic complaint for a measurement."))


def today() -> None:
    """A full waiting room, by the ordinary acts."""
    django.setup()
    from qafila.clinic.visits import acts
    from qafila.registry.people.models import Person
    from qafila.registry.staff.queries import by_username
    from qafila.registry.units.models import Unit

    unit, assistant = Unit.objects.get(code="U1"), by_username("bench-assistant")
    assert assistant is not None
    grown = datetime.now(UTC).date() - timedelta(days=20 * 366)
    women = Person.objects.filter(sex="female", circumstance="ordinary", birth_date__lt=grown)
    for person in women.order_by("id")[:WAITING]:
        acts.open_visit(person, unit, assistant, "Synthetic reason")


if __name__ == "__main__":
    if sys.argv[1:] == ["today"]:
        today()
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
