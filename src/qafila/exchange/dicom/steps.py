"""Modality performed procedure steps (PS3.4 annex F): what a device says that it has begun and done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from qafila.exchange.dicom.matching import match
from qafila.exchange.dicom.models import Arrived, Step
from qafila.exchange.dicom.reading import is_uid, text

IN_PROGRESS, OVER = "IN PROGRESS", ("COMPLETED", "DISCONTINUED")
SUCCESS, FAILED, DUPLICATE, UNKNOWN, INVALID = 0x0000, 0x0110, 0x0111, 0x0112, 0x0106
LONGEST = 256 * 1024


@dataclass(frozen=True)
class Asked:
    """A message about a step."""

    uid: str
    said: Dataset


def asked_of(event: Any) -> Asked:
    """The message of an N-CREATE or N-SET. Raises what damaged data raise."""
    request = event.request
    uid = getattr(request, "RequestedSOPInstanceUID", None) or getattr(request, "AffectedSOPInstanceUID", None)
    said = event.modification_list if hasattr(request, "ModificationList") else event.attribute_list
    return Asked(str(uid or ""), said)


def create(asked: Asked, peer: str) -> tuple[int, Dataset | None]:
    """N-CREATE: a step begins. The status, and the attributes as they stand."""
    if not is_uid(asked.uid):
        return INVALID, None
    if text(asked.said, "PerformedProcedureStepStatus", 16) != IN_PROGRESS:
        return INVALID, None
    if Step.objects.filter(uid=asked.uid).exists():
        return DUPLICATE, None
    study, visit = _visit_of(asked.said)
    said = _json(asked.said)
    if said is None:
        return FAILED, None
    Step.objects.create(uid=asked.uid, status=IN_PROGRESS, study_uid=study, visit=visit, peer=peer, said=said)
    return SUCCESS, asked.said


def change(asked: Asked, peer: str) -> tuple[int, Dataset | None]:
    """N-SET: a step goes on, or is over; what is over is not changed again."""
    step = Step.objects.filter(uid=asked.uid, peer=peer).first()
    if step is None:
        return UNKNOWN, None
    if step.status != IN_PROGRESS:
        return FAILED, None
    status = text(asked.said, "PerformedProcedureStepStatus", 16) or IN_PROGRESS
    if status not in (IN_PROGRESS, *OVER):
        return INVALID, None
    now = Dataset.from_json(step.said)
    now.update(asked.said)
    said = _json(now)
    if said is None:
        return FAILED, None
    step.status, step.said = status, said
    step.save(update_fields=["status", "said"])
    return SUCCESS, asked.said


def _json(said: Dataset) -> str | None:
    found = json.dumps(said.to_json_dict(), ensure_ascii=False)
    return found if len(found) <= LONGEST else None


def _visit_of(said: Dataset) -> tuple[str, Any]:
    """The study and the visit that the first scheduled step names."""
    items = said.get("ScheduledStepAttributesSequence") or []
    if not items:
        return "", None
    first = items[0]
    study = text(first, "StudyInstanceUID", 64)
    row = Arrived(study_uid=study, accession=text(first, "AccessionNumber", 16),
                  patient_id=text(said, "PatientID", 64))  # fmt: skip
    found = match(row).visit
    return study, found.pk if found else None
