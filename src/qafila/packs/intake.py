"""What a pack says about one case: which items are asked, what is missing, which flags are up.

Pure: a `Specialty` and a `Context` in, findings out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qafila.packs.expressions import Context, answers, truth
from qafila.packs.shapes import Label
from qafila.packs.specialty import Group, Item, RedFlag, Specialty, View


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that the case still lacks; `jump` is the place on the screen that fills it."""

    code: str
    label: Label
    jump: str


@dataclass(frozen=True, slots=True)
class Flags:
    """Red flags of a case: `up` fire; `not_computed` lack an input and say nothing either way."""

    up: tuple[RedFlag, ...]
    not_computed: tuple[RedFlag, ...]


def asked(pack: Specialty, context: Context) -> list[tuple[Group, list[Item]]]:
    """Groups and items that are asked now, in order; an empty group is left out."""
    found = []
    for group in pack.group:
        if group.enable_when and truth(group.enable_when, context) is not True:
            continue
        items = [item for item in group.item if _enabled(item, context)]
        if items:
            found.append((group, items))
    return found


def _enabled(item: Item, context: Context) -> bool:
    return not item.enable_when or truth(item.enable_when, context) is True


def missing(pack: Specialty, context: Context, *, emergency: bool = False) -> list[Missing]:
    """What must be filled before the case may be sent; empty = it may go.

    An emergency is asked only for requirements that say `emergency = "needed"`, and for no
    intake item.
    """
    found = []
    for need in pack.requirement:
        if emergency and need.emergency == "waived":
            continue
        if need.when and truth(need.when, context) is not True:
            continue
        if truth(need.met, context) is not True:
            found.append(Missing(need.code, need.label, need.jump))
    if emergency:
        return found
    given = answers(context.response)
    covered = {entry.jump for entry in found}
    for _, items in asked(pack, context):
        for item in items:
            jump = f"intake.{item.link_id}"
            if item.required and _empty(given.get(item.link_id)) and jump not in covered:
                found.append(Missing(item.link_id, item.label, jump))
    return found


def _empty(held: Any) -> bool:
    return held is None or held == "" or held == []


def red_flags(pack: Specialty, context: Context) -> Flags:
    """The red flags that fire, and those that lack an input."""
    up, unknown = [], []
    for flag in pack.red_flag:
        fires = truth(flag.fires_when, context)
        if fires:
            up.append(flag)
        elif fires is None:
            unknown.append(flag)
    return Flags(tuple(up), tuple(unknown))


def views_wanted(pack: Specialty, context: Context) -> list[View]:
    """Recordings and pictures to take now, in the pack's order."""
    return [view for view in pack.view if not view.when or truth(view.when, context) is True]


def implausible(item: Item, number: float) -> bool:
    """Whether `number` lies outside what the item calls plausible (confirm, do not refuse)."""
    below = item.low is not None and number < item.low
    return below or (item.high is not None and number > item.high)
