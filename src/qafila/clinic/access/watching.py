"""What the coordinator and a supervisor look at: emergency accesses, unusual reading, and what was found of each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from qafila.clinic.access import looks
from qafila.clinic.access.identity import FAILED
from qafila.clinic.access.models import AccessGrant, AccessReview, DayOfLooks
from qafila.clinic.access.unusual import BROKEN_GLASS, Broken, Finding, Glance, Known, unusual
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import OVER
from qafila.clinic.visits.models import Visit
from qafila.journal.here import here
from qafila.journal.models import Read
from qafila.kernel import clock
from qafila.kernel.names import name_keys
from qafila.packs import load
from qafila.registry.people.models import PersonName
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants, units_of
from qafila.registry.units.models import Assignment

REVIEW = "access.review"
SHOWN_DAYS = 31
MOST = 20_000
"""Looks that the list is made of."""


@dataclass(frozen=True)
class Watched:
    """An emergency access as its list shows it."""

    grant: AccessGrant
    cared: bool
    """A visit or a case began after it, in the time that the rule gives."""
    review: AccessReview | None


def crew_for(by: Staff) -> set[UUID] | None:
    """Whose access somebody looks at: that of everybody (None), or of who is or was in the crews of their units."""
    if grants(by).scope(REVIEW) == "all":
        return None
    rows = Assignment._base_manager.filter(unit_id__in=units_of(by), staff__isnull=False)
    return set(rows.values_list("staff_id", flat=True))


def broken_glass(by: Staff, days: int = 92) -> list[Watched]:
    """The emergency accesses that somebody has to look at, those not looked at first, then the latest. Six queries."""
    rows = AccessGrant.objects.filter(way=AccessGrant.Way.BROKEN, at__gt=clock.now() - timedelta(days=days))
    crew = crew_for(by)
    held = [row for row in rows.order_by("-at", "-id")[:500] if crew is None or row.staff_id in crew]
    said = reviews("break_glass", [row.pk.hex for row in held])
    cared = _cared_after(held)
    found = [Watched(row, row.pk in cared, said.get(row.pk.hex)) for row in held]
    return sorted(found, key=lambda w: w.review is not None)


def unseen(by: Staff) -> int:
    """How many emergency accesses nobody has looked at, for the head of a page: their own are others' to look at."""
    return sum(w.review is None and w.grant.staff_id != by.pk for w in broken_glass(by))


def reviews(rule: str, about: Collection[str]) -> dict[str, AccessReview]:
    """The last word about each."""
    rows = AccessReview.objects.filter(rule=rule, about__in=list(about)).order_by("at", "id")
    return {row.about: row for row in rows}


def _hours() -> timedelta:
    rule = next((one for one in load.access().unusual if one.code == BROKEN_GLASS), None)
    return timedelta(hours=rule.hours if rule else 24)


def _cared_after(held: Collection[AccessGrant]) -> set[UUID]:
    """The accesses after which (or shortly before which) a visit or a case of the patient began."""
    if not held:
        return set()
    within, people = _hours(), {row.person_id for row in held}
    began: dict[UUID, list[datetime]] = {}
    for model in (Visit, Case):
        for person, at in model.objects.filter(person_id__in=people).values_list("person_id", "opened_at"):
            began.setdefault(person, []).append(at)
    early = timedelta(hours=1)
    return {row.pk for row in held if any(-early <= at - row.at <= within for at in began.get(row.person_id, ()))}


def findings(by: Staff, days: int = SHOWN_DAYS) -> list[Finding]:
    """The unusual reading of the last days that somebody has to look at, latest first."""
    since, crew = clock.now() - timedelta(days=days), crew_for(by)
    seen = [one for one in glances(since) if crew is None or one.staff in crew]
    held = [
        row
        for row in AccessGrant.objects.filter(way=AccessGrant.Way.BROKEN, at__gt=since)
        if crew is None or row.staff_id in crew
    ]
    cared, now, within = _cared_after(held), clock.now(), _hours()
    broken = [
        Broken(row.staff_id, row.person_id, timezone.localtime(row.at), row.pk in cared, now - row.at > within)
        for row in held
    ]
    return unusual(load.access().unusual, seen, known(seen), broken)


def glances(since: datetime) -> list[Glance]:
    """Every look since then that this node knows of: its own, and what other nodes have told."""
    found = []
    own = Read.objects.filter(at__gt=since, pk__gt=looks.upto()).exclude(page=FAILED)
    for row in own.order_by("-pk")[:MOST]:
        if row.actor is not None:
            found.append(Glance(row.actor, row.patient, timezone.localtime(row.at), row.basis, here().node))
    for day in DayOfLooks.objects.filter(day__gte=since.date()).order_by("-day")[:MOST]:
        for look in looks.lines(day):
            if look.staff is not None:
                local = timezone.localtime(look.first)
                found.append(Glance(look.staff, day.person_id, local, look.basis, day.node))
    return found


def known(seen: Collection[Glance]) -> Known:
    """What the rules have to know of the patients and readers of these looks. Five queries."""
    people, staff = {one.patient for one in seen}, {one.staff for one in seen}
    cared: dict[UUID, set[date]] = {}
    for person, day in Visit.objects.filter(person_id__in=people).values_list("person_id", "day"):
        cared.setdefault(person, set()).add(day)
    open_cases = set()
    rows = Case.objects.filter(person_id__in=people)
    for person, status, opened, closed in rows.values_list("person_id", "status", "opened_at", "closed_at"):
        days = {timezone.localtime(at).date() for at in (opened, closed) if at is not None}
        cared.setdefault(person, set()).update(days)
        if status not in OVER:
            open_cases.add(person)
    names: dict[UUID, set[str]] = {}
    called = PersonName.objects.filter(person_id__in=people, withdrawn=False).values_list("person_id", "family")
    for person, family in called:
        names.setdefault(person, set()).update(_family(family))
    mine = {
        pk: _family(latin) | _family(arabic)
        for pk, latin, arabic in Staff.objects.filter(pk__in=staff).values_list("pk", "name", "name_arabic")
    }
    return Known(cared, open_cases, mine, names)


def _family(name: str) -> set[str]:
    """The key of a name's last word, particles joined to it."""
    return set(name_keys(name)[-1:])
