"""Copies for teaching: covering what names or shows a person, and the copies that there are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.history.consented import TEACHING, agreed
from qafila.clinic.imaging import copies
from qafila.clinic.imaging.anonymous import Box, must_be_masked
from qafila.clinic.imaging.dataset import open_dicom
from qafila.clinic.imaging.models import TeachingCopy
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.registry.staff.rights import require
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.records.attachments import kind_words
from qafila.web.records.files import ENDINGS, POLICY, found
from qafila.web.records.whose import belongs
from qafila.web.staff_names import staff_names
from qafila.web.templatetags.qafila import told

MOST = 200


@require_http_methods(["GET", "POST"])
@needs("teaching.copy")
@once
def page(request: Any, file_id: UUID) -> HttpResponse:
    """The picture to be covered, and making the copy."""
    file = found(request, file_id)
    require(request.staff, "teaching.copy", file)
    if file.kind_of_file not in copies.COPIED:
        raise Http404
    if request.method == "GET":
        return _page(request, file)
    said = request.POST.get
    boxes = _boxes(said("boxes", ""))
    if boxes is None:
        return _page(request, file, 422, problem=gettext("A rectangle lies outside of the picture."))
    try:
        copies.make(file, request.staff, boxes, "looked" in request.POST, said("title", ""))
    except Refused as refused:
        return _page(request, file, 422, problem=gettext(refused.reason) % refused.values)
    except Refusal as refused:
        return _page(request, file, 422, problem=told(refused.message))
    messages.success(request, gettext("The copy is made. It names nobody."))
    return redirect("records:copies")


def _boxes(text: str) -> list[Box] | None:
    """`left,upper,right,lower` in thousandths, one a line; None for anything else."""
    found_: list[Box] = []
    for line in text[:2000].splitlines():
        if line.strip():
            try:
                left, upper, right, lower = (int(part) for part in line.split(","))
            except ValueError:
                return None
            found_.append((left, upper, right, lower))
    return found_


def _page(request: Any, file: Attachment, status: int = 200, **more: Any) -> HttpResponse:
    request.belongs = belongs(request, file)
    context = {
        "file": file,
        "kind": kind_words(file.kind_of_file),
        "agreed": agreed(file.person_id, TEACHING),
        "here": blobs.have(file.sha256),
        "pixels": file.kind_of_file in ("photo", "dicom"),
        "masked": _needs_boxes(file),
        "boxes": request.POST.get("boxes", ""),
        "typed": request.POST.get("title", ""),
        **more,
    }
    return render(request, "records/teaching.html", context, status=status)


def _needs_boxes(file: Attachment) -> bool:
    """Whether its kind never goes without a rectangle."""
    if file.media != "application/dicom" or not blobs.have(file.sha256):
        return False
    try:
        return must_be_masked(open_dicom(blobs.read(file.sha256)))
    except Refused:
        return False


@require_GET
@needs("teaching.copy")
def every(request: Any) -> HttpResponse:
    """The copies that may be used."""
    rows = [one for one in TeachingCopy.objects.filter(withdrawn=False).order_by("-at")[:MOST] if copies.usable(one)]
    names = staff_names(one.author_id for one in rows)
    shown = [(one, kind_words(one.kind_of_file), names.get(one.author_id, "")) for one in rows]
    return render(request, "records/copies.html", {"copies": shown})


@require_GET
@needs("teaching.copy")
def copy(request: Any, copy_id: UUID, part: str) -> HttpResponse:
    """The copy itself, or its small picture."""
    row = get_object_or_404(TeachingCopy, pk=copy_id)
    name = row.preview if part == "preview" else row.sha256
    if not copies.usable(row) or not name or not blobs.have(name):
        raise Http404
    media = "image/jpeg" if part == "preview" else row.media
    response = HttpResponse(blobs.read(name), content_type=media if media in ENDINGS else "application/octet-stream")
    inside = media in ("image/jpeg", "audio/flac")
    ending = ENDINGS.get(media, "bin")
    response["Content-Disposition"] = (
        f'{"inline" if inside else "attachment"}; filename="teaching-{row.pk.hex[-8:]}.{ending}"'
    )
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    return response
