"""All models of the clinic, gathered for Django."""

from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Message
from qafila.clinic.forms.models import PackApproval
from qafila.clinic.history.models import HistoryEntry
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.visits.models import (
    Allergy,
    Attachment,
    Condition,
    Consent,
    Draft,
    Encounter,
    Note,
    Observation,
    Visit,
)

__all__ = [
    "Allergy", "Answer", "Attachment", "Case", "CaseEvent", "Condition", "Consent", "Draft", "Encounter",
    "HistoryEntry", "Message", "Note", "Observation", "Opinion", "PackApproval", "Prescription", "PrescriptionItem",
    "Visit",
]  # fmt: skip
