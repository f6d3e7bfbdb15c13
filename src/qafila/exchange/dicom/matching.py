"""Whose an arrived object is. Two things count: the numbers that this node's own worklist gave out, and the code on
the person's card. Anything else, and anything that contradicts them, is for a person to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from qafila.clinic.visits.models import Visit
from qafila.exchange.dicom.models import Arrived
from qafila.kernel.ids import read_code, short_code
from qafila.kernel.text import N_
from qafila.registry.people.models import BirthPrecision, Person, Sex
from qafila.registry.people.queries import get, one_with
from qafila.registry.places.here import local_day

ROOT = "2.25."
"""UIDs made of a UUID (PS3.5 annex B.2)."""
REMEMBERED = timedelta(days=14)
"""For so long an accession number is looked for among visits."""
SEXES = {"M": Sex.MALE, "F": Sex.FEMALE}

TWO_VISITS = N_("Its numbers name two different visits.")
ANOTHER_PERSON = N_("The visit is one person's, the patient number is not.")
CONTRADICTS = N_("Sex or birth date are not those of the record.")
VISIT_GONE = N_("The visit that it names was marked as an error.")
NO_VISIT = N_("The person has no visit on that day, or more than one.")
NOBODY = N_("It names nobody who is known here.")
OTHER_CONTENT = N_("An object of this number with another content is on record already.")


@dataclass(frozen=True)
class Match:
    """The visit, or why a person has to say (msgid)."""

    visit: Visit | None
    reason: str = ""


def study_uid(visit: UUID) -> str:
    """The study instance UID that the worklist gives for a visit."""
    return f"{ROOT}{visit.int}"


def accession(visit: UUID) -> str:
    """The accession number that the worklist gives for a visit: 11 characters with a check character."""
    return short_code(visit)


def match(row: Arrived) -> Match:
    """The visit that an object belongs to, where that is beyond doubt."""
    named = _named(row)
    if len(named) > 1:
        return Match(None, TWO_VISITS)
    code = read_code(row.patient_id)
    if named:
        visit = named[0]
        if visit.status == Visit.Status.ERROR:
            return Match(None, VISIT_GONE)
        if row.patient_id and (code is None or visit.person_id not in _people(code)):
            return Match(None, ANOTHER_PERSON)
    else:
        people = _people(code) if code else []
        if not people:
            return Match(None, NOBODY)
        days = {row.study_day or local_day(row.at), local_day(row.at)}
        visits = Visit.objects.filter(person_id__in=people, day__in=days).exclude(status=Visit.Status.ERROR)
        there = list(visits[:2])
        if len(there) != 1 or len({one_with(one)[0] for one in people}) > 1:
            return Match(None, NO_VISIT)
        visit = there[0]
    person = get(visit.person_id)
    if person is None or contradicts(row, person):
        return Match(None, CONTRADICTS if person else NOBODY)
    return Match(visit)


def contradicts(row: Arrived, person: Person) -> bool:
    """Whether sex or an exact birth date differ; what is not known on either side contradicts nothing."""
    if row.sex in SEXES and person.sex != Sex.UNKNOWN and SEXES[row.sex] != person.sex:
        return True
    exact = person.birth_precision == BirthPrecision.DAY and person.birth_date is not None
    return bool(row.birth and exact and row.birth != person.birth_date)


def _named(row: Arrived) -> list[Visit]:
    """The visits that the study number and the accession number name."""
    found: dict[UUID, Visit] = {}
    number = row.study_uid.removeprefix(ROOT)
    if row.study_uid.startswith(ROOT) and number.isdecimal() and int(number) < 1 << 128:
        visit = Visit.objects.filter(pk=UUID(int=int(number))).first()
        if visit is not None:
            found[visit.pk] = visit
    code = read_code(row.accession)
    if code and not any(accession(pk) == code for pk in found):
        since = local_day(row.at) - REMEMBERED
        for pk in Visit.objects.filter(day__gte=since).values_list("pk", flat=True).iterator():
            if accession(pk) == code:
                found[pk] = Visit.objects.get(pk=pk)
    return list(found.values())


def _people(code: str | None) -> list[UUID]:
    """Ids of everybody with that code, and of every record that is one person with theirs."""
    if code is None:
        return []
    first = Person.objects.filter(code=code).values_list("pk", flat=True)
    return list({pk for one in first for pk in one_with(one)})
