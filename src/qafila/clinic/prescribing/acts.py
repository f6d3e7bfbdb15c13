"""Writing and signing prescriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from qafila.clinic.models import Allergy, Case, Prescription, PrescriptionItem, Visit
from qafila.clinic.prescribing import checks
from qafila.clinic.refusal import Doubtful, Refusal, of_bad
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import FactStatus
from qafila.clinic.visits.transitions import require_valid
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.text import Bad, parse_text
from qafila.packs import load
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

NO_ITEMS = N_("Add at least one medicine.")
NO_WORDS = N_("Name the medicine with its form and strength.")
BAD_DOSE = N_("The dose must be more than 0.")
BAD_TIMES = N_("Times a day: between 0.1 and 24.")
BAD_DAYS = N_("Days: between 1 and 366.")
NO_UNIT = N_("Say of what the dose is: tablet, ml, mg…")
NO_ROUTE = N_("Choose the route.")
SIGNED = N_("This prescription is signed. Mark it as an error and write another.")
NOT_VALID = N_("This prescription was entered in error or replaced.")
NOT_YOURS = N_("A prescription is signed by whoever wrote it.")
LONG = N_("This text is too long.")


class Unsafe(Refusal):
    """The checks found something: change it, or write it all the same with a reason. `checked` has the findings."""

    def __init__(self, checked: checks.Checked) -> None:
        super().__init__(checked.found[0].message)
        self.checked = checked


class BadItems(Doubtful):
    """Lines that cannot be prescribed: `errors` is a list of (`position.field`, `Message`)."""


@dataclass(frozen=True)
class Item:
    """One medicine as entered; `words` its name, form and strength as printed; `medicine` its formulary code or ""."""

    words: str
    dose: Decimal
    dose_unit: str
    route: str
    per_day: Decimal
    days: int
    medicine: str = ""
    instructions: str = ""


def check(visit: Visit, items: Sequence[Item]) -> checks.Checked:
    """What the checks say of these medicines for this person: reads only."""
    known = list(Allergy.objects.filter(person_id__in=one_with(visit.person_id), status=FactStatus.FINAL))
    return checks.check(
        [checks.Line(one.medicine, one.words) for one in items],
        allergies=[one.substance for one in known if not one.none_known],
        asked=bool(known),
        formulary=[
            checks.Known(m.code, (m.label.ar, m.label.fr, m.label.en), m.atc) for m in load.formulary().medicine
        ],
        running=_running(visit),
    )


def write_prescription(
    visit: Visit,
    by: Staff,
    items: Sequence[Item],
    *,
    advice: str = "",
    override_reason: str = "",
    case: Case | None = None,
    replaces: Prescription | None = None,
) -> Prescription:
    """Write a prescription, unsigned. `replaces`: an unsigned one that it stands for.

    Raises `NotAllowed`, `BadItems`, `Refusal`, and `Unsafe` where the checks find something and no `override_reason`
    says why it is right.
    """
    require(by, "prescribe", visit)
    require_valid(visit.status)
    _check_items(items)
    checked = check(visit, items)
    why = _tidy(override_reason, 300)
    if checked.found and not why:
        raise Unsafe(checked)
    with writing(by, "prescription.write") as write:
        if replaces is not None:
            before = Prescription._base_manager.select_for_update().get(pk=replaces.pk)
            if before.signed_at is not None:
                raise Refusal(Message(SIGNED))
            before.status = FactStatus.AMENDED
            write.save(before)
        prescription = write.save(
            Prescription(
                person_id=visit.person_id,
                visit_id=visit.pk,
                author=by,
                at=clock.now(),
                case_id=case.pk if case else None,
                advice=_tidy(advice, 500),
                override_reason=why if checked.found else "",
                checked={
                    "found": [[f.message.text, f.message.params] for f in checked.found],
                    "not_checked": [[m.text, m.params] for m in checked.not_checked],
                },
                replaces=replaces.pk if replaces else None,
            )
        )
        for position, one in enumerate(items, 1):
            write.save(_row(prescription, position, one))
        return prescription


def sign(prescription: Prescription, by: Staff) -> Prescription:
    """Sign a prescription: from now on it can be printed and not be changed. Signing twice changes nothing.

    Raises `NotAllowed`, `Refusal`.
    """
    visit = prescription.visit_here()
    require(by, "prescribe", visit)
    with writing(by, "prescription.sign") as write:
        row = Prescription._base_manager.select_for_update().get(pk=prescription.pk)
        if row.status != FactStatus.FINAL:
            raise Refusal(Message(NOT_VALID))
        if row.author_id != by.pk:
            raise Refusal(Message(NOT_YOURS))
        if row.signed_at is None:
            row.signed_at = clock.now()
            write.save(row)
        return row


def printable(prescription: Prescription) -> bool:
    """Whether it may be printed: signed and still valid."""
    return prescription.signed_at is not None and prescription.status == FactStatus.FINAL


def items_of(prescription: Prescription) -> list[PrescriptionItem]:
    """Its medicines in order."""
    return list(PrescriptionItem.objects.filter(prescription_id=prescription.pk, withdrawn=False).order_by("position"))


def _running(visit: Visit) -> set[str]:
    """Formulary codes of signed prescriptions, of other visits, that have not run out."""
    now = clock.now()
    recent = Prescription.objects.filter(
        person_id__in=one_with(visit.person_id),
        status=FactStatus.FINAL,
        signed_at__isnull=False,
        at__gte=now - timedelta(days=366),
    ).exclude(visit_id=visit.pk)
    since: dict[UUID, Prescription] = {one.pk: one for one in recent}
    lines = PrescriptionItem.objects.filter(prescription_id__in=list(since), withdrawn=False).exclude(medicine="")
    return {one.medicine for one in lines if since[one.prescription_id].at + timedelta(days=one.days) > now}


def _row(prescription: Prescription, position: int, one: Item) -> PrescriptionItem:
    return PrescriptionItem(
        person_id=prescription.person_id,
        prescription_id=prescription.pk,
        position=position,
        medicine=one.medicine,
        words=_tidy(one.words, 120),
        dose=one.dose,
        dose_unit=one.dose_unit,
        route=one.route,
        per_day=one.per_day,
        days=one.days,
        instructions=_tidy(one.instructions, 200),
    )


def _check_items(items: Sequence[Item]) -> None:
    if not items:
        raise BadItems([("", Message(NO_ITEMS))])
    errors = []
    routes = {one.code for one in load.formulary().route}
    for position, one in enumerate(items):
        rules = (
            ("words", bool(one.words.strip()), NO_WORDS),
            ("words", len(one.words) <= 120, LONG),
            ("dose", 0 < one.dose < 100_000, BAD_DOSE),
            ("dose_unit", 0 < len(one.dose_unit.strip()) <= 20, NO_UNIT),
            ("route", one.route in routes, NO_ROUTE),
            ("per_day", Decimal("0.1") <= one.per_day <= 24, BAD_TIMES),
            ("days", 1 <= one.days <= 366, BAD_DAYS),
            ("instructions", len(one.instructions) <= 200, LONG),
        )
        errors += [(f"{position}.{field}", Message(text)) for field, holds, text in rules if not holds]
    if errors:
        raise BadItems(errors)


def _tidy(text: str, most: int) -> str:
    found = parse_text(text, most, lines=True)
    if isinstance(found, Bad):
        raise Refusal(of_bad(found))
    return found
