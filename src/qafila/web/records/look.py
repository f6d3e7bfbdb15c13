"""One photograph in full size: its marks, what the check said, its original, and others of the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.imaging import marks, originals
from qafila.clinic.imaging.models import Mark
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal import blobs
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.attachments import doubt_words, kind_words, title
from qafila.web.records.files import found, not_here
from qafila.web.records.regions import site_words
from qafila.web.records.whose import whose
from qafila.web.staff_names import staff_names
from qafila.web.templatetags.qafila import told

MOST = 60
"""Photographs of one person that are offered for comparison."""
TOOLS = {"arrow": "arrow-up-left", "circle": "circle", "text": "fonts"}


@dataclass(frozen=True)
class Drawn:
    """A mark in the picture's own pixels."""

    mark: Mark
    n: int
    x: float
    y: float
    to_x: float
    to_y: float
    radius: float
    author: str
    mine: bool


def drawn(file: Attachment, by: Staff) -> list[Drawn]:
    """The picture's marks where they are drawn."""
    rows = marks.marks_of(file)
    names = staff_names(m.author_id for m in rows)
    width, height = (file.width or 1000) / 1000, (file.height or 1000) / 1000
    found_ = []
    for n, one in enumerate(rows, 1):
        x, y, to_x, to_y = one.x * width, one.y * height, one.to_x * width, one.to_y * height
        radius = max(((x - to_x) ** 2 + (y - to_y) ** 2) ** 0.5, 4.0)
        author = names.get(one.author_id, "") if one.author_id else ""
        found_.append(Drawn(one, n, x, y, to_x, to_y, radius, author, one.author_id == by.pk))
    return found_


@require_GET
@needs("case.read", "visit.read")
def page(request: Any, file_id: UUID) -> HttpResponse:
    """The photograph with its marks."""
    return _page(request, file_id)


def _page(request: Any, file_id: UUID, status: int = 200, **more: Any) -> HttpResponse:
    file = found(request, file_id)
    if file.kind_of_file != "photo":
        raise Http404
    if not blobs.have(file.sha256):
        return not_here(request)
    writes = may(request.staff, "attachment.add", file) and file.status == FactStatus.FINAL
    width, height = file.width or 1000, file.height or 1000
    asked = bool(file.original) and originals.asked(file)
    context = {
        "file": file,
        **whose(request, file),
        "title": file.title or kind_words("photo"),
        "site": site_words(file.site),
        "doubt": doubt_words(file),
        "width": width,
        "height": height,
        "line": max(width, height) / 220,
        "letters": max(width, height) / 34,
        "marks": drawn(file, request.staff),
        "writes": writes,
        "shapes": [(code, str(words), TOOLS[code]) for code, words in Mark.Shape.choices],
        "asks": writes and bool(file.original) and not asked and not blobs.have(file.original),
        "asked": asked,
        "original": originals.came(file),
        "others": len(of_person(file)) > 1,
        "teaches": may(request.staff, "teaching.copy", file),
        **more,
    }
    return render(request, "records/look.html", context, status=status)


@require_POST
@needs("attachment.add")
@once
def mark(request: Any, file_id: UUID) -> HttpResponse:
    """Put a mark on it."""
    file, said = found(request, file_id), request.POST.get
    try:
        x, y, to_x, to_y = (int(said(name) or 0) for name in ("x", "y", "to_x", "to_y"))
    except ValueError:
        return _page(request, file_id, 422, problem=gettext("Show on the picture where the mark belongs."))
    try:
        marks.mark(file, request.staff, said("shape", ""), (x, y), (to_x, to_y), said("text", ""))
    except Refusal as refused:
        return _page(request, file_id, 422, problem=told(refused.message))
    return redirect("records:look", file_id)


@require_POST
@needs("attachment.add")
@once
def unmark(request: Any, file_id: UUID, mark_id: UUID) -> HttpResponse:
    """Take one's own mark away."""
    found(request, file_id)
    try:
        marks.take_away(get_object_or_404(Mark, pk=mark_id, attachment_id=file_id), request.staff)
    except Refusal as refused:
        return _page(request, file_id, 422, problem=told(refused.message))
    return redirect("records:look", file_id)


@require_POST
@needs("attachment.add")
@once
def ask_original(request: Any, file_id: UUID) -> HttpResponse:
    """Ask the unit for the picture as its camera gave it."""
    try:
        originals.ask(found(request, file_id), request.staff)
    except Refusal as refused:
        return _page(request, file_id, 422, problem=told(refused.message))
    messages.success(request, gettext("Asked for. It comes when the unit has a link that is good enough."))
    return redirect("records:look", file_id)


@require_GET
@needs("case.read", "visit.read")
def listen(request: Any, file_id: UUID) -> HttpResponse:
    """A recording with its picture, through the bell or the diaphragm."""
    file = found(request, file_id)
    if file.kind_of_file != "audio":
        raise Http404
    if not blobs.have(file.sha256):
        return not_here(request)
    words = title(file, None, language())
    context = {"file": file, "site": site_words(file.site), "doubt": doubt_words(file), "title": words}
    context |= whose(request, file)
    context["teaches"] = may(request.staff, "teaching.copy", file)
    return render(request, "records/listen.html", context)


def of_person(file: Attachment) -> list[Attachment]:
    """The person's photographs, the newest first, those of the same place before the others."""
    rows = Attachment.objects.filter(
        person_id__in=one_with(file.person_id), kind_of_file="photo", status=FactStatus.FINAL
    ).order_by("-at", "-id")
    return sorted(rows[:MOST], key=lambda one: one.site != file.site or not file.site)


@require_GET
@needs("case.read", "visit.read")
def compare(request: Any, file_id: UUID) -> HttpResponse:
    """Two photographs of one person side by side; the older one on the side where reading begins."""
    file = found(request, file_id)
    all_ = [one for one in request.opened.shown(of_person(file)) if one.sha256]
    by_id = {str(one.pk): one for one in all_}
    other = by_id.get(request.GET.get("other", ""))
    if other is None:
        same = [one for one in all_ if one.pk != file.pk and one.site == file.site and one.view == file.view]
        other = next(iter(same), next((one for one in all_ if one.pk != file.pk), None))
    if other is None or not may(request.staff, "visit.read", other):
        return redirect("records:look", file_id)
    sides = sorted((file, other), key=lambda one: one.at)
    context = {
        **whose(request, file),
        "file": file,
        "other_picture": other,
        "sides": [(one, site_words(one.site), blobs.have(one.sha256)) for one in sides],
        "choices": [(one, site_words(one.site)) for one in all_ if one.pk != file.pk],
    }
    return render(request, "records/compare.html", context)
