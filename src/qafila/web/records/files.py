"""The files of a record: the whole, its preview, an ECG on its paper, a DICOM picture at a glance.

What a file holds was made elsewhere: it is sent with a policy under which nothing in it can run.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET

from qafila.clinic.access import door
from qafila.clinic.imaging import apart, dicom, ecg
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff.rights import may
from qafila.web import entrance, errors
from qafila.web.access import needs
from qafila.web.headers import SEALED

POLICY = SEALED
SHOWN_INSIDE = frozenset({"image/jpeg", "image/png", "audio/flac", "audio/wav", "audio/x-wav"})
"""Kinds that a browser may show in place; all others are handed over as files."""
ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/dicom": "dcm",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
}
KINDS = frozenset({"ecg", "photo", "dicom", "audio", "document", "spirometry", "source"})


def found(request: Any, file_id: UUID) -> Attachment:
    """The file, for somebody who may see it; the look is logged. Raises `Http404`, `NotAllowed`."""
    file = Attachment.objects.filter(pk=file_id).first()
    if file is None:
        raise Http404
    require_may(request, file)
    entrance.read(request, file.person_id, "records.file").require(file)
    return file


def require_may(request: Any, file: Attachment) -> None:
    """Raises `Http404`, `NotAllowed` where the person may not see the file."""
    try:
        allowed = may(request.staff, "case.read", file) or may(request.staff, "visit.read", file)
    except ObjectDoesNotExist:
        raise Http404 from None
    if not allowed:
        raise NotAllowed("visit.read")
    if file.label:
        # Of a confidential file (a picture of an intimate site), its label decides, too.
        door.may_open(request.staff, file.person_id).require(file)


@require_GET
@needs("case.read", "visit.read")
def whole(request: Any, file_id: UUID) -> Any:
    """The file as it was taken."""
    file = found(request, file_id)
    if not blobs.have(file.sha256):
        return not_here(request)
    response = StreamingHttpResponse(blobs.stream(file.sha256))
    response["Content-Length"] = str(file.size)
    return sealed(response, file, file.media)


@require_GET
@needs("case.read", "visit.read")
def preview(request: Any, file_id: UUID) -> HttpResponse:
    """The small picture, which travels first."""
    file = found(request, file_id)
    if not file.preview or not blobs.have(file.preview):
        return not_here(request)
    return sealed(HttpResponse(blobs.read(file.preview)), file, "image/jpeg")


@require_GET
@needs("case.read", "visit.read")
def strip(request: Any, file_id: UUID) -> HttpResponse:
    """An ECG as an SVG in its true size: 25 mm/s and 10 mm/mV unless another is asked for."""
    speed, gain = scale_of(request)
    return _drawn(request, file_id, lambda name, tongue: ecg_strip(name, tongue, speed, gain), "image/svg+xml")


def scale_of(request: Any) -> tuple[float, float]:
    """Millimetres a second and a millivolt that were asked for."""
    return _among(request.GET.get("speed", ""), ecg.SPEEDS, ecg.SPEED), _among(
        request.GET.get("gain", ""), ecg.GAINS, ecg.GAIN
    )


def _among(text: str, known: tuple[float, ...], otherwise: float) -> float:
    return next((one for one in known if text == f"{one:g}"), otherwise)


@require_GET
@needs("case.read", "visit.read")
def glance(request: Any, file_id: UUID) -> HttpResponse:
    """A DICOM picture rendered for a page: not for diagnosis."""
    return _drawn(request, file_id, _glance, "image/jpeg")


@require_GET
@needs("case.read", "visit.read")
def sound_picture(request: Any, file_id: UUID) -> HttpResponse:
    """Waveform and spectrogram of a recording."""
    return _drawn(request, file_id, _sound, "image/svg+xml")


def _drawn(request: Any, file_id: UUID, draw: Any, media: str) -> HttpResponse:
    file = found(request, file_id)
    if not blobs.have(file.sha256):
        return not_here(request)
    try:
        drawn = draw(file.sha256, get_language() or "en")
    except Refused as refused:
        words = gettext(refused.reason) % refused.values
        return errors.page(request, 415, gettext("This file cannot be drawn"), words)
    return sealed(HttpResponse(drawn), file, media, drawn=True)


@lru_cache(maxsize=16)
def ecg_strip(sha256: str, language: str, speed: float = ecg.SPEED, gain: float = ecg.GAIN) -> bytes:
    """The paper, in the language that is switched on. Raises `Refused`, `blobs.Absent`."""
    words = {key: gettext(text) for key, text in ecg.WORDS.items()}
    return ecg.strip_svg(blobs.read(sha256), words, speed, gain).encode()


@lru_cache(maxsize=16)
def _sound(sha256: str, language: str) -> bytes:
    return apart.drawing_of(blobs.read(sha256), {"time": gettext("Time"), "frequency": gettext("Frequency")})


@lru_cache(maxsize=16)
def _glance(sha256: str, language: str) -> bytes:
    return dicom.glance(blobs.read(sha256)).preview


def not_here(request: Any) -> HttpResponse:
    """The bytes have not all come yet."""
    words = gettext("This file is still on its way. It appears here by itself when it has come.")
    return errors.page(request, 404, gettext("Not here yet"), words)


def sealed(response: Any, file: Attachment, media: str, *, drawn: bool = False) -> Any:
    """Nothing in the file can run, nothing of it stays in the browser, its name says nothing about anybody.

    What the record says of its kind came from another node, or from a sender: it is believed only as far as it is one
    of ours, and shown in place only where a browser can do nothing but draw it. `drawn`: this node drew it just now.
    """
    inside = media in SHOWN_INSIDE or drawn
    kind = file.kind_of_file if file.kind_of_file in KINDS else "file"
    response["Content-Type"] = media if media in ENDINGS else "application/octet-stream"
    name = f"{kind}-{file.pk.hex[-8:]}.{ENDINGS.get(media, 'bin')}"
    response["Content-Disposition"] = f'{"inline" if inside else "attachment"}; filename="{name}"'
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response
