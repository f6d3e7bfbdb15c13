"""An object at the door, whichever way it came: the row that keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.reading import claim


def arrived(file: bytes, peer: str, message: Any = None) -> Arrived:
    """The row of an object that has come, unsaved. `message`: the C-STORE that brought it. Raises `NotKept`."""
    found = claim(file, str(message.AffectedSOPClassUID) if message is not None else "")
    name = hashlib.sha256(file).hexdigest()
    return Arrived(**asdict(found), data=file, size=len(file), sha256=name, peer=peer)
