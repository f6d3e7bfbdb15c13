"""Writes down the layouts of all kinds: `python -m tests.journal.layouts`.

A number that a release holds is never written over: a kind that has changed since needs a higher `schema` and a step
from the one before (`qafila.journal.upcast`).
"""

from __future__ import annotations

import sys
from typing import Any

import orjson

from tests.journal.release_log import LAYOUTS, RELEASES, layout_of, read, recorded

Layouts = dict[str, dict[str, dict[str, str]]]


def known() -> Layouts:
    """Kind → number → field → type, as written down."""
    found: Layouts = orjson.loads(LAYOUTS.read_bytes()) if LAYOUTS.exists() else {}
    return found


def released() -> Layouts:
    """Of these, what releases hold."""
    found: Layouts = {}
    for release in sorted(p.name for p in RELEASES.iterdir()):
        log: dict[str, Any] = read(release)
        for kind, number in log["schemas"].items():
            found.setdefault(kind, {})[str(number)] = log["layouts"][kind]
    return found


def faults(layouts: Layouts, fixed: Layouts, models: Any) -> list[str]:
    """What is wrong with the kinds of today, in words for whoever has changed one."""
    found = []
    today = {model.kind(): model for model in models}
    for kind, numbers in fixed.items():
        if kind not in today:
            found.append(f"{kind}: released, and gone. Its records are still in journals: a kind keeps its name")
        said = layouts.get(kind, {})
        found += [f"{kind} {n}: not what was released" for n in numbers if said.get(n) != numbers[n]]
    for kind, model in today.items():
        said = layouts.get(kind, {})
        if said.get(str(model.schema)) != layout_of(model):
            found.append(
                f"{kind}: its fields are not those of layout {model.schema}. Raise `schema` and add a step to "
                "`upcasts` (where this number is in no release yet, run 'python -m tests.journal.layouts')"
            )
        if said.keys() != {str(n) for n in range(1, model.schema + 1)}:
            found.append(f"{kind}: layouts 1 to {model.schema} have to be written down")
        if set(model.upcasts) != set(range(1, model.schema)):
            found.append(f"{kind}: needs one step from each number below {model.schema}, no more and no less")
    return found


def main() -> int:
    layouts, fixed = known(), released()
    for kind, numbers in fixed.items():
        layouts.setdefault(kind, {}).update(numbers)
    for model in recorded():
        number = str(model.schema)
        if number not in fixed.get(model.kind(), {}):
            layouts.setdefault(model.kind(), {})[number] = layout_of(model)
    LAYOUTS.write_bytes(orjson.dumps(layouts, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n")
    found = faults(layouts, fixed, recorded())
    print("\n".join(found) or "the layouts of all kinds are written down")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
