"""Every FHIRPath expression of a specialty, each with its place."""

from __future__ import annotations

from collections.abc import Iterator

from qafila.packs import expressions
from qafila.packs.specialty import Item, Specialty


def problems(pack: Specialty) -> Iterator[tuple[str, str]]:
    """(place, reason) of each expression of `pack` that does not parse."""
    for where, expression in of(pack):
        try:
            expressions.check(expression)
        except expressions.ExpressionError as error:
            yield where, f"FHIRPath {expression!r}: {error}"


def of(pack: Specialty) -> Iterator[tuple[str, str]]:
    """(place, expression) of every FHIRPath expression in `pack`."""

    def item(entry: Item) -> tuple[str, str]:
        return f"item {entry.link_id}.enable_when", entry.enable_when

    found = [item(entry) for entry in (*pack.items(), *pack.answer)]
    found += [(f"group {group.code}.enable_when", group.enable_when) for group in pack.group]
    found += [(f"requirement {need.code}.met", need.met) for need in pack.requirement]
    found += [(f"requirement {need.code}.when", need.when) for need in pack.requirement]
    found += [(f"view {view.code}.when", view.when) for view in pack.view]
    found += [(f"red_flag {flag.code}.fires_when", flag.fires_when) for flag in pack.red_flag]
    return ((where, expression) for where, expression in found if expression)
