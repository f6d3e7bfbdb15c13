"""Whoever sends finds the reactor at rest, wherever it was held up."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from qafila.exchange.dicom.reactor import Gate


def test_who_is_held_up_behind_the_gate_is_not_believed_to_rest() -> None:
    association = SimpleNamespace(_is_paused=True)
    gate = Gate(association)
    assert gate.wait()
    gate.clear()
    assert not association._is_paused


def test_who_rests_goes_on_when_it_is_opened() -> None:
    association = SimpleNamespace(_is_paused=True)
    gate = Gate(association)
    gate.clear()
    assert not gate.wait(0) and association._is_paused
    thread = threading.Thread(target=gate.wait)
    thread.start()
    gate.set()
    thread.join(10)
    assert not thread.is_alive() and not association._is_paused
