"""What is called with room below it costs no memory of the system's, however deep it is called."""

from __future__ import annotations

import resource

import pytest

from qafila.kernel.roomy import roomy

CALLS = 500


def leaf() -> None:
    """Called again and again where the stack happens to end: a frame of half a kibibyte."""


leaf.__code__ = leaf.__code__.replace(co_stacksize=64)


def faults_at(depth: int) -> int:
    """New pages of memory while `leaf` is called at this depth."""
    if depth:
        return faults_at(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_no_depth_is_dear() -> None:
    assert max(roomy(faults_at)(depth) for depth in range(300)) < CALLS // 10


def test_it_gives_and_raises_what_the_function_does() -> None:
    assert roomy(divmod)(7, 2) == (3, 1)
    assert roomy(sorted)([2, 1], reverse=True) == [2, 1]
    with pytest.raises(ZeroDivisionError):
        roomy(divmod)(7, 0)
