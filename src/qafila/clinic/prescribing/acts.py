"""Writing, adopting and signing prescriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from qafila.clinic.models import Answer, Case, Prescription, PrescriptionItem, Visit
from qafila.clinic.prescribing import checks, doses
from qafila.clinic.prescribing.findings import Checked, Line
from qafila.clinic.prescribing.person import facts_of
from qafila.clinic.refusal import Doubtful, Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import FactStatus
from qafila.clinic.visits.transitions import require_valid
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.packs.catalogue import Catalogue, catalogue
from qafila.registry.people.queries import one_with
from qafila.registry.places.here import country_code
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
ANSWER_REPLACED = N_("This answer was replaced or entered in error: look at the latest one.")
OTHER_PERSON = N_("This answer is about another person.")
NO_VISIT = N_("The visit that this belongs to is not on this node.")


class Unsafe(Refusal):
    """The checks found something: change it, or write it all the same with a reason. `checked` has the findings;
    where `never` is true, no reason is enough."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked.found[0].message)
        self.checked = checked
        self.never = bool(checked.never)


class BadItems(Doubtful):
    """Lines that cannot be prescribed: `errors` is a list of (`position.field`, `Message`)."""


@dataclass(frozen=True)
class Item:
    """One medicine as entered; `words` its name, form and strength as printed; `medicine` its formulary code or "",
    `form` and `strength` as in the formulary."""

    words: str
    dose: Decimal
    dose_unit: str
    route: str
    per_day: Decimal
    days: int
    medicine: str = ""
    instructions: str = ""
    form: str = ""
    strength: str = ""

    def line(self) -> Line:
        """As the checks see it."""
        return Line(
            self.medicine, self.words, self.form, self.strength,
            self.dose, self.dose_unit, self.route, self.per_day, self.days,
        )  # fmt: skip


def formulary() -> Catalogue:
    """The list of medicines with this country's names."""
    return catalogue(country_code())


def check(visit: Visit, items: Sequence[Item], *, without: Sequence[UUID] = ()) -> Checked:
    """What the checks say of these medicines for this person: reads only. `without`: prescriptions to pass over."""
    return checks.check([one.line() for one in items], facts_of(visit.person_id, without=without), formulary())


def write_prescription(
    visit: Visit,
    by: Staff,
    items: Sequence[Item],
    *,
    advice: str = "",
    override_reason: str = "",
    case: Case | None = None,
    replaces: Prescription | None = None,
    answer: Answer | None = None,
) -> Prescription:
    """Write a prescription, unsigned. `replaces`: an unsigned one that it stands for; `answer`: see `adopt`.

    Raises `NotAllowed`, `BadItems`, `Refusal`, and `Unsafe` where the checks find something that needs a reason and no
    `override_reason` says why it is right, or something that no reason makes right.
    """
    require(by, "prescribe", visit)
    require_valid(visit.status)
    _check_items(items)
    checked = check(visit, items, without=[replaces.pk] if replaces else [])
    why = _reason(checked, override_reason)
    with writing(by, "prescription.write") as write:
        if replaces is not None:
            before = Prescription._base_manager.select_for_update().get(pk=replaces.pk)
            if before.signed_at is not None:
                raise Refusal(Message(SIGNED))
            before.status = FactStatus.AMENDED
            write.save(before)
        return _store(
            write,
            items,
            person_id=visit.person_id,
            visit_id=visit.pk,
            author=by,
            case_id=case.pk if case else None,
            answer_id=answer.pk if answer else None,
            advice=tidy(advice, 500, lines=True),
            override_reason=why,
            checked=_plain(checked),
            replaces=replaces.pk if replaces else None,
        )


def adopt(
    answer: Answer,
    by: Staff,
    items: Sequence[Item],
    *,
    visit: Visit | None = None,
    advice: str = "",
    override_reason: str = "",
) -> Prescription:
    """Make what a specialist proposed in an answer a prescription of the unit's doctor, unsigned: all checks run again.

    `items`: the proposal as the doctor completed or changed it; `visit`: the one it is given in (the case's own). An
    unsigned one of the same answer is replaced. Raises as `write_prescription`.
    """
    given_in = visit or answer.visit_here()
    if given_in is None:
        raise Refusal(Message(NO_VISIT))
    require(by, "prescribe", given_in)
    if answer.status != FactStatus.FINAL:
        raise Refusal(Message(ANSWER_REPLACED))
    if given_in.person_id not in one_with(answer.person_id):
        raise Refusal(Message(OTHER_PERSON))
    before = Prescription.objects.filter(answer_id=answer.pk, signed_at__isnull=True, status=FactStatus.FINAL).first()
    return write_prescription(
        given_in,
        by,
        items,
        advice=advice,
        override_reason=override_reason,
        case=Case.objects.filter(pk=answer.case_id).first(),
        replaces=before,
        answer=answer,
    )


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


def _store(write: Writer, items: Sequence[Item], **fields: Any) -> Prescription:
    prescription = write.save(Prescription(at=clock.now(), **fields))
    for position, one in enumerate(items, 1):
        write.save(_row(prescription, position, one))
    return prescription


def _reason(checked: Checked, given: str) -> str:
    why = tidy(given, 300, lines=True)
    if checked.never or (checked.reasoned and not why):
        raise Unsafe(checked)
    return why if checked.found else ""


def _plain(checked: Checked) -> dict[str, Any]:
    return {
        "found": [[f.message.text, f.message.params, f.severity, f.position] for f in checked.found],
        "not_checked": [[m.text, m.params] for m in checked.reasons],
    }


def _row(prescription: Prescription, position: int, one: Item) -> PrescriptionItem:
    return PrescriptionItem(
        person_id=prescription.person_id,
        prescription_id=prescription.pk,
        position=position,
        medicine=one.medicine,
        words=tidy(one.words, 120, lines=True),
        form=one.form,
        strength=one.strength,
        dose=one.dose,
        dose_unit=one.dose_unit,
        route=one.route,
        per_day=one.per_day,
        days=one.days,
        instructions=tidy(one.instructions, 200, lines=True),
    )


def _check_items(items: Sequence[Item]) -> None:
    if not items:
        raise BadItems([("", Message(NO_ITEMS))])
    errors = []
    held = formulary()
    routes = {one.code for one in held.formulary.route}
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
        wrong = doses.mismatch(one.line(), held)
        if wrong is not None:
            errors.append((f"{position}.dose_unit", wrong[0]))
    if errors:
        raise BadItems(errors)
