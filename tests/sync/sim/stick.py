"""A stand-in for the stick: what waits at a unit is copied, taken in by the hub some time later, at times twice; its
receipt and mail come back by the same or another stick. Nothing says in which order, or that it ever arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qafila.journal.ingest import Parcel
from qafila.journal.ranges import Ranges, holds
from tests.sync.sim import paper, releases
from tests.sync.sim.disk import Killed
from tests.sync.sim.paper import Key

if TYPE_CHECKING:
    from tests.sync.sim.world import Unit, World

Noted = tuple[int, bytes]
"""Number of a mail and hash of what it was."""


class Up(NamedTuple):
    unit: str
    parcels: list[Parcel]
    mail: list[Noted]
    life: int
    version: int


class Down(NamedTuple):
    held: dict[int, Ranges]
    sums: dict[int, int]
    aside: set[bytes]
    numbers: list[int]
    parcels: list[Parcel]
    life: int


def carry(world: World, unit: Unit) -> None:
    """Write a stick at a unit and send it on its way."""
    if unit.off:
        return
    pending = unit.store.pending(range(6), 10**6, set())
    noted = [(number, hash_) for number, (hash_, _) in unit.disk.tables["stickmail"].items()]
    up = Up(unit.name, [p for _, p in pending], noted, unit.store.life(), unit.agreement.version)
    world.say(f"a stick leaves {unit.name}: {len(pending)} records")
    for _ in range(world.dice.choice((1, 1, 2))):
        world.after(world.dice.uniform(1, world.faults.length_s), lambda: _arrive(world, up))


def _arrive(world: World, up: Up) -> None:
    if world.server.down or up.version not in releases.spoken(world.server.release):
        return
    world.server.work(lambda: _take(world, up))


def _take(world: World, up: Up) -> None:
    desk = world.server.desk(up.unit)
    try:
        with desk.transaction():
            desk.take(up.parcels)
            desk.acknowledge([n for n, hash_ in up.mail if _stands(desk, n, hash_)])
        numbers, parcels = desk.fetch(10**6)
    except OSError:
        return
    held, sums, life = desk.held(), desk.sums(), desk.life()
    tables = world.server.disk.tables["quarantine"].values()
    down = Down(held, sums, {p.header for _, p in tables}, numbers, parcels, life)
    for _ in range(world.dice.choice((0, 1, 2))):
        world.after(world.dice.uniform(1, world.faults.length_s), lambda: _back(world, down, up))


def _stands(desk, number: int, hash_: bytes) -> bool:  # type: ignore[no-untyped-def]
    mail = desk.db.get(f"mail/{desk.sender}", number)
    return mail is not None and desk.db.get("records", mail.key).hash == hash_


def _back(world: World, down: Down, up: Up) -> None:
    # The hub writes in the version of the unit's own bundle.
    able = [u for u in world.units if up.version in releases.spoken(u.release)]
    units = [u for u in able if u.name == up.unit and not u.off]
    if not units:
        return
    unit = world.dice.choice(units)
    store = unit.store
    try:
        with store.db.atomic():
            for no, (_, key) in list(store.db.rows("pending").items()):
                _receipt(unit, no, key, down)
            store.heard_by_stick(down.life)
            store.ingest(down.parcels, "H")
            for number, parcel in zip(down.numbers, down.parcels, strict=True):
                store.db.put("stickmail", number, (paper.read(parcel).hash, down.life))
        store.settle()
    except OSError:
        return
    except Killed:
        unit.die(5.0)


def _receipt(unit: Unit, no: int, key: Key, down: Down) -> None:
    db = unit.store.db
    if db.get("records", key).parcel.header in down.aside:
        db.put("aside", key[1:], True)
        db.drop("pending", no)
    elif key[0] == unit.name and holds(down.held.get(key[1], []), key[2]) and unit.store.same(key[1], down):
        db.drop("pending", no)
