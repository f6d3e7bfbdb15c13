"""A pack on its way in from another format: what could be mapped, what was refused and where, and its TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import msgspec

from qafila.kernel.text import Bad, parse_text
from qafila.packs import expressions
from qafila.packs.load import converted
from qafila.packs.shapes import LANGUAGES
from qafila.packs.specialty import Specialty

MOST_BYTES = 5_000_000
"""Largest file that is taken."""
MOST_ITEMS = 2_000
MOST_TEXT = 1_000
TO_TRANSLATE = "[…]"
"""Stands before words that were taken from another language, where that was asked for."""

Words = dict[str, str]
"""A text by language: ar, fr, en."""


class ImportRefused(Exception):
    """A file that cannot become a pack: `refusals` says, for each place of the file, why. Nothing was written."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = sorted(set(refusals))
        super().__init__("\n".join(str(one) for one in self.refusals))


@dataclass(frozen=True, order=True)
class Refusal:
    """What cannot be mapped. `row` is the sheet's row number, 0 where the format has none; `where` names the place."""

    where: str
    row: int
    what: str

    def __str__(self) -> str:
        place = f"{self.where}, row {self.row}" if self.row else self.where
        return f"{place}: {self.what}"


@dataclass
class DraftItem:
    """A question as it will stand in the pack."""

    link_id: str
    type: str
    label: Words
    hint: Words = field(default_factory=dict)
    options: list[tuple[str, Words, bool]] = field(default_factory=list)
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = False
    repeats: bool = False
    enable_when: str = ""
    codes: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class DraftGroup:
    """A group of questions."""

    code: str
    label: Words
    enable_when: str = ""
    items: list[DraftItem] = field(default_factory=list)


@dataclass
class DraftPack:
    """What a file holds of a pack. Red flags, gate and deadlines are for a clinician to write."""

    code: str
    label: Words
    source: str
    groups: list[DraftGroup] = field(default_factory=list)
    views: list[tuple[str, str, Words, str]] = field(default_factory=list)
    """Code, kind, label, condition."""


def identifier(text: str, prefix: str = "q") -> str:
    """`text` as a name that a pack may use: lower case, digits and underscores, a letter first; "" for nothing."""
    made = re.sub(r"[^a-z0-9]+", "_", text.strip().lower()).strip("_")[:60]
    if not made:
        return ""
    named = made if made[0].isalpha() else f"{prefix}{made}"
    try:
        expressions.check(f"%a.{named}")
    except expressions.ExpressionError:
        return f"{prefix}_{named}"
    return named


def tidy(text: str) -> str:
    """Words without control characters; "" for what is too long or nothing but those."""
    found = parse_text(text, MOST_TEXT, lines=False)
    return "" if isinstance(found, Bad) else found.strip()


def in_every_language(given: Words, copy: bool) -> tuple[Words, list[str]]:
    """The words in every language and the languages that lack; with `copy` these take the words of another."""
    held: Words = {code: tidy(given.get(code, "")) for code in LANGUAGES}
    lacking: list[str] = [code for code in LANGUAGES if not held[code]]
    known = next((held[code] for code in ("en", "fr", "ar") if held[code]), "")
    if copy and known:
        held |= dict.fromkeys(lacking, f"{TO_TRANSLATE} {known}")
        lacking = []
    return held, lacking


def to_toml(pack: DraftPack, day: date) -> str:
    """The pack's file. Raises `ImportRefused` where what was read does not make a pack."""
    lines = [
        f"# Imported from {_text(pack.source)}. A draft: write red flags with examples, requirements and deadlines.",
        f"code = {_text(pack.code)}",
        f"label = {_label(pack.label)}",
        "version = 1",
        'status = "draft"',
        f"valid_from = {day.isoformat()}",
        f"source = {_text(f'Imported from {pack.source}; not approved by a clinician')}",
    ]
    for group in pack.groups:
        lines += ["", "[[group]]", f"code = {_text(group.code)}", f"label = {_label(group.label)}"]
        lines += [f"enable_when = {_text(group.enable_when)}"] if group.enable_when else []
        for item in group.items:
            lines += ["", "[[group.item]]", *_item(item)]
    for code, kind, label, when in pack.views:
        lines += ["", "[[view]]", f"code = {_text(code)}", f"kind = {_text(kind)}", "least = 0"]
        lines += [f"label = {_label(label)}", *([f"when = {_text(when)}"] if when else [])]
    made = "\n".join(lines) + "\n"
    try:
        converted(tomllib.loads(made), Specialty)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ImportRefused([Refusal(pack.source, 0, f"does not make a pack: {error}")]) from error
    return made


def _item(item: DraftItem) -> list[str]:
    lines = [f"link_id = {_text(item.link_id)}", f"type = {_text(item.type)}", f"label = {_label(item.label)}"]
    lines += [f"hint = {_label(item.hint)}"] if item.hint else []
    lines += [f"unit = {_text(item.unit)}"] if item.unit else []
    lines += [f"{name} = {bound}" for name, bound in (("low", item.low), ("high", item.high)) if bound is not None]
    lines += [f"{name} = true" for name in ("required", "repeats") if getattr(item, name)]
    lines += [f"enable_when = {_text(item.enable_when)}"] if item.enable_when else []
    if item.codes:
        held = ", ".join(f"{{ system = {_text(system)}, code = {_text(code)} }}" for system, code in item.codes)
        lines.append(f"codes = [{held}]")
    if item.options:
        lines.append("options = [")
        for code, label, exclusive in item.options:
            alone = "exclusive = true, " if exclusive else ""
            lines.append(f"  {{ code = {_text(code)}, {alone}label = {_label(label)} }},")
        lines.append("]")
    return lines


def _label(words: Words) -> str:
    return "{ " + ", ".join(f"{code} = {_text(words[code])}" for code in LANGUAGES) + " }"


def _text(text: str) -> str:
    # a basic string of TOML takes the escapes of JSON
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
