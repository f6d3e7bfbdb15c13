"""Where a page leads back to: one line for each page that is not in the menu, shown above its heading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.registry.staff.rights import grants
from qafila.web.menu import PLACES

BACK: dict[str, tuple[str, ...]] = {
    "pin": ("account",),
    "security": ("account",),
    "confirm": ("security",),
    "add-app": ("security",),
    "add-passkey": ("security",),
    "passkey-signs": ("security",),
    "new-codes": ("security",),
    "password": ("security",),
    "colleague": ("colleagues",),
    "lease": ("link",),
    "clock": ("link",),
    "program": ("link",),
    "reception:register": ("reception:queue",),
    "reception:look": ("reception:queue",),
    "reception:looked": ("reception:queue",),
    "reception:person": ("reception:queue", "coordinator:board", "specialist:worklist", "claims:list"),
    "reception:edit": ("reception:person",),
    "reception:add_name": ("reception:person",),
    "reception:change_name": ("reception:person",),
    "reception:add_link": ("reception:person",),
    "reception:death": ("reception:person",),
    "reception:card": ("reception:person",),
    "reception:add_stop": ("reception:rounds",),
    "nurse:vitals": ("reception:queue",),
    "nurse:record": ("reception:queue", "coordinator:board", "specialist:worklist"),
    "nurse:strips": ("nurse:record",),
    "nurse:strip": ("nurse:strips",),
    "nurse:order": ("nurse:strips",),
    "nurse:spirometry": ("nurse:record",),
    "nurse:photos": ("nurse:record",),
    "nurse:sounds": ("nurse:record",),
    "nurse:growth": ("reception:person",),
    "nurse:trends": ("reception:person",),
    "nurse:lab": ("equipment:list",),
    "nurse:lab_one": ("nurse:lab",),
    "doctor:consult": ("doctor:queue",),
    "doctor:prescribe": ("doctor:consult",),
    "doctor:adopt": ("doctor:consult",),
    "doctor:case": ("doctor:cases",),
    "doctor:packet": ("doctor:case",),
    "doctor:alarm": ("doctor:case", "reception:queue"),
    "doctor:plain": ("doctor:case",),
    "specialist:case": ("specialist:worklist", "coordinator:board"),
    "specialist:answer": ("specialist:case",),
    "specialist:done": ("specialist:worklist",),
    "specialist:opinion": ("specialist:worklist",),
    "coordinator:specialist": ("coordinator:duty",),
    "coordinator:handover": ("coordinator:roster",),
    "coordinator:unit_answers": ("coordinator:handover",),
    "coordinator:tell": ("specialist:case",),
    "coordinator:orders": ("coordinator:units",),
    "coordinator:lease": ("coordinator:units",),
    "packs:pack": ("packs:list",),
    "records:person": ("reception:person",),
    "records:row": ("records:person",),
    "records:looks": ("reception:person",),
    "records:patient": ("reception:person",),
    **dict.fromkeys(
        (
            "records:look",
            "records:listen",
            "records:ecg_page",
            "records:spirometry",
            "records:teaching",
            "imaging:series",
        ),
        ("doctor:consult", "nurse:record", "specialist:case"),
    ),
    "records:compare": ("records:look",),
    "records:copies": ("specialist:worklist", "doctor:queue", "account"),
    "records:clash": ("records:clashes",),
    "records:quarantine": ("coordinator:units",),
    "records:double": ("records:doubles",),
    "stock:order": ("stock:list",),
    "stock:count": ("stock:list",),
    "stock:moves": ("stock:list",),
    "stock:receive": ("stock:list",),
    "stock:lot": ("stock:list",),
    "stock:confirm": ("stock:list",),
    "stock:dispense": ("stock:list",),
    "imaging:study": ("imaging:match",),
    "imaging:device": ("imaging:devices",),
    "equipment:radio": ("equipment:list",),
    "equipment:add": ("equipment:list",),
    "equipment:one": ("equipment:list",),
    "claims:retention": ("claims:list",),
    "claims:person": ("reception:person", "claims:list"),
    "watch:unusual": ("watch:emergency",),
    "privacy:breach": ("privacy:breaches",),
    "privacy:subject": ("records:patient", "claims:person", "reception:person"),
}
"""A page: the pages that it belongs to, the nearest first. The first that the person may open is shown."""

BESIDE: dict[str, tuple[str, ...]] = {
    "privacy:breaches": ("privacy:processing",),
    "privacy:figures": ("privacy:processing",),
    "privacy:transfers": ("privacy:processing",),
}
"""Pages of a place that has tabs: they need no link back."""

DEEP: dict[str, int] = {
    **dict.fromkeys(("doctor:case", "doctor:consult", "doctor:packet", "specialist:case", "nurse:vitals"), 0),
    "claims:list": 0,
    "reception:person": 1,
    "claims:person": 3,
    **dict.fromkeys(("records:patient", "nurse:record"), 2),
    **dict.fromkeys(
        ("nurse:growth", "nurse:trends", "records:looks", "records:row", "prints:papers", "stock:dispense"), 3
    ),
    **dict.fromkeys(("records:look", "records:listen", "records:ecg_page", "records:spirometry", "imaging:series"), 4),
    "records:teaching": 5,
    "records:copies": 6,
}
"""Pages that several others lead to: back is where the person came from, if that is less deep (so that two pages never
lead back to each other)."""

NAMES: dict[str, str | Promise] = {
    "account": _("My page"),
    "security": _("How I log in"),
    "link": _("Link"),
    "reception:person": _("Person"),
    "records:patient": _("Patient page"),
    "records:person": _("History of the record"),
    "nurse:record": _("Visit"),
    "nurse:vitals": _("Vitals"),
    "nurse:strips": _("Tests"),
    "nurse:lab": _("Results to match"),
    "doctor:consult": _("Consultation"),
    "doctor:case": _("Case"),
    "doctor:packet": _("Packet"),
    "specialist:case": _("Case"),
    "coordinator:handover": _("Hand over"),
    "records:look": _("Photograph"),
    "records:listen": _("Recording"),
    "records:ecg_page": _("ECG"),
    "records:spirometry": _("Spirometry"),
    "records:teaching": _("Copy for teaching"),
    "imaging:series": _("DICOM image"),
    "privacy:breaches": _("Breaches"),
    "claims:person": _("Data requests"),
    **{place.view: place.label for place in PLACES},
}
WINGS = {place.view: place.wing for place in PLACES if place.wing}
"""Places of the menu that a node has only with that wing: the queue is none of a hub's."""


