"""Taking photographs of a visit, view by view, with the tablet's camera or from its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from qafila.clinic.access import door
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.transitions import DRAFT, MORE_ASKED
from qafila.clinic.forms import packet
from qafila.clinic.imaging import photo, taking
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import Attachment, FactStatus, Visit
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import found, heading
from qafila.web.once import once
from qafila.web.reception.words import language
from qafila.web.records.regions import body_map
from qafila.web.specialist.words import specialty_words

MOST_BYTES = 26_000_000
CAMERA_KINDS = frozenset({"photo", "document"})
"""Kinds of a pack's views that a camera can take."""


@dataclass
class View:
    """One picture to take."""

    code: str
    label: str
    hint: str
    site: str = ""
    needed: bool = True
    taken: Attachment | None = None


@dataclass
class PhotoSet:
    """The pictures that belong together; `case`: for which case, where one asks for them."""

    code: str
    label: str
    views: list[View]
    case: Case | None = None


def sets_of(visit: Visit, by: Staff) -> list[PhotoSet]:
    """What may be taken: what the visit's open cases ask for first, then the sets of packs/body.toml."""
    tongue, found_ = language(), []
    cases = Case.objects.filter(visit_id=visit.pk, status__in=(DRAFT, MORE_ASKED)).order_by("opened_at", "id")
    for case in cases if may(by, "case.draft", visit) else ():
        views = [
            View(v.code, words, v.hint.text(tongue) if v.hint else "", needed=v.least > 0)
            for v, words in packet.views(case, tongue, None)
            if v.kind in CAMERA_KINDS
        ]
        if views:
            found_.append(PhotoSet(case.pk.hex, specialty_words(case.specialty), views, case))
    for one in load.body().photo_set:
        views = [View(v.code, v.label.text(tongue), v.hint.text(tongue), v.site) for v in one.view]
        found_.append(PhotoSet(one.code, one.label.text(tongue), views))
    return found_


def _chosen(request: Any, visit: Visit) -> tuple[list[PhotoSet], PhotoSet]:
    sets = sets_of(visit, request.staff)
    wanted = request.POST.get("set") or request.GET.get("set", "")
    chosen = next((one for one in sets if one.code == wanted), sets[0])
    taken = Attachment.objects.filter(visit_id=visit.pk, kind_of_file="photo", status=FactStatus.FINAL)
    seen = door.may_open(request.staff, visit.person_id)
    newest = {one.view: one for one in taken.exclude(made_from__isnull=False).order_by("at", "id") if one.view}
    for view in chosen.views:
        made = newest.get(view.code)
        view.taken = made if made is not None and seen.sees(made) else None
    return sets, chosen


@require_http_methods(["GET", "POST"])
@needs("attachment.add")
@once
def page(request: Any, visit_id: UUID) -> HttpResponse:
    """The camera with the views to take; a picture that is sent is checked and kept."""
    visit, person = found(visit_id)
    require(request.staff, "attachment.add", visit)
    if request.method == "GET":
        entrance.read(request, person.pk, "nurse.photos")
        return _page(request, visit, person)
    chosen = _chosen(request, visit)[1]
    said = request.POST.get
    view = next((one for one in chosen.views if one.code == said("view")), None)
    given = request.FILES.get("file")
    if view is None:
        raise Http404
    if given is None:
        return _page(request, visit, person, 422, problem=gettext("Choose a file first."))
    if given.size > MOST_BYTES:
        return _page(request, visit, person, 413, problem=gettext("This photograph is too large: at most 25 MB."))
    after_sending = chosen.case is not None and chosen.case.status == MORE_ASKED
    try:
        taking.keep_photo(
            visit,
            request.staff,
            given.read(),
            view=view.code,
            site=said("site", "") or view.site,
            kept=said("kept", ""),
            words=said("words", ""),
            case_id=chosen.case.pk if chosen.case and after_sending else None,
        )
    except taking.Doubted as doubt:
        told = [gettext(photo.DOUBTS[code]) for code in doubt.photo.doubts]
        return _page(request, visit, person, 422, doubts=told)
    except Refused as refused:
        return _page(request, visit, person, 422, problem=gettext(refused.reason) % refused.values)
    except Refusal as refused:
        return _page(request, visit, person, 422, problem=shown(refused.message))
    messages.success(request, gettext("Kept: %(view)s") % {"view": view.label})
    where = {"set": chosen.code} | ({"site": said("site", "")} if said("site") else {})
    return redirect(f"{reverse('nurse:photos', args=[visit.pk])}?{urlencode(where)}")


def _page(request: Any, visit: Visit, person: Any, status: int = 200, **more: Any) -> HttpResponse:
    sets, chosen = _chosen(request, visit)
    asked = request.POST.get("view") or request.GET.get("view", "")
    missing = [one for one in chosen.views if one.taken is None]
    current = next((one for one in chosen.views if one.code == asked), (missing or chosen.views)[0])
    site = request.POST.get("site") or request.GET.get("site") or current.site
    context = {
        **heading(visit, person),
        "sets": sets,
        "chosen": chosen,
        "current": current,
        "all_taken": not missing,
        "done": reverse("doctor:packet", args=[chosen.case.pk]) if chosen.case else "",
        "regions": body_map(site),
        "reasons": [(one.code, one.label.text(language())) for one in load.body().keep_reason],
        **more,
    }
    return render(request, "nurse/photos.html", context, status=status)
