"""What is written into a record beside readings: notes, diagnoses, allergies, attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from qafila.clinic.diagnosis import icd10
from qafila.clinic.history.consented import PICTURE, require_consent
from qafila.clinic.imaging import apart, ecg, ecg_import
from qafila.clinic.imaging.dicom import glance
from qafila.clinic.imaging.ecg_quality import findings
from qafila.clinic.imaging.models import EcgCheck
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Allergy, Attachment, Condition, FactStatus, Note, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.models import Label, Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.packs import load
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
WHY_KEPT = N_("Write why this recording is kept.")
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
    made_of: ecg_import.Converted | None = None
    """An ECG of another format: the device's own file."""
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
                label=last.label if last else Label.NORMAL,
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
                label=max(load.access().of_condition(found.code), before.label if before else Label.NORMAL),
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
    beside: Mapping[str, bytes] | None = None,
    speech: bool = False,
) -> Attachment:
    """Keep a file with the record: its bytes and a preview as blobs, what it is found in the bytes alone.

    `name` is only looked at to word a refusal and to tell a table from a text. `view` is the code of the pack's view
    it shows. `case_id`: added to a case after it was sent. `beside`: files that go with it by name (of a WFDB header).
    `speech`: somebody talks, which needs more than the 2 kHz that are kept of a heart.
    An ECG is judged at once (`EcgCheck`); of another format it is made a DICOM file, and the device's own is kept with
    it. Raises `NotAllowed`, `imaging.refused.Refused` (`reason`, `values`), `Refusal`.
    """
    require(by, "attachment.add", visit)
    require_valid(visit.status)
    at = captured_at or clock.now()
    if at > clock.now():
        raise Refusal(Message(FUTURE_CAPTURE))
    file = read_file(data, name, beside, speech=speech)
    if file.kind == "photo":
        require_consent(visit.person_id, PICTURE, visit.pk)
    with writing(by, "attachment.add") as write:
        row = keep(
            write, file, visit.person_id, visit, by, at=at, case_id=case_id, title=tidy(title, 120), view=view[:30]
        )
        if file.kind == "ecg":
            _judge(write, visit, by, at, file, row.sha256, case_id)
        return row


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
            quality=file.quality,
            **more,
        )
    )


def _judge(write: Writer, visit: Visit, by: Staff, at: datetime, file: File, sha256: str, case_id: UUID | None) -> None:
    """What is wrong with the recording, and the device's own file."""
    whose = {"person_id": visit.person_id, "visit_id": visit.pk, "author": by, "at": at}
    made, source = file.made_of, ""
    if made is not None:
        source = blobs.put(made.source, made.media, visit.person_id, Lane.BULK).sha256
        size, title = len(made.source), made.format
        write.save(
            Attachment(
                **whose, case_id=case_id, kind_of_file="source", title=title, media=made.media, sha256=source, size=size
            )
        )
    found = [[one.fault.value, list(one.leads)] for one in findings(ecg.read(file.data))]
    said = made.format if made else "DICOM"
    write.save(EcgCheck(**whose, sha256=sha256, source=source, format=said, findings=found))


def keep_ecg(file: Attachment, by: Staff, reason: str) -> EcgCheck:
    """Say why a recording stays although something was found in it. Raises `NotAllowed`, `Refusal` without a reason."""
    visit = file.visit_here()
    require(by, "attachment.add", visit)
    why = tidy(reason, 200)
    if not why:
        raise Refusal(Message(WHY_KEPT))
    before = EcgCheck.objects.filter(sha256=file.sha256, person_id=file.person_id, status=FactStatus.FINAL)
    last = before.order_by("-at", "-id").first()
    with writing(by, "ecg.keep") as write:
        if last is not None:
            last.status = FactStatus.AMENDED
            write.save(last)
        kept = {"format": last.format, "source": last.source, "findings": last.findings} if last else {}
        return write.save(
            EcgCheck(
                person_id=file.person_id,
                visit_id=file.visit_id,
                author=by,
                sha256=file.sha256,
                reason=why,
                replaces=last.pk if last else None,
                **kept,
            )
        )


def read_file(data: bytes, name: str, beside: Mapping[str, bytes] | None = None, *, speech: bool = False) -> File:
    """What is kept of a file, and its preview; `speech` as `add_attachment` takes it. Raises `Refused`."""
    recording = ecg_import.converted(data, name, beside)
    if recording is not None:
        return File("ecg", "application/dicom", recording.dicom, made_of=recording)
    kind = kind_of(data, name)
    if kind in (Kind.JPEG, Kind.PNG):
        made = apart.photo_of(data)
        return File("photo", "image/jpeg", made.master, made.preview, made.width, made.height, quality=made.quality)
    if kind is Kind.DICOM_ECG:
        ecg.read(data)
        return File("ecg", "application/dicom", data)
    if kind is Kind.DICOM_IMAGE:
        shown = glance(data)
        return File("dicom", "application/dicom", data, shown.preview, shown.width, shown.height)
    if kind in (Kind.FLAC, Kind.WAV):
        return _sound(data, kind, speech)
    if kind is Kind.PDF:
        return File("document", "application/pdf", data)
    if kind is Kind.DICOM_PDF:
        return File("document", "application/dicom", data)
    try:
        shown = glance(data)
    except Refused:
        return File("dicom", "application/dicom", data)
    return File("dicom", "application/dicom", data, shown.preview, shown.width, shown.height)


def _sound(data: bytes, kind: Kind, speech: bool) -> File:
    """A recording of the body as `listening.keep_sound` keeps it; a voice as it was spoken."""
    if speech:
        return File("audio", f"audio/{kind.value}", data)
    made = apart.sound_of(data)
    return File("audio", "audio/flac", made.flac, quality=made.quality)
