"""What people type and what they read: digits of three scripts, numbers, direction, search keys.

Messages are English msgids marked with `N_`; whoever shows them translates them and fills in `values`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal


def N_(message: str) -> str:
    """Mark a msgid for extraction; returns it unchanged."""
    return message


@dataclass(frozen=True, slots=True)
class Bad:
    """Input that cannot be used: a msgid and what to fill into its `%(name)s` places."""

    message: str
    values: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that reads in one way only."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number that reads in one way only."""

    value: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Input that reads in several ways: the person chooses; never guess."""

    readings: tuple[Decimal, ...]
    message: str


# --- digits and numbers ---------------------------------------------------------------------------

_DIGITS = {ord(c): str(i) for row in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹") for i, c in enumerate(row)}
_MAX_NUMBER_TEXT = 64
_MAX_DIGITS = 20

# Places of U+066B (decimal), U+066C (thousands), U+060C (the comma of an Arabic keyboard), U+2212.
_NUMBER_SIGNS = {0x066B: "d", 0x066C: "t", 0x060C: ",", 0x2212: "-", 0x2010: "-", 0x2011: "-"}
_MARKS = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_SHOWN = 20

NOT_A_NUMBER = N_("“%(text)s” is not a number. Use digits only, for example 37.5.")
NO_NUMBER = N_("Enter a number.")
NUMBER_TOO_LONG = N_("This number is too long.")
NO_EXPONENT = N_("“%(text)s”: write the number out in full, without an exponent.")
NOT_WHOLE = N_("“%(text)s” is not a whole number.")
WHICH_NUMBER = N_("This number can be read in two ways. Which one do you mean?")

_SPACED = re.compile(r"[0-9]{1,3}( [0-9]{3})+(?![0-9 ])")
_GROUPED = {sep: re.compile(rf"[1-9][0-9]{{0,2}}({re.escape(sep)}[0-9]{{3}})+") for sep in ",.t"}
_ONE_COMMA = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
_PLAIN = re.compile(r"([0-9]*)(?:[.,d]([0-9]+))?")
_EXPONENT = re.compile(r"[0-9.,d ]+e ?[-+]?[0-9]+", re.IGNORECASE)


def latin_digits(s: str) -> str:
    """Write the digits ٠-٩ and ۰-۹ as 0-9; everything else stays."""
    return s.translate(_DIGITS)


def _shown(s: str) -> str:
    text = clean(s[: _SHOWN * 4], _SHOWN + 1)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def parse_number(s: str) -> Number | Asked | Bad:
    """Read a number as people type it, in any of three digit scripts.

    Decimal: `٫`, comma or dot. Thousands: `٬`, spaces, or commas/dots where these can be nothing else
    ("1,234,567", "1,234.5"). "1,234" alone is asked about. No exponent. Never raises.
    """
    if len(s) > _MAX_NUMBER_TEXT:
        return Bad(NUMBER_TOO_LONG)
    text = _MARKS.sub("", s).translate(_DIGITS)
    if re.search(r"[A-Za-z]", text):
        # Said apart from "not a number", as lab machines and spreadsheets do write 1e5.
        message = NO_EXPONENT if _EXPONENT.fullmatch(text.strip(" +-")) else NOT_A_NUMBER
        return Bad(message, {"text": _shown(s)})
    text = re.sub(r"\s+", " ", text.translate(_NUMBER_SIGNS)).strip()
    if not text:
        return Bad(NO_NUMBER)
    sign = ""
    if text[0] in "+-":
        sign, text = text[0].replace("+", ""), text[1:].lstrip()
    if sum(c in "0123456789" for c in text) > _MAX_DIGITS:
        return Bad(NUMBER_TOO_LONG)
    if _ONE_COMMA.fullmatch(text):
        whole, part = Decimal(sign + text.replace(",", "")), Decimal(sign + text.replace(",", "."))
        return Asked((whole, part), WHICH_NUMBER)
    plain = _ungrouped(text)
    match = _PLAIN.fullmatch(plain) if plain is not None else None
    if match is None or not (match[1] or match[2]):
        return Bad(NOT_A_NUMBER, {"text": _shown(s)})
    return Number(Decimal(f"{sign}{match[1] or '0'}" + (f".{match[2]}" if match[2] else "")))


def _ungrouped(text: str) -> str | None:
    """The same number without its thousands signs; None where their places make no sense."""
    if " " in text:
        match = _SPACED.match(text)
        if match is None:
            return None
        rest = text[match.end() :]
        return match[0].replace(" ", "") + rest if " " not in rest else None
    for sep, decimals in (("t", ".,d"), (",", ".d"), (".", ",d")):
        match = _GROUPED[sep].match(text)
        if match is None:
            continue
        rest = text[match.end() :]
        # A single dot is always a decimal point unless another decimal sign follows it.
        certain = sep == "t" or match[0].count(sep) > 1 or bool(rest)
        if certain and (not rest or rest[0] in decimals):
            return match[0].replace(sep, "") + rest
    return text


def parse_integer(s: str) -> Integer | Asked | Bad:
    """Read a whole number; "1,234" can then only be 1234, while "1,000" is still asked about."""
    read = parse_number(s)
    if isinstance(read, Bad):
        return read
    readings = read.readings if isinstance(read, Asked) else (read.value,)
    whole = tuple(r for r in readings if r == r.to_integral_value())
    if not whole:
        return Bad(NOT_WHOLE, {"text": _shown(s)})
    if len(whole) > 1:
        return Asked(whole, WHICH_NUMBER)
    return Integer(int(whole[0]))


# --- direction, control characters, spaces --------------------------------------------------------

FSI, PDI = "\u2068", "\u2069"
ZWNJ, ZWJ = "\u200c", "\u200d"

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1, but for tab, line feed and NEL
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, invisible spaces, direction marks
    "\u202a-\u202e\u2066-\u2069"  # bidi embeddings, overrides, isolates
    "\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff"  # lone surrogates, which no database can store
    "\U000e0000-\U000e007f]"  # tag characters
)
_LINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MARK = (
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06dc"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
)
_PILED_MARKS = re.compile(f"({_MARK}{{8}}){_MARK}+")
_JOINERS = re.compile(f"[{ZWNJ}{ZWJ}]+")
_JOINING = (
    "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06ed\u06fa-\u06ff"
    "\u0700-\u077f\u0870-\u08ff\ufb50-\ufdfb\ufe70-\ufefc"
)
_IDLE_ZWNJ = re.compile(f"(?<![{_JOINING}]){ZWNJ}|{ZWNJ}(?![{_JOINING}])")
_IDLE_ZWJ = re.compile(f"(?<![{_JOINING}]){ZWJ}")
_NOTHING_HIDDEN = re.compile("[ -~\u0621-\u063a\u0641-\u064a]*")
"""ASCII that is seen and Arabic letters: most names, in which there is nothing to remove."""


def strip_controls(s: str) -> str:
    """Remove what is invisible and can mislead: bidi controls, NUL and other controls, tags.

    Line feeds and tabs stay (other line ends become line feeds). Of marks piled on one letter eight stay.
    ZWNJ stays between letters that would join (Arabic, Syriac scripts), ZWJ after one; elsewhere they are dropped.
    """
    if _NOTHING_HIDDEN.fullmatch(s):
        return s
    text = _PILED_MARKS.sub(r"\1", _CONTROLS.sub("", _LINES.sub("\n", s)))
    if ZWNJ not in text and ZWJ not in text:
        return text
    text = _JOINERS.sub(lambda run: run[0][0], text)
    return _PILED_MARKS.sub(r"\1", _IDLE_ZWJ.sub("", _IDLE_ZWNJ.sub("", text)))


def isolate(s: str) -> str:
    """Wrap in FSI…PDI, so that the text keeps its own direction inside of any other.

    Bidi controls inside of it are removed: an odd PDI would end the isolation early.
    """
    return FSI + strip_controls(s) + PDI


def clean(s: str, max_len: int) -> str:
    """One tidy line: no controls, NFC, trimmed, spaces collapsed, cut at `max_len` code points.

    It cuts without a word: for what a person writes down use `parse_text`, which refuses instead.
    """
    text = " ".join(strip_controls(s).split())
    # The first cut bounds the work: NFC makes a text at most four times shorter.
    text = unicodedata.normalize("NFC", text[: max_len * 4])
    return strip_controls(text[:max_len]).strip()


TOO_LONG = N_("This text is too long: %(length)s characters, at most %(most)s are kept.")


def parse_text(s: str, max_len: int, lines: bool = False) -> str | Bad:
    """Tidy what a person wrote, or refuse it when it is longer than `max_len`; nothing is cut.

    With `lines`, line ends stay (at most one blank line running); without, the text becomes one line.
    """
    text = strip_controls(s)
    if lines:
        text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
        text = re.sub("\n{3,}", "\n\n", text).strip()
    else:
        text = " ".join(text.split())
    if len(text) <= max_len * 4:
        text = unicodedata.normalize("NFC", text)
    if len(text) > max_len:
        return Bad(TOO_LONG, {"length": str(len(text)), "most": str(max_len)})
    return text


def tidy(text: str, most: int, refused: Callable[[Bad], Exception], *, lines: bool = False) -> str:
    """What a person wrote, tidied by `parse_text`. Raises what `refused` makes of the reason where it is too long."""
    found = parse_text(text, most, lines)
    if isinstance(found, Bad):
        raise refused(found)
    return found


_FORMULA = re.compile("[=+\\-@\t\r\n＝＋－＠]")


def cell(value: object) -> str:
    """What a cell of a table for other programs (CSV, a workbook) holds: text that a spreadsheet never computes.

    A text that begins as a formula does gets an apostrophe before it (OWASP, CSV injection); plain numbers stay.
    """
    text = strip_controls("" if value is None else str(value))
    formula = _FORMULA.match(text) and not re.fullmatch(r"[-+]?[0-9]+([.,][0-9]+)?", text)
    return f"'{text}" if formula else text


# --- search key -----------------------------------------------------------------------------------

_FOLDED = _DIGITS | {
    **dict.fromkeys(map(ord, "ٱٲٳٵ"), "ا"),
    **dict.fromkeys(map(ord, "ىیېےۍێ"), "ي"),
    **dict.fromkeys(map(ord, "ەہھۃةۂ"), "ه"),
    **dict.fromkeys(map(ord, "ۆۇۈۋ"), "و"),
    **dict.fromkeys(map(ord, "کڪ"), "ك"),
    **dict.fromkeys(map(ord, "ءـٴ\u200c\u200d"), ""),
    **dict.fromkeys(map(ord, "’‘ʼʻ`´ʿʾ"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–—−"), "-"),
    ord("ø"): "o",
    ord("ł"): "l",
    ord("đ"): "d",
    ord("ħ"): "h",
    ord("ı"): "i",
    ord("œ"): "oe",
    ord("æ"): "ae",
}


def _bare(s: str) -> str:
    if s.isascii():
        return s
    # No mark is a letter or a digit, and most of a name are: they need no look into Unicode's tables.
    return "".join(c for c in unicodedata.normalize("NFKD", s) if c.isalnum() or unicodedata.category(c) != "Mn")


def fold(s: str) -> str:
    """The search key of a text: what two spellings of one word have in common.

    NFKD without marks (accents, tashkeel), tatweel or hamza; one alef, one ya, ta marbuta as ha; Latin digits; no
    case; single spaces. For names across scripts see `names.name_key`.
    """
    text = _bare(_bare(strip_controls(s).translate(_FOLDED)).casefold()).translate(_FOLDED)
    return " ".join(strip_controls(text).split())
