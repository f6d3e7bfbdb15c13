"""What this node keeps beside the journal of a person whom it is told to forget: typed texts that were not saved."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from qafila.clinic.visits.models import Draft
from qafila.journal.here import Here
from qafila.sync.signals import forgotten

_ID = re.compile(r"[0-9a-f]{32}")


def connect() -> None:
    """Take drafts away with the person from now on."""
    forgotten.connect(_forget, dispatch_uid="drafts-forgotten")


def _forget(sender: Any, person: UUID, subjects: Collection[UUID], node: Here, **more: Any) -> None:
    """A draft's name holds the id of what it is about."""
    drafts = Draft.objects.using(node.database)
    gone = {one.hex for one in (person, *subjects)}
    about = [pk for pk, form in drafts.values_list("pk", "form") if not gone.isdisjoint(_ID.findall(form))]
    drafts.filter(pk__in=about).delete()
