"""Names of staff in the script of the page."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from qafila.registry.staff.models import Staff
from qafila.web.reception.words import language


def staff_name(staff: Staff | None) -> str:
    """A member of staff in the script of the page."""
    if staff is None:
        return ""
    return staff.name_arabic if language().startswith("ar") and staff.name_arabic else staff.name


def staff_names(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Several by id: one query, none where there is nobody."""
    wanted = {one for one in ids if one is not None}
    return {one.pk: staff_name(one) for one in Staff.objects.filter(pk__in=wanted)} if wanted else {}
