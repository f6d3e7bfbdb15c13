"""Marks on a picture: arrows, circles and words that stand beside the pixels, each with its author."""

from __future__ import annotations

from qafila.clinic.imaging.models import Mark
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

MOST = 40
"""Marks on one picture."""
WHICH = N_("Choose arrow, circle or text.")
OUTSIDE = N_("The mark lies outside of the picture.")
NO_TEXT = N_("Write what the mark says.")
TOO_MANY = N_("A picture takes at most %(most)s marks.")
NOT_YOURS = N_("Only who made a mark takes it away.")


def marks_of(attachment: Attachment) -> list[Mark]:
    """The marks that hold, oldest first."""
    return list(Mark.objects.filter(attachment_id=attachment.pk, status=FactStatus.FINAL).order_by("at", "id"))


def mark(
    attachment: Attachment, by: Staff, shape: str, start: tuple[int, int], end: tuple[int, int], text: str = ""
) -> Mark:
    """Put a mark on a picture; places in thousandths of its width and height. Raises `NotAllowed`, `Refusal`."""
    require(by, "attachment.add", attachment)
    if shape not in Mark.Shape.values:
        raise Refusal(Message(WHICH))
    if not all(0 <= one <= 1000 for one in (*start, *end)):
        raise Refusal(Message(OUTSIDE))
    words = tidy(text, 120)
    if shape == Mark.Shape.TEXT and not words:
        raise Refusal(Message(NO_TEXT))
    if len(marks_of(attachment)) >= MOST:
        raise Refusal(Message(TOO_MANY, most=MOST))
    with writing(by, "mark.put") as write:
        return write.save(
            Mark(
                person_id=attachment.person_id,
                visit_id=attachment.visit_id,
                attachment_id=attachment.pk,
                author=by,
                at=clock.now(),
                shape=shape,
                x=start[0],
                y=start[1],
                to_x=end[0],
                to_y=end[1],
                text=words,
            )
        )


def take_away(one: Mark, by: Staff) -> Mark:
    """Take back one's own mark: it stays in the history. Raises `NotAllowed`, `Refusal`."""
    require(by, "attachment.add", Attachment.objects.filter(pk=one.attachment_id).first())
    if one.author_id != by.pk:
        raise Refusal(Message(NOT_YOURS))
    with writing(by, "mark.take_away") as write:
        row = Mark._base_manager.select_for_update().get(pk=one.pk)
        if row.status == FactStatus.FINAL:
            row.status = FactStatus.ERROR
            row.error_reason = "taken away"
            write.save(row)
        return row
