"""What the record says of a person that a prescription has to know. What is old counts as not known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from qafila.clinic.history.models import HistoryEntry, Section, State
from qafila.clinic.prescribing import queries
from qafila.clinic.prescribing.conditions import NO_EGFR
from qafila.clinic.prescribing.doses import GROWN_DAYS, NO_WEIGHT
from qafila.clinic.prescribing.findings import Facts, Taken
from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.kidney import egfr
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits import assessment
from qafila.clinic.visits.models import Allergy, FactStatus, Observation
from qafila.kernel import clock
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.people.queries import get, one_with
from qafila.registry.places.here import local_day

YEAR = 365.25
WEIGHT_DAYS = Bands(below(YEAR, 14), below(5 * YEAR, 60), below(GROWN_DAYS, 120), least(GROWN_DAYS, 365))
"""Age in days → how many days a weight holds. A choice of this program: a child's weight changes."""
CREATININE_DAYS = 365
CHILDBEARING = (10 * YEAR, 56 * YEAR)
"""Outside of these ages, and of a man, pregnancy and breastfeeding are not asked."""
PREGNANT_DAYS, NOT_PREGNANT_DAYS, LACTATING_DAYS = 300, 30, 180
OLD_WEIGHT = N_("The weight is %(days)s days old: doses by weight were not checked.")
OLD_CREATININE = N_("Kidney function is not known: the creatinine is %(days)s days old.")
CHILD_KIDNEYS = N_("Kidney function is not known: eGFR is not computed under 18 years.")
CODES = ("weight", "pregnant", "lactating", "creatinine")


def facts_of(person_id: UUID, *, without: Iterable[UUID] = ()) -> Facts:
    """The facts about a person; `without`: prescriptions that do not count as taken (the one that is replaced)."""
    ids = one_with(person_id)
    person = get(person_id)
    age = age_days(person, local_day()) if person else None
    rows = Observation.objects.filter(person_id__in=ids, code__in=CODES, status=FactStatus.FINAL)
    newest = assessment.newest(list(rows.order_by("-at")[:200]))
    allergies = list(Allergy.objects.filter(person_id__in=ids, status=FactStatus.FINAL))
    entries = list(
        HistoryEntry.objects.filter(
            person_id__in=ids, status=FactStatus.FINAL, section__in=(Section.MEDICATION, Section.PREGNANCY)
        )
    )
    weight, weight_why = _weight(newest.get("weight"), age)
    rate, rate_why = _egfr(newest.get("creatinine"), person, age)
    listed = [e for e in entries if e.section == Section.MEDICATION]
    taken = [Taken(e.code, e.words) for e in listed if e.state == State.TAKING and not e.none_known]
    taken += [Taken(i.medicine, i.words) for i in queries.running(ids, without)]
    return Facts(
        allergies=tuple(one.substance for one in allergies if not one.none_known) if allergies else None,
        taking=tuple(dict.fromkeys(taken)),
        taking_asked=bool(listed),
        age_days=age,
        weight_kg=weight,
        weight_why=weight_why,
        pregnant=_pregnant(person, age, newest.get("pregnant"), entries),
        lactating=_state(person, age, newest.get("lactating"), LACTATING_DAYS, LACTATING_DAYS),
        egfr=rate,
        egfr_why=rate_why,
    )


def _days(row: Observation) -> int:
    return (clock.now() - row.at) // timedelta(days=1)


def _weight(row: Observation | None, age: float | None) -> tuple[Decimal | None, Message | None]:
    if row is None or age is None or row.number is None:
        return None, Message(NO_WEIGHT)
    if _days(row) > WEIGHT_DAYS(age):
        return None, Message(OLD_WEIGHT, days=_days(row))
    return row.number, None


def _egfr(row: Observation | None, person: Person | None, age: float | None) -> tuple[int | None, Message | None]:
    if age is not None and age < GROWN_DAYS:
        return None, Message(CHILD_KIDNEYS)
    if row is None or row.number is None or person is None or age is None:
        return None, Message(NO_EGFR)
    if _days(row) > CREATININE_DAYS:
        return None, Message(OLD_CREATININE, days=_days(row))
    sex = assessment.known_sex(person)
    given = {"age_years": int(age / YEAR), "creatinine": float(row.number), "creatinine_unit": "umol/L"}
    result = egfr.compute(given | ({"sex": sex} if sex else {}))
    rate = result.values.get("egfr")
    return (rate, None) if isinstance(rate, int) else (None, result.reason or Message(NO_EGFR))


def _cannot(person: Person | None, age: float | None) -> bool:
    if person is None:
        return False
    return person.sex == "male" or (age is not None and not CHILDBEARING[0] <= age < CHILDBEARING[1])


def _state(person: Person | None, age: float | None, row: Observation | None, yes: int, no: int) -> bool | None:
    if _cannot(person, age):
        return False
    value = assessment.value_of(row) if row is not None else None
    if row is None or not isinstance(value, bool) or _days(row) > (yes if value else no):
        return None
    return value


def _pregnant(
    person: Person | None, age: float | None, row: Observation | None, entries: list[HistoryEntry]
) -> bool | None:
    ongoing = [e for e in entries if e.section == Section.PREGNANCY and e.state == State.ONGOING and not e.none_known]
    latest = max((e.at for e in ongoing), default=None)
    if latest is not None and (row is None or row.at <= latest):
        return True
    return _state(person, age, row, PREGNANT_DAYS, NOT_PREGNANT_DAYS)
