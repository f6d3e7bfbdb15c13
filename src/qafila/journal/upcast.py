"""Records of earlier layouts, read as those of today.

The layout of a kind has a number, `Recorded.schema`; each record says under which it was written. The bytes in the
journal stay as they were hashed, always. Whenever a record is folded into a row, or shown, its fields and the names in
its base go through the steps that the model lists beside its fields:

    class Person(Recorded):
        schema = 3
        upcasts = {
            1: Upcast(origin={"phone": "telephone"}),                  # a field got another name
            2: Upcast(unsaid={"language": "fr"}, fields=_three_digits),  # a new field; a value is written otherwise
        }

A step leads from its number to the next one.

What a step may do: rename a field, cut one into several, write a value otherwise, drop a field, say what a creation
meant by leaving a new field out. It works on the fields of one record: all that were said by a creation, only those
that were changed by a change.

What it may not do: read the row, another record, the clock, a setting or a file, because every node has to get the same
value at any time and in any order; merge two fields into one, because a change may name only one of them (keep both
and let the screens join them); invent what was not said; change once it was released. It must take any value that a
record of its number may hold, and raises `ValueError` for others: such a record goes to quarantine and stays.

A kind keeps its name for ever. A record of a higher number than the model's, or of an unknown kind, is kept as it is
and passed on; `refold` folds it when the program knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from qafila.journal.header import CREATE, Header

if TYPE_CHECKING:
    from qafila.journal.models import Recorded

Fields = dict[str, Any]
Base = dict[str, list[str]]


@dataclass(frozen=True)
class Upcast:
    """The step from one layout of a kind to the next. Values are canonical (`canon.plain`)."""

    origin: Mapping[str, str] = field(default_factory=dict)
    """New field → old field from which it takes its value and its base. The old one is dropped, unless it stands here
    as a new one, too. One old field may be the origin of several: `fields` cuts what each gets."""
    unsaid: Mapping[str, Any] = field(default_factory=dict)
    """Field (by its new name) → what a creation meant that leaves it out, where this is not the field's default."""
    fields: Callable[[Fields], Fields] | None = None
    """Pure: from the fields, under their new names, to the fields of the next layout."""
    dropped: frozenset[str] = frozenset()
    """Old fields that the next layout does not have."""

    def __call__(self, op: str, fields: Fields, base: Base) -> tuple[Fields, Base]:
        """One record's fields and base in the next layout."""
        gone = (set(self.origin.values()) | self.dropped) - set(self.origin)
        made = {name: value for name, value in fields.items() if name not in self.origin and name not in gone}
        made |= {new: fields[old] for new, old in self.origin.items() if old in fields}
        if self.fields is not None:
            made = self.fields(made)
        if op == CREATE:
            made = {**self.unsaid, **made}
        seen = {name: stamps for name, stamps in base.items() if name not in self.origin and name not in gone}
        seen |= {new: base[old] for new, old in self.origin.items() if old in base}
        return made, seen


def climb(
    steps: Mapping[int, Upcast], current: int, schema: int, op: str, fields: Fields, base: Base
) -> tuple[Fields, Base]:
    """Fields and base of a record of layout `schema` in layout `current`, step by step.

    Raises `ValueError` where a step is missing or cannot take what the record holds.
    """
    for number in range(schema, current):
        step = steps.get(number) if schema > 0 else None
        if step is None:
            raise ValueError(f"no step leads on from schema {number}")
        try:
            fields, base = step(op, fields, base)
        except Exception as error:
            raise ValueError(f"the step on from schema {number} fails: {type(error).__name__}") from error
        if not isinstance(fields, dict):
            raise ValueError(f"the step on from schema {number} gives no fields")
    return fields, base


def too_new(model: type[Recorded], header: Header) -> bool:
    """Whether the record was written by a later program than this one."""
    return header.schema > model.schema


def read(model: type[Recorded], header: Header, data: bytes) -> tuple[Fields, Base]:
    """Fields and base of a record in the layout of `model`. Raises `ValueError`."""
    fields = orjson.loads(data)
    if not isinstance(fields, dict):
        raise ValueError("fields are not an object")
    if header.schema == model.schema:
        return fields, header.base
    if too_new(model, header):
        raise ValueError(f"schema {header.schema} is newer than this program")
    return climb(model.upcasts, model.schema, header.schema, header.op, fields, header.base)
