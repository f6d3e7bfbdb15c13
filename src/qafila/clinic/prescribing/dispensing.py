"""Giving out what a signed prescription says, from the unit's stock."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from qafila.clinic.models import Prescription, PrescriptionItem, Visit
from qafila.clinic.prescribing.acts import formulary, items_of, printable
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.packs.formulary_shapes import Form
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.stock import acts as stock
from qafila.registry.stock import queries
from qafila.registry.stock.balance import first_expiring
from qafila.registry.stock.models import Lot, StockMove
from qafila.registry.stock.queries import LotRow
from qafila.registry.units.models import Unit

NOT_SIGNED = N_("This prescription is not signed, or no longer valid: nothing is given out from it.")
OTHER_PRODUCT = N_("This lot is of another medicine, form or strength than the prescription.")
TOO_MANY = N_("%(wanted)s were prescribed and %(given)s given already: write why more.")


@dataclass(frozen=True)
class Plan:
    """A line of a prescription: pieces it needs and pieces given (`counted` says of what), what is proposed from which
    lots, and what the stock lacks."""

    item: PrescriptionItem
    counted: str
    wanted: int
    given: int
    lots: tuple[LotRow, ...]
    proposed: tuple[tuple[LotRow, int], ...]
    lacks: int

    @property
    def left(self) -> int:
        """Pieces still to be given."""
        return max(self.wanted - self.given, 0)


def pieces(item: PrescriptionItem, forms: Mapping[str, Form]) -> int:
    """How many pieces a line needs: counted doses times days, else one pack (a bottle, a tube, an inhaler)."""
    form = forms.get(item.form)
    if form is not None and item.dose_unit == form.counted:
        return math.ceil(item.dose * item.per_day * item.days)
    return 1


def plan(prescription: Prescription, unit: Unit, today: date | None = None) -> list[Plan]:
    """What is to be given of each line, from the lots of the unit that end first."""
    day, forms = today or local_day(), formulary().forms
    items = items_of(prescription)
    given = queries.dispensed([one.pk for one in items])
    found = []
    for item in items:
        wanted, done = pieces(item, forms), given.get(item.pk, 0)
        lots = queries.lots_of(unit, (item.medicine, item.form, item.strength)) if item.medicine else []
        by_id = {row.lot.pk: row for row in lots}
        usable: dict[UUID, tuple[date, int]] = {row.lot.pk: (row.lot.expires, row.balance) for row in lots}
        taken, lacks = first_expiring(usable, max(wanted - done, 0), day)
        counted = forms[item.form].counted if item.form in forms else ""
        proposed = tuple((by_id[pk], count) for pk, count in taken)
        found.append(Plan(item, counted, wanted, done, tuple(lots), proposed, lacks))
    return found


def dispense(item: PrescriptionItem, lot: Lot, by: Staff, quantity: int, *, reason: str = "") -> list[StockMove]:
    """Give pieces of a lot for a line of a signed prescription.

    Raises `NotAllowed`, `Refusal`, and what `registry.stock.acts.dispense` raises (ended, not enough).
    """
    require(by, "stock.dispense", lot.unit)
    prescription = Prescription.objects.filter(pk=item.prescription_id).first()
    if prescription is None or not printable(prescription) or item.withdrawn:
        raise Refusal(Message(NOT_SIGNED))
    if (lot.medicine, lot.form, lot.strength) != (item.medicine, item.form, item.strength):
        raise Refusal(Message(OTHER_PRODUCT))
    wanted = pieces(item, formulary().forms)
    given = queries.dispensed([item.pk]).get(item.pk, 0)
    if given + quantity > wanted and not reason.strip():
        raise Refusal(Message(TOO_MANY, wanted=wanted, given=given))
    return stock.dispense(lot, by, quantity, reason=reason, item=item.pk)


def state(prescription: Prescription) -> str:
    """`none`, `some` or `all` of it was given out, as far as this node knows."""
    items = items_of(prescription)
    return _state(items, queries.dispensed([one.pk for one in items]), formulary().forms)


def line_of(prescription: Prescription, pk: UUID) -> PrescriptionItem | None:
    """A line of a prescription by its id."""
    return next((one for one in items_of(prescription) if one.pk == pk), None)


def to_give(unit: Unit, day: date | None = None) -> list[tuple[Prescription, str]]:
    """The signed prescriptions of a day's visits of a unit with their state, those to be given first. Four queries."""
    visits = Visit.objects.filter(unit_id=unit.pk, day=day or local_day()).values_list("pk", flat=True)
    rows = Prescription.objects.filter(visit_id__in=list(visits), signed_at__isnull=False, status="final")
    signed = list(rows.order_by("signed_at"))
    lines = PrescriptionItem.objects.filter(prescription_id__in=[p.pk for p in signed], withdrawn=False)
    of: dict[UUID, list[PrescriptionItem]] = {}
    for line in lines:
        of.setdefault(line.prescription_id, []).append(line)
    given, forms = queries.dispensed([line.pk for line in lines]), formulary().forms
    found = [(p, _state(of.get(p.pk, []), given, forms)) for p in signed]
    return sorted(found, key=lambda row: row[1] == "all")


def _state(items: list[PrescriptionItem], given: Mapping[UUID, int], forms: Mapping[str, Form]) -> str:
    if items and all(given.get(one.pk, 0) >= pieces(one, forms) for one in items):
        return "all"
    return "some" if any(one.pk in given for one in items) else "none"
