"""What a pack's expressions may look at of one case, gathered from its record (see `packs.expressions`)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from qafila.clinic.history.consented import REFERRAL, agreed, rows_of
from qafila.clinic.models import Attachment, Case, Condition, Consent, Note, Observation
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import FactStatus
from qafila.kernel.looks import looked, looking
from qafila.packs import load
from qafila.packs.expressions import Context, response_of
from qafila.packs.specialty import Specialty
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.people.queries import get
from qafila.registry.places.here import local_day

SIDES = ("left", "right")
CASE_INTAKE = {"treatment_tried": "treatment_tried", "capability": "unit_can", "callback": "callback"}


def pack_of(case: Case) -> Specialty:
    """The specialty pack of a case. Raises `PackError` for a specialty that this node does not hold."""
    return load.load_specialty(case.specialty)


def context(case: Case, intake: dict[str, Any] | None = None) -> Context:
    """The case as expressions see it; `intake` instead of the saved answers while a form is being filled."""
    return _context(case) if intake is None else _built(case, intake)


@looked
def _context(case: Case) -> Context:
    return _built(case, case.intake)


def _built(case: Case, given: dict[str, Any]) -> Context:
    known = [o for o in observations_of(case) if o.person_id == case.person_id]
    person = get(case.person_id)
    return Context(
        response=response_of({k: v for k, v in given.items() if v is not None}),
        obs=observed(known),
        patient=patient(person, known) if person else {},
        case=_case_facts(case, given),
    )


@looked
def observations_of(case: Case) -> list[Observation]:
    """The readings of the case's visit that hold."""
    if looking() and case.visit_id:
        of_person = queries.readings(case.person_id, "", queries.MOST_READINGS)
        if len(of_person) < queries.MOST_READINGS:
            return [one for one in of_person if one.visit_id == case.visit_id]
    return list(Observation.objects.filter(_of_case(case), status=FactStatus.FINAL))


@looked
def notes_of(case: Case) -> list[Note]:
    """The notes of the case's visit that hold, oldest first."""
    return list(Note.objects.filter(_of_case(case), status=FactStatus.FINAL).order_by("at", "id"))


@looked
def conditions_of(case: Case) -> list[Condition]:
    """The diagnoses of the case's visit that hold, oldest first."""
    if looking() and case.visit_id:
        of_person = queries.diagnoses(case.person_id)
        if len(of_person) < queries.MOST_DIAGNOSES:
            return [one for one in reversed(of_person) if one.visit_id == case.visit_id]
    return list(Condition.objects.filter(_of_case(case), status=FactStatus.FINAL).order_by("at", "id"))


@looked
def attachments_of(case: Case) -> list[Attachment]:
    """The case's files: those of its visit, and those added to it later; oldest first."""
    found = Attachment.objects.filter(_of_case(case) | Q(case_id=case.pk), status=FactStatus.FINAL)
    return list(found.order_by("at", "id"))


def observed(observations: list[Observation]) -> dict[str, Any]:
    """`%obs`: the newest reading of each kind, in the kind's own unit."""
    found: dict[str, Any] = {}
    for key, one in assessment.newest(observations).items():
        found[key] = assessment.value_of(one)
    for key in ("systolic", "diastolic"):
        for side in SIDES:
            of_side = [o for o in observations if o.code == key and o.site.startswith(side)]
            if of_side:
                found[f"{key}_{side}"] = assessment.value_of(assessment.newest(of_side)[key])
    return {key: value for key, value in found.items() if value is not None}


def patient(person: Person, observations: list[Observation]) -> dict[str, Any]:
    """`%patient`: age, sex, pregnancy."""
    found: dict[str, Any] = {"sex": person.sex}
    days = age_days(person, local_day())
    if days is not None:
        found |= {"age_years": int(days / 365.25), "age_months": int(days / 30.4375), "age_days": int(days)}
    newest = assessment.newest(observations)
    for name in ("pregnant", "lactating"):
        if name in newest and (said := assessment.value_of(newest[name])) is not None:
            found[name] = said
    return found


def _of_case(case: Case) -> Q:
    return Q(visit_id=case.visit_id) if case.visit_id else Q(pk__in=[])


def _case_facts(case: Case, intake: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "question": case.question.strip(),
        "urgency": case.urgency,
        "complaint": _note(case, "complaint"),
        "diagnosis": _diagnosis(case),
        "consent": consent_holds(case),
        "allergy_asked": queries.known(case.person_id).allergies_known != "not_asked",
        "attachments": view_codes(pack_of(case), attachments_of(case)),
    }
    for name, link_id in CASE_INTAKE.items():
        facts[name] = intake.get(link_id)
    return {name: value for name, value in facts.items() if value not in (None, "", [], False)}


def view_codes(pack: Specialty, attachments: list[Attachment]) -> list[str]:
    """Which of the pack's views are there."""
    return list(view_files(pack, attachments))


def view_files(pack: Specialty, attachments: list[Attachment]) -> dict[str, Attachment]:
    """The pack's views that are there, each with its last file (`attachments`: oldest first): as named on the file,
    else by its kind where the pack wants one of it."""
    by_kind: dict[str, list[str]] = {}
    for view in pack.view:
        by_kind.setdefault(view.kind, []).append(view.code)
    found: dict[str, Attachment] = {}
    for one in attachments:
        kind = {"dicom": "image"}.get(one.kind_of_file, one.kind_of_file)
        codes = [one.view] if one.view else by_kind.get(kind, []) if len(by_kind.get(kind, [])) == 1 else []
        found |= dict.fromkeys(codes, one)
    return found


@looked
def consent_of(case: Case) -> Consent | None:
    """The consent under which the case goes: the one it names, else the latest for referral of its visit."""
    known = rows_of(case.person_id, REFERRAL)
    named = next((one for one in known if one.pk == case.consent_id), None)
    if named is not None:
        return named
    return next((one for one in reversed(known) if case.visit_id and one.visit_id == case.visit_id), None)


def consent_holds(case: Case) -> bool:
    """Whether the case may leave: permitted and not taken back since, or an emergency with its reason."""
    consent = consent_of(case)
    if consent is None or consent.withdrawn_at is not None:
        return False
    # What the person said later, of this case or of none, counts before what stands under it.
    return consent.decision in ("permit", "emergency") and agreed(case.person_id, REFERRAL, case.visit_id)


def _note(case: Case, kind: str) -> str:
    return next((note.text for note in reversed(notes_of(case)) if note.kind_of_note == kind), "")


def _diagnosis(case: Case) -> str:
    return next((one.words for one in reversed(conditions_of(case)) if one.certainty != "refuted"), "")
