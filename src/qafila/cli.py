"""The command `qafila`.

Exit status: 0 done, 1 something was found or refused (the words say what), 2 the call itself was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import chain
from pathlib import Path

from qafila.kernel.roomy import roomy
from qafila.packs.arguments import pack_commands


class Failed(Exception):
    """A command could not do its work; the message says why and what to do."""


class Misused(Exception):
    """The call itself was wrong; the message says how."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit status."""
    arguments = parser().parse_args(argv)
    try:
        return int(roomy(arguments.run)(arguments) or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone; what is left of it has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Misused as error:
        print(f"qafila: {error}", file=sys.stderr)
        return 2
    except _refusals() as error:
        print(f"qafila: {error}", file=sys.stderr)
        return 1


def _refusals() -> tuple[type[Exception], ...]:
    from qafila.node.directory import NodeError
    from qafila.packs.shapes import PackError

    return Failed, NodeError, PackError, OSError


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(prog="qafila", description="The software of a connected medical caravan.")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int | None], words: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words)
        sub.set_defaults(run=run)
        return sub

    _node_commands(commands)
    at = command("serve", serve, "serve a node: pages, live lists, sync, jobs; Ctrl-C ends it")
    at.add_argument("dir", type=Path)
    at = command("agent", agent, "run a node's jobs and its sync loop (what 'serve' starts by itself)")
    at.add_argument("dir", type=Path)
    at = command("enrol", enrol, "join a unit to its hub with a one-time code, or issue such a code on the hub")
    at.add_argument("dir", type=Path)
    at.add_argument("--code", help="on the unit: the code from the hub; '-' reads it from standard input")
    at.add_argument("--issue", metavar="NODE", help="on the hub: issue a code for the node of that code")
    at.add_argument("--address", help="with --issue: https address at which the unit will call, default this hub's own")
    _sync_command(command("sync", sync, "exchange with the hub now, over the network or by USB stick"))
    import_module("qafila.node.commands.people").add(commands)
    at = command("check", check, "check journal, chains, rows and blobs of a node; says what is wrong, exit 1 then")
    at.add_argument("dir", type=Path)
    import_module("qafila.node.commands.backup").add(command, _enter)
    import_module("qafila.node.commands.vault").add(command)
    import_module("qafila.node.commands.ca").add(command)
    import_module("qafila.node.release.arguments").add(commands)
    pack_commands(commands, of_packs)
    import_module("qafila.clinic.papers.commands").add(command)
    import_module("qafila.sync.commands").add(command, _enter)
    at = command("rule", rule, "run a clinical rule: JSON lines in, JSON lines out")
    at.add_argument("name", nargs="?", help="the rule; without one they are listed")
    at.add_argument("--describe", action="store_true", help="print inputs, units and source as JSON Schema")
    at = command("bench", bench, "measure; prints a table, or JSON with its peers and their versions")
    at.add_argument("name", help="which measurement: a folder of bench/")
    at.add_argument("--json", action="store_true")
    at = command("demo", demo, "a hub and two units with invented people, on this machine")
    at.add_argument("--country", default="", help="folder of a country pack (default: the first)")
    at.add_argument("--dir", type=Path, help="where its nodes lie (default: var/demo-COUNTRY)")
    at.add_argument("--port", type=int, default=8440, help="port of the start page; the nodes take the next ones")
    at.add_argument("--people", type=int, default=0, help="how many invented people (default: a few hundred)")
    at.add_argument("--check", action="store_true", help="walk the whole journey over HTTPS, then stop; exit 0 if seen")
    return top


def _node_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    node = commands.add_parser("node", help="make a node").add_subparsers(required=True, metavar="VERB")
    at = node.add_parser("create", help="make a node in a new directory")
    at.add_argument("profile", help="unit, hub, health_office, vaccination_office, service_desk")
    at.add_argument("dir", type=Path)
    at.add_argument("--code", required=True, help="the node's code, unique under its hub: H, U1, …")
    at.add_argument("--country", required=True, help="country pack")
    at.add_argument("--port", type=int, default=0, help="port of its pages (default: the profile's)")
    at.add_argument("--host", action="append", help="name or address under which it is reached (repeatable)")
    at.add_argument("--recovery", metavar="QFR1…", default="", help="public key of the recovery code that opens its "
                    "backups, for example the hub's (default: a new code, printed once)")  # fmt: skip
    at.add_argument("--postgresql", metavar="NAME", help="keep the rows in this PostgreSQL database")
    at.add_argument("--postgresql-host", default="", help="its server or socket directory")
    at.add_argument("--postgresql-user", default="")
    at.set_defaults(run=node_create)


def _sync_command(at: argparse.ArgumentParser) -> None:
    at.formatter_class = argparse.RawDescriptionHelpFormatter
    at.epilog = """by stick:
  on the unit   qafila sync DIR --to-stick /media/usb      then anybody carries the stick to the hub
  on the hub    qafila sync DIR --from-stick /media/usb
                qafila sync DIR --to-stick /media/usb      receipts, answers, files for the units read before
  on the unit   qafila sync DIR --from-stick /media/usb

A bundle is encrypted to its receiver and signed. Sticks and network mix in any order; reading one twice does no harm.
exit status: 0 done; 1 the hub was not reached, or a bundle was refused, or the stick held none for this node;
2 the call itself was wrong"""
    at.add_argument("dir", type=Path)
    at.add_argument("--once", action="store_true", help="one contact, then stop (without it: until interrupted)")
    stick = at.add_mutually_exclusive_group()
    stick.add_argument("--to-stick", metavar="PATH", type=Path, help="write what waits into this folder of a stick")
    stick.add_argument("--from-stick", metavar="PATH", type=Path, help="take in what lies there for this node")
    words = "with --to-stick on the hub: for that unit, or 'all' (default: units whose bundle was read)"
    at.add_argument("--for", dest="receiver", metavar="NODE", default="", help=words)
    words = "with --to-stick: largest bundle; what does not fit is left for the next one"
    at.add_argument("--limit", metavar="MB", type=float, default=0, help=words)
    words = "with --from-stick: remove bundles that were taken in, here or (by its receipt) on the hub"
    at.add_argument("--clean", action="store_true", help=words)
    at.add_argument("--json", action="store_true", help="print the report as JSON")


