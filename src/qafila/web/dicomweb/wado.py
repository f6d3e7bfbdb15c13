"""WADO-RS: objects as they came, what they say of themselves, and drawn (PS3.18 section 10.4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from qafila.clinic.access import door
from qafila.clinic.imaging import frames
from qafila.clinic.imaging.models import ImagingInstance
from qafila.clinic.imaging.refused import Refused
from qafila.exchange.dicom import queries
from qafila.journal import blobs
from qafila.web.access import needs
from qafila.web.dicomweb.qido import answer
from qafila.web.records.files import POLICY

MOST = 5000
LONGEST = 64 * 1024
"""Bytes of a value that metadata hold; a longer one is named without its value."""
ANY = ("", "*/*", "multipart/*", "multipart/related")
PIXELS = ("7FE00008", "7FE00009", "7FE00010")


@require_GET
@needs(*queries.RIGHTS)
def objects(request: Any, study: str, series: str = "", instance: str = "") -> Any:
    """The objects of a study, a series, or one, byte for byte as they were taken in."""
    rows = found(request, study, series, instance)
    if not _accepts(request, rows):
        return JsonResponse(
            {"error": "objects are given as they were stored, in their own transfer syntax"}, status=406
        )
    here = blobs.whole({row.sha256 for row in rows})
    given = [row for row in rows if row.sha256 in here]
    if not given:
        raise Http404
    boundary = secrets.token_hex(16)
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    response = StreamingHttpResponse(_parts(given, boundary), content_type=kind)
    response.status_code = 200 if len(given) == len(rows) else 206
    response["Cache-Control"] = "no-store"
    return response


def found(request: Any, study: str, series: str = "", instance: str = "") -> list[ImagingInstance]:
    """The rows, for somebody who may see them; the look is logged. Raises `Http404`."""
    keys = {"study_uid": study, "series_uid": series, "sop_uid": instance}
    rows = queries.visible(request.staff).filter(**{key: uid for key, uid in keys.items() if uid})
    some = list(rows.order_by("series_uid", "number", "sop_uid")[:MOST])
    if not some:
        raise Http404
    door.listed(request.staff, {row.person_id for row in some}, "dicomweb.object")
    return some


def _accepts(request: Any, rows: list[ImagingInstance]) -> bool:
    """Whether the caller takes objects as they are."""
    offers = [part.strip() for part in request.headers.get("Accept", "").split(",")]
    syntaxes = {row.syntax for row in rows}
    for offer in offers:
        kind, *more = [part.strip() for part in offer.split(";")]
        said = dict(part.split("=", 1) for part in more if "=" in part)
        inner, syntax = said.get("type", "").strip('"'), said.get("transfer-syntax", "*").strip('"')
        if kind in ("application/dicom", *ANY) and inner in ("", "application/dicom") and (
            syntax == "*" or syntaxes <= {syntax}
        ):  # fmt: skip
            return True
    return False


def _parts(rows: list[ImagingInstance], boundary: str) -> Iterator[bytes]:
    for row in rows:
        head = f"--{boundary}\r\nContent-Type: application/dicom; transfer-syntax={row.syntax}\r\n"
        yield f"{head}Content-Length: {row.size}\r\n\r\n".encode()
        yield from blobs.stream(row.sha256)
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


@require_GET
@needs(*queries.RIGHTS)
def metadata(request: Any, study: str, series: str = "", instance: str = "") -> JsonResponse:
    """What objects say of themselves, without their pixels, as DICOM JSON."""
    rows = found(request, study, series, instance)
    here = blobs.whole({row.sha256 for row in rows})
    said = [_said(row) for row in rows if row.sha256 in here]
    return answer(said, 200 if len(said) == len(rows) else 206)


def _said(row: ImagingInstance) -> dict[str, Any]:
    from pydicom import dcmread

    found = dcmread(BytesIO(blobs.read(row.sha256)), stop_before_pixels=True)
    try:
        said: dict[str, Any] = found.to_json_dict(
            bulk_data_threshold=LONGEST, bulk_data_element_handler=lambda element: "", suppress_invalid_tags=True
        )
    except Exception:  # noqa: BLE001 - a damaged element: what is known of the object in any case
        said = {
            "00080018": {"vr": "UI", "Value": [row.sop_uid]},
            "0020000D": {"vr": "UI", "Value": [row.study_uid]},
            "0020000E": {"vr": "UI", "Value": [row.series_uid]},
            "00080016": {"vr": "UI", "Value": [row.sop_class]},
        }
    return {tag: value for tag, value in said.items() if tag not in PIXELS and value.get("BulkDataURI") != ""}


@require_GET
@needs(*queries.RIGHTS)
def rendered(request: Any, study: str, series: str, instance: str, frame: int = 0) -> HttpResponse:
    """A frame as a JPEG; `window=centre,width,linear` and `viewport=width,height` as PS3.18 section 8.3.5 has them."""
    row = found(request, study, series, instance)[0]
    if not blobs.have(row.sha256):
        raise Http404
    try:
        window, side = _window(request.GET.get("window", "")), _side(request.GET.get("viewport", ""))
        drawn = frames.rendered(frames.opened(blobs.read(row.sha256)), frame or row.frames // 2 + 1, window, side)
    except ValueError:
        return JsonResponse({"error": "window and viewport are numbers with commas between"}, status=400)
    except Refused as refused:
        return JsonResponse({"error": str(refused)}, status=406)
    response = HttpResponse(drawn, content_type="image/jpeg")
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response


def _window(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    centre, width, *_ = [float(part) for part in text.split(",")[:2]]
    if width <= 0 or abs(centre) > 1e9 or width > 1e9:
        raise ValueError(text)
    return centre, width


def _side(text: str) -> int:
    if not text:
        return 0
    width, height, *_ = [int(part) for part in text.split(",")[:2]]
    if not 0 < min(width, height) <= max(width, height) <= 10_000:
        raise ValueError(text)
    return min(width, height)
