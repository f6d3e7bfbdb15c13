"""Runs seeds."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from random import Random

import django
from django.apps import apps

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
    os.environ.setdefault("QAFILA_TEST_DATABASES", "{}")
    django.setup()

from qafila.sync.versions import Agreement
from tests.sync.sim import check, releases, trouble
from tests.sync.sim.faults import Faults, draw
from tests.sync.sim.wire import packing
from tests.sync.sim.world import Plant, World


def run(seed: int, plant: Plant | None = None, trace: Callable[[str], None] | None = None) -> World:
    """One history, to its end; what does not hold is in `problems`."""
    dice = Random(seed)
    faults = draw(dice, seed)
    with packing(columns=faults.real_frames):
        return _history(seed, dice, faults, plant, trace)


def _history(
    seed: int, dice: Random, faults: Faults, plant: Plant | None, trace: Callable[[str], None] | None
) -> World:
    if plant is not None and plant.events:
        faults.events = [dice.choice(plant.events) for _ in range(5)]
    if plant is not None and not plant.breaks_off:
        faults.broken_off = 0.0
    world = World(seed, faults, plant or Plant(), trace)
    if "skew" in faults.events:
        for node in (world.server, *world.units):
            node.release = dice.randint(1, releases.LATEST)
        for unit in world.units:
            unit.agreement = Agreement(0, releases.spoken(unit.release))
    for unit in list(world.units):
        world.begin(unit)
    for _ in range(faults.acts):
        at = dice.uniform(0, faults.length_s)
        act = dice.choice((world.crew_acts, world.crew_acts, world.hub_writes))
        world.after(at, act)
    for _ in range(4):
        world.after(dice.uniform(0, faults.length_s), world.back_up)
    for name in faults.events:
        world.after(dice.uniform(0, faults.length_s), lambda name=name: trouble.befall(world, name))
    while world.now < world.end:
        world.run_until(world.end)
    check.settle(world)
    return world


def broken(seeds: Iterable[int], plant: Plant | None = None) -> list[tuple[int, str]]:
    """Seeds that do not hold, with the first problem of each."""
    return list(_broken(seeds, plant))


def first_broken(seeds: Iterable[int], plant: Plant) -> tuple[int, str] | None:
    """The first seed that does not hold."""
    return next(_broken(seeds, plant), None)


def _broken(seeds: Iterable[int], plant: Plant | None) -> Iterator[tuple[int, str]]:
    # A history is one web of objects: to look for garbage in it before it is over finds nothing.
    gc.disable()
    try:
        for seed in seeds:
            problems = run(seed, plant).problems
            gc.collect(0)
            if problems:
                yield seed, problems[0]
    finally:
        gc.enable()