def _enter(path: Path) -> None:
    """Make this process a process of the node in `path`."""
    from qafila.node.directory import NodeDirectory

    _ = NodeDirectory(path).facts
    os.environ["QAFILA_DIR"] = str(path.absolute())
    os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
    import django

    django.setup()


def node_create(args: argparse.Namespace) -> int:
    """`qafila node create`."""
    from qafila.node.create import create

    database = None
    if args.postgresql:
        database = {
            "engine": "postgresql",
            "name": args.postgresql,
            "host": args.postgresql_host,
            "user": args.postgresql_user,
        }
    hosts = tuple(args.host or ("localhost", "127.0.0.1"))
    made = create(
        args.profile, args.dir, code=args.code, country=args.country, port=args.port, hosts=hosts, database=database
    )
    print(f"{made.code}: a new {args.profile} in {made.path}; 'qafila serve {args.dir}' starts it")
    import_module("qafila.node.commands.backup").make_recovery(args.dir, args.recovery)
    return 0


def serve(args: argparse.Namespace) -> int:
    """`qafila serve`."""
    from qafila.node import fitness
    from qafila.node.directory import NodeDirectory
    from qafila.node.server import serve as run

    directory = NodeDirectory(args.dir)
    fitness.require(directory)
    print(f"{directory.code}: https://{directory.hosts[0]}:{directory.port}", flush=True)
    return run(directory)


def agent(args: argparse.Namespace) -> int:
    """`qafila agent`."""
    _enter(args.dir)
    from qafila.node.agent import run

    return run()


def enrol(args: argparse.Namespace) -> int:
    """`qafila enrol`."""
    if bool(args.code) == bool(args.issue):
        raise Failed("say either --issue NODE (on the hub) or --code CODE (on the unit)")
    _enter(args.dir)
    from qafila.node import joining

    if args.issue:
        print(joining.issue(args.issue, args.address))
        return 0
    code = sys.stdin.readline().strip() if args.code == "-" else args.code
    print(joining.join(code))
    return 0


def sync(args: argparse.Namespace) -> int:
    """`qafila sync`."""
    if (args.receiver or args.limit) and not args.to_stick:
        raise Misused("--for and --limit go with --to-stick")
    if args.clean and not args.from_stick:
        raise Misused("--clean goes with --from-stick")
    if args.limit < 0:
        raise Misused("--limit is a number of megabytes")
    _enter(args.dir)
    from qafila.node import carrying, joining

    if args.to_stick:
        return carrying.to_stick(args.to_stick, args.receiver, int(args.limit * 1e6), as_json=args.json)
    if args.from_stick:
        return carrying.from_stick(args.from_stick, clean=args.clean, as_json=args.json)
    return joining.contact(once=args.once, as_json=args.json)


def check(args: argparse.Namespace) -> int:
    """`qafila check`."""
    _enter(args.dir)
    from qafila.journal import blobs
    from qafila.journal.check import problems
    from qafila.journal.models import Record
    from qafila.sync import anchors

    found = 0
    for problem in chain(problems(), anchors.faults(), blobs.problems()):
        found += 1
        print(problem)
    count = Record.objects.count()
    print(f"{count} records, {found} problem(s)" if found else f"{count} records: whole", file=sys.stderr)
    return 1 if found else 0


def of_packs(name: str) -> Callable[[argparse.Namespace], int]:
    """`qafila packs …`, loaded when it is wanted."""
    return lambda args: int(getattr(import_module("qafila.packs.commands"), name)(args))


def rule(args: argparse.Namespace) -> int:
    """`qafila rule`."""
    from qafila.clinic.rules import rule as rules

    if args.name is None:
        print("\n".join(rules.names()))
        return 0
    if args.name not in rules.names():
        raise Failed(f"there is no rule {args.name!r}; choose from {', '.join(rules.names())}")
    if args.describe:
        print(json.dumps(rules.describe(args.name), indent=2, ensure_ascii=False))
        return 0
    return rules.run_lines(args.name, sys.stdin, sys.stdout)


def bench(args: argparse.Namespace) -> int:
    """`qafila bench`: the measurements live in bench/ beside the sources, not in the installed package."""
    import runpy

    root = Path(__file__).resolve().parents[2] / "bench"
    script = root / args.name / "run.py"
    if not script.exists():
        names = ", ".join(sorted(p.parent.name for p in root.glob("*/run.py"))) or "none here: they are in the sources"
        raise Failed(f"there is no measurement {args.name!r} ({names})")
    sys.argv = [str(script), *(["--json"] if args.json else [])]
    sys.path.insert(0, str(root.parent))
    runpy.run_path(str(script), run_name="__main__")
    return 0


def demo(args: argparse.Namespace) -> int:
    """`qafila demo`."""
    from qafila.node.demo.run import run

    return run(args)


if __name__ == "__main__":
    sys.exit(main())
