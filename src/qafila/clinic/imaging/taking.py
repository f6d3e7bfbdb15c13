"""Keeping a photograph: checked, made small, marked with its place on the body; its original stays on the unit."""

from __future__ import annotations

from uuid import UUID

from qafila.clinic.history.consented import PICTURE, require_consent
from qafila.clinic.imaging import apart, bare, photo, refused
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import Kind, kind_of, open_photo
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.facts import File, keep
from qafila.clinic.visits.models import Attachment, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.models import Label, Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

NO_REGION = N_("There is no such region of the body.")
NO_REASON = N_("Say why the picture is kept as it is.")


class Doubted(Refusal):
    """The check doubts the picture, and nobody has said why it is kept: `photo` says what was found."""

    def __init__(self, made: photo.Photo) -> None:
        super().__init__(Message(NO_REASON))
        self.photo = made


def keep_photo(
    visit: Visit,
    by: Staff,
    data: bytes,
    *,
    view: str = "",
    site: str = "",
    kept: str = "",
    words: str = "",
    title: str = "",
    case_id: UUID | None = None,
) -> Attachment:
    """Keep a JPEG or PNG as a photograph of the visit.

    `view`: code of the pack's or the set's view; `site`: a region of packs/body.toml; `kept`, `words`: why a doubtful
    picture is kept, a code of `keep_reason` or own words. Raises `NotAllowed`, `Refused`, `Doubted`, `Refusal`.
    """
    require(by, "attachment.add", visit)
    require_valid(visit.status)
    require_consent(visit.person_id, PICTURE, visit.pk)
    body = load.body()
    region = body.region_of(site)
    if site and region is None:
        raise Refusal(Message(NO_REGION))
    if kind_of(data) not in (Kind.JPEG, Kind.PNG):
        raise Refused(refused.OTHER_PHOTO)
    made = apart.photo_of(data)
    why, own = kept if kept in {one.code for one in body.keep_reason} else "", tidy(words, 200)
    if made.doubts and not why and not own:
        raise Doubted(made)
    original = _original(data, made)
    quality = made.quality | ({"kept": why, "words": own} if made.doubts else {})
    with writing(by, "photo.keep") as write:
        whole = blobs.put(original[0], original[1], visit.person_id, Lane.BULK, stays=True) if original else None
        return keep(
            write,
            File("photo", "image/jpeg", made.master, made.preview, made.width, made.height, quality=quality),
            visit.person_id,
            visit,
            by,
            at=clock.now(),
            case_id=case_id,
            title=tidy(title, 120),
            view=view[:30],
            site=site,
            original=whole.sha256 if whole else "",
            label=Label.RESTRICTED if region is not None and region.intimate else Label.NORMAL,
        )


def _original(data: bytes, made: photo.Photo) -> tuple[bytes, str] | None:
    """What the camera gave without its metadata, and its kind; None where the master holds as much, or nobody could
    ask for it: a node that answers to no hub keeps none."""
    if not here().confirmed_by_hub:
        return None
    picture = open_photo(data)
    if picture.width * picture.height <= made.width * made.height * 1.05 and len(data) <= len(made.master) * 1.5:
        return None
    turned = picture.getexif().get(0x0112, 1)
    stripped = bare.bare(data, turned if isinstance(turned, int) else 1)
    return stripped, "image/png" if picture.format == "PNG" else "image/jpeg"
