"""What is written into a record beside readings: notes, diagnoses, allergies, attachments, consents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from qafila.clinic.diagnosis import icd10
from qafila.clinic.imaging import apart, ecg
from qafila.clinic.imaging.dicom import glance
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Allergy, Attachment, Condition, Consent, FactStatus, Note, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

NOTE_KINDS = ("complaint", "history", "exam", "plan", "note")
CERTAINTIES = ("provisional", "differential", "confirmed", "refuted")
LANES = {"ecg": Lane.RECORD, "dicom": Lane.BULK}
"""How files leave a unit: an ECG's samples before every picture, series last."""
DECISIONS = ("permit", "deny", "emergency")

EMPTY = N_("Write something first.")
WHICH_NOTE = N_("There is no such kind of note.")
WHICH_CERTAINTY = N_("Choose how certain the diagnosis is.")
NO_SUCH_CODE = N_("%(code)s is not a code of ICD-10.")
WHICH_SUBSTANCE = N_("Name the substance.")
ALLERGY_KNOWN = N_("An allergy to %(substance)s is on record: mark that one as an error first.")
WHICH_CONSENT = N_("Say whether the person agrees, refuses, or cannot be asked.")
NO_PURPOSE = N_("Say what the consent is for.")
NO_METHOD = N_("Say how the consent was given.")
NO_GUARDIAN = N_("Write the name of the person who consents.")
WHY_EMERGENCY = N_("Write why consent cannot be asked.")
FUTURE_CAPTURE = N_("The time of capture is in the future.")


@dataclass(frozen=True)
class File:
    """What is kept of a file."""

    kind: str
    media: str
    data: bytes
    preview: bytes = b""
    width: int | None = None
    height: int | None = None
    quality: dict[str, Any] = field(default_factory=dict)


def record_note(visit: Visit, kind: str, text: str, by: Staff) -> Note:
    """Write a note; `kind`: complaint, history, exam, plan, note. A newer one of a kind stands for the older.

    An unchanged text is not written again. Raises `NotAllowed` (the complaint may be written by whoever opens visits),
    `Refusal`.
    """
    require(by, "visit.open" if kind == "complaint" else "consult.write", visit)
    require_valid(visit.status)
    if kind not in NOTE_KINDS:
        raise Refusal(Message(WHICH_NOTE))
    words = tidy(text, 8000, lines=True)
    if not words:
        raise Refusal(Message(EMPTY))
    with writing(by, "note.write") as write:
        known = Note.objects.filter(visit_id=visit.pk, kind_of_note=kind, status=FactStatus.FINAL)
        last = known.order_by("-at", "-id").first()
        if last is not None and last.text == words:
            return last
        if last is not None:
            last.status = FactStatus.AMENDED
            write.save(last)
        return write.save(
            Note(
                person_id=visit.person_id,
                visit_id=visit.pk,
                author=by,
                at=clock.now(),
                kind_of_note=kind,
                text=words,
                replaces=last.pk if last else None,
            )
        )


def add_condition(visit: Visit, code: str, certainty: str, words: str, language: str, by: Staff) -> Condition:
    """Record a diagnosis by its ICD-10 code with the words as shown ("" = the code's own in `language`).

    The same code again replaces the earlier row of the visit (another certainty). Raises `NotAllowed`, `Refusal`.
    """
    require(by, "consult.write", visit)
    require_valid(visit.status)
    found = icd10.describe(code, language)
    if found is None:
        raise Refusal(Message(NO_SUCH_CODE, code=f"{code:.10}"))
    if certainty not in CERTAINTIES:
        raise Refusal(Message(WHICH_CERTAINTY))
    said = tidy(words, 200) or found.words[:200]
    with writing(by, "condition.add") as write:
        before = Condition.objects.filter(visit_id=visit.pk, code=found.code, status=FactStatus.FINAL).first()
        if before is not None:
            if (before.certainty, before.words) == (certainty, said):
                return before
            before.status = FactStatus.AMENDED
            write.save(before)
        return write.save(
            Condition(
                person_id=visit.person_id,
                visit_id=visit.pk,
                author=by,
                at=clock.now(),
                code=found.code,
                code_version=found.version,
                words=said,
                language=language,
                certainty=certainty,
                replaces=before.pk if before else None,
            )
        )


def state_allergy(visit: Visit, by: Staff, substance: str, reaction: str = "") -> Allergy:
    """Record an allergy; an earlier "none known" is replaced. Raises `NotAllowed`, `Refusal`."""
    require(by, "vitals.record", visit)
    require_valid(visit.status)
    name = tidy(substance, 100)
    if not name:
        raise Refusal(Message(WHICH_SUBSTANCE))
    with writing(by, "allergy.state") as write:
        denied = Allergy.objects.filter(
            person_id__in=one_with(visit.person_id), none_known=True, status=FactStatus.FINAL
        )
        before = list(denied)
        for one in before:
            one.status = FactStatus.AMENDED
            write.save(one)
        return write.save(
            Allergy(
                person_id=visit.person_id,
                visit_id=visit.pk,
                author=by,
                at=clock.now(),
                substance=name,
                reaction=tidy(reaction, 200),
                replaces=before[0].pk if before else None,
            )
        )


