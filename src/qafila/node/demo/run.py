"""`qafila demo`: build what is not there, serve it with a page to begin with, or walk the journey and tell."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from qafila.node.demo.build import new_day, prepare
from qafila.node.demo.layout import BASE, Layout, read_mark
from qafila.node.demo.running import Running
from qafila.node.demo.stories import stories
from qafila.node.directory import NodeError
from qafila.packs import load

PEOPLE, PEOPLE_OF_CHECK = 300, 40
STEP = 20
"""Between two sets of ports."""


def run(args: argparse.Namespace) -> int:
    """Run the command; its exit status."""
    # Asked to end while it builds or checks, it takes its processes with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    country = load.country(args.country or stories().country).folder
    if args.check:
        return _check(args, country)
    path = args.dir or Path("var") / f"demo-{country}"
    layout = Layout(path.absolute(), country, _base(path, country, args.port))
    layout.require_free()
    prepare(layout, args.people or PEOPLE)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _serve(layout, stop)
    return 0


def _base(path: Path, country: str, port: int) -> int:
    """The ports that the folder was built for. Raises `NodeError` where others are asked for."""
    mark = read_mark(path)
    if mark is None:
        return port
    if mark["country"] != country:
        raise NodeError(f"{path} holds a demonstration of another country: name another folder with --dir")
    held = int(str(mark["base"]))
    if port not in (BASE, held):
        raise NodeError(f"{path} was built for ports from {held}: name another folder with --dir for other ports")
    return held


def _serve(layout: Layout, stop: threading.Event) -> None:
    from qafila.node.demo.start_page import StartPage

    running = Running(layout)
    try:
        running.start()
        with StartPage(layout, running):
            _greet(layout)
            threading.Thread(target=new_day, args=(layout,), name="new-day", daemon=True).start()
            stop.wait()
            sys.stdout.write("\nStopping\n")
    finally:
        running.stop()


def _greet(layout: Layout) -> None:
    authority = layout.authority
    sys.stdout.write(
        f"\nThe demonstration is running. Begin here:\n\n    {layout.start_url}\n\n"
        + "".join(f"    {code:4} {layout.url(code)}\n" for code in layout.nodes)
        + "\nIts certificates are signed by an authority made for it alone. Accept the browser's warning, or let\n"
        f"the browser trust {authority}\n"
        "while you try it (Firefox: Settings, Certificates, Authorities, Import; Chrome: Settings, Security,\n"
        "Manage certificates). The people, their passwords and the first steps stand on the page.\n"
        f"Ctrl-C ends it. What the nodes said stands in {layout.path}/*.log\n"
    )
    sys.stdout.flush()


def _check(args: argparse.Namespace, country: str) -> int:
    from qafila.node.demo.check import check

    with tempfile.TemporaryDirectory(prefix="qafila-check-") as scratch:
        path = args.dir or Path(scratch) / "demo"
        base = _base(path, country, args.port)
        layout = Layout(path.absolute(), country, base)
        while read_mark(path) is None and not layout.is_free() and base < 30_000:
            base += STEP
            layout = Layout(path.absolute(), country, base)
        layout.require_free()
        return check(layout, args.people or PEOPLE_OF_CHECK)
