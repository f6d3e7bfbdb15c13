"""What a node does by itself about cases, every few seconds. Each is idempotent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import UUID

from qafila.clinic.cases.acts import deliver
from qafila.clinic.cases.alarms import of_unit
from qafila.clinic.cases.assigning import receive, relieve, route_all
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.cases.pressing import press, release
from qafila.clinic.cases.steps import EMERGENCY, current, tell
from qafila.clinic.cases.transitions import ANSWERED, OPEN, SENT, UNDER_WAY
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.profile import Profile
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.places.here import local_day
from qafila.registry.staff.obligations import hand_over
from qafila.registry.staff.roster.queries import covers_today
from qafila.registry.units.queries import nodes_of

OVERDUE = N_("No answer by the promised time.")
DIED = N_("This person is recorded as deceased: review the case.")


def case_routing(profile: Profile) -> int:
    """Take in and assign what waits for a specialist; returns how many cases were given to somebody."""
    if not profile.routes_cases:
        return 0
    for case in Case.objects.filter(status=SENT):
        receive(case)
    release()
    return route_all() + relieve()


def leave_watch(profile: Profile) -> int:
    """On the first day of a leave, hand what the person owes to whom was named when it was granted; how many cases.

    Where that is not possible the cases stay: their clocks press on by themselves.
    """
    if not profile.routes_cases:
        return 0
    count = 0
    for staff, to in covers_today(local_day(clock.now())):
        with suppress(Refusal):
            count += hand_over(staff, to, None)
    return count


def emergency_watch(profile: Profile) -> int:
    """Note in the timeline each emergency that nobody has taken in time; returns how many alarm now.

    On a unit alone: not received, nobody on duty, late. A hub that routes presses on by `escalation_watch`.
    """
    minutes = profile.unreceived_alarm_minutes
    delivery(profile)
    found = 0
    open_units = Case.objects.filter(urgency=EMERGENCY, status__in=UNDER_WAY).values_list("unit_id", flat=True)
    for unit in set(open_units):
        for alarm in of_unit(unit, minutes):
            found += 1
            _once(alarm.case, f"alarm_{alarm.code}", alarm.reason)
    return found


def escalation_watch(profile: Profile) -> int:
    """On a hub that routes: remind, pass on, tell the coordinator, as clocks run out; how many steps were taken."""
    if not profile.routes_cases:
        return 0
    case_routing(profile)
    return press()


def overdue_watch(profile: Profile) -> int:
    """Write *overdue*, once, into each case whose promised time has passed, and a word into the open cases of
    somebody who died; returns how many lines were written.

    A unit speaks of what has not arrived; of the rest the hub that has it (`escalation_watch`).
    """
    late = Case.objects.none() if profile.routes_cases else Case.objects.filter(status=SENT, deadline__lt=clock.now())
    written = sum(_once(case, "overdue", Message(OVERDUE)) for case in late)
    if profile.sees_patients:
        open_cases = list(Case.objects.filter(status__in=OPEN))
        ids = {c.person_id for c in open_cases}
        dead = set(Person.objects.filter(pk__in=ids, died_on__isnull=False).values_list("pk", flat=True))
        written += sum(_once(c, "person_died", Message(DIED)) for c in open_cases if c.person_id in dead)
    return written


def delivery(profile: Profile) -> int:
    """Mark answers that are here as on the unit, should the moment of their arrival have been missed."""
    if not profile.sees_patients:
        return 0
    return deliver_arrived(Case.objects.filter(status=ANSWERED).values_list("pk", flat=True))


def deliver_arrived(cases: Iterable[UUID]) -> int:
    """Deliver those of the cases that are answered, and belong to a unit that this node serves."""
    count = 0
    for case in Case.objects.filter(pk__in=list(cases), status=ANSWERED):
        if served_here(case.unit_id):
            count += deliver(case).status != ANSWERED
    return count


def served_here(unit_id: UUID) -> bool:
    """Whether this node serves the unit today, as far as assignments are known here."""
    nodes = nodes_of(unit_id)
    return not nodes or here().node in nodes


def review_after_death(person: Person) -> int:
    """Say in each open case of a person who died that it has to be reviewed; how many lines were written."""
    return sum(
        _once(c, "person_died", Message(DIED))
        for c in Case.objects.filter(person_id__in=one_with(person.pk), status__in=OPEN)
    )


def _once(case: Case, act: str, text: Message) -> bool:
    if CaseEvent.objects.filter(case_id=case.pk, act=act).exists():
        return False
    with writing(None, f"case.{act}") as write:
        row = current(case)
        if row.status not in OPEN or CaseEvent.objects.filter(case_id=row.pk, act=act).exists():
            return False
        tell(write, row, act, None, text)
    return True


def _of_this_node(watch: Callable[[Profile], int]) -> Callable[[], None]:
    def run() -> None:
        watch(load.profile(here().kind))

    return run


JOBS: dict[str, Callable[[], None]] = {
    watch.__name__: _of_this_node(watch)
    for watch in (case_routing, escalation_watch, emergency_watch, overdue_watch, delivery, leave_watch)
}
"""What a profile may name as a job of the node at hand."""
