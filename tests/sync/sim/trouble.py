"""What befalls a fleet: one function for each event of `faults.EVENTS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qafila.sync.versions import Agreement
from tests.sync.sim import releases
from tests.sync.sim.disk import Backup, Killed
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
    server.restore(world.dice.randrange(len(server.backups)))
    work_goes_on(world)


def restore_hub_soon(world: World, unit: Unit) -> None:
    """A backup, work of an hour, and the hub goes back to it."""
    world.server.back_up()
    made = world.server.backups[-1]
    for _ in range(4):
        world.after(world.dice.uniform(0, 60), world.dice.choice((world.crew_acts, world.hub_writes)))
    world.after(world.dice.uniform(20, 200), lambda: _back_to(world, made))


def _back_to(world: World, made: Backup) -> None:
    place = next((i for i, b in enumerate(world.server.backups) if b is made), -1)
    if place >= 0 and not world.calm:
        world.say("the hub goes back")
        world.server.die(world.dice.uniform(RESTORING_S, 400))
        world.server.restore(place)
        work_goes_on(world)


def restore_between(world: World, unit: Unit) -> None:
    """The hub's backup has a record and not its file, or not what was set aside."""
    if unit.off:
        return
    if world.dice.random() < 0.4:
        world.server.back_up()
        made = world.server.backups[-1]
        world.write_poison(unit)
        hub = world.server.disk.tables
        before = len(hub["quarantine"])
        _when(world, lambda: len(world.server.disk.tables["quarantine"]) > before, lambda: _back_to(world, made))
        return
    world.crew_writes(unit, picture=True)
    names = [n for n, f in unit.disk.tables["files"].items() if f.complete and not f.sent]
    if not names:
        return
    name = names[-1]

    def whole() -> bool:
        row = unit.disk.tables["files"].get(name)
        return row is not None and bool(row.sent)

    def back_up() -> None:
        world.server.back_up()
        made = world.server.backups[-1]
        _when(world, whole, lambda: _back_to(world, made))

    def record_came() -> bool:
        hub = world.server.disk.tables
        return any(name.encode() in (r.parcel.fields or b"") for r in hub["records"].values()) and not whole()

    _when(world, record_came, back_up)


def _when(world: World, holds: Callable[[], bool], what: Callable[[], None], tries: int = 300) -> None:
    if world.calm or not tries:
        return
    if holds():
        what()
    else:
        world.after(0.4, lambda: _when(world, holds, what, tries - 1))


def clone_and_restore(world: World, unit: Unit) -> None:
    """Two boxes of one name, and a hub that goes back to a moment while both were heard."""
    clone(world, unit)
    for _ in range(3):
        world.after(world.dice.uniform(0, 120), world.hub_writes)
    world.after(world.dice.uniform(0, 120), lambda: restore_hub_soon(world, unit))


def drop(world: World, unit: Unit) -> None:
    """Room is made on a unit, again and again: it throws files away that are safe elsewhere."""

    def some() -> None:
        if unit.gone or unit.off or world.calm:
            return
        for name, row in list(unit.disk.tables["files"].items()):
            if unit.store.safe_to_drop(name):
                try:
                    unit.store.drop(name)
                except OSError:
                    return
                world.dropped[name] = row.patient

    for turn in range(6):
        world.after(turn * world.dice.uniform(20, 200), lambda: _or_dies(some, unit))


def _or_dies(what: Callable[[], None], unit: Unit) -> None:
    try:
        what()
    except Killed:
        unit.die(5.0)


def clone(world: World, unit: Unit) -> Unit:
    """The disk is copied; both boxes are used."""
    if sum(not u.gone for u in world.units if u.name == unit.name) > 2:
        return unit
    twin = Unit(world, unit.name)
    twin.disk.restore(unit.disk.backup())
    twin.backups = [twin.disk.backup()]
    twin.release, twin.agreement = unit.release, Agreement(unit.agreement.version, unit.agreement.mine)
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
    """One of two that began with different releases (`run`) is updated."""
    which = world.dice.choice((unit, world.server))
    which.release = min(releases.LATEST, which.release + world.dice.choice((1, 2)))
    which.die(world.dice.uniform(2, 60))


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


def leave_and_return(world: World, unit: Unit) -> None:
    """Somebody moves away; the hub is backed up, the unit forgets him; then he is served there again."""
    held = sorted(person for person, node in world.server.disk.tables["scope"] if node == unit.name)
    if not held or world.server.down:
        return
    person = world.dice.choice(held)
    world.server.let_go(person, unit.name)
    for seconds in (20, 60):
        world.after(seconds, lambda: world.server.back_up(stands_after=1.0))

    def back() -> None:
        if not world.calm and not world.server.down:
            world.server.write(("clinic.transfer", person, {"to": unit.name}, 1))

    world.after(world.dice.uniform(150, 400), back)


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
    "restore_hub_soon": restore_hub_soon,
    "restore_between": restore_between,
    "clone_and_restore": clone_and_restore,
    "drop": drop,
    "leave_and_return": leave_and_return,
}


def befall(world: World, name: str) -> None:
    """One event, at a unit that a person could do it to."""
    unit = world.dice.choice([u for u in world.units if not u.gone])
    world.say(f"{name} at {unit.name}")
    try:
        TROUBLE[name](world, unit)
    except Killed:
        unit.die(5.0)
