"""The link as people see it: bars like a telephone's, words, and what waits to leave."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MOST = 1000


@dataclass(frozen=True)
class Link:
    """State of the link to the hub."""

    bars: int
    """0 (none) to 4."""
    words: str
    waiting: str
    """How many records have not left yet; empty: none."""
    waiting_words: str


def link_of(request: HttpRequest) -> Link | None:
    """The link of a node that calls a hub; None on one that does not."""
    directory = settings.DIRECTORY
    if directory is None or not directory.profile.calls_hub:
        return None
    from qafila.sync import state

    now = state.brief(MOST)
    words = {
        0: _("No link"),
        1: _("Very weak link"),
        2: _("Weak link"),
        3: _("Good link"),
        4: _("Very good link"),
    }[now.bars]
    told = _("Everything has left")
    if now.waiting:
        told = ngettext("%(count)s record waits to leave", "%(count)s records wait to leave", now.waiting)
    shown = f"{MOST - 1}+" if now.waiting >= MOST else str(now.waiting)
    return Link(now.bars, words, shown if now.waiting else "", told % {"count": shown})
