"""Originals of photographs: asked for at the hub, sent by the unit that has them, dropped when nobody asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from qafila.clinic.imaging.models import OriginalAsked
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Blob, Lane
from qafila.journal.signals import ingested
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs.profile import Profile
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

KEPT = timedelta(days=60)
"""For so long the unit keeps an original that nobody asks for: two rounds, and the time to be answered in."""
NONE = N_("The unit has kept no other picture than this one.")
log = logging.getLogger("qafila.imaging")


def ask(attachment: Attachment, by: Staff) -> OriginalAsked:
    """Ask the unit for the picture as its camera gave it; asked twice counts once.

    Raises `NotAllowed`, `Refusal` where there is none.
    """
    require(by, "attachment.add", attachment)
    if not attachment.original:
        raise Refusal(Message(NONE))
    with writing(by, "original.ask") as write:
        before = OriginalAsked.objects.filter(attachment_id=attachment.pk, status=FactStatus.FINAL).first()
        asked = before or write.save(
            OriginalAsked(
                person_id=attachment.person_id,
                visit_id=attachment.visit_id,
                attachment_id=attachment.pk,
                author=by,
                at=clock.now(),
            )
        )
    # On the unit itself there is nobody to wait for.
    send([asked.pk])
    return asked


def asked(attachment: Attachment) -> bool:
    """Whether its original has been asked for."""
    return OriginalAsked.objects.filter(attachment_id=attachment.pk, status=FactStatus.FINAL).exists()


def came(attachment: Attachment) -> Attachment | None:
    """The original, as a file of its own."""
    return Attachment.objects.filter(made_from=attachment.pk, status=FactStatus.FINAL).first()


def send(wishes: Iterable[UUID]) -> int:
    """Let go of the originals that these rows ask for, as far as this node has kept them; how many."""
    count = 0
    for wish in OriginalAsked.objects.filter(pk__in=list(wishes), status=FactStatus.FINAL):
        taken = Attachment.objects.filter(pk=wish.attachment_id, status=FactStatus.FINAL).first()
        blob = Blob.objects.filter(sha256=taken.original, complete=True).first() if taken else None
        if taken is None or blob is None or came(taken) is not None:
            continue
        with writing(None, "original.send") as write:
            blobs.release(blob.sha256)
            write.save(
                Attachment(
                    person_id=taken.person_id,
                    visit_id=taken.visit_id,
                    case_id=taken.case_id,
                    author_id=taken.author_id,
                    at=taken.at,
                    kind_of_file="photo",
                    title=taken.title,
                    view=taken.view,
                    site=taken.site,
                    media=blob.media,
                    sha256=blob.sha256,
                    size=blob.size,
                    preview=taken.preview,
                    quality=taken.quality,
                    made_from=taken.pk,
                    label=taken.label,
                ),
                lane=Lane.BULK,
            )
        count += 1
    return count


def drop_old() -> int:
    """Take away the originals that nobody asked for in time; how many. The photographs themselves stay."""
    names = Blob.objects.filter(stays=True, complete=True, added__lt=clock.now() - KEPT).values_list(
        "sha256", flat=True
    )
    count = 0
    for name in list(names):
        blobs.drop(name)
        count += 1
    return count


def connect(profile: Profile) -> None:
    """Send what is asked for as soon as the wish arrives, on a node that takes pictures."""
    if profile.sees_patients:
        ingested.connect(_wished, dispatch_uid="clinic.imaging.originals")


def disconnect() -> None:
    """Undo `connect`."""
    ingested.disconnect(dispatch_uid="clinic.imaging.originals")


def _wished(sender: Any, headers: list[Any], **_: Any) -> None:
    kind = OriginalAsked.kind()
    wishes = {h.subject_id for h in headers if h.kind == kind}
    if not wishes:
        return
    try:
        with transaction.atomic(using=here().database):
            send(wishes)
    except Exception as error:  # noqa: BLE001 - whatever it is, the records stay
        log.error("after records came in: %s", type(error).__name__)
