"""Real records of invented consultations: written through the acts of the program on a node of its own, in a folder
that is thrown away. What people would write is given by the caller.

    consultations(40, seed, note, names) -> list[Parcel]
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from qafila.journal.ingest import Parcel

START = 1_767_600_000.0
"""Unix seconds of the first consultation."""
READINGS = (
    ("temperature", 362, 386, 1), ("pulse", 58, 110, 0), ("respirations", 12, 22, 0), ("systolic", 100, 165, 0),
    ("diastolic", 58, 95, 0), ("spo2", 93, 99, 0), ("glucose", 42, 98, 1), ("weight", 480, 960, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What the invented people are called and what is written about them, from a seeded dice."""

    note: Callable[[random.Random], str]
    name: Callable[[random.Random], tuple[str, str]]
    reason: Callable[[random.Random], str]


class _Wall:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> float:
        return self.at


def node_in(folder: Path) -> None:
    """Point Django at an empty encrypted database in `folder`. Once in a process."""
    (folder / "database.key").write_text("5a" * 32)
    database = {
        "ENGINE": "qafila.node.sqlcipher",
        "NAME": str(folder / "unit.db"),
        "OPTIONS": {"key_file": str(folder / "database.key")},
        "CONN_MAX_AGE": None,
    }
    os.environ["QAFILA_TEST_DATABASES"] = json.dumps({"default": database})
    os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    connection.cursor().execute("PRAGMA synchronous=OFF")


def consultations(count: int, seed: int, words: Words, *, rich: float = 0.0) -> list[Parcel]:
    """The journal of a new unit after `count` consultations: a person, a visit, eight readings, a note each.

    `rich`: the share of them with diagnoses, allergies, consents and more notes as well. Once in a process.
    """
    with tempfile.TemporaryDirectory() as name:
        node_in(Path(name))
        from qafila.journal.here import Here, at
        from qafila.journal.ingest import parcels_of
        from qafila.journal.models import Record
        from qafila.kernel import clock

        wall = _Wall()
        with clock.reading_from(wall), at(Here("U1", "unit", custodian="MS", programme="UMMC", confirmed_by_hub=True)):
            crew = _crew()
            dice = random.Random(seed)
            for _ in range(count):
                kinds = (_rich, _rich, _referred) if dice.random() < rich else (_plain,)
                dice.choice(kinds)(crew, dice, words, wall)
                wall.at += dice.uniform(240, 900)
            return parcels_of(Record._base_manager.order_by("no"))


def _crew() -> dict[str, Any]:
    from qafila.journal.write import writing
    from qafila.registry.places.here import local_day
    from qafila.registry.staff.models import Staff
    from qafila.registry.units.models import Assignment, Unit

    with writing(None, "setup") as write:
        made: dict[str, Any] = {"unit": write.save(Unit(code="UM-1", name="Unit 1"))}
        for role in ("assistant", "nurse", "doctor"):
            made[role] = write.save(Staff(username=role, name=role.title(), roles=[role]))
            started = local_day() - timedelta(days=1)
            write.save(Assignment(unit=made["unit"], staff=made[role], starts=started))
    return made


def _person(crew: dict[str, Any], dice: random.Random, words: Words) -> Any:
    from qafila.kernel.dates import PartialDate
    from qafila.registry.people import acts as people
    from qafila.registry.people.details import NameParts
    from qafila.registry.places.here import local_day

    year = local_day().year - dice.randint(18, 80)
    birth = PartialDate(year, dice.randint(1, 12), dice.randint(1, 28))
    names: Sequence[NameParts] = ()
    if words.name is not None:
        given, family = words.name(dice)
        names = [NameParts("Latn" if given.isascii() else "Arab", given=given, family=family)]
    phone = f"+2126{dice.randint(10_000_000, 99_999_999)}" if dice.random() < 0.6 else ""
    return people.register(
        crew["assistant"], crew["unit"], names=names, birth=birth, sex=dice.choice(["female", "male"]),
        phone=phone, language=dice.choice(["ar", "fr"]),
    )  # fmt: skip


