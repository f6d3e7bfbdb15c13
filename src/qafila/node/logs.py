"""What the processes of a node say of themselves: one line an event, the same fields everywhere, nothing of a person.

    2026-11-21T20:15:04.120Z ERROR U1 agent qafila.jobs: job sync failed: OSError
    {"time": "…", "level": "ERROR", "node": "U1", "part": "agent", "source": "qafila.jobs", "event": "…"}

`log = "json"` in `node.toml` chooses the second form. The words of an exception never get in, because they may quote
what somebody typed: its kind and place do. Of libraries only the fixed part of a message gets in, not what they put
into it, for the same reason. Our own messages are held by the test of the journey, which knows everybody's name.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

GRANIAN = Path(__file__).with_name("granian.json")
"""Makes the server of the pages write as all others do."""
OURS = "qafila"
FIXED = ("_granian",)
"""Libraries that put nothing but numbers of their own workers into their messages."""
MOST = 400
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_FILLED = re.compile(r"[:;=<'\"`(\n]")
"""What comes behind these in a message that a library has put together itself may be anything."""
log = logging.getLogger("qafila.node")


class Line(logging.Formatter):
    """Writes a record of a log as one line."""

    def __init__(self, *, node: str, part: str, as_json: bool) -> None:
        super().__init__()
        self.node, self.part, self.as_json = node, part, as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the record. Never raises."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        facts = {
            "time": time,
            "level": record.levelname,
            "node": self.node,
            "part": self.part,
            "source": record.name,
            "event": event(record),
        }
        if self.as_json:
            return json.dumps(facts, ensure_ascii=False)
        return "{time} {level} {node} {part} {source}: {event}".format(**facts)


def event(record: logging.LogRecord) -> str:
    """What happened, in at most `MOST` characters of one line."""
    words = str(record.msg)
    if record.name.split(".")[0] == OURS:
        try:
            words = record.getMessage()
        except (TypeError, ValueError):
            words = str(record.msg)
    elif record.name not in FIXED:
        words = type(record.msg).__name__ if not isinstance(record.msg, str) else _FILLED.split(words)[0]
    if record.exc_info and record.exc_info[0] is not None:
        words = f"{words} [{kind_and_place(record.exc_info[0], record.exc_info[2])}]"
    return _CONTROL.sub(" ", words)[:MOST]


def kind_and_place(kind: type[BaseException], trace: TracebackType | None) -> str:
    """Of an exception what cannot hold a name: its kind, and where it was raised."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{kind.__name__} at {place}"


def line() -> Line:
    """The form of the node that the environment names."""
    directory = os.environ.get("QAFILA_DIR", "")
    try:
        facts = tomllib.loads((Path(directory) / "node.toml").read_text()) if directory else {}
    except (OSError, ValueError):
        facts = {}
    return _line(facts, os.environ.get("QAFILA_PART", "command"))


def _line(facts: Mapping[str, Any], part: str) -> Line:
    return Line(node=str(facts.get("code", "")), part=part, as_json=facts.get("log") == "json")


def start(facts: Mapping[str, Any]) -> None:
    """Write the server's own words (it has no Django) to standard error in the node's form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_line(facts, "serve"))
    own = logging.getLogger(OURS)
    own.handlers, own.propagate = [handler], False
    own.setLevel(logging.INFO)


def watch_endings() -> None:
    """What ends a process or a thread of it is logged as everything else, without the words of the exception."""

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("the process ends: %s", kind_and_place(kind, trace))

    def of_thread(told: threading.ExceptHookArgs) -> None:
        log.error("a thread has ended: %s", kind_and_place(told.exc_type, told.exc_traceback))

    sys.excepthook, threading.excepthook = of_process, of_thread
