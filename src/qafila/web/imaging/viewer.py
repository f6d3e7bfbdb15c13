"""The viewer: a series as its device made it, frame by frame, on the reader's own screen. Not for diagnosis on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.imaging import acts, frames
from qafila.clinic.imaging.models import ImagingInstance, KeyImage
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal import blobs
from qafila.registry.people.models import Person
from qafila.registry.people.queries import names_of_one
from qafila.sync.files import want
from qafila.web.access import needs
from qafila.web.imaging import more
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception.words import name_words
from qafila.web.records import files
from qafila.web.records.whose import belongs
from qafila.web.records.words import names as names_of_staff

READS = ("case.read", "visit.read")
MOST = 5000
KEPT_OPEN = 20_000_000
"""Bytes of a file that stays opened while its frames are looked through."""


@require_GET
@needs(*READS)
def page(request: Any, file_id: UUID) -> HttpResponse:
    """A series with the others of its study beside it."""
    file = files.found(request, file_id)
    if file.kind_of_file != "dicom":
        raise Http404
    request.belongs = belongs(request, file)
    rows = _instances(file)
    person = Person.objects.filter(pk=file.person_id).first()
    name, other = name_words(person, names_of_one(file.person_id))
    keys = list(KeyImage.objects.filter(attachment_id=file.pk, withdrawn=False).order_by("at"))
    who = names_of_staff({key.author_id for key in keys if key.author_id})
    here = blobs.whole({row.sha256 for row in rows} or {file.sha256})
    places = {(row.pk, n): i for i, (row, n) in enumerate((r, n) for r in rows for n in range(1, r.frames + 1))}
    context = {
        "file": file,
        "person": person,
        "name": name,
        "other": other,
        "title": file.title or gettext("DICOM image"),
        "series": _beside(file, rows),
        "total": len(rows) or 1,
        "here": len([r for r in rows if r.sha256 in here]) if rows else int(file.sha256 in here),
        "keys": [
            {"key": k, "by": who.get(k.author_id, ""), "mine": k.author_id == request.staff.pk,
             "place": places.get((k.instance_id, k.frame), 0)}
            for k in keys
        ],
        "marks": bool(rows),
        "more": rows[0].study_uid if rows and more.installed() else "",
    }  # fmt: skip
    return render(request, "imaging/viewer.html", context)


@require_GET
@needs(*READS)
def listing(request: Any, file_id: UUID) -> JsonResponse:
    """The frames of a series in their order, for the page's script."""
    file = _seen(request, file_id)
    rows = _instances(file)
    here = blobs.whole({row.sha256 for row in rows} or {file.sha256})
    if rows:
        found = [
            {"url": reverse("imaging:frame", args=[row.pk, n]), "instance": row.pk.hex, "frame": n,
             "here": row.sha256 in here}
            for row in rows for n in range(1, row.frames + 1)
        ]  # fmt: skip
    else:
        found = [{"url": reverse("imaging:frame", args=[file.pk, 1]), "instance": "", "frame": 1,
                  "here": file.sha256 in here}]  # fmt: skip
    response = JsonResponse({"frames": found})
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@needs(*READS)
def frame(request: Any, instance_id: UUID, number: int) -> HttpResponse:
    """One frame without loss; what its numbers mean stands in the header `X-Frame-Meaning`."""
    row = ImagingInstance.objects.filter(pk=instance_id).first()
    file = _seen(request, row.attachment_id if row is not None else instance_id)
    sha256, size = (row.sha256, row.size) if row is not None else (file.sha256, file.size)
    if not blobs.have(sha256):
        return JsonResponse({"error": gettext("still on its way")}, status=404)
    try:
        found = _open(sha256) if size <= KEPT_OPEN else frames.opened(blobs.read(sha256))
        drawn = frames.frame_of(found, number)
    except Refused as refused:
        return JsonResponse({"error": gettext(refused.reason) % refused.values}, status=415)
    response = HttpResponse(drawn.png, content_type="image/png")
    response["X-Frame-Meaning"] = json.dumps(asdict(drawn.meaning))
    response["Content-Security-Policy"] = files.POLICY
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@needs(*acts.RIGHTS)
@once
def mark(request: Any, file_id: UUID) -> HttpResponse:
    """Mark the frame that is shown, or take a mark back."""
    file = _seen(request, file_id)
    if request.POST.get("unmark"):
        key = KeyImage.objects.filter(pk=_uuid(request.POST["unmark"]), attachment_id=file.pk).first()
        if key is None:
            raise Http404
        acts.unmark(key, request.staff)
        return redirect("imaging:series", file.pk)
    row = ImagingInstance.objects.filter(pk=_uuid(request.POST.get("instance", "")), attachment_id=file.pk).first()
    number = request.POST.get("frame", "")
    if row is None or not number.isdecimal() or len(number) > 7:
        raise Http404
    try:
        acts.mark(row, int(number), request.POST.get("note", ""), request.staff)
        messages.success(request, gettext("Marked as a key image."))
    except Refusal as refused:
        messages.error(request, shown(refused.message))
    return redirect("imaging:series", file.pk)


@require_POST
@needs(*READS)
@once
def fetch(request: Any, file_id: UUID) -> HttpResponse:
    """Ask for the bytes of a series that this node has not fetched by itself."""
    file = _seen(request, file_id)
    names = {row.sha256 for row in _instances(file)} | {file.sha256}
    for name in names - blobs.whole(names):
        want(name)
    messages.success(request, gettext("The series is asked for. It comes as the link allows."))
    return redirect("imaging:series", file.pk)


def _seen(request: Any, file_id: UUID) -> Attachment:
    """A file whose page the person has opened; each frame of it is not a look of its own."""
    file = Attachment.objects.filter(pk=file_id).first()
    if file is None:
        raise Http404
    files.require_may(request, file)
    return file


def _instances(file: Attachment) -> list[ImagingInstance]:
    return list(ImagingInstance.objects.filter(attachment_id=file.pk).order_by("number", "sop_uid")[:MOST])


def _beside(file: Attachment, rows: list[ImagingInstance]) -> list[dict[str, Any]]:
    """The series of the same study, this one among them."""
    if not rows:
        return []
    same = ImagingInstance.objects.filter(study_uid=rows[0].study_uid, person_id=file.person_id)
    found = list(
        Attachment.objects.filter(pk__in=same.values("attachment"), kind_of_file="dicom")
        .exclude(status=FactStatus.ERROR)
        .order_by("at", "pk")[:50]
    )
    here = blobs.whole({one.preview for one in found if one.preview})
    return [
        {
            "file": one,
            "title": one.title or gettext("DICOM image"),
            "preview": reverse("records:preview", args=[one.pk]) if one.preview in here else "",
            "this": one.pk == file.pk,
        }
        for one in found
    ]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@lru_cache(maxsize=1)
def _open(sha256: str) -> Any:
    return frames.opened(blobs.read(sha256))
