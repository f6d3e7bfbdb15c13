"""Cases as a page of the unit lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.cases.queries import CaseRow
from qafila.clinic.visits.models import Attachment
from qafila.packs import load
from qafila.sync import state
from qafila.web.reception.words import language, name_words
from qafila.web.records.attachments import kind_words


def status_label(status: str) -> str:
    """Where a case is, in the unit's words."""
    return {
        "draft": gettext("Being written"),
        "waits": gettext("Saved, waits for the link"),
        "sent": gettext("Sent, not yet confirmed by the hub"),
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


def file_title(file: Attachment) -> str:
    """What a file shows: its title, else its kind."""
    return file.title or kind_words(file.kind_of_file)


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
    """Rows with their words: one query more for those that were sent and not received."""
    sent = [row.case.pk for row in rows if row.case.status == "sent"]
    here = state.not_left(sent) if sent else set()
    return [
        CaseLine(
            row,
            *name_words(row.person, row.names),
            row.case.status,
            status_label("waits" if row.case.pk in here else row.case.status),
            specialty_label(row.case.specialty),
        )
        for row in rows
    ]
