"""A unit with its crew and a hub with two cardiologists, on real encrypted databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

Made = TypeVar("Made")

PASSWORD = "Synthetic-pass-77"


def key_of(staff: Any) -> Any:
    """The open signing key of a specialist of the crew."""
    from qafila.registry.staff.queries import open_by_password

    return open_by_password(staff, PASSWORD)


@dataclass
class Crew:
    """The unit's side: its node, its people, and one patient."""

    node: Any
    unit: Any
    assistant: Any
    nurse: Any
    doctor: Any
    heart: Any
    """A cardiologist of the hub."""
    other_heart: Any
    coordinator: Any
    patient: Any
    profile: Any
    base: str
    """What the node holds, by the name it was `founded` under."""
    untouched: tuple[object, int]

    def begun(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` gives and writes, made once in a test process where a test begins with it (`tests.founded`)."""
        from tests.founded import begun

        return begun(self.node, self.untouched, f"{self.base} {name}", make)

    def visit(self, patient: Any = None) -> Any:
        """A visit of today."""
        from qafila.clinic.visits import acts

        return acts.open_visit(patient or self.patient, self.unit, self.assistant, "chest pain")

    def filled(self, urgency: str = "routine", patient: Any = None) -> Any:
        """A draft with all that the cardiology pack asks for."""
        if patient is not None:
            return self._filled(urgency, patient)
        return self.begun(f"filled {urgency}", lambda: self._filled(urgency, None))

    def _filled(self, urgency: str, patient: Any) -> Any:
        from qafila.clinic.cases import acts as cases
        from qafila.clinic.history import consents
        from qafila.clinic.visits import acts as visits

        visit = visits.start_doctor(self.visit(patient), self.doctor)
        visits.record_vitals(visit, self.nurse, readings())
        visits.record_note(visit, "complaint", "Palpitations for a week", self.doctor)
        visits.add_condition(visit, "I10", "provisional", "", "fr", self.doctor)
        consents.give(visit, self.nurse, "referral", "permit", "spoken")
        case = cases.draft_case(visit, "cardiology", self.doctor)
        question = "Is a beta blocker safe for this person?"
        return cases.save_packet(case, INTAKE, question, urgency, self.doctor)


INTAKE = {
    "duration_days": 7,
    "course": "stable",
    "allergy": "none",
    "pain": False,
    "dyspnoea_class": "nyha1",
    "syncope": False,
    "palpitations": "none",
    "rheumatic_fever": "no",
    "stroke_signs": ["none"],
    "risk_factors": ["none"],
    "known_heart": ["none"],
    "oedema_legs": "none",
}

ANSWER = {
    "diagnosis": "Benign palpitations",
    "certainty": "probable",
    "plan": "Reassure; less coffee.",
    "place_of_care": "unit",
    "red_flag_advice": "Fainting, chest pain, breathlessness.",
}


def readings(**changed: Any) -> list[Any]:
    """A full, quiet set for an adult; `pulse=170` and the like change single values."""
    from qafila.clinic.visits.acts import Reading

    values: dict[str, Any] = {
        "temperature": Decimal("36.8"), "pulse": 76, "respirations": 14, "systolic": 128, "diastolic": 78, "spo2": 98,
        "weight": Decimal("71.5"), "consciousness": "A", "oxygen": 0, "pregnant": False,
    } | changed  # fmt: skip
    return [Reading(key, value) for key, value in values.items() if value is not None]


def carry(source: Any, target: Any, *, times: int = 1) -> None:
    """Take every record of one node to another, as sync would."""
    from qafila.journal.here import at
    from qafila.journal.ingest import ingest, parcels_of
    from qafila.journal.models import Record

    with at(source):
        parcels = parcels_of(Record._base_manager.filter(node=source.node).order_by("no"))
    with at(target):
        for _ in range(times):
            ingest(parcels)


@pytest.fixture
def crew(unit: Any) -> Crew:
    """A unit on SQLCipher with its crew, and a woman of forty who comes today."""
    return make_crew(unit)


@pytest.fixture
def crew_on_postgres(postgres: None) -> Iterator[Crew]:
    """The same on PostgreSQL."""
    from qafila.journal.here import Here, at
    from tests.conftest import wipe

    wipe("pg0")
    with at(Here("U1", "unit", database="pg0")) as node:
        yield make_crew(node)


def make_crew(unit: Any) -> Crew:
    """Fill an empty node."""
    from qafila.packs import load
    from tests.founded import founded, state

    made = founded(unit, "crew", lambda: _write_crew(unit))
    return Crew(unit, **made, profile=load.profile("unit"), base="crew", untouched=state(unit))


def _write_crew(unit: Any) -> dict[str, Any]:
    from qafila.journal.write import writing
    from qafila.registry.people.models import PersonName
    from qafila.registry.places.here import local_day
    from qafila.registry.staff.acts import set_password
    from qafila.registry.staff.models import Staff
    from qafila.registry.units.models import Assignment, Unit

    today = local_day()
    with writing(None, "setup") as write:
        home = write.save(Unit(code="UM-1", name="Unit 1"))
        made = {}
        for name, role, more in (
            ("assistant", "assistant", {}),
            ("nurse", "nurse", {}),
            ("doctor", "doctor", {}),
            ("heart", "specialist", {"specialties": ["cardiology"], "languages": ["ar", "fr"]}),
            ("other_heart", "specialist", {"specialties": ["cardiology"], "languages": ["fr"]}),
            ("coordinator", "coordinator", {}),
        ):
            made[name] = write.save(Staff(username=name, name=name.title(), roles=[role], **more))
        for name in ("heart", "other_heart"):
            set_password(made[name], PASSWORD, None)
        for name in ("assistant", "nurse", "doctor"):
            write.save(Assignment(unit=home, staff=made[name], starts=today - timedelta(days=1)))
        write.save(Assignment(unit=home, node=unit.node, starts=today - timedelta(days=1)))
        woman = write.save(new_person(today.replace(year=today.year - 40, day=1)))
        write.save(PersonName(person=woman, script="Latn", given="Salma", family="Test"))
    return {"unit": home, **made, "patient": woman}


def new_person(born: date, sex: str = "female") -> Any:
    """An unsaved person."""
    from qafila.kernel import ids
    from qafila.registry.people.models import Person

    pk = ids.new()
    return Person(id=pk, code=ids.short_code(pk), sex=sex, birth_date=born, birth_precision="day", language="ar")


def on_duty(staff: Any, specialty: str = "cardiology") -> Any:
    """Put a specialist on duty."""
    from qafila.journal.write import writing
    from qafila.kernel import clock
    from qafila.registry.staff.models import Duty

    with writing(None, "duty") as write:
        return write.save(Duty(staff=staff, specialty=specialty, starts=clock.now() - timedelta(hours=1)))


@pytest.fixture
def wired() -> Iterator[Any]:
    """Call it with profiles: their side effects are connected for the length of the test."""
    from qafila.clinic.cases import wiring

    yield lambda *profiles: [wiring.connect(p) for p in profiles]
    wiring.disconnect()
