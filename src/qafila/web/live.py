"""Pages whose lists follow by themselves: of which topics a page was made, and whether it is out of date.

What a page reads of the database is noted while it is made (`journal.topics.reading`); the page carries the topics'
places and one word for their numbers before it was made. With these it listens (`node.live`), and asks for its lists
again.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from qafila.kernel.topics import NODE, PLACES, mark, place
from qafila.web.live_token import issue

MARK = secrets.token_hex(16)
"""Stands in a page until everything that it shows has been read."""
ASKS, KNOWS, MADE_OF = "X-Live", "X-Live-Since", "X-Live-Of"
"""Headers: a list asks for itself; what it was made of; what this answer is made of."""
_SAID = re.compile(r"of=([\d.]{1,4000})&since=([0-9a-f]{16})", re.ASCII)


def address(request: HttpRequest, directory: Any) -> str:
    """Where the page hears of changes; `MARK` stands for what it was made of."""
    host = request.get_host().rsplit(":", 1)[0]
    return f"https://{host}:{directory.live_port}/live?token={issue(directory.path)}&{MARK}"


def current(request: HttpRequest, now: bytes) -> bool:
    """Whether what a list says that it was made of is still as it was. `now`: the numbers of all topics."""
    said = _SAID.fullmatch(request.headers.get(KNOWS, ""))
    if ASKS not in request.headers or said is None:
        return False
    places = [int(one) for one in said[1].split(".") if one]
    return all(one < PLACES for one in places) and mark(now, places) == said[2]


def finish(request: HttpRequest, response: HttpResponseBase, tables: set[str], numbers: bytes) -> None:
    """Say in the page (or, of a list alone, in a header) what it was made of."""
    if not isinstance(response, HttpResponse):
        return
    if ASKS in request.headers:
        response.headers[MADE_OF] = made_of(tables, numbers)
    elif MARK.encode() in response.content:
        words = made_of(tables, numbers).replace("&", "&amp;")
        response.content = response.content.replace(MARK.encode(), words.encode())


def made_of(tables: set[str], numbers: bytes) -> str:
    """Places and the word for their numbers, as a query."""
    places = sorted({place(one) for one in (*tables, NODE)})
    return f"of={'.'.join(map(str, places))}&since={mark(numbers, places)}"
