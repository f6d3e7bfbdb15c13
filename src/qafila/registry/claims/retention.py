"""What has been kept for as long as it has to be: a job lists it, a person confirms, and it is erased on every node."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from qafila.journal.apply import recorded_model
from qafila.journal.here import here
from qafila.journal.models import Erased, Record, Recorded
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.kernel.clock import COUNTER_BITS, hlc_time
from qafila.kernel.text import N_
from qafila.packs import load
from qafila.packs.retention import WHOLE, Keep, due
from qafila.registry.claims import restricting
from qafila.registry.claims.erasure import NOT_HERE, UNDER_WAY, under_way
from qafila.registry.claims.models import Ground, RetentionDue
from qafila.registry.people.models import BirthPrecision, Person
from qafila.registry.people.queries import groups_of, one_with
from qafila.registry.places.here import country_code, local_day
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.sync import erasing
from qafila.sync.models import Erasure

DRAFT = N_("This period is a draft: nothing is erased by it.")
ASIDE = N_("This record is put aside: nothing of it is erased.")
MOST = 2000
"""Entries of one period in one look; the others come when these are done."""
_SOME = 500


def lines() -> tuple[Keep, ...]:
    """The country's periods."""
    return load.retention(country_code()).keep


def look() -> int:
    """Job: list what is due today, anew; how many entries. On the node that keeps everything."""
    if here().confirmed_by_hub:
        return 0
    today = local_day()
    found: list[RetentionDue] = []
    for keep in lines():
        found += _whole(keep, today) if keep.kinds == (WHOLE,) else _rows(keep, today)
    with transaction.atomic(using=here().database):
        RetentionDue.objects.all().delete()
        RetentionDue.objects.bulk_create(found)
    return len(found)


def confirm(entry: RetentionDue, by: Staff) -> Erasure | list[Erasure]:
    """Erase what an entry names, on every node. Raises `NotAllowed`, `ActRefused`."""
    require(by, "retention.confirm")
    if here().confirmed_by_hub:
        raise ActRefused(NOT_HERE)
    keep = next((k for k in lines() if k.code == entry.rule), None)
    if keep is None or keep.status != "approved":
        raise ActRefused(DRAFT)
    people = one_with(entry.person)
    if under_way(people):
        raise ActRefused(UNDER_WAY)
    if restricting.of(entry.person) is not None:
        raise ActRefused(ASIDE)
    told = {"ground": Ground.RETENTION, "reference": keep.code, "asked_by": by.pk, "asked_at": clock.now()}
    with writing(by, act="retention.confirm") as write:
        said = [write.save(Erasure(who=person, rows=_of(entry, person), **told)) for person in _meant(entry, people)]
        entry.delete()
        transaction.on_commit(erasing.try_to_settle, using=here().database)
    return said


def _meant(entry: RetentionDue, people: list[UUID]) -> list[UUID]:
    return [entry.person] if entry.rows else people


def _of(entry: RetentionDue, person: UUID) -> list[str]:
    return list(entry.rows) if person == entry.person else []


def _cutoff(keep: Keep, today: date) -> UUID:
    """Whatever was made after it cannot be due: ids tell when they were made."""
    years = timedelta(days=365 * keep.years)
    at = calendar.timegm((today - years).timetuple()) * 1000
    return ids.compose(max(at, 0), 0, 0)


def _people(cutoff: UUID) -> Iterator[dict[UUID, Person]]:
    """Everybody who was registered before, some at a time: what is written of somebody is younger than their record."""
    last = UUID(int=0)
    while some := list(Person.objects.filter(pk__gt=last, pk__lt=cutoff).order_by("pk")[:_SOME]):
        yield {person.pk: person for person in some}
        last = some[-1].pk


def _whole(keep: Keep, today: date) -> list[RetentionDue]:
    found: list[RetentionDue] = []
    seen = set[UUID]()
    for people in _people(_cutoff(keep, today)):
        held = groups_of(people)
        groups = {pk: held.get(pk, (pk,)) for pk in people}
        last = _last({one for group in groups.values() for one in group})
        for pk, group in groups.items():
            if pk in seen:
                continue
            seen.update(group)
            latest = max((last[one] for one in group if one in last), default=_made(pk))
            person = people[pk]
            day = due(keep, written=_made(pk), last_contact=latest, born=_born(person), died=person.died_on)
            if day <= today:
                found.append(RetentionDue(rule=keep.code, person=pk, rows=[], since=day))
        if len(found) >= MOST:
            break
    return found


def _rows(keep: Keep, today: date) -> list[RetentionDue]:
    cutoff = _cutoff(keep, today)
    models: list[Any] = [m for m in map(recorded_model, keep.kinds) if m is not None and _of_person(m)]
    found: list[RetentionDue] = []
    for people in _people(cutoff):
        rows = [
            pair
            for model in models
            for pair in model._base_manager.filter(pk__lt=cutoff, person_id__in=list(people)).values_list(
                "person_id", "pk"
            )
        ]
        last = _last({person for person, _ in rows}) if keep.counted_from == "last_contact" else {}
        over: dict[UUID, list[tuple[date, str]]] = {}
        for person, pk in rows:
            one = people[person]
            made = _made(pk)
            day = due(keep, written=made, last_contact=last.get(person, made), born=_born(one), died=one.died_on)
            if day <= today:
                over.setdefault(person, []).append((day, pk.hex))
        for person, some in over.items():
            named = sorted(pk for _, pk in some)
            found.append(RetentionDue(rule=keep.code, person=person, rows=named, since=min(some)[0]))
        if len(found) >= MOST:
            break
    return found


def _of_person(model: type[Recorded]) -> bool:
    return any(field.attname == "person_id" for field in model._meta.concrete_fields)


def _last(people: Iterable[UUID]) -> dict[UUID, date]:
    """When anything was last written about these people. What only says that something was erased does not count."""
    wanted = sorted(set(people))
    found: dict[UUID, date] = {}
    for start in range(0, len(wanted), _SOME):
        some = wanted[start : start + _SOME]
        gone = Erased._base_manager.filter(patient__in=some).values_list("subject", flat=True)
        rows = Record._base_manager.filter(patient__in=some).exclude(subject__in=list(gone)).order_by()
        found |= {p: hlc_time(hlc).date() for p, hlc in rows.values_list("patient").annotate(Max("hlc"))}
    return found


def _made(pk: UUID) -> date:
    return hlc_time(ids.parts(pk)[0] << COUNTER_BITS).date()


def _born(person: Person) -> date | None:
    """The last day on which the person can have been born."""
    if person.birth_date is None:
        return None
    day: date = person.birth_date
    if person.birth_precision == BirthPrecision.DAY:
        return day
    if person.birth_precision == BirthPrecision.MONTH:
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return date(day.year + person.birth_margin, 12, 31)
