"""STOW-RS: objects come in by HTTP (PS3.18 section 10.5), through the same door as those of a device."""

from __future__ import annotations

import re
import threading
from typing import Any

from django.db import transaction
from django.http import JsonResponse
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.imaging.dataset import DICOM_BYTES
from qafila.exchange.dicom import queries
from qafila.exchange.dicom.arriving import arrived
from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.peers import wake
from qafila.exchange.dicom.reading import OUT_OF_RESOURCES, WRONG_CLASS, NotKept
from qafila.journal.here import here
from qafila.web.access import needs
from qafila.web.dicomweb import qido, wado
from qafila.web.dicomweb.qido import JSON, element

MOST_BYTES = DICOM_BYTES + 1024 * 1024
"""Of one request: an object of the largest size, or many small ones."""
MOST_PARTS = 500
_ONE = threading.BoundedSemaphore(1)
"""One request at a time in a process: what a request holds lies in its memory."""
BOUNDARY = re.compile(r'boundary="?([^";]{1,70})"?')


@require_http_methods(["GET", "POST"])
@needs(*queries.RIGHTS, "image.match")
def studies(request: Any) -> Any:
    """GET searches, POST stores."""
    return _store(request) if request.method == "POST" else _search(request)


@require_http_methods(["GET", "POST"])
@needs(*queries.RIGHTS, "image.match")
def study(request: Any, study: str) -> Any:
    """GET gives the objects of a study, POST stores more of them."""
    return _store(request, study) if request.method == "POST" else wado.objects(request, study)


@needs(*queries.RIGHTS)
@require_GET
def _search(request: Any) -> Any:
    return qido.search_studies(request)


@needs("image.match")
def _store(request: Any, study: str = "") -> JsonResponse:
    kind = request.headers.get("Content-Type", "")
    mark = BOUNDARY.search(kind)
    if not kind.startswith("multipart/related") or "application/dicom" not in kind or mark is None:
        return JsonResponse({"error": "multipart/related with parts of application/dicom is taken"}, status=415)
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        return _too_large()
    if not _ONE.acquire(blocking=False):
        return JsonResponse({"error": "busy: ask again"}, status=503, headers={"Retry-After": "2"})
    try:
        return _taken(request, study, mark[1].encode())
    finally:
        _ONE.release()


def _taken(request: Any, study: str, boundary: bytes) -> JsonResponse:
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return _too_large()
    files = parts(body, boundary)
    if not files or len(files) > MOST_PARTS:
        return JsonResponse({"error": "no parts, or more than one request may hold"}, status=400)
    kept, failed = _kept(files, study)
    answer = {
        "00081190": element("UR", request.build_absolute_uri(f"/dicomweb/studies/{study}" if study else "/dicomweb"))
    }
    if kept:
        answer["00081199"] = {"vr": "SQ", "Value": [_safe(request, row) for row in kept]}
    if failed:
        answer["00081198"] = {"vr": "SQ", "Value": [{"00081197": element("US", reason)} for reason in failed]}
    status = 409 if not kept else 202 if failed else 200
    return JsonResponse(answer, status=status, content_type=JSON)


def _kept(files: list[bytes], study: str) -> tuple[list[Arrived], list[int]]:
    """The rows that are on the disk, and the standard's reasons of those that were refused."""
    rows, failed = [], []
    for file in files:
        try:
            row = arrived(file, "STOW-RS")
            if study and row.study_uid != study:
                raise NotKept(WRONG_CLASS, "of another study")
            rows.append(row)
        except NotKept as error:
            failed.append(error.status)
    try:
        node = here()
        if node.before_writing is not None:
            node.before_writing()
        with transaction.atomic(using=node.database):
            Arrived.objects.bulk_create(rows, ignore_conflicts=True, batch_size=50)
    except Exception:  # noqa: BLE001 - whatever it was, the sender has to hear that nothing was kept
        return [], [*failed, *[OUT_OF_RESOURCES] * len(rows)]
    if rows:
        wake()
    return rows, failed


def _safe(request: Any, row: Arrived) -> dict[str, Any]:
    path = f"/dicomweb/studies/{row.study_uid}/series/{row.series_uid}/instances/{row.sop_uid}"
    return {
        "00081150": element("UI", row.sop_class),
        "00081155": element("UI", row.sop_uid),
        "00081190": element("UR", request.build_absolute_uri(path)),
    }


def _too_large() -> JsonResponse:
    return JsonResponse({"error": f"a request holds {MOST_BYTES // 1024 // 1024} MB at most"}, status=413)


def parts(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts of application/dicom of a multipart body (RFC 2046 section 5.1); nothing for a damaged one."""
    found = []
    pieces = body.split(b"--" + boundary)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        return []
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap or b"application/dicom" not in head[:1000].lower() or not content.endswith(b"\r\n"):
            return []
        found.append(content[:-2])
    return found
