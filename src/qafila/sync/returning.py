"""What a unit gives a restored hub back: the hub's answer to the greeting that told what of others is here."""

from __future__ import annotations

from collections.abc import Callable

from qafila.journal.ranges import Ranges, subtract
from qafila.sync.messages import Hello, Welcome
from qafila.sync.run_ranges import by_run


def asked_back(said: Hello, answer: Welcome, total: Callable[[str, int, Ranges], int]) -> dict[str, dict[int, Ranges]]:
    """Node → run → ranges that the hub is to get: what it lacks, and of a run of which it has other records all that it
    was told. The memory of that node's machine was copied then, and no hub but this unit may have what one copy wrote.

    `total`: of the records that are here. Raises `FrameError`.
    """
    wanted = {node: by_run(runs) for node, runs in (answer.wanted or {}).items()}
    for node, runs in wanted.items():
        told = by_run((said.have or {}).get(node, {}))
        theirs = (answer.shared or {}).get(node, {})
        for run, ranges in runs.items():
            rest = subtract(told.get(run, []), ranges)
            if rest and total(node, run, rest) != theirs.get(f"{run:x}", 0):
                runs[run] = told[run]
    return wanted
