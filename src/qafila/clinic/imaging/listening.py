"""Keeping a recording of heart, lungs or neck with its site."""

from __future__ import annotations

from uuid import UUID

from qafila.clinic.imaging import apart, refused
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

NO_SITE = N_("Mark on the chest where the sound was recorded.")


def keep_sound(
    visit: Visit, by: Staff, data: bytes, site: str, *, view: str = "", case_id: UUID | None = None
) -> Attachment:
    """Keep a WAV or FLAC as a recording of a site of packs/body.toml, as FLAC at 4 kHz.

    `view`: code of the pack's view that it serves. Raises `NotAllowed`, `Refused`, `Refusal`.
    """
    require(by, "attachment.add", visit)
    require_valid(visit.status)
    if load.body().site_of(site) is None:
        raise Refusal(Message(NO_SITE))
    if kind_of(data) not in (Kind.WAV, Kind.FLAC):
        raise Refused(refused.BROKEN_SOUND)
    made = apart.sound_of(data)
    with writing(by, "sound.keep") as write:
        whole = blobs.put(made.flac, "audio/flac", visit.person_id, Lane.PREVIEW)
        return write.save(
            Attachment(
                person_id=visit.person_id,
                visit_id=visit.pk,
                case_id=case_id,
                author=by,
                at=clock.now(),
                kind_of_file="audio",
                view=view[:30],
                media="audio/flac",
                sha256=whole.sha256,
                size=len(made.flac),
                site=site,
                quality={"seconds": round(made.seconds, 1), "channels": made.channels, "doubts": list(made.doubts)},
            )
        )
