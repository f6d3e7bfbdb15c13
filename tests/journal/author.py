"""A node of another release, as far as others see it: it writes chained records in whatever layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from qafila.journal import canon
from qafila.journal.entries import Parcel
from qafila.journal.header import Header
from qafila.journal.stamps import Stamp


class Author:
    """Writes records about people."""

    def __init__(self, node: str = "OLD", start: int = 1 << 50) -> None:
        self.node, self.hlc = node, start
        self.parcels: list[Parcel] = []

    def write(
        self,
        schema: int,
        op: str,
        subject: UUID,
        fields: Mapping[str, Any],
        base: Mapping[str, Sequence[Stamp]] | None = None,
        kind: str = "registry.person",
    ) -> Stamp:
        """One more record; its stamp. `base`: field → the stamps that its author saw."""
        self.hlc += 1
        data, salt = canon.dumps(dict(fields)), b"s" * 12
        seen = {name: [str(s) for s in stamps] for name, stamps in (base or {}).items()}
        header = Header(
            self.node, 7, len(self.parcels) + 1, self.hlc, "", "person.edit", kind, schema, op, subject.hex,
            subject.hex, seen, [], "MS", "P", canon.digest(salt, data).hex(),
        )  # fmt: skip
        prev = canon.link(self.parcels[-1].prev, self.parcels[-1].header) if self.parcels else b""
        self.parcels.append(Parcel(header.encode(), data, salt, 2, prev))
        return header.stamp
