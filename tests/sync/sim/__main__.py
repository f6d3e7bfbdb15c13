"""`python -m tests.sync.sim --seed N`: replay one seed and tell all of it. `--seeds A..B`: run many."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

TOLD_EACH = 5000
"""A soak lasts for hours: so often it says how far it has come."""


def _some(span: range) -> list[tuple[int, str]]:
    from tests.sync.sim.run import broken

    return broken(span)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sync.sim")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", help="from..to, the last one left out")
    parser.add_argument("--quiet", action="store_true", help="of one seed only the outcome")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    said = parser.parse_args()
    if said.seed is not None:
        from tests.sync.sim.run import run

        world = run(said.seed, trace=None if said.quiet else print)
        print(f"seed {said.seed}: {world.faults}")
        print("\n".join(world.problems) or "all holds")
        return bool(world.problems)
    first, last = (int(n) for n in (said.seeds or "0..5000").split(".."))
    began = time.monotonic()
    spans = [range(a, min(a + 250, last)) for a in range(first, last, 250)]
    failed = 0
    with ProcessPoolExecutor(said.processes) as pool:
        for span, found in zip(spans, pool.map(_some, spans), strict=True):
            failed += len(found)
            if span.stop % TOLD_EACH == 0:
                print(f"{first}..{span.stop}: {failed} failed", file=sys.stderr, flush=True)
            for seed, problem in found:
                print(f"python -m tests.sync.sim --seed {seed}   # {problem}", flush=True)
    print(f"{last - first} seeds, {failed} failed, {time.monotonic() - began:.0f} s")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
