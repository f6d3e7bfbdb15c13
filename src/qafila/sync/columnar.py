"""What records in columns look like on the wire, as MessagePack."""

from __future__ import annotations

from typing import Any

import msgspec

from qafila.sync.shapes import Shape, Source

LOOSE = 255
"""The group of records that travel as rows."""


class Packed(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Records in columns. Numbers are as in `columns.pack_ints`; a header's are in the order of the records."""

    count: int
    sources: list[Source]
    shapes: list[Shape]
    groups: list[int]
    """The shape of each group."""
    columns: list[list[Any]]
    """Of each group: stamps of the base, references, open fields."""
    strings: list[str]
    order: Any
    """The group of each record."""
    seq: Any
    """Against the last of its run."""
    ms: Any
    """Of the clock, against the record before."""
    counter: Any
    subject: Any
    new_ms: Any
    """How much older than its record a new id is."""
    new_nonce: Any
    new_counter: Any
    """Against the last new id."""
    patient: Any
    actor: Any
    salt: Any
    """How many of the frame's salts further on."""
    nonces: bytes
    loose: bytes
    """Records that travel as rows."""
    salts: list[bytes]
    prevs: list[bytes]
    """Of records whose predecessor is not in the frame."""
    outside: bytes
    single: int
    words: str
    first: bytes
    second: bytes
    """Long text, as `wording.pack_words` gives it."""
