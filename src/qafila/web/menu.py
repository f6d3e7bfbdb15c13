"""The few places a person goes to, by rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qafila.packs import load
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
    Place("reception", "stock.keep", "stock:list", "box-seam", _("Stock")),
    Place("specialist", "case.answer", "specialist:worklist", "inboxes", _("Cases")),
    Place("specialist", "case.answer", "specialist:roster", "calendar3", _("My half-days")),
    Place("coordinator", "case.assign", "coordinator:board", "kanban", _("Board")),
    Place("coordinator", "case.assign", "loop:watch", "arrow-repeat", _("Follow-up")),
    Place("coordinator", "roster.manage", "coordinator:duty", "calendar-week", _("On duty")),
    Place("coordinator", "roster.manage", "coordinator:roster", "calendar3", _("Roster")),
    Place("coordinator", "node.status", "coordinator:units", "truck", _("Units")),
    Place("coordinator", "image.match", "imaging:match", "images", _("Images to be matched")),
    Place("", "equipment.keep", "equipment:list", "tools", _("Equipment")),
    Place("", "image.manage", "imaging:devices", "camera", _("Imaging devices")),
    Place("coordinator", "person.merge", "records:doubles", "person-check", _("Duplicates")),
    Place("", "access.review", "watch:emergency", "exclamation-octagon", _("Emergency access")),
    Place("specialist", "pack.read", "packs:list", "journal-medical", _("Packs")),
    Place("", "claim.decide", "claims:list", "person-lock", _("Requests")),
    Place("", "erasure.confirm", "claims:list", "person-lock", _("Requests")),
    Place("", "staff.manage", "colleagues", "people", _("Colleagues")),
    Place("", "processing.read", "privacy:processing", "shield-lock", _("Data protection")),
    Place("", "clash.resolve", "records:clashes", "exclamation-diamond", _("Clashes")),
)


@dataclass(frozen=True)
class Entry:
    """A link of the menu."""

    url: str
    icon: str
    label: str | Promise
    view: str
    here: bool = False


def entries(staff: Staff, above: Sequence[str], profile: Any) -> list[Entry]:
    """The person's places on this node, in order; marked is the one that stands first in `above`, names of pages."""
    held = grants(staff)
    wings = set(profile.wings) if profile is not None else None
    found: list[Entry] = []
    for place in PLACES:
        if not held.has(place.right) or (wings is not None and place.wing and place.wing not in wings):
            continue
        try:
            url = reverse(place.view)
        except NoReverseMatch:
            continue
        if any(entry.url == url for entry in found):
            continue
        found.append(Entry(url, place.icon, place.label, place.view))
    here = next((name for name in above if any(entry.view == name for entry in found)), "")
    return [replace(entry, here=entry.view == here) for entry in found]


def home(staff: Staff, profile: Any) -> str:
    """Where a person begins: the first place of their role's own folder, else the first of all, else their own page."""
    found = [entry.url for entry in entries(staff, (), profile)]
    known = load.roles()
    screens = {known[role].screen for role in staff.roles if role in known}
    own = [reverse(place.view) for place in PLACES if place.wing in screens]
    return next((url for url in (*own, *found) if url in found), reverse("account"))
