"""QIDO-RS: search for studies, series and objects (PS3.18 section 10.6)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from qafila.clinic.access import door
from qafila.clinic.imaging.models import ImagingInstance
from qafila.exchange.dicom import queries
from qafila.journal import blobs
from qafila.web.access import needs

JSON = "application/dicom+json"
NO_FUZZY = '299 {}: "The fuzzymatching parameter is not supported. Only literal matching has been performed."'
MORE = '299 {}: "There are {} additional results that can be requested."'
OWN = ("limit", "offset", "fuzzymatching", "includefield")


def search_studies(request: Any) -> JsonResponse:
    """Studies that fit."""
    found, problem = _asked(request)
    if problem is not None or found is None:
        return problem or answer([])
    return _page(request, queries.studies(found), _study_lines)


@require_GET
@needs(*queries.RIGHTS)
def series(request: Any, study: str = "") -> JsonResponse:
    """Series of a study, or of all that may be seen."""
    found, problem = _asked(request, study_uid=study)
    if problem is not None or found is None:
        return problem or answer([])
    return _page(request, queries.series(found), _series_lines)


@require_GET
@needs(*queries.RIGHTS)
def instances(request: Any, study: str = "", series: str = "") -> JsonResponse:
    """Objects of a series, of a study, or of all that may be seen."""
    found, problem = _asked(request, study_uid=study, series_uid=series)
    if problem is not None or found is None:
        return problem or answer([])
    return _page(request, found.order_by("series_uid", "number", "sop_uid"), _instance_lines)


def _asked(request: Any, **within: str) -> tuple[Any, JsonResponse | None]:
    rows = queries.visible(request.staff).filter(**{key: uid for key, uid in within.items() if uid})
    keys = {key: request.GET.getlist(key) for key in request.GET if key not in OWN}
    try:
        return queries.asked(rows, keys), None
    except queries.BadQuery as error:
        return None, JsonResponse({"error": f"the value of {error} cannot be read"}, status=400)


def _page(request: HttpRequest, lines: Any, draw: Any) -> JsonResponse:
    limit = _number(request.GET.get("limit"), queries.MOST, queries.MOST)
    offset = _number(request.GET.get("offset"), 0, 10**9)
    shown = list(lines[offset : offset + limit])
    response = answer(draw(request, shown))
    notes = []
    if len(shown) == limit:
        more = lines.count() - offset - len(shown)
        if more > 0:
            notes.append(MORE.format(request.get_host(), more))
    if request.GET.get("fuzzymatching") == "true":
        notes.append(NO_FUZZY.format(request.get_host()))
    if notes:
        response["Warning"] = ", ".join(notes)
    return response


def _number(text: str | None, other: int, most: int) -> int:
    return min(int(text), most) if text and text.isdecimal() and len(text) < 10 else other


def answer(lines: list[dict[str, Any]], status: int = 200) -> JsonResponse:
    """An answer in DICOM JSON (PS3.18 annex F)."""
    response = JsonResponse(lines, safe=False, status=status, content_type=JSON)
    response["Cache-Control"] = "no-store"
    return response


def element(vr: str, *values: Any) -> dict[str, Any]:
    """An attribute in DICOM JSON."""
    known = [one for one in values if one not in ("", None)]
    return {"vr": vr, "Value": known} if known else {"vr": vr}


def _study_lines(request: Any, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    people = _people(request, [one["person_id"] for one in lines])
    kinds = queries.modalities(one["study_uid"] for one in lines)
    return [
        {
            "00080005": element("CS", "ISO_IR 192"),
            "00080020": element("DA", _day(one["day"])),
            "00080030": element("TM"),
            "00080050": element("SH"),
            "00080061": element("CS", *kinds.get(one["study_uid"], [])),
            "00081190": element("UR", _url(request, one["study_uid"])),
            "00200010": element("SH"),
            "0020000D": element("UI", one["study_uid"]),
            "00201206": element("IS", one["series"]),
            "00201208": element("IS", one["instances"]),
            **_person(people.get(one["person_id"])),
        }
        for one in lines
    ]


def _series_lines(request: Any, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    people = _people(request, [one["person_id"] for one in lines])
    numbers = queries.accessions(one["attachment_id"] for one in lines)
    return [
        {
            "00080005": element("CS", "ISO_IR 192"),
            "00080020": element("DA", _day(one["day"])),
            "00080050": element("SH", numbers.get(one["attachment_id"], "")),
            "00080060": element("CS", one["modality"]),
            "00081190": element("UR", _url(request, one["study_uid"], one["series_uid"])),
            "0020000D": element("UI", one["study_uid"]),
            "0020000E": element("UI", one["series_uid"]),
            "00200011": element("IS"),
            "00201209": element("IS", one["instances"]),
            **_person(people.get(one["person_id"])),
        }
        for one in lines
    ]


def _instance_lines(request: Any, lines: list[ImagingInstance]) -> list[dict[str, Any]]:
    people = _people(request, [one.person_id for one in lines])
    here = blobs.whole({one.sha256 for one in lines})
    return [
        {
            "00080005": element("CS", "ISO_IR 192"),
            "00080016": element("UI", one.sop_class),
            "00080018": element("UI", one.sop_uid),
            "00080020": element("DA", _day(one.study_day)),
            "00080056": element("CS", "ONLINE" if one.sha256 in here else "OFFLINE"),
            "00080060": element("CS", one.modality),
            "00081190": element("UR", _url(request, one.study_uid, one.series_uid, one.sop_uid)),
            "00083002": element("UI", one.syntax),
            "0020000D": element("UI", one.study_uid),
            "0020000E": element("UI", one.series_uid),
            "00200013": element("IS", one.number),
            "00280008": element("IS", one.frames),
            "00280010": element("US", one.rows),
            "00280011": element("US", one.columns),
            **_person(people.get(one.person_id)),
        }
        for one in lines
    ]


def _people(request: Any, ids: list[Any]) -> dict[Any, queries.Subject]:
    door.listed(request.staff, set(ids), "dicomweb.search")
    return queries.people(ids)


def _person(one: queries.Subject | None) -> dict[str, Any]:
    if one is None:
        return {}
    groups = dict(zip(("Alphabetic", "Ideographic", "Phonetic"), one.name.split("="), strict=False))
    return {
        "00100010": element("PN", groups if one.name else None),
        "00100020": element("LO", one.code),
        "00100030": element("DA", _day(one.birth)),
        "00100040": element("CS", one.sex),
    }


def _day(day: Any) -> str:
    return day.strftime("%Y%m%d") if day else ""


def _url(request: Any, study: str, series: str = "", instance: str = "") -> str:
    path = f"/dicomweb/studies/{study}"
    path += f"/series/{series}" if series else ""
    return str(request.build_absolute_uri(path + (f"/instances/{instance}" if instance else "")))
