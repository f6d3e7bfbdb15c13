"""A hub's year: are cases answered in time, does anybody idle while one waits, how many cases are routed a second.

    qafila bench network [--json]

300 units send 500,000 cases in a year (`demand.py` has the shapes and where they come from); specialists work by
half-days, some are sick (`crews.py`); the rules are the program's own (`hub.py`). Once with specialists loaded to 80 %
of their hours, once the same people to 130 %, by more cases. Peer in the same run, with the same cases, people and
times to answer: first come, first served. At last the real acts route waiting cases on PostgreSQL in one process
(`rate.py`).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.network.crews import Crew, staff
from bench.network.demand import DAYS, SPECIALTIES, URGENCIES, Arrival, year
from bench.network.hub import ANSWERED, Case, Hub
from qafila.clinic.cases.escalation import ESCALATE, PASS_ON, REMIND
from qafila.packs import load as packs

UNITS, CASES, SEED = 300, 500_000, 20260105
LOADS = (0.8, 1.3)
SETTLED = (DAYS - 2) * 1440
"""Cases of the year's last two days are routed and not counted: their time is not up."""
BARS = {
    "in_time": 0.95,
    "escalated": 0.05,
    "orphans": 0,
    "idle_min": 5.0,
    "emergencies_in_time": 0.95,
    "a_second": 1000,
}
RESULTS = Path(__file__).resolve().parents[1] / "results"


def _specialty(
    code: str, expected: list[Arrival], arrivals: list[Arrival], load: float
) -> tuple[Crew, dict[str, dict[str, Any]]]:
    """A specialty's year, under both policies: the counts that can be added up, and minutes to the answer. The crew is
    for the expected cases; times to answer are stretched by the few percent by which whole half-days miss the load."""
    pack = packs.load_specialty(code)
    minutes = {urgency: pack.deadline_minutes(urgency) for urgency in URGENCIES}
    crew = staff(code, expected, LOADS[0], SEED)
    stretch = load * crew.minutes / sum(a.service for a in arrivals)
    for one in arrivals:
        one.service *= stretch if one.urgency != "emergency" else 1
    told = {}
    for policy, first_come in (("routing", False), ("first come, first served", True)):
        hub = Hub(crew, arrivals, minutes, first_come=first_come)
        cases = [c for c in hub.run() if c.arrival.received < SETTLED]
        told[policy] = {
            "orphans": hub.orphans(),
            "idle_min": hub.idle_worst,
            "wished": sum(bool(c.arrival.wish) for c in cases),
            "unmet": sum(c.unmet for c in cases),
            "urgency": {u: _of(c for c in cases if c.arrival.urgency == u) for u in URGENCIES},
        }
    return crew, told


def _of(cases: Iterable[Case]) -> dict[str, Any]:
    held = list(cases)
    return {
        "cases": len(held),
        "in_time": sum(c.answered - c.arrival.received <= c.promised for c in held),
        "unanswered": sum(c.status != ANSWERED for c in held),
        "reminded": sum(REMIND in c.steps for c in held),
        "passed_on": sum(PASS_ON in c.steps for c in held),
        "escalated": sum(bool(c.steps & {PASS_ON, ESCALATE}) for c in held),
        "waits": [c.answered - c.arrival.received for c in held],
        "link": [c.arrival.received - c.arrival.sent for c in held],
    }


def _p(values: list[float], share: float) -> float | None:
    """A percentile in minutes; None where that case has no answer."""
    found = sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0
    return None if found == float("inf") else round(found, 1)