def no_known_allergy(visit: Visit, by: Staff) -> Allergy:
    """Record that the person was asked and knows of none. Raises `NotAllowed`, `Refusal` when one is on record."""
    require(by, "vitals.record", visit)
    require_valid(visit.status)
    with writing(by, "allergy.none") as write:
        known = list(Allergy.objects.filter(person_id__in=one_with(visit.person_id), status=FactStatus.FINAL))
        named = next((one for one in known if not one.none_known), None)
        if named is not None:
            raise Refusal(Message(ALLERGY_KNOWN, substance=named.substance))
        if known:
            return known[0]
        return write.save(
            Allergy(person_id=visit.person_id, visit_id=visit.pk, author=by, at=clock.now(), none_known=True)
        )


def add_attachment(
    visit: Visit,
    by: Staff,
    data: bytes,
    name: str,
    captured_at: datetime | None = None,
    *,
    title: str = "",
    view: str = "",
    case_id: UUID | None = None,
) -> Attachment:
    """Keep a file with the record: its bytes and a preview as blobs, what it is found in the bytes alone.

    `name` is only looked at to word a refusal. `view` is the code of the pack's view it shows. `case_id`: added to a
    case after it was sent. Raises `NotAllowed`, `imaging.refused.Refused` (`reason`, `values`), `Refusal`.
    """
    require(by, "attachment.add", visit)
    require_valid(visit.status)
    at = captured_at or clock.now()
    if at > clock.now():
        raise Refusal(Message(FUTURE_CAPTURE))
    file = read_file(data, name)
    with writing(by, "attachment.add") as write:
        whole = blobs.put(file.data, file.media, visit.person_id, LANES.get(file.kind, Lane.PREVIEW))
        preview = blobs.put(file.preview, "image/jpeg", visit.person_id, Lane.PREVIEW) if file.preview else None
        return write.save(
            Attachment(
                person_id=visit.person_id,
                visit_id=visit.pk,
                case_id=case_id,
                author=by,
                at=at,
                kind_of_file=file.kind,
                title=tidy(title, 120),
                view=view[:30],
                media=file.media,
                sha256=whole.sha256,
                size=len(file.data),
                preview=preview.sha256 if preview else "",
                width=file.width,
                height=file.height,
                quality=file.quality,
            )
        )


def read_file(data: bytes, name: str) -> File:
    """What is kept of a file, and its preview. Raises `Refused`."""
    kind = kind_of(data, name)
    if kind in (Kind.JPEG, Kind.PNG):
        made = apart.photo_of(data)
        return File("photo", "image/jpeg", made.master, made.preview, made.width, made.height, made.quality)
    if kind is Kind.DICOM_ECG:
        ecg.read(data)
        return File("ecg", "application/dicom", data)
    if kind is Kind.DICOM_IMAGE:
        shown = glance(data)
        return File("dicom", "application/dicom", data, shown.preview, shown.width, shown.height)
    if kind in (Kind.FLAC, Kind.WAV):
        return File("audio", f"audio/{kind.value}", data)
    if kind is Kind.PDF:
        return File("document", "application/pdf", data)
    if kind is Kind.DICOM_PDF:
        return File("document", "application/dicom", data)
    try:
        shown = glance(data)
    except Refused:
        return File("dicom", "application/dicom", data)
    return File("dicom", "application/dicom", data, shown.preview, shown.width, shown.height)


def record_consent(
    visit: Visit,
    by: Staff,
    decision: str,
    purpose: str = "referral",
    *,
    given_by: str = "self",
    guardian_name: str = "",
    relation: str = "",
    method: str = "",
    witness: str = "",
    language: str = "",
    reason: str = "",
) -> Consent:
    """Record a consent; `decision`: permit, deny, emergency (unable, with `reason`).

    Codes are those of packs/encounter.toml. Raises `NotAllowed`, `Refusal` naming what lacks.
    """
    require(by, "consent.record", visit)
    require_valid(visit.status)
    words = load.encounter()
    problem = (
        (purpose not in {c.code for c in words.consent_purpose}, NO_PURPOSE),
        (decision not in DECISIONS, WHICH_CONSENT),
        (decision == "emergency" and not reason.strip(), WHY_EMERGENCY),
        (decision != "emergency" and method not in {c.code for c in words.consent_method}, NO_METHOD),
        (given_by not in {c.code for c in words.consent_giver}, NO_GUARDIAN),
        (decision != "emergency" and given_by != "self" and not guardian_name.strip(), NO_GUARDIAN),
    )
    for wrong, text in problem:
        if wrong:
            raise Refusal(Message(text))
    with writing(by, "consent.record") as write:
        return write.save(
            Consent(
                person_id=visit.person_id,
                visit_id=visit.pk,
                author=by,
                at=clock.now(),
                purpose=purpose,
                decision=decision,
                given_by=given_by,
                guardian_name=tidy(guardian_name, 120),
                relation=tidy(relation, 40),
                method="emergency_unable" if decision == "emergency" else method,
                witness=tidy(witness, 120),
                language=language[:8],
                reason=tidy(reason, 300),
            )
        )


def withdraw_consent(consent: Consent, by: Staff, reason: str = "") -> Consent:
    """The person takes the consent back from now on; the row stays. Raises `NotAllowed`."""
    visit = consent.visit_here()
    require(by, "consent.record", visit)
    with writing(by, "consent.withdraw") as write:
        row = Consent._base_manager.select_for_update().get(pk=consent.pk)
        if row.withdrawn_at is None:
            row.withdrawn_at = clock.now()
            row.reason = tidy(reason, 300) or row.reason
            write.save(row)
        return row
