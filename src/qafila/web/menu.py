"""The few places a person goes to, by rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants


@dataclass(frozen=True)
class Place:
    """A page of the menu."""

    wing: str
    """The wing of the profile that it belongs to; empty: every node."""
    right: str
    view: str
    icon: str
    label: str | Promise


PLACES = (
    Place("reception", "queue.read", "reception:queue", "people", _("Queue")),
    Place("doctor", "consult.write", "doctor:queue", "clipboard2-pulse", _("Consult")),
    Place("doctor", "case.draft", "doctor:cases", "send", _("Cases")),
    Place("doctor", "case.draft", "loop:round", "calendar2-week", _("Next round")),
    Place("reception", "round.edit", "reception:rounds", "signpost-split", _("Rounds")),
    Place("", "stock.keep", "stock:list", "box-seam", _("Stock")),
    Place("coordinator", "image.match", "imaging:match", "images", _("Images to be matched")),
    Place("", "image.manage", "imaging:devices", "camera", _("Imaging devices")),
    Place("", "equipment.keep", "equipment:list", "tools", _("Equipment")),
    Place("specialist", "case.answer", "specialist:worklist", "inboxes", _("Cases")),
    Place("specialist", "case.answer", "specialist:roster", "calendar3", _("My half-days")),
    Place("coordinator", "case.assign", "coordinator:board", "kanban", _("Board")),
    Place("coordinator", "case.assign", "loop:watch", "arrow-repeat", _("Follow-up")),
    Place("coordinator", "roster.manage", "coordinator:duty", "calendar-week", _("On duty")),
    Place("coordinator", "roster.manage", "coordinator:roster", "calendar3", _("Roster")),
    Place("coordinator", "node.status", "coordinator:units", "truck", _("Units")),
    Place("coordinator", "person.merge", "records:doubles", "person-check", _("Duplicates")),
    Place("specialist", "pack.read", "packs:list", "journal-medical", _("Packs")),
    Place("", "clash.resolve", "records:clashes", "exclamation-diamond", _("Clashes")),
)


@dataclass(frozen=True)
class Entry:
    """A link of the menu."""

    url: str
    icon: str
    label: str | Promise
    here: bool


def entries(staff: Staff, path: str, profile: Any) -> list[Entry]:
    """The person's places on this node, in order; the one that `path` is in is marked."""
    held = grants(staff)
    wings = set(profile.wings) if profile is not None else None
    found = []
    for place in PLACES:
        if not held.has(place.right) or (wings is not None and place.wing and place.wing not in wings):
            continue
        try:
            url = reverse(place.view)
        except NoReverseMatch:
            continue
        found.append(Entry(url, place.icon, place.label, path.startswith(url)))
    longest = max((len(e.url) for e in found if e.here), default=0)
    return [Entry(e.url, e.icon, e.label, e.here and len(e.url) == longest) for e in found]


def home(staff: Staff, profile: Any) -> str:
    """Where a person begins: the first of their places, else their own page."""
    found = entries(staff, "", profile)
    return found[0].url if found else reverse("account")
