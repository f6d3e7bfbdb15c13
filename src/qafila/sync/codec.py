"""How records are packed into a frame's body; the codec's number stands in every frame.

`COLUMNS` (2) is what nodes send: shapes, then typed columns. A record that columns cannot give back byte for byte
travels beside them as a row of `ROWS` (1). What the receiver can work out is left away: the digest at the end of a
header (from salt and fields), and the hash of the record before where that one is in the frame.
"""

from __future__ import annotations

from collections.abc import Sequence

from qafila.journal.ingest import Parcel
from qafila.sync.columnar_read import unpack
from qafila.sync.columnar_write import pack
from qafila.sync.rows import MAX_PARCELS, ROWS, Codec, CodecError

__all__ = ["CODECS", "COLUMNS", "MAX_PARCELS", "ROWS", "Codec", "CodecError", "ColumnCodec"]


_NOTHING = pack([])


class ColumnCodec:
    """Columns by shape."""

    number = 2

    def pack(self, parcels: Sequence[Parcel]) -> bytes:
        """Records as bytes."""
        return pack(parcels) if parcels else _NOTHING

    def unpack(self, data: bytes) -> list[Parcel]:
        """The very same records."""
        return [] if data == _NOTHING else unpack(data)


COLUMNS = ColumnCodec()
CODECS: dict[int, Codec] = {ROWS.number: ROWS, COLUMNS.number: COLUMNS}
