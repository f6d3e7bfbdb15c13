"""How a page opens a patient's record: through the door, so that the page can say on what terms it is open."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from qafila.clinic.access import door
from qafila.clinic.access.door import Opened
from qafila.clinic.cases.models import Case
from qafila.clinic.visits.models import Visit


def read(request: Any, person: UUID, page: str, right: str = "person.read", row: Case | Visit | None = None) -> Opened:
    """Open the record for a page and keep the look; the banner of an emergency access follows by itself.

    Raises `NotAllowed`, `Closed`: the page of `web.watch.passing` answers that one.
    """
    found = door.read(request.staff, person, page, right, row)
    request.opened = found
    return found
