"""`qafila erasures`: what was erased, on a node whose pages nobody has at hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

WORDS = "carry out the erasures that are due here, rewrite the database's files, keep or read the list of them"


def add(command: Callable[..., argparse.ArgumentParser], enter: Callable[[Path], None]) -> None:
    """Add the command. `enter`: makes this process one of the node."""

    def run(args: argparse.Namespace) -> int:
        enter(args.dir)
        return erasures(args)

    at = command("erasures", run, WORDS)
    at.add_argument("dir", type=Path)
    at.add_argument("--rewrite", action="store_true", help="large tables, too: nobody can use them meanwhile")
    at.add_argument("--write", metavar="FILE", type=Path, help="keep the list in a file; it says ids alone")
    at.add_argument("--read", metavar="FILE", type=Path, help="carry out such a list: after a restore")


def erasures(args: argparse.Namespace) -> int:
    """Carry it out in a process of the node; exit 1 where old versions of rows are left in the database's files."""
    from qafila.sync import erasing

    done = erasing.read_list(args.read) if args.read else erasing.work()
    clean = erasing.purge_files(large=args.rewrite)
    if args.write:
        sys.stdout.write(f"{args.write}: {erasing.write_list(args.write)} written\n")
    left = "" if clean else "; old versions of rows are left in the database's files: --rewrite removes them"
    sys.stdout.write(f"{done} carried out{left}\n")
    return 0 if clean else 1
