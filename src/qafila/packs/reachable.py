"""Whether a condition of a pack can ever hold: tried on made-up patients, not reasoned about.

Every variable that a condition looks at, through the conditions of the items it asks for, is given the values at
which the condition could turn: each option, yes and no, the numbers it is compared with and their neighbours.
Answers to questions that would not be asked then are dropped, as the form does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from qafila.packs import intake
from qafila.packs.expressions import Context, response_of, truth
from qafila.packs.specialty import Item, Specialty

MOST = 20_000
"""Made-up patients tried before a condition counts as one that never holds."""

_VARIABLE = re.compile(r"%(a|obs|patient|case)\.([A-Za-z_][A-Za-z0-9_]*)")
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])(\d+(?:\.\d+)?)(?![A-Za-z0-9_])")
_TEXT = re.compile(r"'([^']*)'")


def reachable(pack: Specialty, expression: str) -> bool:
    """Whether some answers, readings and patient make `expression` true in this pack's form."""
    if not expression:
        return True
    closure = _closure(pack, expression)
    axes = _axes(pack, closure)
    names = list(axes)
    for values in islice(product(*axes.values()), MOST):
        context = _context(dict(zip(names, values, strict=True)))
        if truth(expression, context) is True and truth(expression, _as_asked(pack, context)) is True:
            return True
    return False


def _closure(pack: Specialty, expression: str) -> list[str]:
    """The expression and, one after the other, the conditions of all that it depends on."""
    conditions = {
        item.link_id: [text for text in (group.enable_when, item.enable_when) if text]
        for group in pack.group
        for item in group.item
    }
    found, waiting = [expression], [expression]
    while waiting:
        for kind, name in _VARIABLE.findall(waiting.pop()):
            for text in conditions.get(name, []) if kind == "a" else []:
                if text not in found:
                    found.append(text)
                    waiting.append(text)
    return found


def _axes(pack: Specialty, texts: list[str]) -> dict[tuple[str, str], list[Any]]:
    """The values to try for each variable; those of the expression itself first."""
    items = {item.link_id: item for item in pack.items()}
    joined = " ".join(texts)
    found: dict[tuple[str, str], list[Any]] = {}
    for kind, name in dict.fromkeys(_VARIABLE.findall(joined)):
        # what it is compared with; where it is only reckoned with, everything that stands in the condition
        compared = (
            " ".join(re.findall(rf"%{kind}\.{name}\s*(?:[<>!=~]+|contains)\s*('[^']*'|[\d.]+)", joined)) or joined
        )
        numbers = sorted({value for n in _NUMBER.findall(_TEXT.sub("", compared)) for value in _around(float(n))})
        strings = list(dict.fromkeys(_TEXT.findall(compared)))
        if kind == "a" and name in items:
            found[kind, name] = list(_answers(items[name], numbers))
        elif name == "attachments":
            found[kind, name] = [None, strings]
        else:
            found[kind, name] = [*numbers, *strings, True, False, None]
    return found


def _around(number: float) -> tuple[float, ...]:
    return number - 1, number, number + 1


def _answers(item: Item, numbers: list[float]) -> Iterator[Any]:
    if item.type == "choice":
        yield from (option.code for option in item.options)
        if item.repeats:
            yield [option.code for option in item.options if not option.exclusive]
    elif item.type == "boolean":
        yield from (True, False)
    elif item.type in ("integer", "decimal", "quantity"):
        yield from numbers or (1.0,)
    else:
        yield "2026-01-01"
    yield None


def _context(values: dict[tuple[str, str], Any]) -> Context:
    parts: dict[str, dict[str, Any]] = {"a": {}, "obs": {}, "patient": {}, "case": {}}
    for (kind, name), value in values.items():
        if value is not None:
            parts[kind][name] = value
    return Context(response_of(parts["a"]), parts["obs"], parts["patient"], parts["case"])


def _as_asked(pack: Specialty, context: Context) -> Context:
    """The context without answers to questions that are not asked under it."""
    for _ in range(6):
        asked = {item.link_id for _, items in intake.asked(pack, context) for item in items}
        kept = [entry for entry in context.response["item"] if entry["linkId"] in asked]
        if len(kept) == len(context.response["item"]):
            break
        context = Context({**context.response, "item": kept}, context.obs, context.patient, context.case)
    return context
