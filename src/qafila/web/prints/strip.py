"""A strip of 72 mm for thermal printers: a picture of one bit a dot, and the same as ESC/POS commands.

Drawn in a process of its own like every print (`drawing`).
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from qafila.web.prints import drawing
from qafila.web.prints.render import direction

WIDE = 576
"""Dots: 72 mm at 203 dpi."""
TALLEST = 12_000
EDGE = 12
BAND = 255
"""Rows of dots in one ESC/POS command: what every printer's memory holds."""
FONTS = "/usr/share/fonts/truetype/noto"
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")


@dataclass(frozen=True)
class Line:
    """A paragraph. `size` in dots; `rtl`: it begins at the right."""

    text: str
    size: int = 26
    bold: bool = False
    rtl: bool = False
    middle: bool = False


RULE = Line("")
"""A line across the paper."""


@dataclass(frozen=True)
class Strip:
    """What stands before the code, the code, what stands after it."""

    before: list[Line]
    token: str
    after: list[Line]


def made(strip: Strip, how: str) -> bytes:
    """The strip as a PNG, or with `how` "escpos" as the bytes for a printer. Raises `PrintFailed`."""
    return drawing.drawn(how, json.dumps(asdict(strip)).encode())


def draw_picture(said: bytes) -> bytes:
    """A strip's JSON as a PNG, in the process that draws."""
    out = io.BytesIO()
    drawn(_read(said)).save(out, "PNG", dpi=(203, 203), optimize=True)
    return out.getvalue()


def draw_escpos(said: bytes) -> bytes:
    """A strip's JSON as the bytes for a printer, in the process that draws."""
    return escpos(drawn(_read(said)))


def _read(data: bytes) -> Strip:
    said = json.loads(data)
    lines = {part: [Line(**one) for one in said[part]] for part in ("before", "after")}
    return Strip(lines["before"], said["token"], lines["after"])


def escpos(picture: Any) -> bytes:
    """The commands that print it: initialise, the picture band by band (GS v 0), feed, cut."""
    raw = bytes(255 - byte for byte in picture.tobytes())
    row = WIDE // 8
    out = bytearray(b"\x1b@")
    for top in range(0, picture.height, BAND):
        rows = min(BAND, picture.height - top)
        out += b"\x1dv0\0" + row.to_bytes(2, "little") + rows.to_bytes(2, "little")
        out += raw[top * row : (top + rows) * row]
    return bytes(out + b"\x1bd\x04\x1dV\x42\0")


def drawn(strip: Strip) -> Any:
    """The picture: white 1, black 0. Raises `ValueError` where it is longer than a strip may be."""
    from PIL import Image, ImageDraw

    sheet = Image.new("1", (WIDE, TALLEST), 1)
    pen = ImageDraw.Draw(sheet)
    at = EDGE
    for line in strip.before:
        at = _put(pen, line, at)
    code = _code(strip.token)
    sheet.paste(code, ((WIDE - code.width) // 2, at))
    at += code.height + 4
    for line in strip.after:
        at = _put(pen, line, at)
    return sheet.crop((0, 0, WIDE, at + EDGE))


def _code(token: str) -> Any:
    import segno
    from PIL import Image

    code = segno.make(token, error="m", micro=False, boost_error=False)
    scale = min(8, WIDE // code.symbol_size(border=4)[0])
    out = io.BytesIO()
    code.save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("1")


def _put(pen: Any, line: Line, at: int) -> int:
    if at > TALLEST - 1500:
        raise ValueError("too long")
    if not line.text:
        pen.line((EDGE, at + 8, WIDE - EDGE, at + 8), fill=0, width=2)
        return at + 18
    fonts = (line.size, line.bold)
    step = round(line.size * 1.55)
    for row in _rows(pen, line):
        width = _width(pen, row, fonts, rtl=line.rtl)
        left = (WIDE - width) / 2 if line.middle else WIDE - EDGE - width if line.rtl else EDGE
        _draw(pen, row, (left, at), fonts, rtl=line.rtl)
        at += step
    return at + 4


def _rows(pen: Any, line: Line) -> list[str]:
    """The paragraph broken where it does not fit."""
    rows = []
    for paragraph in line.text.splitlines():
        row = ""
        for word in paragraph.split(" "):
            longer = f"{row} {word}" if row else word
            if row and _width(pen, longer, (line.size, line.bold), rtl=line.rtl) > WIDE - 2 * EDGE:
                rows.append(row)
                longer = word
            row = longer
        rows.append(row)
    return [piece for row in rows for piece in _cut(pen, row, line)]


def _cut(pen: Any, row: str, line: Line) -> list[str]:
    """A single word that is wider than the paper, in pieces."""
    pieces = []
    while len(row) > 1 and _width(pen, row, (line.size, line.bold), rtl=line.rtl) > WIDE - 2 * EDGE:
        most = len(row) - 1
        while most > 1 and _width(pen, row[:most], (line.size, line.bold), rtl=line.rtl) > WIDE - 2 * EDGE:
            most = most * 7 // 8
        pieces.append(row[:most])
        row = row[most:]
    return [*pieces, row]


def _runs(text: str, *, rtl: bool) -> list[tuple[str, bool]]:
    """Stretches of one script in the order in which they are drawn, from left to right: (text, Arabic).

    What stands between two " · " keeps its own direction, as a `bdi` does on a page.
    """
    pieces = []
    for piece in re.split(r"(?:^| )·(?: |$)", text):
        runs: list[tuple[str, bool]] = []
        for word in piece.split(" "):
            arabic = _ARABIC.search(word) is not None
            if runs and arabic == runs[-1][1]:
                runs[-1] = (f"{runs[-1][0]} {word}", arabic)
            elif word:
                runs.append((word, arabic))
        pieces.append(runs[::-1] if direction(piece) == "rtl" else runs)
    found: list[tuple[str, bool]] = []
    for runs in pieces[::-1] if rtl else pieces:
        found += [("·", False), *runs] if found else runs
    return found


def _draw(pen: Any, row: str, at: tuple[float, int], fonts: tuple[int, bool], *, rtl: bool) -> None:
    left, top = at
    for text, arabic in _runs(row, rtl=rtl):
        font, way = _font(*fonts, arabic), "rtl" if arabic else "ltr"
        pen.text((left, top + fonts[0] * 1.15), text, font=font, fill=0, direction=way, anchor="ls")
        left += pen.textlength(text, font=font, direction=way) + _gap(fonts)


def _width(pen: Any, row: str, fonts: tuple[int, bool], *, rtl: bool) -> float:
    widths = [
        pen.textlength(text, font=_font(*fonts, arabic), direction="rtl" if arabic else "ltr") + _gap(fonts)
        for text, arabic in _runs(row, rtl=rtl)
    ]
    return sum(widths) - _gap(fonts) if widths else 0.0


def _gap(fonts: tuple[int, bool]) -> float:
    return fonts[0] * 0.27


@lru_cache(maxsize=16)
def _font(size: int, bold: bool, arabic: bool) -> Any:
    from PIL import ImageFont

    name = f"NotoSans{'Arabic' if arabic else ''}-{'Bold' if bold else 'Regular'}.ttf"
    return ImageFont.truetype(f"{FONTS}/{name}", size, layout_engine=ImageFont.Layout.RAQM)
