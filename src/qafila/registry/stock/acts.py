"""The verbs of the stock: right, rule, write. Each only adds moves; less than nothing is never written in silence."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.text import Bad, tidy
from qafila.packs.catalogue import catalogue
from qafila.registry.places.here import country_code, local_day
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.registry.stock.balance import expired
from qafila.registry.stock.models import Lot, Shipment, StockMove
from qafila.registry.stock.queries import Product, balance_of
from qafila.registry.units.models import Unit

MOST = 1_000_000


class StockRefused(ActRefused):
    """A move that cannot be."""


class Expired(StockRefused):
    """The lot has ended."""


class NotEnough(StockRefused):
    """The moves say that there is less than that: count again, or say why it is there all the same."""


NOT_POSITIVE = _("Write how many: a whole number above 0.")
NO_SUCH = _("The list of medicines has no such product.")
NO_LOT = _("Write the lot number as it stands on the box.")
ENDED = _("This lot ended on %(day)s: it may not be given.")
ENDED_HERE = _("This lot ended on %(day)s: it is not taken into the stock.")
FAR = _("This date is too far away: check the year.")
OTHER_DAY = _("Lot %(number)s is here with another last day (%(day)s): check the box.")
LESS = _("The stock says %(held)s, you take %(wanted)s. Count again, or write why there are more.")
WHY = _("Write a reason.")
SAME_UNIT = _("Choose another unit.")
DONE = _("This was confirmed already.")


def receive(
    unit: Unit, by: Staff, product: Product, number: str, expires: date, quantity: int, *, reason: str = ""
) -> StockMove:
    """Take a lot, or more of it, into the stock. Raises `NotAllowed`, `StockRefused`, `Expired`."""
    require(by, "stock.keep", unit)
    _positive(quantity)
    _known(product)
    name = tidy(number, 40, _refused)
    if not name:
        raise StockRefused(NO_LOT)
    _fresh(expires, ENDED_HERE)
    with writing(by, "stock.receive") as write:
        lot = _lot(write, unit, product, name, expires)
        return _move(write, lot, by, StockMove.Kind.RECEIPT, quantity, reason=tidy(reason, 200, _refused))


def dispense(lot: Lot, by: Staff, quantity: int, *, reason: str = "", item: UUID | None = None) -> list[StockMove]:
    """Give pieces of a lot to a person; `item` is the line of the prescription.

    Where the moves say that there are fewer, a `reason` is needed, and what lacks is written down as found before.
    Raises `NotAllowed`, `Expired`, `NotEnough`, `StockRefused`.
    """
    unit = lot.unit
    require(by, "stock.dispense", unit)
    return _take(lot, by, StockMove.Kind.DISPENSING, quantity, reason, item=item)


def waste(lot: Lot, by: Staff, quantity: int, reason: str) -> list[StockMove]:
    """Throw pieces away: broken, ended, spoilt. Raises `NotAllowed`, `NotEnough`, `StockRefused`."""
    require(by, "stock.keep", lot.unit)
    if not reason.strip():
        raise StockRefused(WHY)
    _positive(quantity)
    with writing(by, "stock.waste") as write:
        held = _held(lot)
        if held < quantity:
            raise NotEnough(LESS, held=held, wanted=quantity)
        return [_move(write, lot, by, StockMove.Kind.WASTAGE, -quantity, reason=tidy(reason, 200, _refused))]


def count(lot: Lot, by: Staff, found: int, reason: str = "") -> StockMove:
    """Write down what was counted; a difference needs a reason. Raises `NotAllowed`, `StockRefused`."""
    require(by, "stock.keep", lot.unit)
    if not 0 <= found <= MOST:
        raise StockRefused(NOT_POSITIVE)
    with writing(by, "stock.count") as write:
        held = _held(lot)
        why = tidy(reason, 200, _refused)
        if held != found and not why:
            raise StockRefused(WHY)
        return _move(
            write, lot, by, StockMove.Kind.COUNT, found - held, reason=why, counted=found, believed=held
        )  # fmt: skip


def send(lot: Lot, by: Staff, to: Unit, quantity: int) -> Shipment:
    """Send pieces to another unit: they leave here now, and come there when it confirms. Raises as `dispense`."""
    require(by, "stock.keep", lot.unit)
    _positive(quantity)
    if to.pk == lot.unit_id:
        raise StockRefused(SAME_UNIT)
    _fresh(lot.expires, ENDED)
    with writing(by, "stock.send") as write:
        held = _held(lot)
        if held < quantity:
            raise NotEnough(LESS, held=held, wanted=quantity)
        sent = write.save(
            Shipment(
                origin_id=lot.unit_id, target_id=to.pk, medicine=lot.medicine, form=lot.form, strength=lot.strength,
                number=lot.number, expires=lot.expires, quantity=quantity, by=by, at=clock.now(),
            )
        )  # fmt: skip
        _move(write, lot, by, StockMove.Kind.OUT, -quantity, shipment_id=sent.pk, other_id=to.pk)
        return sent


def confirm(shipment: Shipment, by: Staff, quantity: int | None, reason: str = "") -> StockMove:
    """Say at the other end what has come; fewer or more than were sent needs a reason. At the sender: they came back.

    `quantity`: None where it could not be read. Raises `NotAllowed`, `StockRefused`.
    """
    # By their ids: the row of the other unit may not be here.
    target, origin = Unit(pk=shipment.target_id), Unit(pk=shipment.origin_id)
    at_target = may(by, "stock.keep", target)
    require(by, "stock.keep", target if at_target else origin)
    here, other = (target, origin) if at_target else (origin, target)
    if quantity is None or not 0 <= quantity <= MOST:
        raise StockRefused(NOT_POSITIVE)
    why = tidy(reason, 200, _refused)
    if quantity != shipment.quantity and not why:
        raise StockRefused(WHY)
    with writing(by, "stock.confirm") as write:
        Shipment._base_manager.select_for_update().get(pk=shipment.pk)
        kinds = (StockMove.Kind.IN, StockMove.Kind.BACK)
        if StockMove.objects.filter(shipment_id=shipment.pk, move__in=kinds).exists():
            raise StockRefused(DONE)
        product = shipment.medicine, shipment.form, shipment.strength
        lot = _lot(write, here, product, shipment.number, shipment.expires)
        kind = StockMove.Kind.IN if at_target else StockMove.Kind.BACK
        return _move(write, lot, by, kind, quantity, reason=why, shipment_id=shipment.pk, other_id=other.pk)


def _take(
    lot: Lot, by: Staff, kind: StockMove.Kind, quantity: int, reason: str, item: UUID | None = None
) -> list[StockMove]:
    _positive(quantity)
    _fresh(lot.expires, ENDED)
    why = tidy(reason, 200, _refused)
    with writing(by, f"stock.{kind}") as write:
        held = _held(lot)
        moves = []
        if held < quantity:
            if not why:
                raise NotEnough(LESS, held=held, wanted=quantity)
            moves.append(
                _move(
                    write, lot, by, StockMove.Kind.COUNT, quantity - held,
                    reason=why, counted=quantity, believed=held,
                )
            )  # fmt: skip
        return [*moves, _move(write, lot, by, kind, -quantity, reason=why, item=item)]


def _held(lot: Lot) -> int:
    """What there is, with the lot locked: two tablets that take the last pieces wait for one another."""
    Lot._base_manager.select_for_update().get(pk=lot.pk)
    return balance_of(lot)


def _lot(write: Writer, unit: Unit, product: Product, number: str, expires: date) -> Lot:
    medicine, form, strength = product
    same = Lot.objects.filter(unit_id=unit.pk, medicine=medicine, form=form, strength=strength, number=number).first()
    if same is not None and same.expires != expires:
        raise StockRefused(OTHER_DAY, number=number, day=same.expires.isoformat())
    return same or write.save(
        Lot(unit_id=unit.pk, medicine=medicine, form=form, strength=strength, number=number, expires=expires)
    )


def _move(write: Writer, lot: Lot, by: Staff, kind: StockMove.Kind, quantity: int, **more: Any) -> StockMove:
    return write.save(
        StockMove(unit_id=lot.unit_id, lot_id=lot.pk, move=kind, quantity=quantity, by=by, at=clock.now(), **more)
    )


def _positive(quantity: int) -> None:
    if not 0 < quantity <= MOST:
        raise StockRefused(NOT_POSITIVE)


def _known(product: Product) -> None:
    code, form, strength = product
    medicine = catalogue(country_code()).medicines.get(code)
    if medicine is None or not any(p.form == form and strength in p.strengths for p in medicine.product):
        raise StockRefused(NO_SUCH)


def _fresh(expires: date, words: Promise) -> None:
    today = local_day()
    if expired(expires, today):
        raise Expired(words, day=expires.isoformat())
    if expires.year > today.year + 20:
        raise StockRefused(FAR)


def _refused(bad: Bad) -> StockRefused:
    return StockRefused(bad.message, **bad.values)
