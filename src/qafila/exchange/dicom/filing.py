"""Files what has arrived: into the record that it belongs to, or into the list that a person goes through."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from qafila.clinic.imaging.models import ImagingInstance
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import ECG_CLASSES
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.facts import LANES, File, read_file
from qafila.clinic.visits.models import Attachment, FactStatus, Visit
from qafila.exchange.dicom.matching import OTHER_CONTENT, match
from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.peers import wake
from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

GROUP = 20
"""Objects of one transaction: nobody who sends waits for more."""
NOTHING = N_("Nothing of this study waits any more.")
MOVED_ON = N_("The series was moved to another record: say whose this one is.")


def settle(limit: int = GROUP) -> bool:
    """File the next of what has arrived; whether there was any."""
    rows = list(Arrived.objects.filter(state=Arrived.State.NEW).order_by("id")[:limit])
    if not rows:
        return False
    first = rows[0]
    group = [row for row in rows if (row.series_uid, row.visit) == (first.series_uid, first.visit)]
    if first.visit is not None:
        visit, reason = Visit.objects.filter(pk=first.visit).first(), NOTHING
    else:
        visit, reason = _where(first)
    if visit is None:
        _set_aside(group, reason)
    else:
        _file(group, visit.person_id, visit.pk, Staff.objects.filter(pk=first.said_by).first())
    return True


def waiting(study: str) -> QuerySet[Arrived]:
    """The objects of a study whose owner a person has to name."""
    return Arrived.objects.filter(study_uid=study, state=Arrived.State.UNMATCHED)


def any_waiting() -> bool:
    """Whether any object waits for a person to say whose it is."""
    return Arrived.objects.filter(state=Arrived.State.UNMATCHED).exists()


def give(study: str, visit: Visit, by: Staff) -> int:
    """A person says whose a study is: all of it that waits goes into that visit next. How many objects it was.

    Raises `NotAllowed`, `Refusal` where nothing waits.
    """
    require(by, "image.match", visit)
    count = waiting(study).update(state=Arrived.State.NEW, visit=visit.pk, said_by=by.pk, reason="")
    if not count:
        raise Refusal(Message(NOTHING))
    wake()
    return count


def _where(row: Arrived) -> tuple[Visit | None, str]:
    """The visit, or why a person has to say."""
    same = ImagingInstance.objects.filter(sop_uid=row.sop_uid).exclude(sha256=row.sha256)
    if same.exists():
        return None, OTHER_CONTENT
    found = match(row)
    if found.visit is not None:
        earlier = Attachment.objects.filter(
            pk__in=ImagingInstance.objects.filter(series_uid=row.series_uid).values("attachment")
        )
        if earlier.exists() and not earlier.filter(person_id__in=one_with(found.visit.person_id)).exclude(
            status=FactStatus.ERROR
        ):
            return None, MOVED_ON
    return found.visit, found.reason


def _set_aside(rows: Sequence[Arrived], reason: str) -> None:
    numbers = [row.pk for row in rows]
    Arrived.objects.filter(pk__in=numbers).update(state=Arrived.State.UNMATCHED, reason=reason)


def _file(rows: Sequence[Arrived], person: UUID, visit: UUID | None, by: Staff | None) -> None:
    """Bytes into the blob store, then the record and the rows here in one transaction."""
    stored = {row.pk: blobs.put(_bytes(row), "application/dicom", person, _lane(row)) for row in rows}
    whole = _attachment_of(rows[0].series_uid, person)
    file = None if whole is not None else _look(rows[0])
    preview = blobs.put(file.preview, "image/jpeg", person, Lane.PREVIEW) if file and file.preview else None
    with transaction.atomic(using=here().database), writing(by, "image.file") as write:
        if whole is None:
            assert file is not None
            first = stored[rows[0].pk]
            whole = write.save(
                Attachment(
                    person_id=person,
                    visit_id=visit,
                    author=by,
                    at=rows[0].at,
                    kind_of_file=file.kind,
                    title=_title(rows[0]),
                    view="ecg12" if rows[0].sop_class in ECG_CLASSES and file.kind == "ecg" else "",
                    media="application/dicom",
                    sha256=first.sha256,
                    size=first.size,
                    preview=preview.sha256 if preview else "",
                    width=file.width,
                    height=file.height,
                )
            )
        held = set(ImagingInstance.objects.filter(attachment_id=whole.pk).values_list("sha256", flat=True))
        fresh = [_instance(row, whole, person) for row in rows if row.sha256 not in held]
        write.save_many(fresh, [None] * len(fresh))
        made = {one.sha256: one.pk for one in fresh}
        for row in rows:
            # Nothing of the patient stays in the row of a filed object: it only says that the object is safe.
            Arrived.objects.filter(pk=row.pk).update(
                state=Arrived.State.FILED, data=None, reason="", instance=made.get(row.sha256), accession="",
                patient_id="", patient_name="", sex="", birth=None, description="",
            )  # fmt: skip


def _bytes(row: Arrived) -> bytes:
    if row.data is None:
        return blobs.read(row.sha256)
    return bytes(row.data)


def _lane(row: Arrived) -> int:
    return LANES["ecg"] if row.sop_class in ECG_CLASSES else Lane.BULK


def _look(row: Arrived) -> File:
    """What the first object of a series is, with its preview where it can be drawn."""
    data = _bytes(row)
    with suppress(Refused):
        return read_file(data, "")
    return File("dicom", "application/dicom", data)


def _title(row: Arrived) -> str:
    return " · ".join(part for part in (row.modality, row.description) if part)


def _attachment_of(series: str, person: UUID) -> Attachment | None:
    """The series as this person's record lists it already."""
    known = ImagingInstance.objects.filter(series_uid=series, person_id=person).values("attachment")
    return Attachment.objects.filter(pk__in=known).exclude(status=FactStatus.ERROR).first()


def _instance(row: Arrived, whole: Attachment, person: UUID) -> ImagingInstance:
    same = ("study_uid", "series_uid", "sop_uid", "sop_class", "syntax", "modality", "study_day", "number", "frames",
            "rows", "columns", "sha256", "size")  # fmt: skip
    return ImagingInstance(**{name: getattr(row, name) for name in same}, person_id=person, attachment_id=whole.pk)
