"""How often each level is seen in three kinds of pairs: one person, one household, strangers. For packs/matching.toml.

    PYTHONPATH=src:. python -m bench.matching.estimate [SEED]     prints the [field] tables

Strangers: random pairs of a registry of 20,000 of the generator's people under its own seed, which no measurement
uses. One person and one household: by expectation and maximisation over the pairs that share a block, without
looking at who is who; a field missing from a pair is passed over.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from math import exp, log

from bench.matching.people import Town, Written
from qafila.registry.people.blocking import Block, asked, blocks, nearest
from qafila.registry.people.matching import FIELDS, Known, Level, called, compare, word

TRAINING_SEED = 4101
ROUNDS = 60
LEAST = 5e-5
LEAST_SEEN = (0.002, 0.0005)
"""No level is ruled out between records of one person, of one household."""


def known(one: Written) -> Known:
    """A registration as the matcher sees it."""
    mother = word(one.mother)
    return Known(
        names=tuple(called(*n) for n in one.names),
        birth=one.birth,
        sex=one.sex,
        place=one.place,
        phone=one.phone,
        mothers=(mother,) if mother else (),
    )


def blocked(people: list[Known], most: int = 400) -> set[tuple[int, int]]:
    """Pairs that share a block, as a look-up would find them."""
    held: dict[Block, list[int]] = defaultdict(list)
    for n, one in enumerate(people):
        for block in blocks(one):
            held[block].append(n)
    pairs: set[tuple[int, int]] = set()
    for n, one in enumerate(people):
        near = nearest(((block, x) for block in asked(one) for x in held.get(block, ()) if x != n), most)
        pairs |= {(min(n, x), max(n, x)) for x in near}
    return pairs


HELD = {"given": (Level.DIFFER, 0.005)}
"""Not estimated, decided: two quite different given names are two people. Left to itself the estimate takes twins,
who agree in all the rest, for one person whose given name was changed."""
Pattern = tuple[str, ...]
Table = dict[str, dict[str, float]]
GOOD = {Level.SAME, Level.SOUND, Level.NEAR, Level.SWAPPED, Level.ONE_OFF, Level.YEAR, Level.STATED}
OF_A_HOUSEHOLD = {"family", "place", "phone", "mother"}


def strangers(people: list[Known], dice: random.Random, pairs: int = 400_000) -> Table:
    """Field → level → how often it is seen between any two people."""
    seen: dict[str, Counter[str]] = {f: Counter() for f in FIELDS}
    for _ in range(pairs):
        for name, level in compare(*dice.sample(people, 2)).items():
            if level is not Level.MISSING:
                seen[name][level] += 1
    return {f: _even(list(c), list(c.values())) for f, c in seen.items()}


def estimate(patterns: Counter[Pattern], stranger: Table, every: float) -> tuple[list[float], Table, Table]:
    """The shares of the three kinds among `every` pair there is, and the tables of one person and of one household.

    `patterns` are those of the blocked pairs; all others are strangers.
    """
    levels = {f: sorted({p[i] for p in patterns} - {Level.MISSING}) for i, f in enumerate(FIELDS)}
    one = {f: _even(ls, [9.0 if x in GOOD else 1.0 for x in ls]) for f, ls in levels.items()}
    house = {
        f: _even(ls, [9.0 if (x in GOOD) == (f in OF_A_HOUSEHOLD) else 1.0 for x in ls]) for f, ls in levels.items()
    }
    share = [0.1 * patterns.total() / every, 0.4 * patterns.total() / every, 1.0]
    for _ in range(ROUNDS):
        held = [{f: Counter[str]() for f in FIELDS} for _ in range(2)]
        total = [0.0, 0.0, 0.0]
        for pattern, count in patterns.items():
            said = [(f, x) for f, x in zip(FIELDS, pattern, strict=True) if x != Level.MISSING]
            logs = [
                log(share[n]) + sum(log(table[f].get(x, LEAST)) for f, x in said)
                for n, table in enumerate((one, house, stranger))
            ]
            top = max(logs)
            chances = [exp(x - top) for x in logs]
            for n in range(3):
                part = count * chances[n] / sum(chances)
                total[n] += part
                for f, x in said if n < 2 else ():
                    held[n][f][x] += part
        share = [total[0] / every, total[1] / every, 1.0]
        for f, (level, chance) in HELD.items():
            seen = held[0][f]
            seen[level] = (seen.total() - seen[level]) * chance / (1 - chance)
        one, house = (
            {f: _even(ls, [held[n][f][x] for x in ls], LEAST_SEEN[n]) for f, ls in levels.items()} for n in range(2)
        )
    return share, one, house


def _even(levels: list[str], weights: list[float], least: float = LEAST) -> dict[str, float]:
    total = sum(weights) or 1.0
    return {x: min(1 - least, max(least, w / total)) for x, w in zip(levels, weights, strict=True)}


def main() -> None:
    """Print the tables."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else TRAINING_SEED
    people = [known(one) for one in Town(seed).registry(20_000, 0.10)]
    patterns: Counter[Pattern] = Counter()
    for a, b in blocked(people):
        levels = compare(people[a], people[b])
        patterns[tuple(levels[f] for f in FIELDS)] += 1
    stranger = strangers(people, random.Random(seed))
    share, one, house = estimate(patterns, stranger, len(people) ** 2 / 2)
    said = ", ".join(f"{x:.2e}" for x in share)
    print(f"# {patterns.total()} pairs, shares {said}, seed {seed}")
    for name in FIELDS:
        if one[name]:
            print(f"\n[field.{name}]")
        for level in sorted({*one[name], *stranger[name]}):
            chances = (t[name].get(level, LEAST) for t in (one, house, stranger))
            print(f"{level} = {{ one = {next(chances):.5f}, household = {next(chances):.5f}, "
                  f"stranger = {next(chances):.5f} }}")  # fmt: skip


if __name__ == "__main__":
    main()
