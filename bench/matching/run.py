"""How well duplicates are found, and how fast among a million people.

    qafila bench matching [--json]

Quality: registries of 20,000 registrations, a tenth of them of somebody registered already (`people.py` has the kinds
of error), under seeds that the odds were not estimated with. Every pair that a look-up would propose counts; a pair is
right where both tell of one person. Speed: second registrations of people drawn at random are looked up, one after the
other, in a register of a million on both engines. Peers, on the same registries: the same name and birth date; and the
Jaro-Winkler likeness of whole names (jellyfish) with the same year of birth, at the threshold that serves it best.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from importlib import metadata
from itertools import combinations
from pathlib import Path
from typing import Any

import jellyfish

from bench.matching import load as loading
from bench.matching.estimate import blocked, known
from bench.matching.people import ERRORS, Town, Written

QUALITY_SEEDS = (201, 202, 203)
SPEED_SEED = 990
PEOPLE, DOUBLED = 20_000, 0.10
MILLION, LOOKUPS = 1_000_000, 2_000
BARS = {"recall": 0.97, "precision": 0.99, "lookup_ms": 20.0}
Pairs = set[tuple[int, int]]


def doubles(registry: list[Written]) -> Pairs:
    """The pairs of registrations that tell of one person."""
    held: dict[int, list[int]] = defaultdict(list)
    for n, one in enumerate(registry):
        held[one.person].append(n)
    return {pair for several in held.values() for pair in combinations(several, 2)}


def scored(found: Pairs, right: Pairs) -> dict[str, Any]:
    """Recall and precision of proposals."""
    hits = len(found & right)
    return {
        "proposed": len(found),
        "recall": round(hits / len(right), 4),
        "precision": round(hits / max(1, len(found)), 4),
    }


def proposed(registry: list[Written]) -> tuple[Pairs, Pairs]:
    """The pairs that the matcher proposes, and those for which the registration form would stop."""
    from qafila.packs import load
    from qafila.registry.people.blocking import MOST_COMPARED
    from qafila.registry.people.matching import RARE, commonness, compare, weigh

    odds = load.matching()
    people = [known(one) for one in registry]
    borne = Counter(key for one in people for key in {k for name in one.names for k in name.keys})
    shares = {key: count / len(people) for key, count in borne.items() if count / len(people) >= RARE}
    offered, stopped = set(), set()
    for a, b in blocked(people, MOST_COMPARED):
        common = commonness((*people[b].names, *people[a].names), shares, odds)
        bits = weigh(compare(people[b], people[a]), odds, common, len(people))
        if bits >= odds.propose:
            offered.add((a, b))
        if bits >= odds.stop:
            stopped.add((a, b))
    return offered, stopped


def exact(registry: list[Written]) -> Pairs:
    """Peer: the same name as written and the same birth."""
    held: dict[Any, list[int]] = defaultdict(list)
    for n, one in enumerate(registry):
        for given, _, family in one.names:
            held[given, family, str(one.birth)].append(n)
    return {pair for several in held.values() for pair in combinations(several, 2)}


def jaro_winkler(registry: list[Written], right: Pairs) -> dict[str, Any]:
    """Peer: whole names alike, born in the same year; the threshold with the best F1 on these very data."""
    years: dict[int, list[int]] = defaultdict(list)
    for n, one in enumerate(registry):
        if one.birth is not None:
            years[one.birth.year].append(n)
    texts = [[" ".join((g, f)).strip() for g, _, f in one.names] for one in registry]
    alike: dict[tuple[int, int], float] = {}
    for several in years.values():
        for a, b in combinations(several, 2):
            best = max(jellyfish.jaro_winkler_similarity(x, y) for x in texts[a] for y in texts[b])
            if best >= 0.80:
                alike[a, b] = best
    tried = {}
    for step in range(80, 100, 2):
        tried[step / 100] = scored({pair for pair, x in alike.items() if x >= step / 100}, right)
    best_at = max(tried, key=lambda t: _f1(tried[t]))
    return {"threshold": best_at, **tried[best_at]}


def _f1(told: dict[str, Any]) -> float:
    return 2 * told["recall"] * told["precision"] / max(1e-9, told["recall"] + told["precision"])


def quality(seed: int) -> dict[str, Any]:
    """One registry."""
    registry = Town(seed).registry(PEOPLE, DOUBLED)
    right = doubles(registry)
    begun = time.perf_counter()
    offered, stopped = proposed(registry)
    taken = time.perf_counter() - begun
    kinds: dict[str, list[int]] = {kind: [0, 0] for kind in ERRORS}
    for pair in right:
        for kind in registry[pair[1]].errors:
            kinds[kind][0] += 1
            kinds[kind][1] += pair in offered
    return {
        "seed": seed,
        "people": PEOPLE,
        "doubles": len(right),
        "proposals": scored(offered, right),
        "stops_the_form": scored(stopped, right),
        "recall_by_error": {k: {"seen": n, "recall": round(hit / max(1, n), 3)} for k, (n, hit) in kinds.items()},
        "seconds": round(taken, 1),
        "peers": {
            "same name and birth date": scored(exact(registry), right),
            "Jaro-Winkler": jaro_winkler(registry, right),
        },
    }


def register(town: Town, people: list[Any], lookups: int) -> tuple[list[Any], list[Any]]:
    """Fill the unit's register; who is looked up again, and the ids by which they ought to be found."""
    from django.core.management import call_command

    from qafila.registry.people.models import Person
    from qafila.registry.people.queries import count_names

    call_command("migrate", verbosity=0)
    with loading.node("default"):
        loading.fill(town, people)
        count_names()
        ids = list(Person.objects.order_by("pk").values_list("pk", flat=True))
    dice = random.Random(SPEED_SEED)
    drawn = [dice.randrange(len(people)) for _ in range(lookups)]
    return [known(town.again(n, people[n])) for n in drawn], [ids[n] for n in drawn]


