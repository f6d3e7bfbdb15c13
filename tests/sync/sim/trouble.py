"""What befalls a fleet: one function for each event of `faults.EVENTS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.sync.sim.disk import Killed
from tests.sync.sim.journal import HUB
from tests.sync.sim.stick import carry
from tests.sync.sim.world import YEAR_MS, Unit

if TYPE_CHECKING:
    from tests.sync.sim.world import World

MONTH_S = 30 * 86400.0
RESTORING_S = 150.0
"""A restore takes a person some minutes: by then nothing of before is on its way any more."""


def half_open(world: World, unit: Unit) -> None:
    unit.deaf_until = world.now + world.dice.uniform(20, 300)


def outage(world: World, unit: Unit) -> None:
    unit.link_down_until = world.now + world.dice.uniform(30, 900)


def month(world: World, unit: Unit) -> None:
    unit.link_down_until = world.now + MONTH_S
    world.end = max(world.end, world.now + MONTH_S + 900)


def flapping(world: World, unit: Unit) -> None:
    def down() -> None:
        unit.link_down_until = max(unit.link_down_until, world.now + 6)

    for turn in range(8):
        world.after(turn * 8.0, down)


def kill_unit(world: World, unit: Unit) -> None:
    unit.disk.kill_in = world.dice.randint(1, 25)


def kill_hub(world: World, unit: Unit) -> None:
    world.server.disk.kill_in = world.dice.randint(1, 40)


def full_unit(world: World, unit: Unit) -> None:
    unit.disk.full = True
    world.after(world.dice.uniform(5, 300), lambda: setattr(unit.disk, "full", False))


def full_hub(world: World, unit: Unit) -> None:
    world.server.disk.full = True
    world.after(world.dice.uniform(5, 300), lambda: setattr(world.server.disk, "full", False))


def restore_unit(world: World, unit: Unit) -> None:
    run = unit.run
    unit.die(world.dice.uniform(RESTORING_S, 400))
    place = world.dice.randrange(len(unit.backups))
    unit.disk.restore(unit.backups[place])
    del unit.backups[place + 1 :]
    if world.plant.run_goes_on_after_restore:
        unit.run = run
    work_goes_on(world)


def work_goes_on(world: World) -> None:
    """After a restore people work again, and the next disaster may come."""
    world.end = max(world.end, world.now + 900)
    for _ in range(3):
        world.after(world.dice.uniform(RESTORING_S, 900), world.dice.choice((world.crew_acts, world.hub_writes)))


def restore_hub(world: World, unit: Unit) -> None:
    server = world.server
    server.die(world.dice.uniform(RESTORING_S, 400))
    before = set(server.disk.tables["records"])
    place = world.dice.randrange(server.oldest, len(server.backups))
    server.disk.restore(server.backups[place])
    del server.backups[place + 1 :]
    server.restored_at = world.now
    world.hub_restores += 1
    work_goes_on(world)
    world.hub_lost |= {k for k in before - set(server.disk.tables["records"]) if k[0] == HUB}


def clone(world: World, unit: Unit) -> Unit:
    """The disk is copied; both boxes are used."""
    if sum(not u.gone for u in world.units if u.name == unit.name) > 2:
        return unit
    twin = Unit(world, unit.name)
    twin.disk.restore(unit.disk.backup())
    twin.backups = [twin.disk.backup()]
    world.units.append(twin)
    world.begin(twin)
    return twin


def twin(world: World, unit: Unit) -> None:
    """The memory is copied with the disk: two processes write under one run."""
    clone(world, unit).run = unit.run
    world.twins.add(unit.name)


def two_processes(world: World, unit: Unit) -> None:
    for _ in range(2):
        world.begin(unit)


def poison(world: World, unit: Unit) -> None:
    world.write_poison(unit)


def skew(world: World, unit: Unit) -> None:
    which = world.dice.choice((unit, world.server))
    which.version = 2
    world.after(world.dice.uniform(20, 400), lambda: setattr(which, "version", 1))


def clock(world: World, unit: Unit) -> None:
    unit.clock_off_ms = world.dice.choice((-YEAR_MS, YEAR_MS))


def stick(world: World, unit: Unit) -> None:
    carry(world, unit)


def damaged(world: World, unit: Unit) -> None:
    own = sorted(name for name, row in unit.disk.tables["files"].items() if not row.sent)
    if own:
        unit.disk.tables["damaged"][world.dice.choice(own)] = True


def mend(world: World, unit: Unit) -> None:
    world.server.mend()


TROUBLE: dict[str, Callable[[World, Unit], object]] = {
    "half_open": half_open,
    "outage": outage,
    "month": month,
    "flapping": flapping,
    "kill_unit": kill_unit,
    "kill_hub": kill_hub,
    "full_unit": full_unit,
    "full_hub": full_hub,
    "restore_unit": restore_unit,
    "restore_hub": restore_hub,
    "clone": clone,
    "twin": twin,
    "two_processes": two_processes,
    "poison": poison,
    "skew": skew,
    "clock": clock,
    "stick": stick,
    "damaged": damaged,
    "mend": mend,
}


def befall(world: World, name: str) -> None:
    """One event, at a unit that a person could do it to."""
    unit = world.dice.choice([u for u in world.units if not u.gone])
    world.say(f"{name} at {unit.name}")
    try:
        TROUBLE[name](world, unit)
    except Killed:
        unit.die(5.0)
