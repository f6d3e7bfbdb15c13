"""The modality worklist (PS3.4 annex K): today's queue, as an imaging device asks for it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from pydicom import Dataset
from pydicom.sequence import Sequence

from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.queries import todays
from qafila.clinic.visits.transitions import PRESENT
from qafila.exchange.dicom.matching import accession, study_uid
from qafila.exchange.dicom.models import Peer, Step
from qafila.exchange.dicom.names import matches, person_name
from qafila.journal.here import here
from qafila.registry.people.models import BirthPrecision, Person, PersonName, Sex
from qafila.registry.people.queries import who_are
from qafila.registry.units.queries import units_of_node

UTF8 = "ISO_IR 192"
MOST = 500
STATES = {"IN PROGRESS": "STARTED", "COMPLETED": "COMPLETED", "DISCONTINUED": "DISCONTINUED"}
SEXES = {Sex.MALE: "M", Sex.FEMALE: "F"}
STEP = "ScheduledProcedureStepSequence"


def answers(asked: Dataset, peer: Peer) -> list[Dataset]:
    """The entries that fit the question, each with the attributes that were asked for."""
    return [_only(entry, asked) for entry in entries(peer, _modality(asked)) if fits(entry, asked)]


def entries(peer: Peer, modality: str = "") -> list[Dataset]:
    """One entry for each person who is here today, in the order of tickets."""
    units = [unit.pk for unit in units_of_node(here().node)]
    rows = todays(units).filter(status__in=PRESENT).order_by("day", "ticket")
    visits = list(rows[:MOST])
    people, names = who_are(v.person_id for v in visits)
    steps = dict(Step.objects.filter(visit__in=[v.pk for v in visits]).order_by("id").values_list("visit", "status"))
    return [
        _entry(v, people[v.person_id], names.get(v.person_id, []), peer, modality, steps.get(v.pk, ""))
        for v in visits
        if v.person_id in people
    ]


def _entry(visit: Visit, person: Person, names: list[PersonName], peer: Peer, modality: str, step: str) -> Dataset:
    opened = timezone.localtime(visit.opened_at)
    planned = Dataset()
    planned.Modality = peer.modality or modality or "OT"
    planned.ScheduledStationAETitle = peer.title
    planned.ScheduledStationName = ""
    planned.ScheduledProcedureStepStartDate = visit.day.strftime("%Y%m%d")
    planned.ScheduledProcedureStepStartTime = opened.strftime("%H%M%S")
    planned.ScheduledPerformingPhysicianName = ""
    planned.ScheduledProcedureStepDescription = planned.Modality
    planned.ScheduledProcedureStepID = accession(visit.pk)
    planned.ScheduledProcedureStepStatus = STATES.get(step, "SCHEDULED")
    planned.ScheduledProcedureStepLocation = ""
    planned.ScheduledProtocolCodeSequence = Sequence([])
    planned.PreMedication = planned.RequestedContrastAgent = ""
    entry = Dataset()
    entry.SpecificCharacterSet = UTF8
    entry.AccessionNumber = entry.RequestedProcedureID = accession(visit.pk)
    entry.StudyInstanceUID = study_uid(visit.pk)
    entry.PatientName = person_name(names)
    entry.PatientID = person.code
    exact = person.birth_precision == BirthPrecision.DAY and person.birth_date is not None
    entry.PatientBirthDate = person.birth_date.strftime("%Y%m%d") if exact and person.birth_date else ""
    entry.PatientSex = SEXES.get(Sex(person.sex), "")
    entry.RequestedProcedureDescription = planned.Modality
    entry.AdmissionID = str(visit.ticket)
    for empty in ("ReferringPhysicianName", "RequestingPhysician", "RequestedProcedurePriority", "PatientWeight",
                  "MedicalAlerts", "Allergies", "PregnancyStatus", "CurrentPatientLocation",
                  "PatientTransportArrangements", "ConfidentialityConstraintOnPatientDataDescription",
                  "PatientState", "SpecialNeeds"):  # fmt: skip
        setattr(entry, empty, None if empty in ("PatientWeight", "PregnancyStatus") else "")
    entry.RequestedProcedureCodeSequence = Sequence([])
    entry.ReferencedStudySequence = Sequence([])
    entry.ReferencedPatientSequence = Sequence([])
    entry.ScheduledProcedureStepSequence = Sequence([planned])
    return entry


def fits(entry: Dataset, asked: Dataset) -> bool:
    """Whether an entry matches every key of the question (PS3.4 section C.2.2.2)."""
    for element in asked:
        if element.keyword in ("SpecificCharacterSet", ""):
            continue
        held = entry.get(element.keyword)
        if element.VR == "SQ":
            items = list(element.value or [])
            if items and len(items[0]) and held and not any(fits(one, items[0]) for one in held):
                return False
            continue
        wanted = _texts(element.value)
        if wanted and element.keyword in entry and not any(matches(element.VR, str(held or ""), one) for one in wanted):
            return False
    return True


def _texts(value: Any) -> list[str]:
    many = value if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue" else [value]
    return [str(one).strip() for one in many if one is not None and str(one).strip()]


def _modality(asked: Dataset) -> str:
    items = asked.get(STEP) or []
    return str(items[0].get("Modality") or "") if items else ""


def _only(entry: Dataset, asked: Dataset) -> Dataset:
    """The entry with the attributes that were asked for; an empty sequence asks for all of it."""
    found = Dataset()
    for element in asked:
        if element.keyword in entry:
            held = entry[element.keyword]
            if element.VR == "SQ" and element.value and len(element.value[0]) and held.value:
                found.add_new(held.tag, "SQ", Sequence([_only(one, element.value[0]) for one in held.value]))
            else:
                found.add(held)
    if "SpecificCharacterSet" in entry:
        found.SpecificCharacterSet = entry.SpecificCharacterSet
    return found
