"""`qafila packs …`: packs checked, imported and written out as FHIR."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from qafila.packs import load, thesaurus
from qafila.packs.bring_in import bring_in as bring
from qafila.packs.check import check as all_problems
from qafila.packs.draft import ImportRefused
from qafila.packs.questionnaire import questionnaire as compiled


def check(args: argparse.Namespace) -> int:
    """`qafila packs check`."""
    found = all_problems(args.root)
    for problem in found:
        print(problem)
    print(f"{len(found)} problem(s)" if found else "every pack is sound", file=sys.stderr)
    return 1 if found else 0


def bring_in(args: argparse.Namespace) -> int:
    """`qafila packs import`."""
    try:
        made, problems = bring(args.file, args.code, args.out, copy=args.untranslated)
    except ImportRefused as refused:
        for one in refused.refusals:
            print(f"{args.file.name}: {one}")
        print(f"{len(refused.refusals)} refused, nothing written", file=sys.stderr)
        return 1
    for problem in problems:
        print(problem)
    print(f"{made}: a draft; put it into the folder specialties/ and run 'qafila packs check'", file=sys.stderr)
    return 0


def bring_in_interactions(args: argparse.Namespace) -> int:
    """`qafila packs import-interactions`."""
    out = args.out or Path(f"{args.name}.toml")
    try:
        day = date.fromisoformat(args.date)
        count, left = thesaurus.bring_in(args.file, out, args.source, day, leave_unmapped=args.leave_unmapped)
    except ImportRefused as refused:
        for one in refused.refusals:
            print(f"{args.file.name}: {one}")
        print(f"{len(refused.refusals)} refused, nothing written", file=sys.stderr)
        return 1
    except ValueError:
        print("qafila: --date is written 2023-09-15", file=sys.stderr)
        return 1
    for one in left:
        print(f"{args.file.name}: left out: {one}")
    print(f"{out}: {count} pairs, a draft; put it into interactions/ and run 'qafila packs check'", file=sys.stderr)
    return 0


def questionnaire(args: argparse.Namespace) -> int:
    """`qafila packs questionnaire`."""
    print(json.dumps(compiled(load.load_specialty(args.code, args.root)), indent=2, ensure_ascii=False))
    return 0
