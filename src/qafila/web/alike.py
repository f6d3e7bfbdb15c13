"""Lists that several people see alike are drawn once for all of them; what is each person's own is put in afterwards.

Whoever draws such a list sees to it that nothing in it depends on who looks but what `until_changed` was given.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

FORGED, ONCE = secrets.token_hex(16), secrets.token_hex(16)
"""Stand where each person has a token of their own: against forged requests, and by which a form counts once. Nobody who
types something into a record can know them."""


def drawn(template: str, context: dict[str, Any]) -> str:
    """A list for several people, to be kept and given to `own`."""
    return render_to_string(template, {**context, "csrf_token": FORGED, "once_token": ONCE})


def own(request: HttpRequest, drawn: str) -> SafeString:
    """The list for one person."""
    mine = drawn.replace(FORGED, get_token(request)).replace(ONCE, secrets.token_urlsafe(12))
    return mark_safe(mine)  # noqa: S308 - what a template has made, and tokens
