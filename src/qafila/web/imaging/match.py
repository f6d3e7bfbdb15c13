"""Images that name nobody for certain: whose the file claims to be, beside those who are here. A person says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from qafila.clinic.imaging.dicom import glance
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.queries import queue
from qafila.exchange.dicom import filing, matching
from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.names import plain_name
from qafila.kernel.ids import read_code
from qafila.registry.people.models import Person, PersonName
from qafila.registry.people.queries import one_with, who_are
from qafila.registry.people.search import likeness, search
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import may
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception import sameness
from qafila.web.records.files import POLICY

A_PAGE = 20
MOST = 12
"""Candidates that a person can look through."""
MOST_BYTES = 60_000_000


@require_GET
@needs("image.match")
def page(request: Any) -> HttpResponse:
    """The studies that wait, the newest first."""
    rows = Arrived.objects.filter(state=Arrived.State.UNMATCHED).values("study_uid")
    studies = rows.annotate(last=Max("at"), images=Count("id"), first=Min("id")).order_by("-last")
    found = Paginator(studies, A_PAGE).get_page(request.GET.get("page"))
    held = Arrived.objects.defer("data").in_bulk([one["first"] for one in found])
    lines = [_line(held[one["first"]], one["images"]) for one in found if one["first"] in held]
    return render(request, "imaging/match.html", {"lines": lines, "page": found})


@require_http_methods(["GET", "POST"])
@needs("image.match")
@once
def study(request: Any, study: str) -> HttpResponse:
    """One study beside the people it may be of. Posting `visit` files it there."""
    rows = list(filing.waiting(study).defer("data").order_by("id")[:1])
    if not rows:
        messages.info(request, gettext("Nothing of this study waits any more."))
        return redirect("imaging:match")
    if request.method == "POST":
        return _give(request, study)
    line = _line(rows[0], filing.waiting(study).count())
    typed = request.GET.get("q", "").strip()[:100]
    context = {"line": line, "typed": typed, "candidates": _candidates(request, rows[0], typed)}
    return render(request, "imaging/study.html", context)


@require_GET
@needs("image.match")
def picture(request: Any, study: str) -> HttpResponse:
    """The first image of a study that waits, drawn small."""
    row = filing.waiting(study).filter(size__lte=MOST_BYTES).order_by("id").first()
    if row is None or row.data is None:
        raise Http404
    try:
        drawn = glance(bytes(row.data)).preview
    except Refused:
        raise Http404 from None
    response = HttpResponse(drawn, content_type="image/jpeg")
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "no-store"
    return response


def _give(request: Any, study: str) -> HttpResponse:
    try:
        chosen = UUID(request.POST.get("visit", ""))
    except ValueError:
        raise Http404 from None
    visit = Visit.objects.filter(pk=chosen).exclude(status=Visit.Status.ERROR).first()
    if visit is None:
        raise Http404
    try:
        count = filing.give(study, visit, request.staff)
    except Refusal as refused:
        messages.error(request, shown(refused.message))
        return redirect("imaging:match")
    told = ngettext("%(n)s image is being filed.", "%(n)s images are being filed.", count)
    messages.success(request, told % {"n": count})
    return redirect("imaging:match")


def _line(row: Arrived, images: int) -> dict[str, Any]:
    """What a study says of itself."""
    return {
        "row": row,
        "images": images,
        "name": plain_name(row.patient_name),
        "sex": {"M": gettext("Male"), "F": gettext("Female")}.get(row.sex, ""),
        "reason": gettext(row.reason) if row.reason else "",
        "kind": " · ".join(part for part in (row.modality, row.description) if part),
        "drawn": row.rows is not None,
    }


def _candidates(request: Any, row: Arrived, typed: str) -> list[dict[str, Any]]:
    """People with a visit that the study may be of: whom it names, whom was searched, who is here today."""
    visits: dict[UUID, Visit] = {}
    if typed:
        _add(visits, (found.person.pk for found in search(typed, MOST)), row.study_day)
    else:
        code = read_code(row.patient_id)
        if code:
            _add(visits, Person.objects.filter(code=code).values_list("pk", flat=True), row.study_day)
        name = plain_name(row.patient_name)
        if len(name) > 2:
            _add(visits, (found.person.pk for found in search(name, MOST)), row.study_day)
        if request.unit is not None:
            for one in queue(request.unit, everybody=True):
                visits.setdefault(one.visit.person_id, one.visit)
    allowed = [v for v in visits.values() if may(request.staff, "image.match", v)]
    people, names = who_are(v.person_id for v in allowed)
    lines = [
        sameness.shown(people[v.person_id], names.get(v.person_id, []))
        | {"visit": v, "differs": matching.contradicts(row, people[v.person_id])}
        for v in allowed
        if v.person_id in people
    ]
    lines.sort(key=lambda one: -_like(row, one["person"], names.get(one["person"].pk, [])))
    return lines[: 2 * MOST]


def _add(visits: dict[UUID, Visit], people: Iterable[UUID], day: date | None) -> None:
    """The latest visit of each, that of the study's day before others."""
    for person in list(people)[:MOST]:
        rows = Visit.objects.filter(person_id__in=one_with(person)).exclude(status=Visit.Status.ERROR)
        rows = rows.order_by("-opened_at")
        visit = rows.filter(day=day or local_day()).first() or rows.first()
        if visit is not None:
            visits.setdefault(visit.person_id, visit)


def _like(row: Arrived, person: Person, names: list[PersonName]) -> float:
    """How much the person is like whom the file names, to put the likely ones first; it decides nothing."""
    said = row.patient_name.replace("^", " ")
    best = max((likeness(said, name.text) for name in names), default=0.0) if said else 0.0
    same = row.birth is not None and row.birth == person.birth_date
    return best + (50 if same else 0) + (200 if read_code(row.patient_id) == person.code else 0)
