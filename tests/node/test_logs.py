"""Logs: one line an event, the same fields, and nothing that somebody typed."""

from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.node import logs

NAME = "Zahra Benjelloun"
AS_JSON = logs.Line(node="U1", part="agent", as_json=True)
AS_TEXT = logs.Line(node="U1", part="agent", as_json=False)


def record(name: str, msg: object, *args: object, error: bool = False) -> logging.LogRecord:
    told = None
    if error:
        try:
            raise ValueError(NAME)
        except ValueError:
            told = sys.exc_info()
    return logging.LogRecord(name, logging.ERROR, "f.py", 1, msg, args, told)


def test_every_line_has_the_same_fields() -> None:
    told = json.loads(AS_JSON.format(record("qafila.jobs", "job %s failed: %s", "sync", "OSError")))
    assert list(told) == ["time", "level", "node", "part", "source", "event"]
    assert (told["level"], told["node"], told["part"], told["event"]) == (
        "ERROR", "U1", "agent", "job sync failed: OSError",
    )  # fmt: skip
    assert told["time"].endswith("Z")
    assert AS_TEXT.format(record("qafila.jobs", "x")).endswith(" ERROR U1 agent qafila.jobs: x")


@pytest.mark.parametrize(
    "one",
    [
        record("qafila.web", "failed", error=True),
        record("django.request", "Not Found: %s", f"/people/{NAME}"),
        record("django.security.DisallowedHost", "Invalid header: %r", NAME),
        record("asyncio", ValueError(NAME)),
        record("qafila.web", "%d", NAME),
        record("asyncio", f"Task exception was never retrieved\nfuture: <Task exception=ValueError({NAME!r})>"),
        record("somebody.else", f"could not read '{NAME}'"),
    ],
)
def test_the_words_of_exceptions_and_libraries_stay_out(one: logging.LogRecord) -> None:
    for form in (AS_JSON, AS_TEXT):
        assert "Zahra" not in form.format(one)


def test_an_exception_is_told_by_kind_and_place() -> None:
    assert "ValueError at test_logs.py:" in AS_TEXT.format(record("qafila.web", "failed", error=True))


@given(st.text())
def test_a_line_stays_one_line(words: str) -> None:
    one = record("qafila.sync", "said: %s", words)
    assert len(AS_TEXT.format(one).splitlines()) == 1 and len(AS_JSON.format(one).splitlines()) == 1
    assert len(json.loads(AS_JSON.format(one))["event"]) <= logs.MOST


@pytest.mark.parametrize(("toml", "as_json"), [('log = "json"', True), ("", False), ("log = [", False)])
def test_the_node_chooses_the_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str, as_json: bool) -> None:
    (tmp_path / "node.toml").write_text(toml)
    monkeypatch.setenv("QAFILA_DIR", str(tmp_path))
    monkeypatch.setenv("QAFILA_PART", "web")
    assert (logs.line().as_json, logs.line().part) == (as_json, "web")


def test_what_ends_a_thread_is_told_without_its_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.watch_endings()

    def fails() -> None:
        raise ValueError(NAME)

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    sys.excepthook(ValueError, ValueError(NAME), None)
    told = [r.getMessage() for r in caplog.records if r.name == "qafila.node"]
    assert len(told) == 2 and "ValueError" in told[0] and "Zahra" not in caplog.text


def test_the_server_of_the_pages_writes_as_all_others() -> None:
    told = json.loads(logs.GRANIAN.read_text())
    assert {f["()"] for f in told["formatters"].values()} == {f"{logs.__name__}.{logs.line.__name__}"}
