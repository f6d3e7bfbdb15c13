"""The maps of body and chest as a page draws them: a list to choose from, and the same as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from qafila.packs import load
from qafila.web.reception.words import language


@dataclass(frozen=True)
class Figure:
    """One side of a map: `spots` are (code, words, shape, chosen), the shape as its template takes it."""

    side: str
    words: str
    spots: list[tuple[str, str, Any, bool]]


def body_map(chosen: str = "") -> list[Figure]:
    """The body from the front and the back."""
    tongue = language()
    return [
        Figure(
            side,
            words,
            [
                (one.code, one.label.text(tongue), one.shape, one.code == chosen)
                for one in load.body().region
                if one.side == side
            ],
        )
        for side, words in (("front", gettext("From the front")), ("back", gettext("From behind")))
    ]


def chest_map(chosen: str = "") -> list[Figure]:
    """The sites of auscultation from the front and the back."""
    tongue = language()
    return [
        Figure(
            side,
            words,
            [
                (one.code, one.label.text(tongue), one, one.code == chosen)
                for one in load.body().chest
                if one.side == side
            ],
        )
        for side, words in (("front", gettext("From the front")), ("back", gettext("From behind")))
    ]


def site_words(code: str) -> str:
    """What a place on the body is called, "" for none."""
    return load.body().words(code, language()) if code else ""
