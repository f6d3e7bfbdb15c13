"""Copies for teaching: only with the person's consent, without identity, after a person has looked at the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from qafila.clinic.history.consented import NOT_GIVEN, TEACHING, agreed
from qafila.clinic.imaging import anonymous, apart, dicom, refused
from qafila.clinic.imaging.anonymous import Box, Secret
from qafila.clinic.imaging.models import TeachingCopy, TeachingSource
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.imaging.sniff import open_photo
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal import blobs
from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

MOST_BOXES = 30
COPIED = ("photo", "dicom", "ecg", "audio")
NOT_THIS = N_("Files of this kind are not copied for teaching.")
NOT_LOOKED = N_("Look at the whole picture first, and say that nobody can be known by it.")
BAD_BOX = N_("A rectangle lies outside of the picture.")
NOT_HERE = N_("This file is still on its way.")


def make(attachment: Attachment, by: Staff, boxes: Sequence[Box], looked: bool, title: str = "") -> TeachingCopy:
    """Copy a file for teaching. `boxes`: what a person has covered; `looked`: they say that nobody can be known by it.

    A picture with a name or a face needs boxes; one without needs the word. Raises `NotAllowed`, `Refusal`, `Refused`.
    """
    require(by, "teaching.copy", attachment)
    for wrong, words in (
        (not agreed(attachment.person_id, TEACHING), NOT_GIVEN[TEACHING]),
        (attachment.kind_of_file not in COPIED or attachment.status != FactStatus.FINAL, NOT_THIS),
        (not looked, NOT_LOOKED),
        (len(boxes) > MOST_BOXES or not all(_inside(one) for one in boxes), BAD_BOX),
        (not blobs.have(attachment.sha256), NOT_HERE),
    ):
        if wrong:
            raise Refusal(Message(words))
    data, media, preview = _copied(attachment, boxes)
    with writing(by, "teaching.copy") as write:
        whole = blobs.put(data, media, stays=True)
        small = blobs.put(preview, "image/jpeg", stays=True) if preview else None
        copy = write.save(
            TeachingCopy(
                kind_of_file=attachment.kind_of_file,
                media=media,
                sha256=whole.sha256,
                size=len(data),
                preview=small.sha256 if small else "",
                title=tidy(title, 120),
                method=anonymous.METHOD if media == "application/dicom" else "metadata removed, looked at by a person",
                masked=len(boxes),
                author=by,
                at=clock.now(),
            )
        )
        TeachingSource.objects.create(copy=copy.pk, attachment=attachment.pk, person=attachment.person_id)
        return copy


def usable(copy: TeachingCopy) -> bool:
    """Whether it may be shown: not withdrawn, and the consent still stands as far as this node knows whose it is."""
    source = TeachingSource.objects.filter(copy=copy.pk).first()
    return not copy.withdrawn and (source is None or agreed(source.person, TEACHING))


def review() -> int:
    """Withdraw the copies of people who took their consent back; their files go. How many."""
    count = 0
    for copy in TeachingCopy.objects.filter(withdrawn=False):
        if usable(copy):
            continue
        with writing(None, "teaching.withdraw") as write:
            row = TeachingCopy._base_manager.select_for_update().get(pk=copy.pk)
            row.withdrawn = True
            write.save(row)
        for name in {copy.sha256, copy.preview} - {""}:
            if not Attachment.objects.filter(sha256=name).exists():
                blobs.drop(name)
        count += 1
    return count


def _inside(box: Box) -> bool:
    left, upper, right, lower = box
    return 0 <= left < right <= 1000 and 0 <= upper < lower <= 1000


def _copied(attachment: Attachment, boxes: Sequence[Box]) -> tuple[bytes, str, bytes]:
    """Bytes, media type and preview of the copy."""
    data = blobs.read(attachment.sha256)
    if attachment.media == "application/dicom":
        person = min(one.hex for one in one_with(attachment.person_id))
        made = anonymous.without_identity(data, _secret(), person, boxes)
        try:
            preview = dicom.glance(made).preview
        except Refused:
            preview = b""
        return made, attachment.media, preview
    if attachment.kind_of_file == "photo":
        painted = _painted(data, boxes)
        return painted, "image/jpeg", apart.photo_of(painted).preview
    if attachment.media == "audio/flac":
        return data, attachment.media, b""
    raise Refused(refused.NO_COPY)


def _painted(data: bytes, boxes: Sequence[Box]) -> bytes:
    """The photograph with the boxes painted over; nothing of what was under them is left in the file."""
    from PIL import ImageDraw

    made = apart.photo_of(data)
    picture = open_photo(made.master).convert("RGB")
    pen = ImageDraw.Draw(picture)
    for left, upper, right, lower in boxes:
        edges = (left * picture.width // 1000, upper * picture.height // 1000)
        pen.rectangle((*edges, -(-right * picture.width // 1000), -(-lower * picture.height // 1000)), fill="black")
    out = BytesIO()
    picture.save(out, "JPEG", quality=92, progressive=True)
    return out.getvalue()


def _secret() -> Secret:
    """Of this node, from the key of its database."""
    directory = here().directory
    if directory is None:
        raise RuntimeError("this node has no directory to keep a key in")
    own = bytes.fromhex(blobs.secret_of_files())
    return Secret(HKDF(SHA256(), 32, b"", b"qafila teaching copies 1").derive(own))
