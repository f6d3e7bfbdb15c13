"""WADO-RS: frames as they are stored, for viewers that decode them on the reader's machine (PS3.18 section 10.4)."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from qafila.clinic.imaging import frames
from qafila.clinic.imaging.dataset import DEFLATED
from qafila.clinic.imaging.refused import Refused
from qafila.exchange.dicom import queries
from qafila.journal import blobs
from qafila.web.access import needs
from qafila.web.dicomweb import wado

MOST = 50
"""Frames of one answer."""
OCTETS, JLS = "application/octet-stream", "image/jls"
JPEG_LS = "1.2.840.10008.1.2.4.80"
EXPLICIT = "1.2.840.10008.1.2.1"


@require_GET
@needs(*queries.RIGHTS)
def pixels(request: Any, study: str, series: str, instance: str, numbers: str) -> HttpResponse:
    """The frames `1,2,…`, each a part in the object's own transfer syntax; what was deflated is inflated.

    Whoever accepts JPEG-LS gets a frame that is stored plain in that, where it is lossless: each part says what it is.
    """
    wanted = numbers.split(",")
    if len(wanted) > MOST or not all(one.isdecimal() and len(one) < 8 for one in wanted):
        return JsonResponse({"error": f"up to {MOST} numbers of frames with commas between"}, status=400)
    row = wado.found(request, study, series, instance)[0]
    accepted = request.headers.get("Accept", "*/*")
    if not any(one in accepted for one in (OCTETS, JLS, "*/*")):
        return JsonResponse({"error": "frames are given as octets in their own transfer syntax"}, status=406)
    if not blobs.have(row.sha256):
        raise Http404
    try:
        found = frames.opened(blobs.read(row.sha256))
        small = JPEG_LS in accepted or JLS in accepted
        packed = [frames.packed(found, int(one)) if small else None for one in wanted]
        plain = [b"" if made else frames.pixels(found, int(one)) for made, one in zip(packed, wanted, strict=True)]
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=406)
    syntax = EXPLICIT if row.syntax.encode() == DEFLATED else row.syntax
    boundary = secrets.token_hex(16)
    body = b"".join(_part(boundary, made, JLS, JPEG_LS) if made else _part(boundary, data, OCTETS, syntax)
                    for made, data in zip(packed, plain, strict=True))  # fmt: skip
    kind = JLS if all(packed) else OCTETS
    body += f"--{boundary}--\r\n".encode()
    return HttpResponse(body, content_type=f'multipart/related; type="{kind}"; boundary={boundary}')


def _part(boundary: str, data: bytes, kind: str, syntax: str) -> bytes:
    return f"--{boundary}\r\nContent-Type: {kind}; transfer-syntax={syntax}\r\n\r\n".encode() + data + b"\r\n"
