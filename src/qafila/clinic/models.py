"""All models of the clinic, gathered for Django."""

from qafila.clinic.access.models import AccessGrant, AccessReview, DayOfLooks, Summed
from qafila.clinic.bedside.models import Arrived, Nearby, Pairing, Radio
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.loop_models import Contact, PlainWords, Saving
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Decline, Message
from qafila.clinic.forms.models import PackApproval
from qafila.clinic.history.models import HistoryEntry
from qafila.clinic.imaging.models import (
    EcgCheck,
    EcgMeasures,
    ImagingInstance,
    KeyImage,
    Mark,
    OriginalAsked,
    TeachingCopy,
    TeachingSource,
)
from qafila.clinic.lab.models import LabMessage, LabOrder
from qafila.clinic.papers.models import IssuedPaper, NodeKey, PaperEvent, PaperPad
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.strips.models import StripTest
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
    "AccessGrant", "AccessReview", "Allergy", "Answer", "Arrived", "Attachment", "Case", "CaseEvent", "Condition",
    "Consent", "Contact", "DayOfLooks", "Decline", "Draft", "EcgCheck", "EcgMeasures", "Encounter", "HistoryEntry",
    "ImagingInstance", "IssuedPaper", "KeyImage", "LabMessage", "LabOrder", "Mark", "Message", "Nearby", "NodeKey",
    "Note", "Observation", "Opinion", "OriginalAsked", "PackApproval", "Pairing", "PaperEvent", "PaperPad",
    "PlainWords", "Prescription", "PrescriptionItem", "Radio", "Saving", "StripTest", "Summed", "TeachingCopy",
    "TeachingSource", "Visit",
]  # fmt: skip
