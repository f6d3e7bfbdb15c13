"""Lists that several people see alike are drawn once for all of them; what is each person's own is put in afterwards.

Whoever draws such a list sees to it that nothing in it depends on who looks but what `until_changed` was given.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from qafila.kernel import clock

FORGED, ONCE = secrets.token_hex(16), secrets.token_hex(16)
"""Stand where each person has a token of their own: against forged requests, and by which a form counts once. Whoever
types something into a record cannot know them."""
MOST, KEEPS_S = 4000, 60
_parts: tuple[dict[Any, SafeString], dict[Any, SafeString]] = ({}, {})
"""Pieces that were drawn of late, and those of the minute before."""
_turned = 0.0


def drawn(template: str, context: dict[str, Any]) -> str:
    """A list for several people, to be kept and given to `own`."""
    return render_to_string(template, {**context, "csrf_token": FORGED, "once_token": ONCE})


def own(request: HttpRequest, drawn: str) -> SafeString:
    """The list for one person."""
    mine = drawn.replace(FORGED, get_token(request)).replace(ONCE, secrets.token_urlsafe(12))
    return mark_safe(mine)  # noqa: S308 - what a template has made, and tokens


def form_kept(template: str, **shown: Hashable) -> SafeString:
    """As `kept`, for a piece with a form in it: to be given to `own` with the list that it stands in."""
    return kept(template, **shown, csrf_token=FORGED, once_token=ONCE)


def kept(template: str, **shown: Hashable) -> SafeString:
    """A piece of a page; where the same words were drawn before in this language, it is not drawn again.

    The template is given `shown` and nothing else, so that a piece that shows other words is another piece. What is
    not asked for any more is forgotten within two minutes.
    """
    global _parts, _turned
    now = clock.monotonic()
    if now - _turned > KEEPS_S or len(_parts[0]) > MOST:
        _parts, _turned = ({}, _parts[0] if now - _turned < 2 * KEEPS_S else {}), now
    fresh, old = _parts
    key = (template, get_language(), *shown.items())
    found = fresh.get(key) or old.get(key)
    if found is None:
        found = render_to_string(template, shown)
    fresh[key] = found
    return found
