"""The commands `qafila recovery`, `backup` and `restore`. A secret is asked for at the terminal or read from a file or
standard input; never an argument, which every process of the machine could read."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from pathlib import Path

from qafila.node.directory import NodeDirectory, NodeError
from qafila.node.sealed import SealedError, new_recovery, public_key

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]


def add(command: Command, enter: Callable[[Path], None]) -> None:
    """Add them to the command line. `enter` makes this process one of the node in a directory."""

    def within(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
        def entered(args: argparse.Namespace) -> int:
            enter(args.dir)
            return run(args)

        return entered

    at = command("recovery", recovery, "make the recovery code that opens a node's backups, or take over the hub's")
    at.add_argument("dir", type=Path)
    at.add_argument("--use", metavar="QFR1…", help="the public key of a code that exists (of the hub), not a new one")
    _options(command("backup", within(backup), "write a node's sealed backup while it runs, or try one out"))
    at = command("restore", restore, "make a node's directory from a backup, on an empty machine")
    at.add_argument("file", type=Path)
    at.add_argument("dir", type=Path)
    _secret_option(at)
    at.add_argument("--check", action="store_true", help="then look over every record, chain, row and file: the drill")
    at.add_argument("--postgresql", metavar="NAME", help="the (empty) database that takes the rows, if another")
    at.add_argument("--postgresql-host", default="", help="its server or socket directory")
    at.add_argument("--postgresql-user", default="")


def _options(at: argparse.ArgumentParser) -> None:
    at.formatter_class = argparse.RawDescriptionHelpFormatter
    at.epilog = """Units keep records and files until a backup of their hub that stands elsewhere has them, and send
again what a restored hub lacks. A FILE on another disk than the node's counts as such at once; else, when it
has been carried away:                          qafila backup DIR --stands NUMBER

with PostgreSQL's own backups, every time:
  number=$(qafila backup DIR --mark)            before the backup begins
  pg_basebackup ... && copy it elsewhere
  qafila backup DIR --stands $number            when it stands there (also after archiving the WAL of that moment)
  qafila backup DIR --restored                  after a restore by those means, before units call"""
    at.add_argument("dir", type=Path)
    way = at.add_mutually_exclusive_group(required=True)
    way.add_argument("file", type=Path, nargs="?")
    way.add_argument("--verify", metavar="FILE", type=Path, help="restore it into a scratch place and check it there")
    way.add_argument("--mark", action="store_true", help="another program makes the backup: print the number of it")
    way.add_argument("--stands", metavar="NUMBER", type=int, help="the backup of that number is kept elsewhere")
    way.add_argument("--restored", action="store_true", help="another program has restored this node's database")
    at.add_argument("--phrase", action="store_true", help="seal it under a pass-phrase as well")
    _secret_option(at)


def _secret_option(at: argparse.ArgumentParser) -> None:
    words = "file with the recovery code or pass-phrase in its first line; '-' for standard input (default: ask)"
    at.add_argument("--phrase-file", metavar="FILE", default="", help=words)


def secret(said: str, words: str = "Recovery code or pass-phrase: ") -> str:
    """The secret as the option says, asked for without showing it where it says nothing. Raises `NodeError`."""
    if said and said != "-":
        with Path(said).open() as file:
            found = file.readline()
    elif sys.stdin.isatty():
        found = getpass.getpass(words)
    else:
        found = sys.stdin.readline()
    found = found.strip()
    if not found:
        raise NodeError("a recovery code or a pass-phrase is needed: say --phrase-file FILE, or type it")
    return found


def recovery(args: argparse.Namespace) -> int:
    """`qafila recovery`."""
    _ = NodeDirectory(args.dir).facts
    make_recovery(args.dir, args.use or "")
    return 0


def make_recovery(directory: Path, use: str = "") -> None:
    """Make a recovery code for the node and print it, or take over the public key of one that exists."""
    file = directory / "recovery.pub"
    if use:
        try:
            public_key(use)
        except SealedError as error:
            raise NodeError(str(error)) from error
        file.write_text(use.strip() + "\n")
        return
    code, public = new_recovery()
    file.write_text(public + "\n")
    print(code)
    words = "Write this recovery code down and keep it in a safe: it is stored nowhere. It alone opens backups."
    print(f"{words}\nPublic key for other nodes: {public}", file=sys.stderr)


def backup(args: argparse.Namespace) -> int:
    """`qafila backup`."""
    from qafila.node import backup as backups
    from qafila.sync import restored

    if args.mark:
        print(restored.begin_backup())
    elif args.stands is not None:
        if not restored.backup_stands(args.stands):
            raise NodeError(f"no backup of number {args.stands} was begun")
    elif args.restored:
        restored.open_life()
        print("units compare everything with this node when they call")
    elif args.verify:
        wrong = backups.drill(args.dir, args.verify, secret(args.phrase_file))
        for problem in wrong:
            print(problem)
        print(f"{args.verify}: {'not whole' if wrong else 'restored and checked: whole'}", file=sys.stderr)
        return 1 if wrong else 0
    else:
        phrase = secret(args.phrase_file, "New pass-phrase: ") if args.phrase else ""
        size, number = backups.write(args.dir, args.file, phrase)
        print(f"{args.file}: {size / 1e6:.1f} MB, number {number}")
    return 0


def restore(args: argparse.Namespace) -> int:
    """`qafila restore`."""
    from qafila.node.backup import problems, read

    database = None
    if args.postgresql:
        said = {"host": args.postgresql_host, "user": args.postgresql_user}
        database = {"engine": "postgresql", "name": args.postgresql, **{k: v for k, v in said.items() if v}}
    node = read(args.file, args.dir, secret(args.phrase_file), database)
    if not args.check:
        print(f"{args.dir}: restored; 'qafila check {args.dir}' looks it over")
        return 0
    wrong = list(problems(node))
    for problem in wrong:
        print(problem)
    print(f"{args.dir}: {'restored, and not whole' if wrong else 'restored and checked: whole'}", file=sys.stderr)
    return 1 if wrong else 0
