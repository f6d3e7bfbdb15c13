"""The process that draws prints: one for many, each apart; whatever happens to it, the next print is made."""

from __future__ import annotations

import os
import signal

import pytest

from qafila.web.prints import drawing
from qafila.web.prints.drawing import PrintFailed, drawn
from qafila.web.prints.render import pdf


@pytest.fixture(autouse=True)
def _nobody_waits() -> None:
    drawing.end()


def test_one_draws_many_and_a_strip_that_is_none_ends_nobody() -> None:
    assert drawn("pdf", b"<p>1").startswith(b"%PDF")
    (waits,) = drawing._waiting
    with pytest.raises(PrintFailed):
        drawn("strip", b"no JSON")
    strip = b'{"before": [{"text": "Salma"}], "token": "QAF1", "after": []}'
    assert drawn("strip", strip).startswith(b"\x89PNG") and drawn("escpos", strip).startswith(b"\x1b@")
    assert drawing._waiting == [waits] and waits.process.poll() is None


def test_after_a_kill_another_draws() -> None:
    pdf("<p>1")
    (killed,) = drawing._waiting
    os.kill(killed.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, killed.process.pid, os.WEXITED | os.WNOWAIT)
    assert pdf("<p>2").startswith(b"%PDF")
    assert killed not in drawing._waiting


def test_what_takes_too_long_is_ended_with_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf("<p>1")
    (slow,) = drawing._waiting
    with monkeypatch.context() as patch, pytest.raises(PrintFailed, match="too slow"):
        patch.setattr(drawing, "SECONDS", 0.01)
        drawn("pdf", b"<p>long" * 20_000)
    assert drawing._waiting == [] and slow.process.returncode is not None
    assert pdf("<p>2").startswith(b"%PDF")


def test_it_ends_with_whoever_started_it() -> None:
    drawer = drawing.Drawer()
    drawer.socket.close()
    assert drawer.process.wait(30) == 0


def test_a_forked_process_starts_its_own() -> None:
    pdf("<p>1")
    (ours,) = drawing._waiting
    pid = os.fork()
    if pid == 0:
        os._exit(0 if drawing._waiting == [] else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert ours.waits() and pdf("<p>2") and drawing._waiting == [ours]
