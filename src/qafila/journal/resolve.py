"""Ending a clash: a person saw every value and says which holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.apps import apps

from qafila.journal import canon
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.models import Clash, Record, Recorded
from qafila.journal.write import Gone, writing


class Over(Exception):
    """Somebody has settled the clash already, or another value has come meanwhile: look again."""


@dataclass(frozen=True)
class Side:
    """One of the values with its origin. `actor`: hex id of who wrote it, "" for a node itself."""

    value: Any
    """Canonical, as in the record."""
    node: str
    at: datetime
    stamp: str
    actor: str


def model_of(clash: Clash) -> type[Recorded]:
    """The model of the row at hand. Raises `Gone` for a kind that this node does not know."""
    try:
        model: type[Recorded] = apps.get_model(clash.kind)
    except (LookupError, ValueError) as error:
        raise Gone(clash.kind) from error
    return model


def row_of(clash: Clash) -> Recorded:
    """The row that it is about, read fresh. Raises `Gone`."""
    row: Recorded | None = model_of(clash)._base_manager.using(here().database).filter(pk=clash.subject).first()
    if row is None:
        raise Gone(clash.kind)
    return row


def in_force(clash: Clash) -> Any:
    """The value that holds until somebody decides, canonical."""
    return orjson.loads(clash.sides)["in_force"]


def sides(clash: Clash) -> list[Side]:
    """The values, latest first, each with who wrote it."""
    told = orjson.loads(clash.sides)["sides"]
    actors = {}
    for data in Record._base_manager.using(here().database).filter(subject=clash.subject).values_list("header"):
        header = decode(bytes(data[0]))
        actors[str(header.stamp)] = header.actor
    return [
        Side(s["value"], s["node"], datetime.fromisoformat(s["at"]), s["stamp"], actors.get(s["stamp"], ""))
        for s in told
    ]


def seen_by(clash: Clash) -> str:
    """What a page shows of the clash: hand it back to `resolve`, so that nobody decides about values unseen."""
    return ",".join(sorted(s["stamp"] for s in orjson.loads(clash.sides)["sides"]))


def resolve(clash: Clash, value: Any, by: Any, seen: str = "") -> Recorded:
    """Let `value` (canonical) hold; on every node the clash is over, also where the value was in force already.

    Whoever calls has asked whether `by` may. Raises `Over`, `Gone`, `canon.Unfit`.
    """
    with writing(by, act="clash.settle") as write:
        fresh = Clash._base_manager.using(here().database).filter(pk=clash.pk, open=True).first()
        if fresh is None or (seen and seen != seen_by(fresh)):
            raise Over
        row = row_of(fresh)
        field: Any = row._meta.get_field(fresh.field)
        setattr(row, field.attname, canon.native(field, value))
        write.settle(row, frozenset({fresh.field}))
    return row