@dataclass(frozen=True)
class Back:
    """A link above the heading."""

    url: str
    label: str | Promise


def back(request: HttpRequest) -> Back | None:
    """Where this page leads back to; None where nothing stands above it.

    A page whose address does not name what stands above it says it in `request.belongs`: page → what its address holds.
    """
    here = getattr(request, "resolver_match", None)
    if here is None or getattr(request, "staff", None) is None:
        return None
    came = _came(request, DEEP.get(here.view_name, 0))
    if came is not None:
        return came
    belongs: dict[str, dict[str, Any]] = getattr(request, "belongs", {})
    for name in BACK.get(here.view_name, ()):
        found = _open(request, name, here.kwargs | belongs.get(name, {}))
        if found is not None:
            return found
    return None


def above(request: HttpRequest) -> tuple[str, ...]:
    """Names of the pages above this one, and its own: which place of the menu it belongs to."""
    here = getattr(request, "resolver_match", None)
    found = [here.view_name] if here is not None else []
    for name in found:
        found += [one for one in (*BACK.get(name, ()), *BESIDE.get(name, ())) if one not in found]
    return tuple(found)


def came_from(request: HttpRequest) -> str:
    """The path on this node from which the browser says that it came; empty where it says none that can be read."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
        here = parts.netloc == request.get_host()
    except (ValueError, DisallowedHost):
        return ""
    inside = parts.path.startswith("/") and not parts.path.startswith(("//", "/\\"))
    return parts.path if here and inside else ""


def _came(request: HttpRequest, deep: int) -> Back | None:
    path = came_from(request) if deep else ""
    try:
        page = resolve(path)
    except Resolver404:
        return None
    return _open(request, page.view_name, page.kwargs) if DEEP.get(page.view_name, deep) < deep else None


def _open(request: HttpRequest, name: str, kwargs: dict[str, Any]) -> Back | None:
    profile = getattr(request, "profile", None)
    if name not in NAMES or (profile is not None and name in WINGS and WINGS[name] not in profile.wings):
        return None
    for given in ({}, kwargs, *({key: value} for key, value in kwargs.items())):
        try:
            url = reverse(name, kwargs=given)
        except NoReverseMatch:
            continue
        rights = getattr(resolve(url).func, "access", ())
        held = grants(request.staff)  # type: ignore[attr-defined]
        if rights == ("anyone who is logged in",) or any(held.has(right) for right in rights):
            return Back(url, NAMES[name])
        return None
    return None
