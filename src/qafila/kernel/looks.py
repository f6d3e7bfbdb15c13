"""One look at many rows: what a page reads twice is read once.

Inside `with one_look():` a function marked `@looked` remembers what it gave for the same arguments, until something is
written (`forget`); outside of it nothing is remembered. Every page that only reads is one look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")
_held: ContextVar[dict[Any, Any] | None] = ContextVar("qafila_one_look", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Remember what is read until the end of the block, or of the block around it."""
    if _held.get() is not None:
        yield
        return
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


def forget() -> None:
    """What was read may not hold any more."""
    held = _held.get()
    if held:
        held.clear()


def looking() -> bool:
    """Whether a look is under way: reading more at once is worth it then."""
    return _held.get() is not None


def looked(function: Callable[P, T]) -> Callable[P, T]:
    """Let a reading function with hashable arguments be asked once a look. What it gives is not to be changed."""

    @wraps(function)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        held = _held.get()
        if held is None:
            return function(*args, **kwargs)
        key = (function, args, tuple(sorted(kwargs.items())))
        if key not in held:
            held[key] = function(*args, **kwargs)
        return cast(T, held[key])

    return reading
