"""What people do with images: mark the frame that matters."""

from __future__ import annotations

from qafila.clinic.imaging.models import ImagingInstance, KeyImage
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may

NO_FRAME = N_("This image has no frame of that number.")
RIGHTS = ("consult.write", "case.answer")
"""Whoever holds one of them for the person may mark."""


def mark(instance: ImagingInstance, frame: int, note: str, by: Staff) -> KeyImage:
    """Mark a frame as a key image, with a note; the same author's earlier mark of it is replaced.

    Raises `NotAllowed`, `Refusal`.
    """
    _require(instance, by)
    if not 1 <= frame <= instance.frames:
        raise Refusal(Message(NO_FRAME))
    words = tidy(note, 300)
    with writing(by, "image.mark") as write:
        for earlier in KeyImage.objects.filter(instance_id=instance.pk, frame=frame, author=by, withdrawn=False):
            if earlier.note == words:
                return earlier
            earlier.withdrawn = True
            write.save(earlier)
        return write.save(
            KeyImage(
                person_id=instance.person_id,
                instance_id=instance.pk,
                attachment_id=instance.attachment_id,
                frame=frame,
                note=words,
                author=by,
                at=clock.now(),
            )
        )


def unmark(key: KeyImage, by: Staff) -> None:
    """Take one's own mark back. Raises `NotAllowed`."""
    if key.author_id != by.pk:
        raise NotAllowed("case.answer")
    with writing(by, "image.unmark") as write:
        row = KeyImage.objects.select_for_update().get(pk=key.pk)
        row.withdrawn = True
        write.save(row)


def _require(instance: ImagingInstance, by: Staff) -> None:
    about = instance.attachment
    if about is None or not any(may(by, right, _visit_or(about)) for right in RIGHTS):
        raise NotAllowed("case.answer")


def _visit_or(about: object) -> object:
    """A unit's crew is asked by the visit's unit, a specialist by the patient."""
    visit = about.visit_here()  # type: ignore[attr-defined]
    return visit if visit is not None else about
