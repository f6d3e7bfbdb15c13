"""Recording readings: all or nothing, with triage computed from them in the same act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from qafila.clinic.refusal import Implausible, NeedsConfirmation
from qafila.clinic.rules import observations as rules
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits import assessment
from qafila.clinic.visits.models import FactStatus, Note, Observation, Visit
from qafila.clinic.visits.transitions import NURSE, READY, WAITING, require_valid
from qafila.journal.models import Label
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

UNKNOWN = N_("There is no such reading.")
NOTHING = N_("Enter at least one reading.")
LONG = N_("This text is too long.")
UNDER_AGE = N_(
    "Pregnant under 18 years. See her alone; ask with whom she lives and whether she is safe; follow the national "
    "procedure for the protection of minors. Only those who treat her see this note."
)
SAFEGUARDING = "safeguarding"
ADULT = 18 * rules.YEAR
A_PREGNANCY = timedelta(days=300)
LIMITS = {"entered": 40, "method": 40, "site": 40, "posture": 20, "source": 10, "device": 80, "serial": 40}


@dataclass(frozen=True)
class Reading:
    """One reading as entered.

    `key` is one of `clinic.rules.observations.KINDS`; `value` a number in `unit` (UCUM; "" = the kind's own), a code
    or a yes/no; `entered` what was typed. `site` of a blood pressure: `left` or `right`. `source`: manual, device,
    import, patient. `confirmed`: the person was asked about an unusual value and said that it is right. `entered_unit`:
    where the instrument sent another one than `unit`. `device`, `serial`, `instrument`: what measured it.
    """

    key: str
    value: Decimal | float | str | bool
    unit: str = ""
    entered: str = ""
    method: str = ""
    site: str = ""
    posture: str = ""
    source: str = "manual"
    confirmed: bool = False
    at: datetime | None = None
    entered_unit: str = ""
    device: str = ""
    serial: str = ""
    instrument: UUID | None = None


def record_vitals(
    visit: Visit,
    by: Staff,
    readings: Sequence[Reading],
    *,
    signs: Mapping[str, bool] | None = None,
    performer: Staff | None = None,
    then_ready: bool = False,
) -> list[Observation]:
    """Record readings and signs, each as an Observation, and compute the visit's triage.

    `signs` are yes-or-no answers that triage asks for (`assessment.SIGNS`). `performer` took them where `by` only typed
    them. `then_ready` moves the person on to wait for the doctor. All or nothing: raises `NotAllowed`, `Implausible`,
    `NeedsConfirmation` (each with every reading at fault).
    """
    require(by, "vitals.record", visit)
    signs = dict(signs or {})
    person = Person.objects.get(pk=visit.person_id)
    judged = judge(person, readings, signs)
    with writing(by, "vitals.record") as write:
        row = Visit._base_manager.select_for_update().get(pk=visit.pk)
        require_valid(row.status)
        at = clock.now()
        saved = [_save(write, row, by, performer, one, result, at) for one, result in judged]
        saved += [_save_sign(write, row, by, performer, name, said, at) for name, said in signs.items()]
        set_triage(row, person, at)
        safeguard(write, row, person, by, {one.key: one.value for one, _found in judged}, at)
        if then_ready and row.status in (WAITING, NURSE):
            row.status = READY
        write.save(row)
    return saved


def judge(
    person: Person, readings: Sequence[Reading], signs: Mapping[str, bool]
) -> list[tuple[Reading, rules.Plausibility]]:
    """Each reading with what the rules say of it. Raises `Implausible`, `NeedsConfirmation`."""
    if not readings and not signs:
        raise Implausible([("", Message(NOTHING))])
    today = local_day()
    age, sex = age_days(person, today), assessment.known_sex(person)
    wrong: list[tuple[str, Message]] = [(name, Message(UNKNOWN)) for name in signs if name not in assessment.SIGNS]
    unsure: list[tuple[str, Message]] = []
    judged = []
    for one in readings:
        if one.key not in rules.KINDS:
            wrong.append((one.key, Message(UNKNOWN)))
            continue
        if any(len(getattr(one, name)) > most for name, most in LIMITS.items()):
            wrong.append((one.key, Message(LONG)))
            continue
        found = rules.check(one.key, one.value, one.unit, age_days=age, sex=sex, on=today)
        if found.status == "refuse":
            wrong.append((one.key, found.reason or Message(rules.NOT_NUMBER)))
        elif found.status == "confirm" and not one.confirmed:
            unsure.append((one.key, found.reason or Message(rules.UNUSUAL)))
        judged.append((one, found))
    for site in {one.site for one, _ in judged}:
        of_site = {one.key: found.value for one, found in judged if one.site == site}
        for key, found in rules.check_together(of_site, today).items():
            wrong.append((key, found.reason or Message(rules.CROSSED)))
    if wrong:
        raise Implausible(wrong)
    if unsure:
        raise NeedsConfirmation(unsure)
    return judged


def set_triage(visit: Visit, person: Person, at: datetime) -> None:
    """Put the level computed from the visit's valid readings on the row; the caller saves it.

    A level that a person set stays unless the computed one is more urgent.
    """
    recent = Observation.objects.filter(
        visit_id=visit.pk, status=FactStatus.FINAL, at__gte=at - assessment.READINGS_COUNT
    )
    values = {code: assessment.value_of(one) for code, one in assessment.newest(list(recent)).items()}
    found = assessment.assess(person, values, at)
    visit.triage_basis = found.basis
    by_hand = bool(visit.triage_reason)
    if not by_hand or (found.level and assessment.rank(found.level) < assessment.rank(visit.triage)):
        visit.triage, visit.triage_reason = found.level, ""
    visit.reassess_at = assessment.due(visit.triage, at)


def safeguard(
    write: Writer, visit: Visit, person: Person, by: Staff, values: Mapping[str, object], at: datetime
) -> Note | None:
    """Write the restricted note that a pregnancy under 18 years asks for; once in a pregnancy."""
    age = age_days(person, local_day(at))
    if values.get("pregnant") is not True or age is None or age >= ADULT:
        return None
    before = Note.objects.filter(
        person_id=person.pk, kind_of_note=SAFEGUARDING, status=FactStatus.FINAL, at__gte=at - A_PREGNANCY
    )
    if before.exists():
        return None
    return write.save(
        Note(
            person_id=person.pk,
            visit_id=visit.pk,
            author=by,
            at=at,
            kind_of_note=SAFEGUARDING,
            text=UNDER_AGE,
            values={},
            label=Label.RESTRICTED,
        )
    )


def _save(
    write: Writer,
    visit: Visit,
    by: Staff,
    performer: Staff | None,
    one: Reading,
    found: rules.Plausibility,
    at: datetime,
) -> Observation:
    kind = rules.KINDS[one.key]
    number = Decimal(str(found.value)) if kind.type == "quantity" else None
    choice = "" if number is not None else str(found.value).lower() if kind.type == "boolean" else str(found.value)
    used = next((u for u in kind.units if u.ucum == one.unit), None)
    return write.save(
        Observation(
            person_id=visit.person_id,
            visit_id=visit.pk,
            author=performer or by,
            recorder=by if performer is not None and performer.pk != by.pk else None,
            at=one.at or at,
            code=one.key,
            loinc=((used.code if used else "") or kind.code) if kind.system == rules.LOINC else "",
            code_version="",
            number=number,
            choice=choice,
            unit=kind.unit,
            entered=one.entered or str(one.value)[:40],
            entered_unit=one.entered_unit or one.unit or kind.unit,
            method=one.method,
            site=one.site,
            posture=one.posture,
            source=one.source,
            device=one.device,
            serial=one.serial,
            instrument_id=one.instrument,
            confirmed=one.confirmed and found.status == "confirm",
        )
    )


def _save_sign(
    write: Writer, visit: Visit, by: Staff, performer: Staff | None, name: str, said: bool, at: datetime
) -> Observation:
    return write.save(
        Observation(
            person_id=visit.person_id,
            visit_id=visit.pk,
            author=performer or by,
            recorder=by if performer is not None and performer.pk != by.pk else None,
            at=at,
            code=name,
            choice=str(bool(said)).lower(),
            entered="",
        )
    )
