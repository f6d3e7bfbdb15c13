"""Calls with room below them: Python's stack of frames does not grow and shrink at a page's edge.

CPython 3.11 and 3.12 keep the frames of a thread in pieces of 16 KiB, each asked of the system when the one before is
full and given back as soon as it is empty (`_PyThreadState_PushFrame`). A function that is called in a loop just where
a piece ends costs two system calls and a fault of memory each time: a quarter of the processor of some pages. A frame
that needs more than a piece gets a larger one, in which all calls below it find room.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import FunctionType
from typing import ParamSpec, TypeVar, cast

ROOM = 100_000
"""Places (8 bytes) that the frame asks for: the piece is a mebibyte, a quarter of which is free for what is called.
What nobody touches takes no memory."""
P = ParamSpec("P")
R = TypeVar("R")


def roomy(function: Callable[P, R]) -> Callable[P, R]:
    """The same function; what it calls does not pay for the edges of pieces."""

    @functools.wraps(function)
    def with_room(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    plain = cast(FunctionType, with_room)
    plain.__code__ = plain.__code__.replace(co_stacksize=ROOM)
    return with_room
