"""Whether two nodes hold the same: every recorded row, field by field, and every record by its hash.

python -m bench.sync.compare FILE      in a process of a node: writes its rows, one JSON a line
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django

from bench.sync.nodes import Pair, told

REFERENCE = ("registry.staff", "registry.unit", "registry.assignment", "registry.duty", "registry.credential")
"""Kinds of which a unit holds a part only."""


def differences(pair: Pair) -> dict[str, Any]:
    """How many rows and records were compared, and what differs (the first ten)."""
    sides = []
    for node in (pair.unit, pair.hub):
        file = node.path / "rows.jsonl"
        told(node, str(file), module="bench.sync.compare")
        with file.open() as lines:
            sides.append(dict(map(json.loads, lines)))
    unit, hub = sides
    wrong = [key for key, row in unit.items() if hub.get(key) != row]
    wrong += [key for key in hub if key not in unit and key.split(" ")[0] not in (*REFERENCE, "record")]
    records = sum(key.startswith("record ") for key in unit)
    return {"rows": len(unit) - records, "records": records, "differ": len(wrong), "first": wrong[:10]}


def write(file: Path) -> int:
    """Write the rows and records of the node at hand; how many."""
    from django.apps import apps

    from qafila.journal import canon
    from qafila.journal.models import Record, Recorded

    count = 0
    with file.open("w") as out:

        def put(key: str, rest: Any) -> None:
            nonlocal count
            out.write(json.dumps([key, rest]) + "\n")
            count += 1

        for model in apps.get_models():
            if issubclass(model, Recorded):
                for row in model._base_manager.all().iterator(500):
                    said = {f.name: canon.plain(f, getattr(row, f.attname)) for f in canon.payload_fields(model)}
                    put(f"{model.kind()} {row.pk.hex}", {**said, "heads": row.heads})
        for one in Record._base_manager.values_list("node", "run", "seq", "hash", "fields").iterator(500):
            put(f"record {one[0]} {one[1]} {one[2]}", [bytes(one[3]).hex(), bytes(one[4] or b"").decode()])
    return count


if __name__ == "__main__":
    django.setup()
    json.dump({"written": write(Path(sys.argv[1]))}, sys.stdout)
