"""Cases as a page of the unit lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.cases.queries import CaseRow
from qafila.packs import load
from qafila.web.reception.words import language, name_words


def status_label(status: str) -> str:
    """Where a case is, in the unit's words."""
    return {
        "draft": gettext("Being written"),
        "sent": gettext("Saved, waits for the link"),
        "received": gettext("Received by the hub"),
        "assigned": gettext("Given to a specialist"),
        "accepted": gettext("The specialist is on it"),
        "more_asked": gettext("The specialist asks for more"),
        "declined": gettext("Declined, waits for another"),
        "answered": gettext("Answered"),
        "on_unit": gettext("Answer here: explain it"),
        "explained": gettext("Explained, waits for the outcome"),
        "closed": gettext("Closed"),
        "cancelled": gettext("Cancelled"),
        "died": gettext("Closed: the person died"),
    }.get(status, status)


def specialty_label(code: str) -> str:
    """A specialty's name, its code where this node lacks the pack."""
    if code not in load.specialties():
        return code
    return str(load.load_specialty(code).label.text(language()))


@dataclass(frozen=True)
class CaseLine:
    """One case of a list."""

    row: CaseRow
    name: str
    other: str
    status: str
    words: str
    specialty: str

    @property
    def case(self) -> Any:
        """The case."""
        return self.row.case


def case_lines(rows: list[CaseRow]) -> list[CaseLine]:
    """Rows with their words."""
    return [
        CaseLine(
            row,
            *name_words(row.person, row.names),
            row.case.status,
            status_label(row.case.status),
            specialty_label(row.case.specialty),
        )
        for row in rows
    ]
