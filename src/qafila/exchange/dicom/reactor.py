"""Requests of ours on an association: each waits until pynetdicom's reactor really rests.

Who sends shuts a gate and then looks whether the reactor `_is_paused`. The reactor says so before it comes to the gate
and takes it back behind it: where it has just gone through, and is held up before it says so, it is believed to rest,
takes the answer itself ("Received unexpected C-STORE service message") and whoever asked waits until his time is up
(pynetdicom 3.0.4, association.py, `_run_reactor`; seen once in some hundred runs of the tests on a busy machine).
"""

from __future__ import annotations

import threading
from typing import Any

from pynetdicom import evt


class Gate(threading.Event):
    """The reactor's checkpoint; who has gone through it no longer rests."""

    def __init__(self, association: Any) -> None:
        super().__init__()
        self.set()
        self._association = association
        self._passing = threading.Lock()

    def wait(self, timeout: float | None = None) -> bool:
        """Rest until it is open; going through and saying so are one."""
        while super().wait(timeout):
            with self._passing:
                if self.is_set():
                    self._association._is_paused = False
                    return True
        return False

    def clear(self) -> None:
        """Shut it: whoever is found to rest after this rests."""
        with self._passing:
            super().clear()


def _put(event: Any) -> None:
    event.assoc._reactor_checkpoint = Gate(event.assoc)


STEADY = (evt.EVT_ACCEPTED, _put)
"""A handler for both sides of an association: before its reactor runs, and before anything can be sent on it."""