def _year(job: tuple[float, int, int]) -> dict[str, Any]:
    load, units, count = job
    begun = time.perf_counter()
    expected = year(count, units, SEED)
    arrivals = expected if load == LOADS[0] else year(round(count * load / LOADS[0]), units, SEED + 1)
    parts = [
        _specialty(
            code, [a for a in expected if a.specialty == code], [a for a in arrivals if a.specialty == code], load
        )
        for code in SPECIALTIES
    ]
    work = sum(a.service for a in arrivals)
    crews = [crew for crew, _ in parts]
    return {
        "load": load,
        "measured_load": round(work / sum(c.minutes for c in crews), 3),
        "specialists": sum(len(c.people) for c in crews),
        "hours_on_duty": round(sum(c.minutes for c in crews) / 60),
        "hours_lost_to_sickness": round(sum(c.sick for c in crews) / 60),
        "policies": {policy: _joined([told[policy] for _, told in parts]) for policy in parts[0][1]},
        "seconds": round(time.perf_counter() - begun, 1),
    }


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    urgencies = {}
    for urgency in URGENCIES:
        held = [p["urgency"][urgency] for p in parts]
        waits, link = [w for h in held for w in h["waits"]], [w for h in held for w in h["link"]]
        sums = {k: sum(h[k] for h in held) for k in ("cases", "in_time", "unanswered", "reminded", "escalated")}
        sums["passed_on"] = sum(h["passed_on"] for h in held)
        urgencies[urgency] = sums | {
            "share_in_time": round(sums["in_time"] / max(1, sums["cases"]), 4),
            "median_min": _p(waits, 0.5),
            "p95_min": _p(waits, 0.95),
            "link_p95_min": _p(link, 0.95),
        }
    count = sum(u["cases"] for u in urgencies.values())
    return {
        "cases": count,
        "in_time": round(sum(u["in_time"] for u in urgencies.values()) / count, 4),
        "escalated": round(sum(u["escalated"] for u in urgencies.values()) / count, 4),
        "orphans": sum(p["orphans"] for p in parts),
        "longest_idle_min": round(max(p["idle_min"] for p in parts), 2),
        "wishes_unmet": round(sum(p["unmet"] for p in parts) / max(1, sum(p["wished"] for p in parts)), 3),
        "urgency": urgencies,
    }


def reached(told: dict[str, Any]) -> dict[str, bool]:
    """Which bars are."""
    normal, heavy = (year_["policies"]["routing"] for year_ in told["years"])
    return {
        "in_time": normal["in_time"] >= BARS["in_time"],
        "escalated": normal["escalated"] <= BARS["escalated"],
        "orphans": normal["orphans"] == heavy["orphans"] == BARS["orphans"],
        "idle": max(normal["longest_idle_min"], heavy["longest_idle_min"]) <= BARS["idle_min"],
        "emergencies at 130 %": heavy["urgency"]["emergency"]["share_in_time"] >= BARS["emergencies_in_time"],
        "assignments a second": told["rate"] is None or told["rate"]["a_second"] >= BARS["a_second"],
    }


def main() -> int:
    """Measure and print; exit status 1 where a bar is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--units", type=int, default=UNITS)
    parser.add_argument("--no-rate", action="store_true", help="leave PostgreSQL out")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        years = list(pool.map(_year, [(load, arguments.units, arguments.cases) for load in LOADS]))
    told: dict[str, Any] = {
        "units": arguments.units,
        "cases": arguments.cases,
        "seed": SEED,
        "bars": BARS,
        "versions": {"python": platform.python_version(), **{n: metadata.version(n) for n in ("django", "ortools")}},
        "years": years,
        "rate": None if arguments.no_rate else _rate(),
    }
    told["reached"] = reached(told)
    if arguments.cases == CASES and not arguments.no_rate:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "network.json").write_text(json.dumps(told, indent=1))
    if arguments.json:
        json.dump(told, sys.stdout, indent=1)
        print()
    else:
        _print(told)
    return 0 if all(told["reached"].values()) else 1


def _rate() -> dict[str, Any]:
    from bench.network.rate import measure

    return measure()


def _print(told: dict[str, Any]) -> None:
    for one in told["years"]:
        print(f"load {one['measured_load']:.0%}, {one['specialists']} specialists ({one['seconds']} s)")
        for policy, said in one["policies"].items():
            print(f"  {policy}: in time {said['in_time']:.2%}, escalated {said['escalated']:.2%}, orphans "
                  f"{said['orphans']}, longest idle {said['longest_idle_min']} min, wishes unmet "
                  f"{said['wishes_unmet']:.1%}")  # fmt: skip
            for urgency, u in said["urgency"].items():
                print(f"    {urgency:10} {u['cases']:7} in time {u['share_in_time']:.2%}  median {u['median_min']} p95 "
                      f"{u['p95_min']} min  unanswered {u['unanswered']}  link p95 {u['link_p95_min']}")  # fmt: skip
    if told["rate"]:
        print(told["rate"])
    for bar, fine in told["reached"].items():
        print(f"{'reached' if fine else 'NOT reached'}: {bar}")


if __name__ == "__main__":
    sys.exit(main())
