"""Raising and lowering a row's label, for what its rules did not foresee."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from qafila.clinic.access import door
from qafila.clinic.cases.models import Case
from qafila.clinic.history.models import HistoryEntry
from qafila.clinic.visits.models import Attachment, Condition, Note
from qafila.journal.models import Label
from qafila.journal.write import writing
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

RIGHT = "label.change"
KINDS: dict[str, type[Any]] = {m.kind(): m for m in (Attachment, Case, Condition, HistoryEntry, Note)}
"""Kinds of which every page shows a row by its label: on another kind a label would promise what nothing keeps."""


def row_of(kind: str, subject: UUID) -> Any | None:
    """The row, where its label can be changed."""
    model = KINDS.get(kind)
    return model.objects.filter(pk=subject).first() if model is not None else None


def may_label(by: Staff, row: Any) -> bool:
    """Whether somebody may change a row's label."""
    try:
        require_label(by, row)
    except NotAllowed:
        return False
    return True


def label(row: Any, level: int, by: Staff) -> Any:
    """Give a row another label. Raises `NotAllowed`, `Closed`, or `ValueError` for a label that there is not.

    Whoever sees the row may label it, also so that they see it no more; nobody lowers what they do not see.
    """
    require_label(by, row)
    held = type(row).objects.get(pk=row.pk)
    held.label = Label(level)
    with writing(by, act="label.change") as write:
        return write.save(held)


def require_label(by: Staff, row: Any) -> None:
    """Raises `NotAllowed`, `Closed` unless somebody may change a row's label."""
    require(by, RIGHT, row)
    door.may_open(by, row.person_id, RIGHT).require(row)
