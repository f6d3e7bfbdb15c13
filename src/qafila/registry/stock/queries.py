"""What is read of a unit's stock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db.models import Max, Sum

from qafila.packs import load
from qafila.registry.places.here import country_code, local_day
from qafila.registry.stock.balance import LOOK_BACK, SOON, Need, balances, expired, need
from qafila.registry.stock.models import Lot, Shipment, StockMove
from qafila.registry.units.models import Unit

Product = tuple[str, str, str]
"""Medicine, form, strength."""
USED = (StockMove.Kind.DISPENSING, StockMove.Kind.WASTAGE)


@dataclass(frozen=True)
class LotRow:
    """A lot with what there is of it."""

    lot: Lot
    balance: int
    expired: bool
    soon: bool


@dataclass
class Stock:
    """One product of a unit: lots that hold something (the first to end first), and what to order of it."""

    product: Product
    lots: list[LotRow] = field(default_factory=list)
    need: Need = field(default_factory=lambda: Need(0, 0, 0, 0))
    counted: object = None
    """When it was last counted."""

    @property
    def usable(self) -> int:
        """Pieces that may be given."""
        return sum(row.balance for row in self.lots if not row.expired)

    @property
    def state(self) -> str:
        """`doubt` (less than nothing: count), `out`, `expired` (something has ended), `low`, `soon` or `good`."""
        if any(row.balance < 0 for row in self.lots):
            return "doubt"
        if any(row.expired and row.balance > 0 for row in self.lots):
            return "expired"
        if self.usable <= 0:
            return "out"
        if self.need.order:
            return "low"
        return "soon" if any(row.soon and row.balance > 0 for row in self.lots) else "good"


def balance_of(lot: Lot) -> int:
    """What the moves of a lot come to."""
    return StockMove.objects.filter(lot_id=lot.pk).aggregate(all=Sum("quantity"))["all"] or 0


def stock_of(unit: Unit) -> list[Stock]:
    """Everything that a unit has, had, or should have. Four queries."""
    today = local_day()
    moves = StockMove.objects.filter(unit_id=unit.pk)
    held = balances(moves.values_list("lot_id").annotate(all=Sum("quantity")))
    counts = dict(moves.filter(counted__isnull=False).values_list("lot_id").annotate(last=Max("at")))
    found: dict[Product, Stock] = {}
    lots = {lot.pk: lot for lot in Lot.objects.filter(unit_id=unit.pk).order_by("expires", "id")}
    for lot in lots.values():
        row = found.setdefault(product_of(lot), Stock(product_of(lot)))
        last = counts.get(lot.pk)
        row.counted = max(filter(None, (row.counted, last)), default=None)
        if held.get(lot.pk):
            ended = expired(lot.expires, today)
            row.lots.append(LotRow(lot, held[lot.pk], ended, not ended and lot.expires - today <= SOON))
    local = load.local_formulary(country_code())
    least = {(c.code, c.form, c.strength): c.least for c in (local.carried if local else ())}
    for product in least:
        found.setdefault(product, Stock(product))
    used: dict[Product, list[tuple[object, int]]] = {}
    # A day more: the unit's day is not that of the clock.
    since = today - timedelta(days=LOOK_BACK + 1)
    for lot_id, at, quantity in moves.filter(move__in=USED, at__date__gte=since).values_list(
        "lot_id", "at", "quantity"
    ):
        if lot_id in lots:
            used.setdefault(product_of(lots[lot_id]), []).append((local_day(at), -quantity))
    for product, row in found.items():
        row.need = need(row.usable, used.get(product, []), least.get(product, 0), today)  # type: ignore[arg-type]
    return list(found.values())


def product_of(row: Lot | Shipment) -> Product:
    """What it is of."""
    return row.medicine, row.form, row.strength


def lots_of(unit: Unit, product: Product) -> list[LotRow]:
    """The lots of one product that are not used up, the first to end first. Two queries."""
    medicine, form, strength = product
    lots = list(Lot.objects.filter(unit_id=unit.pk, medicine=medicine, form=form, strength=strength))
    sums = (
        StockMove.objects.filter(lot_id__in=[lot.pk for lot in lots]).values_list("lot_id").annotate(s=Sum("quantity"))
    )
    held, today = dict(sums), local_day()
    rows = [
        LotRow(lot, held.get(lot.pk, 0), expired(lot.expires, today), lot.expires - today <= SOON)
        for lot in sorted(lots, key=lambda lot: (lot.expires, str(lot.pk)))
    ]
    return [row for row in rows if row.balance]


def moves_of(unit: Unit, limit: int = 100) -> list[StockMove]:
    """The latest moves of a unit's stock."""
    return list(StockMove.objects.filter(unit_id=unit.pk).order_by("-at", "-id")[:limit])


def on_the_way(unit: Unit) -> tuple[list[Shipment], list[Shipment]]:
    """Shipments that nobody has confirmed: those that come here, and those that went from here."""
    done = StockMove.objects.filter(shipment__isnull=False, move__in=("in", "back")).values("shipment_id")
    open_ = Shipment.objects.exclude(pk__in=done).order_by("at")
    return list(open_.filter(target_id=unit.pk)), list(open_.filter(origin_id=unit.pk))


def dispensed(items: Iterable[UUID]) -> dict[UUID, int]:
    """Line of a prescription → pieces given of it, as far as this node knows."""
    rows = StockMove.objects.filter(item__in=list(items), move=StockMove.Kind.DISPENSING)
    return {item: -total for item, total in rows.values_list("item").annotate(all=Sum("quantity"))}
