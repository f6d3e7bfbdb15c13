"""The command line of `qafila packs …`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


def pack_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    of_packs: Callable[[str], Callable[[argparse.Namespace], int]],
) -> None:
    """Add `packs` and its verbs; `of_packs` gives the function of a verb, loaded when it is wanted."""
    packs = commands.add_parser("packs", help="data packs").add_subparsers(required=True, metavar="VERB")
    at = packs.add_parser("check", help="validate every pack; says file, place and reason, exit 1 then")
    at.add_argument("--root", type=Path, help="a folder whose packs come before the shipped ones")
    at.set_defaults(run=of_packs("check"))
    words = "make a draft pack of an XLSForm (.xlsx) or a FHIR R4 Questionnaire (.json)"
    at = packs.add_parser("import", help=words, description=f"{words}; what cannot be mapped is named with its row")
    at.add_argument("file", type=Path)
    at.add_argument("--code", default="", help="the specialty's code (default: the form's own name)")
    at.add_argument("--out", type=Path, help="where to write (default: CODE.toml here); a file that is there stays")
    at.add_argument("--untranslated", action="store_true", help="words that lack in a language: another's, marked […]")
    at.set_defaults(run=of_packs("bring_in"))
    words = "make a draft list of interactions of the ANSM thesaurus (its text, or a table)"
    at = packs.add_parser("import-interactions", help=words, description=f"{words}; what is not understood stays out")
    at.add_argument("file", type=Path)
    at.add_argument("--source", required=True, help="which edition it is, in words")
    at.add_argument("--date", required=True, help="of that edition: 2023-09-15")
    at.add_argument("--name", default="ansm", help="of the list")
    at.add_argument("--out", type=Path, help="where to write (default: NAME.toml here); a file that is there stays")
    at.add_argument("--leave-unmapped", action="store_true", help="leave out, and name, what the formulary lacks")
    at.set_defaults(run=of_packs("bring_in_interactions"))
    words = "print a specialty as a FHIR R4 Questionnaire"
    at = packs.add_parser("questionnaire", help=words, description=words)
    at.add_argument("code")
    at.add_argument("--root", type=Path, help="a folder whose packs come before the shipped ones")
    at.set_defaults(run=of_packs("questionnaire"))
