"""Numbers in addresses say nothing, and cannot be counted on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.web import opaque


@given(st.integers(0, 2**63 - 1))
def test_a_number_comes_back(number: int) -> None:
    assert opaque.read(opaque.shown(number)) == number


def test_neighbours_look_nothing_alike() -> None:
    one, two = opaque.shown(1), opaque.shown(2)
    assert sum(a != b for a, b in zip(one, two, strict=True)) > 16


@given(st.text("0123456789abcdef", min_size=0, max_size=40))
def test_what_was_made_up_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, Django's 404 follows
        opaque.read(text)
