"""QR codes as pictures within a page."""

from __future__ import annotations

import segno

QUIET = 4
"""Modules of white around a code (ISO/IEC 18004)."""
MODULE_MM = 0.55
"""At 150 dpi a module is 3.2 dots wide: a plain scanner or a telephone reads it off a folded sheet."""


def signed(token: str) -> tuple[str, int]:
    """The picture of a signed code and its side in CSS pixels (96 an inch), white edge included."""
    code = segno.make(token, error="m", micro=False, boost_error=False)
    side = code.symbol_size(border=QUIET)[0] * MODULE_MM * 96 / 25.4
    return str(code.svg_data_uri(border=QUIET, xmldecl=False, omitsize=True)), round(side)


def plain(text: str) -> str:
    """The picture of a short code."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(border=0, xmldecl=False, omitsize=True))