def _readings(dice: random.Random) -> list[Any]:
    from qafila.clinic.visits.acts import Reading

    return [Reading(key, Decimal(dice.randint(low, high)).scaleb(-places)) for key, low, high, places in READINGS]


def _plain(crew: dict[str, Any], dice: random.Random, words: Words, wall: _Wall) -> None:
    from qafila.clinic.visits import acts as visits

    person = _person(crew, dice, words)
    visit = visits.open_visit(person, crew["unit"], crew["assistant"])
    wall.at += dice.uniform(60, 300)
    visits.record_vitals(visit, crew["nurse"], _readings(dice))
    wall.at += dice.uniform(200, 600)
    visits.record_note(visit, "history", words.note(dice), crew["doctor"])


def _rich(crew: dict[str, Any], dice: random.Random, words: Words, wall: _Wall) -> None:
    from qafila.clinic.history import consents
    from qafila.clinic.visits import acts as visits

    person = _person(crew, dice, words)
    visit = visits.open_visit(person, crew["unit"], crew["assistant"], words.reason(dice))
    wall.at += dice.uniform(30, 300)
    if dice.random() < 0.7:
        visit = visits.start_nurse(visit, crew["nurse"])
    visits.record_vitals(visit, crew["nurse"], _readings(dice), then_ready=dice.random() < 0.8)
    if dice.random() < 0.3:
        visits.no_known_allergy(visit, crew["nurse"])
    elif dice.random() < 0.2:
        visits.state_allergy(visit, crew["nurse"], dice.choice(["Pénicilline", "Aspirine", "البنسلين"]), "urticaire")
    wall.at += dice.uniform(100, 600)
    visit = visits.start_doctor(visit, crew["doctor"])
    for kind in dice.sample(["complaint", "history", "exam", "plan", "note"], dice.randint(1, 3)):
        wall.at += dice.uniform(30, 200)
        visits.record_note(visit, kind, words.note(dice), crew["doctor"])
    if dice.random() < 0.6:
        code = dice.choice(["I10", "E11.9", "J06.9", "M54.5", "K29.7", "N39.0", "L30.9", "H10.9", "R51"])
        visits.add_condition(visit, code, dice.choice(["provisional", "confirmed"]), "", dice.choice(["fr", "ar"]),
                             crew["doctor"])  # fmt: skip
    if dice.random() < 0.3:
        consents.give(visit, crew["nurse"], "referral", "permit", "spoken")
    visits.finish(visit, crew["doctor"])


def _referred(crew: dict[str, Any], dice: random.Random, words: Words, wall: _Wall) -> None:
    """A case that is sent off at once, as emergencies are."""
    from qafila.clinic.cases import acts as cases
    from qafila.clinic.history import consents
    from qafila.clinic.visits import acts as visits

    person = _person(crew, dice, words)
    visit = visits.open_visit(person, crew["unit"], crew["assistant"], words.reason(dice))
    wall.at += dice.uniform(30, 300)
    visits.record_vitals(visit, crew["nurse"], _readings(dice))
    for kind in ("complaint", *dice.sample(["history", "exam"], dice.randint(0, 2))):
        visits.record_note(visit, kind, words.note(dice), crew["doctor"])
    consents.give(visit, crew["nurse"], "referral", "permit", "spoken", language=dice.choice(["ar", "fr"]))
    case = cases.draft_case(visit, "cardiology", crew["doctor"])
    urgency = dice.choice(["emergency", "urgent", "routine"])
    case = cases.save_packet(case, _intake(case, dice), words.note(dice)[:200], urgency, crew["doctor"])
    if urgency == "emergency":
        cases.send(case, crew["doctor"], words.reason(dice) or "Le reste suit.")


def _intake(case: Any, dice: random.Random) -> dict[str, Any]:
    """Some of what the specialty asks, answered."""
    from qafila.clinic.forms.context import pack_of

    given: dict[str, Any] = {}
    for item in pack_of(case).items():
        if item.options and dice.random() < 0.9:
            code = dice.choice(item.options).code
            given[item.link_id] = [code] if item.repeats else code
        elif item.type == "boolean":
            given[item.link_id] = dice.random() < 0.5
    return given
