"""HTML to PDF, in a process of its own: the fonts and shapers it loads would stay in a unit's web process for good."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from qafila.web.prints.drawing import PrintFailed, drawn

STATIC = (Path(__file__).parent.parent / "static").resolve()
_ARABIC = re.compile("[\u0600-\u06ff]")
_AMOUNT = re.compile(
    r"[<>≤≥]?[0-9][0-9.,/×]*[ \u00a0]?(?:°[CF]|%|[A-Za-zµ]+[²³]?(?:/[0-9]*[A-Za-zµ]*[²³]?)*)(?![A-Za-z0-9])"
)
"""A number with its unit, in Latin letters."""


def pdf(html: str) -> bytes:
    """The PDF of a page. Raises `PrintFailed`."""
    # Half of a pair of surrogates is no text: a form can carry one.
    found = drawn("pdf", html.encode(errors="replace"))
    if not found.startswith(b"%PDF"):
        raise PrintFailed("no PDF")
    return found


def draw(html: bytes) -> bytes:
    """The PDF, in the process that draws."""
    from weasyprint import HTML

    page = HTML(string=html.decode(), base_url=f"{STATIC.as_uri()}/", url_fetcher=bundled())
    turn(page.etree_element)
    made: bytes = page.write_pdf()
    return made


def bundled() -> Any:
    """Files of this package and pictures within the page: a page cannot make the node call anywhere."""
    from weasyprint.urls import URLFetcher

    class Bundled(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            """The resource. Raises `ValueError` for anything from elsewhere."""
            if url.startswith("file:"):
                inside = Path(unquote(urlsplit(url).path)).resolve().is_relative_to(STATIC)
            else:
                inside = url.startswith("data:image/")
            if not inside:
                raise ValueError("not a bundled file")
            return super().fetch(url, headers)

    return Bundled(allowed_protocols=["file", "data"])


def turn(root: Any) -> None:
    """Give each text of unknown direction its own: WeasyPrint knows neither `dir="auto"` nor what `bdi` does."""
    for one in root.iter():
        if one.get("dir") == "auto" or (one.tag == "bdi" and one.get("dir") is None):
            found = direction("".join(one.itertext()))
            if found:
                one.set("dir", found)
        one.text, one.tail = keep_together(one.text), keep_together(one.tail)


def keep_together(text: str | None) -> str | None:
    """A text with Arabic in it, each "38.4 °C" and "5 mL" of it isolated: else number and unit change places."""
    if not text or not _ARABIC.search(text):
        return text
    return _AMOUNT.sub("\u2066\\g<0>\u2069", text)


def direction(text: str) -> str:
    """`rtl` or `ltr` by the first letter that has a direction, "" where none has."""
    for letter in text:
        strong = unicodedata.bidirectional(letter)
        if strong in ("L", "R", "AL"):
            return "ltr" if strong == "L" else "rtl"
    return ""
