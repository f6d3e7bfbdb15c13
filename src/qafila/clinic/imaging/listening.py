"""Keeping a recording of heart, lungs or neck with its site."""

from __future__ import annotations

from uuid import UUID

from qafila.clinic.imaging import apart, refused
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.facts import File, keep
from qafila.clinic.visits.models import Attachment, Visit
from qafila.clinic.visits.transitions import require_valid
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
        file = File("audio", "audio/flac", made.flac, quality=made.quality)
        return keep(write, file, visit.person_id, visit, by, at=clock.now(), case_id=case_id, view=view[:30], site=site)
