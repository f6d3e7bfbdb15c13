"""Settling what two nodes said differently about a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from qafila.journal import canon
from qafila.journal.models import Clash, Recorded
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.registry.people.models import Person, PersonLink, PersonName
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may

MODELS: dict[str, type[Recorded]] = {m.kind(): m for m in (Person, PersonName, PersonLink)}


@dataclass(frozen=True)
class Side:
    """One of the values: what it is, on which node and when (ISO 8601) it was written."""

    value: Any
    node: str
    at: str


def sides(clash: Clash) -> list[Side]:
    """The values, the one in force first."""
    return [Side(s["value"], s["node"], s["at"]) for s in orjson.loads(clash.sides)["sides"]]


def label_of(clash: Clash) -> str:
    """What the field is called, as the model words it."""
    return str(MODELS[clash.kind]._meta.get_field(clash.field).verbose_name)  # type: ignore[union-attr]


def settle(clash: Clash, chosen: int, by: Staff) -> None:
    """Let one of the values hold. Raises `NotAllowed`, `IndexError` for a side that is not there."""
    model = MODELS[clash.kind]
    row = model._base_manager.get(pk=clash.subject)
    if not may(by, "clash.resolve", row):
        raise NotAllowed("clash.resolve")
    values = [s.value for s in sides(clash)]
    field: Any = model._meta.get_field(clash.field)
    value = values[chosen]
    other = next(v for v in values if v != value)
    names, seen = row.seen or ([], [])
    # Both values lay before the person: choosing the one in force is a write too.
    shown = dict(zip(names, seen, strict=True)) | {field.attname: canon.native(field, other)}
    row.seen = (list(shown), list(shown.values()))
    setattr(row, field.attname, canon.native(field, value))
    with writing(by, act="clash.settle") as write:
        write.save(row)