def register_again(alias: str) -> None:
    """The same register on the hub's engine."""
    from django.core.management import call_command

    from qafila.registry.people.queries import count_names

    call_command("migrate", database=alias, verbosity=0)
    loading.copy(alias)
    with loading.node(alias):
        count_names()


def speed(alias: str, people: int, asked: list[Any], wanted: list[Any]) -> dict[str, Any]:
    """Look people up again on one engine."""
    from django.db import connections

    from qafila.registry.people.duplicates import likely

    taken, hits, first = [], 0, 0
    with loading.node(alias):
        for one, right in zip(asked, wanted, strict=True):
            begun = time.perf_counter()
            found = likely(one)
            taken.append((time.perf_counter() - begun) * 1000)
            hits += right in {f.person_id for f in found}
            first += bool(found) and found[0].person_id == right
    connections[alias].close()
    taken.sort()
    return {
        "people": people,
        "lookups": len(asked),
        "median_ms": round(taken[len(taken) // 2], 2),
        "mean_ms": round(sum(taken) / len(taken), 2),
        "p95_ms": round(taken[int(len(taken) * 0.95)], 2),
        "longest_ms": round(taken[-1], 2),
        "found": round(hits / len(asked), 4),
        "found_first": round(first / len(asked), 4),
    }


def measure(people: int, lookups: int) -> dict[str, Any]:
    """All of it."""
    from tests.postgres import Cluster

    with tempfile.TemporaryDirectory(prefix="qafila-matching-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        loading.databases(folder)
        told: dict[str, Any] = {
            "errors": ERRORS,
            "bars": BARS,
            "versions": {
                "python": platform.python_version(),
                **{n: metadata.version(n) for n in ("rapidfuzz", "jellyfish", "django")},
            },
            "quality": [quality(seed) for seed in QUALITY_SEEDS],
        }
        if people:
            truths = Town(SPEED_SEED).people(people)
            told["speed"] = {"seed": SPEED_SEED}
            asked, wanted = register(Town(SPEED_SEED + 1), truths, lookups)
            told["speed"]["unit, SQLCipher"] = speed("default", people, asked, wanted)
            with Cluster(folder / "postgres") as cluster:
                cluster.create_database("hub")
                register_again("hub")
                told["speed"]["hub, PostgreSQL"] = speed("hub", people, asked, wanted)
    return told


def reached(told: dict[str, Any]) -> bool:
    """Whether every bar is."""
    fine = all(
        q["proposals"]["recall"] >= BARS["recall"] and q["proposals"]["precision"] >= BARS["precision"]
        for q in told["quality"]
    )
    speeds = [s for s in told.get("speed", {}).values() if isinstance(s, dict)]
    return fine and all(s["p95_ms"] <= BARS["lookup_ms"] for s in speeds)


def main() -> int:
    """Measure and print; exit status 1 where a bar is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--people", type=int, default=MILLION, help="people in the register of the look-ups; 0: none")
    parser.add_argument("--lookups", type=int, default=LOOKUPS)
    arguments = parser.parse_args()
    told = measure(arguments.people, arguments.lookups)
    told["reached"] = reached(told)
    if arguments.json:
        json.dump(told, sys.stdout, indent=1)
        print()
    else:
        for one in told["quality"]:
            print(f"seed {one['seed']}: {one['proposals']}  stops: {one['stops_the_form']}")
            for peer, said in one["peers"].items():
                print(f"   {peer}: {said}")
        for engine, said in told.get("speed", {}).items():
            print(f"{engine}: {said}")
        print("every bar is reached" if told["reached"] else "NOT every bar is reached")
    return 0 if told["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
