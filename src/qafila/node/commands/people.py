"""`qafila user …`: people who work with a node, from its console. A password is typed or read from standard input,
never an argument: arguments stand in the list of processes and in the shell's history."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path

from qafila.node.directory import NodeDirectory, NodeError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its part of the command line."""
    user = commands.add_parser("user", help="people who work with a node").add_subparsers(required=True, metavar="VERB")
    at = user.add_parser("add", help="add a person; the password is asked for, or read from standard input")
    at.add_argument("dir", type=Path)
    at.add_argument("username")
    at.add_argument("--name", required=True, help="in Latin script")
    at.add_argument("--name-arabic", default="")
    at.add_argument("--role", action="append", required=True, help="repeatable")
    at.add_argument("--specialty", action="append", default=[])
    at.add_argument("--language", default="fr", help="of the screens: ar, fr, en")
    at.add_argument("--licence", default="")
    at.set_defaults(run=in_node(_add))
    for verb, run, words in (
        ("password", _password, "give a person a new password, asked for or read from standard input"),
        ("reset", _reset, "take a person's second factors away: they set up anew at the next log-in"),
    ):
        at = user.add_parser(verb, help=words)
        at.add_argument("dir", type=Path)
        at.add_argument("username")
        at.set_defaults(run=in_node(run))


def in_node(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command as a process of the node in `dir`."""

    def inside(args: argparse.Namespace) -> int:
        _ = NodeDirectory(args.dir).facts
        os.environ["QAFILA_DIR"] = str(args.dir.absolute())
        os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
        import django

        django.setup()
        return run(args)

    return inside


def asked_password() -> str:
    """Typed twice and not shown, or one line of standard input. Raises `NodeError` where the two differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    typed = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != typed:
        raise NodeError("the two are not the same: nothing was changed")
    return typed


def _add(args: argparse.Namespace) -> int:
    from django.core.exceptions import ValidationError

    from qafila.packs import load
    from qafila.registry.staff.acts import UsernameTaken, create_staff

    unknown = [r for r in args.role if r not in load.roles()]
    if unknown:
        raise NodeError(f"there is no role {unknown[0]!r}; choose from {', '.join(load.roles())}")
    try:
        create_staff(
            None,
            args.username,
            asked_password(),
            args.name,
            args.role,
            name_arabic=args.name_arabic,
            specialties=args.specialty,
            interface_language=args.language,
            licence=args.licence,
        )
    except ValidationError as error:
        raise NodeError(" ".join(error.messages)) from error
    except UsernameTaken:
        raise NodeError(f"the name {args.username!r} is taken; choose another") from None
    sys.stdout.write(f"{args.username} can log in" + "\n")
    return 0


def _password(args: argparse.Namespace) -> int:
    from django.core.exceptions import ValidationError

    from qafila.registry.staff.acts import set_password
    from qafila.registry.staff.queries import by_username

    staff = by_username(args.username)
    if staff is None:
        raise NodeError(f"nobody logs in as {args.username!r}")
    try:
        set_password(staff, asked_password(), None)
    except ValidationError as error:
        raise NodeError(" ".join(error.messages)) from error
    sys.stdout.write(f"{args.username}: a new password, and a new signing key; their sessions have ended" + "\n")
    return 0


def _reset(args: argparse.Namespace) -> int:
    from qafila.registry.staff.factors.acts import reset
    from qafila.registry.staff.queries import by_username

    staff = by_username(args.username)
    if staff is None:
        raise NodeError(f"nobody logs in as {args.username!r}")
    reset(staff, None)
    sys.stdout.write(f"{args.username}: no second factor any more; their sessions have ended" + "\n")
    return 0
