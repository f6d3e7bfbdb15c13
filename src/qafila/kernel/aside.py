"""Dear work beside the pages: one at a time, by a thread that yields to those that answer people.

For what keeps every core busy for a tenth of a second on purpose (Argon2): a morning's log-ins then hold up nobody's
page, and no hash is any cheaper. On Linux each thread has a priority of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
YIELDS = 5
_own: tuple[int, ThreadPoolExecutor] | None = None
_lock = threading.Lock()


def aside(work: Callable[[], T]) -> T:
    """What `work` gives, done in the thread that yields."""
    global _own
    with _lock:
        if _own is None or _own[0] != os.getpid():  # a fork has no threads
            _own = os.getpid(), ThreadPoolExecutor(1, thread_name_prefix="aside", initializer=_yield)
    return _own[1].submit(work).result()


def _yield() -> None:
    if hasattr(os, "setpriority"):
        own = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + YIELDS))
