"""Enrolment and contacts as the command does them."""

from __future__ import annotations

import signal
import sys
import threading

import msgspec

from qafila.node.directory import NodeError, current


def issue(node_code: str, address: str | None) -> str:
    """A one-time code by which that node joins this hub. Raises `NodeError` where this node is no hub."""
    from qafila.sync.enrolment import issue_code

    directory = current()
    if not directory.profile.enrols_nodes:
        raise NodeError(f"{directory.code} enrols nobody: issue the code on the hub")
    host = directory.hosts[0]
    pages = address or f"https://{host}:{directory.port}"
    return issue_code(node_code, "unit", "", pages, f"https://{_host_of(pages)}:{directory.sync_port}")


def _host_of(address: str) -> str:
    return address.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]


def join(code: str) -> str:
    """Join the hub that issued the code; words for the terminal. Raises `NodeError` with what to do."""
    from qafila.sync.enrolment import EnrolmentFailed, enrol

    try:
        peer = enrol(code)
    except EnrolmentFailed as failed:
        raise NodeError(str(failed)) from failed
    return f"joined {peer.code} at {peer.url}"


def contact(*, once: bool, as_json: bool) -> int:
    """Exchange with the hub: once, or until interrupted; the exit status says whether the hub was reached."""
    from qafila.sync.agent import run_forever, run_once

    if not current().profile.calls_hub:
        raise NodeError(f"{current().code} calls no hub")
    if not once:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        run_forever(stop)
        return 0
    told = run_once()
    sys.stdout.write((msgspec.json.encode(told).decode() if as_json else str(told)) + "\n")
    return 0 if told.reached else 1
