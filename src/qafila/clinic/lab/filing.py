"""From a message of results to observations: whose it is, which visit, what each code means. Never guessed: what does
not agree waits for a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from qafila.clinic.lab.models import LabOrder
from qafila.clinic.lab.report import Report, Result
from qafila.clinic.rules import observations as rules
from qafila.clinic.visits.models import FactStatus, Note, Observation, Visit
from qafila.clinic.visits.transitions import ERROR
from qafila.clinic.visits.vitals import set_triage
from qafila.journal.write import Writer
from qafila.kernel.ids import read_code
from qafila.packs import bedside
from qafila.packs.analytes import Analyte
from qafila.registry.people.models import BirthPrecision, Person
from qafila.registry.people.queries import get, one_with
from qafila.registry.staff.models import Staff

RECENT = timedelta(days=7)
"""A person's visit that began within it takes results that name no visit."""
UNKNOWN = "lab:"
"""Before a code that is not known here."""
LONGEST = 40


@dataclass(frozen=True)
class Match:
    """Whose results they are. `why` empty: certain, and `visit` is theirs; else what a person has to look at."""

    why: str
    person: Person | None = None
    visit: Visit | None = None


@dataclass(frozen=True)
class Source:
    """What measured: as told in the settings of the sender, and its row in the inventory."""

    device: str = ""
    serial: str = ""
    instrument: UUID | None = None


def match(report: Report, now: datetime) -> Match:
    """Whose results these are, by order number, visit number and short code alone; a name is never searched for.

    Every identifier that is known has to lead to one person, and the sex and date of birth that the message states may
    not contradict what is on record.
    """
    visits = {v.pk: v for v in _visits(report)}
    persons = {p.pk: p for p in (*_by_code(report.persons), *filter(None, (get(v.person_id) for v in visits.values())))}
    if not persons:
        named = report.persons or report.visits or report.orders
        return Match("unknown" if named else "no_person")
    if len(persons) > 1:
        return Match("several")
    person = next(iter(persons.values()))
    if _differs(report, person):
        return Match("differs", person)
    if len(visits) == 1:
        return Match("", person, next(iter(visits.values())))
    if visits:
        return Match("several", person)
    visit = _latest(person, now)
    return Match("" if visit else "no_visit", person, visit)


def _visits(report: Report) -> list[Visit]:
    ordered = LabOrder.objects.filter(number__in=report.orders, status=FactStatus.FINAL) if report.orders else ()
    wanted = {o.visit_id for o in ordered if o.visit_id}
    for text in report.visits:
        try:
            wanted.add(UUID(text))
        except ValueError:
            continue
    return [v for v in Visit.objects.filter(pk__in=wanted) if v.status != ERROR] if wanted else []


def _by_code(texts: Iterable[str]) -> list[Person]:
    codes = [code for text in texts if (code := read_code(text)) is not None]
    rows = Person.objects.filter(code__in=codes) if codes else ()
    return [found for row in rows if (found := get(row.pk)) is not None]


def _differs(report: Report, person: Person) -> bool:
    sex = report.sex and person.sex in ("female", "male") and report.sex != person.sex
    born = report.birth and person.birth_precision == BirthPrecision.DAY and report.birth != person.birth_date
    return bool(sex or born)


def _latest(person: Person, now: datetime) -> Visit | None:
    rows = Visit.objects.filter(person_id__in=one_with(person.pk), opened_at__gte=now - RECENT).exclude(status=ERROR)
    return rows.order_by("-opened_at").first()


def file(
    write: Writer, report: Report, visit: Visit, source: Source, now: datetime, by: Staff | None
) -> list[Observation]:
    """Write the results of a report into a visit; the caller holds the transaction. What is no result yet is left out.

    A corrected result names the one that it replaces.
    """
    row = Visit._base_manager.select_for_update().get(pk=visit.pk)
    saved = [_save(write, one, report, row, source, now, by) for one in report.results if one.status != "other"]
    if any(o.code in rules.KINDS for o in saved):
        person = Person.objects.filter(pk=row.person_id).first()
        if person is not None:
            set_triage(row, person, now)
            write.save(row)
    return saved


def _save(
    write: Writer, one: Result, report: Report, visit: Visit, source: Source, now: datetime, by: Staff | None
) -> Observation:
    at = min(one.at or report.at or now, now)
    made = Observation(
        person_id=visit.person_id, visit_id=visit.pk, author=None, recorder=by, at=at, source="import",
        device=(source.device or report.sender.partition("|")[0])[:80], serial=source.serial[:40],
        instrument_id=source.instrument, entered=f"{one.comparator}{_plain(one.value)}"[:LONGEST],
        entered_unit=one.unit[:16],
    )  # fmt: skip
    _meaning(made, one)
    if one.status == "corrected":
        before = Observation.objects.filter(visit_id=visit.pk, code=made.code, source="import", status=FactStatus.FINAL)
        old = before.order_by("-at", "-id").first()
        if old is not None:
            made.replaces = old.pk
            old.status = FactStatus.AMENDED
            write.save(old)
    write.save(made)
    if len(one.value) > LONGEST:
        words = f"{one.name or one.code}: {_plain(one.value, lines=True)}"
        write.save(Note(person_id=visit.person_id, visit_id=visit.pk, author=None, at=at, kind_of_note="note",
                        text=words[:8000]))  # fmt: skip
    return made


def _meaning(made: Observation, one: Result) -> None:
    """Code, number, unit and answer of a result, as far as they are known here; else it is kept as it was sent."""
    analyte = bedside.analytes().by_code(one.code, one.system)
    kind = next((k for k in rules.KINDS.values() if k.code == one.code), None) if one.system == "LN" else None
    if analyte is None and kind is None:
        made.code = (UNKNOWN + (f"{one.code} {one.name}".strip()))[:LONGEST]
        made.loinc = one.code[:12] if one.system == "LN" else ""
        return
    if analyte is not None and not analyte.reading:
        made.code, made.loinc = analyte.key, one.code[:12] if one.system == "LN" else analyte.loinc[0]
        _value(made, one, analyte)
        return
    key = analyte.reading if analyte is not None else kind.key if kind else ""
    held = rules.KINDS[key]
    made.code, made.loinc = key, held.code
    number = _decimal(one.value)
    if number is None or one.comparator or held.type != "quantity":
        return
    unit = next((u.ucum for u in held.units if one.unit in (u.ucum, u.shown)), "" if not one.unit else None)
    if analyte is not None and (found := analyte.unit(one.unit)) is not None:
        unit = found.ucum if found.ucum in {u.ucum for u in held.units} else unit
    if unit is None:
        return
    base = rules.to_base(key, float(number), unit)
    if held.possible[0] <= base <= held.possible[1]:
        made.number, made.unit = Decimal(str(base)), held.unit


def _value(made: Observation, one: Result, analyte: Analyte) -> None:
    if analyte.answers:
        texts = one.value.split("\x1f")
        found = next((a for text in texts if (a := analyte.answer(text)) is not None), None)
        made.choice = found.code if found else ""
        return
    number, unit = _decimal(one.value), analyte.unit(one.unit)
    if number is None or unit is None or one.comparator:
        return
    base = unit.base(number)
    if Decimal(analyte.low) <= base <= Decimal(analyte.high):
        made.number, made.unit = round(base, analyte.decimals), analyte.units[0].ucum


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip().replace(",", ".")) if len(text) <= 20 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found) < 10**8 else None


def _plain(text: str, *, lines: bool = False) -> str:
    parts = text.replace("\x1f", " ").split("\n")
    return "\n".join(parts) if lines else " ".join(parts).strip()
