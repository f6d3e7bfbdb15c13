"""What a hand scanner types: the text of a card's QR, as keys of an American keyboard whatever the tablet's layout is.

A scanner sends key presses; a tablet set to Arabic or French writes other letters for them. The text is read back, and
taken only where it is the whole text of a card with a right check character: no name can be mistaken for it.
"""

from __future__ import annotations

from qafila.kernel.ids import read_code

PREFIX = "QAFILA:"
_ROWS = ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
_ARABIC = (  # Arabic (101) as Windows, Android and Linux have it: without and with the shift key
    ("ض ص ث ق ف غ ع ه خ ح", "ش س ي ب ل ا ت ن م", "ئ ء ؤ ر لا ى ة"),
    ("َ ً ُ ٌ لإ إ ‘ ÷ × ؛", "ِ ٍ ] [ لأ أ ـ ، /", "~ ْ } { لآ آ ’"),
)
_FRENCH = dict(zip("AQZWM?&é\"'(-è_çà)", "QAWZ:M1234567890-", strict=True))


def _keys(rows: tuple[str, ...]) -> list[tuple[str, str]]:
    found = [pair for row, keys in zip(rows, _ROWS, strict=True) for pair in zip(row.split(" "), keys, strict=True)]
    # A key that writes two letters goes before those that write one of them.
    return sorted(found, key=lambda one: -len(one[0]))


_TABLES = [_keys(rows) for rows in _ARABIC]


def code_of(text: str) -> str | None:
    """The code of a card, typed as it is printed, or its QR, read by a camera or by a scanner into any of the layouts.
    None for all else."""
    typed = text.strip()
    if plain := read_code(typed):
        return plain
    for read in (typed.upper(), _french(typed), *(_arabic(typed, table) for table in _TABLES)):
        if read.startswith(PREFIX) and (code := read_code(read.removeprefix(PREFIX))):
            return code
    return None


def _french(text: str) -> str:
    return "".join(_FRENCH.get(c, c) for c in text.upper().replace("É", "é").replace("È", "è").replace("Ç", "ç")
                   .replace("À", "à"))  # fmt: skip


def _arabic(text: str, table: list[tuple[str, str]]) -> str:
    for written, key in table:
        text = text.replace(written, key)
    return text.replace("؛", ":").replace("ك", ":")
