"""The command line of `qafila release …`; what it does is loaded when it is wanted."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Enter them."""
    words = "build, sign, bring and install releases of this program"
    verbs = commands.add_parser("release", help=words, description=words).add_subparsers(required=True, metavar="VERB")

    def verb(name: str, words: str) -> argparse.ArgumentParser:
        at = verbs.add_parser(name, help=words, description=words)
        at.set_defaults(run=lambda args: int(import_module("qafila.node.release.commands").run(name, args)))
        return at

    at = verb("key", "make a release key, on the machine without a network; its public half goes into node.toml")
    at.add_argument("file", type=Path)
    at = verb("build", "make a signed bundle of wheels")
    at.add_argument("out", type=Path)
    at.add_argument("--wheels", type=Path, required=True, help="folder with every wheel of the release")
    at.add_argument("--version", required=True)
    at.add_argument("--number", type=int, required=True, help="grows with each release, for example 2026112101")
    at.add_argument("--key", type=Path, required=True, help="the release key")
    at.add_argument(
        "--since", type=Path, help="an earlier bundle that all units have: its wheels are not carried again"
    )
    at.add_argument("--back", type=int, default=0, metavar="NUMBER", help="a way back from releases up to this number")
    at = verb("bring", "bring a bundle to a unit by hand; it is installed when the unit says so")
    at.add_argument("dir", type=Path)
    at.add_argument("file", type=Path)
    at.add_argument("--now", action="store_true", help="install it now; nobody works with the unit meanwhile")
    at = verb("offer", "on the hub: offer a bundle to every unit, over sync")
    at.add_argument("dir", type=Path)
    at.add_argument("file", type=Path)
    at = verb("first", "make the folder of programs of a new machine from a whole bundle")
    at.add_argument("dir", type=Path)
    at.add_argument("file", type=Path)
    at = verb("prepare", "install the staged bundle beside the running program (what 'launch' calls)")
    at.add_argument("root", type=Path)
    at.add_argument("slot", type=Path)
    at.add_argument("dir", type=Path)
