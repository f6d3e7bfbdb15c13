"""People who come into the scope of a unit and leave it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from qafila.clinic.visits.models import Visit
from qafila.journal import check
from qafila.journal.here import Here, at
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.models import NameKey, Person, PersonName
from qafila.registry.units.models import Unit
from qafila.sync import leaving
from qafila.sync.models import HoldingReceipt, Scope
from tests.sync.pair import Pair


def register(node: Here, home: Unit | None, name: str = "Test") -> Person:
    with at(node), writing(None, "person.register") as write:
        person = write.save(Person(code="MMFE-T48G-2", home_unit=home))
        write.save(PersonName(person=person, script="Latn", given=name, family="One"))
        return person


def visit(node: Here, person: Person, unit: Unit, *, closed: bool = False) -> Visit:
    with at(node), writing(None, "visit.open") as write:
        closed_at = clock.now() if closed else None
        row = Visit(person=person, unit=unit, day=clock.now().date(), ticket=1, closed_at=closed_at)
        return write.save(row)


def move(hub: Here, person: Person, unit: Unit) -> None:
    """The office writes that the person lives elsewhere now."""
    with at(hub), writing(None, "person.move") as write:
        row = Person.objects.get(pk=person.pk)
        row.home_unit = unit
        write.save(row)


def later(hub: Here, **length: float) -> None:
    """So much time has passed for the hub's reviews."""
    with at(hub):
        for row in Scope.objects.all():
            row.since -= timedelta(**length)
            row.copied_at = row.copied_at and row.copied_at - timedelta(**length)
            row.review = row.review and row.review - timedelta(**length)
            row.save()


def review(hub: Here) -> None:
    with at(hub):
        leaving.review()


def holds(node: Here, person: Person) -> bool:
    with at(node):
        assert list(check.problems()) == []
        full = Record.objects.filter(patient=person.pk).exclude(fields=None).exists()
        rows = Person.objects.filter(pk=person.pk).exists()
        assert full == rows == NameKey._base_manager.filter(person_id=person.pk).exists()
        return full


def receipts(hub: Here) -> list[tuple[UUID, bool]]:
    with at(hub):
        return list(HoldingReceipt.objects.order_by("turn").values_list("who", "held"))


def moved(pair: Pair, south: Unit, north: Unit) -> Person:
    """Somebody of the south who moved to the north; the hub has said so."""
    person = register(pair.unit, south)
    pair.sync()
    later(pair.hub, days=2)
    review(pair.hub)
    move(pair.hub, person, north)
    review(pair.hub)
    return person
