"""The labels of rows by their ids, for lists that hold records and not rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from qafila.clinic.cases.models import Case
from qafila.journal.apply import recorded_model


def of_entries(entries: Iterable[tuple[str, UUID]]) -> dict[UUID, int]:
    """Kind and id of rows → the label of each that has one other than normal; what belongs to a case carries the
    case's, where that is stricter. A query a kind, and one for the cases."""
    kinds: dict[str, set[UUID]] = {}
    for kind, subject in entries:
        kinds.setdefault(kind, set()).add(subject)
    found: dict[UUID, int] = {}
    of_case: dict[UUID, UUID] = {}
    for kind, subjects in kinds.items():
        model: Any = recorded_model(kind)
        if model is None:
            continue
        rows = model._base_manager.filter(pk__in=subjects)
        if any(field.name == "case" for field in model._meta.concrete_fields):
            for pk, label, case in rows.values_list("pk", "label", "case_id"):
                found[pk] = label
                if case is not None:
                    of_case[pk] = case
        else:
            found.update(rows.exclude(label=0).values_list("pk", "label"))
    cases = dict(Case.objects.filter(pk__in=set(of_case.values())).exclude(label=0).values_list("pk", "label"))
    for pk, case in of_case.items():
        found[pk] = max(found.get(pk, 0), cases.get(case, 0))
    return {pk: label for pk, label in found.items() if label}
