"""What is written into a record beside readings: notes, diagnoses, allergies, attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from qafila.clinic.diagnosis import icd10
from qafila.clinic.imaging import ecg, photo
from qafila.clinic.imaging.dicom import glance
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Allergy, Attachment, Condition, FactStatus, Note, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

NOTE_KINDS = ("complaint", "history", "exam", "plan", "note")
CERTAINTIES = ("provisional", "differential", "confirmed", "refuted")
LANES = {"ecg": Lane.RECORD, "dicom": Lane.BULK}
"""How files leave a unit: an ECG's samples before every picture, series last."""

EMPTY = N_("Write something first.")
WHICH_NOTE = N_("There is no such kind of note.")
WHICH_CERTAINTY = N_("Choose how certain the diagnosis is.")
NO_SUCH_CODE = N_("%(code)s is not a code of ICD-10.")
WHICH_SUBSTANCE = N_("Name the substance.")
ALLERGY_KNOWN = N_("An allergy to %(substance)s is on record: mark that one as an error first.")
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
        return keep(
            write, file, visit.person_id, visit, by, at=at, case_id=case_id, title=tidy(title, 120), view=view[:30]
        )


def keep(write: Writer, file: File, person: UUID, visit: Visit | None, by: Staff, **more: Any) -> Attachment:
    """Write a file and its preview as blobs, and the row that names them; `more`: other fields of the row."""
    whole = blobs.put(file.data, file.media, person, LANES.get(file.kind, Lane.PREVIEW))
    preview = blobs.put(file.preview, "image/jpeg", person, Lane.PREVIEW) if file.preview else None
    return write.save(
        Attachment(
            person_id=person,
            visit_id=visit.pk if visit else None,
            author=by,
            kind_of_file=file.kind,
            media=file.media,
            sha256=whole.sha256,
            size=len(file.data),
            preview=preview.sha256 if preview else "",
            width=file.width,
            height=file.height,
            **more,
        )
    )


def read_file(data: bytes, name: str) -> File:
    """What is kept of a file, and its preview. Raises `Refused`."""
    kind = kind_of(data, name)
    if kind in (Kind.JPEG, Kind.PNG):
        made = photo.prepare(data)
        return File("photo", "image/jpeg", made.master, made.preview, made.width, made.height)
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
