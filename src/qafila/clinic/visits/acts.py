"""The acts of a visit: the queue here; readings, facts and corrections in the files beside it.

Screens import this module alone.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Max

from qafila.clinic.history.consented import CARE, require_consent
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.triage import LEVELS
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits import assessment
from qafila.clinic.visits.corrections import mark_error, move_fact, move_visit
from qafila.clinic.visits.facts import (
    add_attachment,
    add_condition,
    no_known_allergy,
    record_note,
    state_allergy,
)
from qafila.clinic.visits.models import Encounter, Visit
from qafila.clinic.visits.queries import place, todays, visit_today
from qafila.clinic.visits.transitions import DOCTOR, NURSE, READY, VISIT, WAITING
from qafila.clinic.visits.vitals import Reading, record_vitals
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.registry.people.models import Person
from qafila.registry.people.queries import get
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Room, Stop, Unit

__all__ = [
    "Reading", "add_attachment", "add_condition", "call_next", "finish", "left", "mark_error", "move_fact",
    "move_visit", "no_known_allergy", "open_visit", "override_triage", "ready", "record_note",
    "record_vitals", "reopen", "start_doctor", "start_nurse", "state_allergy",
]  # fmt: skip

NOBODY_WAITS = N_("Nobody is waiting.")
NO_LEVEL = N_("Choose one of the triage levels.")
NO_REASON = N_("Write a reason.")
DIED = N_("This person is recorded as deceased.")


def open_visit(
    person: Person, unit: Unit, by: Staff, reason: str = "", room: Room | None = None, stop: Stop | None = None
) -> Visit:
    """Put a person into today's queue with the next ticket; whoever is in it already keeps that visit.

    Raises `NotAllowed`, `Closed` for another unit's patient whose presence is not shown, `Refusal` for a person
    recorded as deceased, or who refused care and a record.
    """
    require(by, "visit.open", unit)
    person = get(person.pk) or person
    # A visit makes the person the unit's: of somebody else's patient the presence comes first.
    require(by, "person.read", person)
    if person.died_on is not None:
        raise Refusal(Message(DIED))
    require_consent(person.pk, CARE)
    day = local_day()
    with writing(by, "visit.open") as write:
        # Two tablets must not give one ticket twice: on PostgreSQL this lock makes one wait for the other.
        Unit._base_manager.select_for_update().filter(pk=unit.pk).first()
        present = visit_today(person.pk, unit)
        if present is not None:
            return present
        last = Visit.objects.filter(unit_id=unit.pk, day=day).aggregate(last=Max("ticket"))["last"] or 0
        return write.save(
            Visit(
                person_id=person.pk,
                unit_id=unit.pk,
                room=room,
                stop=stop,
                day=day,
                ticket=last + 1,
                reason=reason,
                opened_at=clock.now(),
            )
        )


def call_next(unit: Unit, by: Staff, stage: str = NURSE, room: Room | None = None) -> Visit:
    """Take the next person: for the nurse of those waiting, for the doctor of those ready; most urgent first.

    `stage` is `nurse` or `doctor`. Raises `NotAllowed`, `Refusal` when nobody waits.
    """
    act, source = ("start_doctor", READY) if stage == DOCTOR else ("start_nurse", WAITING)
    with writing(by, f"visit.{act}"):
        Unit._base_manager.select_for_update().filter(pk=unit.pk).first()
        waiting = list(todays([unit.pk]).filter(status=source))
        if not waiting:
            raise Refusal(Message(NOBODY_WAITS))
        first = min(waiting, key=place)
        return _start(first, by, act, room)


def start_nurse(visit: Visit, by: Staff, room: Room | None = None) -> Visit:
    """The nurse takes the person; opens an encounter. Raises `NotAllowed`, `WrongState`."""
    return _start(visit, by, "start_nurse", room)


def start_doctor(visit: Visit, by: Staff, room: Room | None = None) -> Visit:
    """The doctor takes the person; opens an encounter. Raises `NotAllowed`, `WrongState`."""
    return _start(visit, by, "start_doctor", room)


def ready(visit: Visit, by: Staff) -> Visit:
    """The person waits for the doctor. Raises `NotAllowed`, `WrongState`."""
    return _move(visit, by, "ready")


def finish(visit: Visit, by: Staff) -> Visit:
    """The visit is over. Raises `NotAllowed`, `WrongState`."""
    return _move(visit, by, "finish", closes=True)


def left(visit: Visit, by: Staff) -> Visit:
    """The person went away without being seen to the end. Raises `NotAllowed`, `WrongState`."""
    return _move(visit, by, "left", closes=True)


def reopen(visit: Visit, by: Staff) -> Visit:
    """The person came back the same day: waits for the doctor. Raises `NotAllowed`, `WrongState`."""
    return _move(visit, by, "reopen")


def override_triage(visit: Visit, level: str, reason: str, by: Staff) -> Visit:
    """Set another level than the computed one, with a reason; what was computed stays beside it.

    Raises `NotAllowed`, `Refusal` for an unknown level or no reason.
    """
    require(by, "vitals.record", visit)
    if level not in LEVELS:
        raise Refusal(Message(NO_LEVEL))
    if not reason.strip():
        raise Refusal(Message(NO_REASON))
    with writing(by, "visit.triage") as write:
        row = current(visit)
        row.triage, row.triage_reason = level, reason.strip()
        row.reassess_at = assessment.due(level, clock.now())
        return write.save(row)


def current(visit: Visit) -> Visit:
    """The row as it is now, locked: two tablets must not each move what they saw a minute ago."""
    return Visit._base_manager.select_for_update().get(pk=visit.pk)


def _move(visit: Visit, by: Staff, act: str, *, closes: bool = False) -> Visit:
    require(by, _right(act), visit)
    with writing(by, f"visit.{act}") as write:
        row = current(visit)
        row.status = VISIT.move(act, row.status)
        row.closed_at = clock.now() if closes else None
        _end_encounters(write, row.pk)
        return write.save(row)


def _start(visit: Visit, by: Staff, act: str, room: Room | None) -> Visit:
    require(by, _right(act), visit)
    with writing(by, f"visit.{act}") as write:
        row = current(visit)
        row.status = VISIT.move(act, row.status)
        if room is not None:
            row.room = room
        before = _end_encounters(write, row.pk)
        write.save(
            Encounter(
                person_id=row.person_id,
                visit_id=row.pk,
                encounter_class="FLD" if row.stop_id else "AMB",
                responsible=by,
                participants=sorted({one.responsible_id.hex for one in before} - {by.pk.hex}),
                started_at=clock.now(),
            )
        )
        return write.save(row)


def _end_encounters(write: Writer, visit: UUID) -> list[Encounter]:
    """End what is open; returns every encounter of the visit."""
    found = list(Encounter.objects.filter(visit_id=visit))
    for encounter in found:
        if encounter.ended_at is None:
            encounter.ended_at = clock.now()
            write.save(encounter)
    return found


def _right(act: str) -> str:
    return next(row.right for row in VISIT.rows if row.act == act)
