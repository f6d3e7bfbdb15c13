"""XLSForm (.xlsx) to a draft pack (xlsform.org). What has no place in a pack is refused with its row, all at once."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import defusedxml  # type: ignore[import-untyped]  # openpyxl reads XML through it where it is installed
import openpyxl

from qafila.packs import xpath
from qafila.packs.draft import (
    MOST_BYTES,
    MOST_ITEMS,
    DraftGroup,
    DraftItem,
    DraftPack,
    ImportRefused,
    Refusal,
    Words,
    identifier,
    in_every_language,
)

assert defusedxml, "a workbook from outside is never read without it"
UNPACKED = 50_000_000
"""Bytes of a workbook's parts together."""
MOST_ROWS, MOST_COLUMNS = 5_000, 60
SAME = {"integer": "integer", "decimal": "decimal", "text": "text", "string": "text", "date": "date",
        "acknowledge": "boolean"}  # fmt: skip
PICTURES = {"image": "photo", "audio": "audio", "video": "video", "file": "document"}
ABOUT_THE_FORM = frozenset(
    "start end today deviceid username phonenumber simserial subscriberid audit background-audio".split()
)
"""Rows that ask nobody anything: passed over."""
LANGUAGES = {"arabic": "ar", "french": "fr", "english": "en", "العربية": "ar", "français": "fr", "francais": "fr"}
_COLUMN = re.compile(r"(label|hint)\s*(?:::?\s*(.+))?", re.IGNORECASE)
Row = dict[str, str]


@dataclass
class _Choices:
    """One list of the choices sheet."""

    options: dict[str, tuple[str, Words]] = field(default_factory=dict)
    """Own name → code in the pack, words."""

    @property
    def yes_no(self) -> bool:
        names = {name.lower() for name in self.options}
        return len(names) == 2 and bool(names & xpath.YES) and bool(names & xpath.NO)


def read(data: bytes, code: str = "", *, copy: bool = False) -> DraftPack:
    """The draft in a workbook. `copy`: words that lack in a language are taken from another, and marked.

    Raises `ImportRefused` with every row that cannot be mapped.
    """
    sheets = _sheets(data)
    reader = _Form(copy, {})
    if "survey" not in sheets:
        raise ImportRefused([Refusal("workbook", 0, "has no sheet named survey")])
    reader.take_choices(sheets.get("choices", []))
    pack = reader.pack(sheets, code)
    if reader.refusals:
        raise ImportRefused(reader.refusals)
    return pack


def _sheets(data: bytes) -> dict[str, list[tuple[int, Row]]]:
    """Rows of each sheet with their numbers, by the header in row 1. Raises `ImportRefused`."""
    if len(data) > MOST_BYTES:
        raise ImportRefused([Refusal("workbook", 0, f"is larger than {MOST_BYTES // 1_000_000} MB")])
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            if sum(part.file_size for part in held.infolist()) > UNPACKED:
                raise ImportRefused([Refusal("workbook", 0, "unpacks to more than it may")])
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        return {name.strip().lower(): list(_rows(book[name])) for name in book.sheetnames}
    except ImportRefused:
        raise
    except Exception as error:
        raise ImportRefused(
            [Refusal("workbook", 0, f"is not an .xlsx that can be read ({type(error).__name__})")]
        ) from error


def _rows(sheet: Any) -> Iterator[tuple[int, Row]]:
    header: list[str] = []
    for number, values in enumerate(sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True), 1):
        texts = ["" if value is None else _plain(value) for value in values]
        if not header:
            header = [text.strip() for text in texts]
        elif any(text.strip() for text in texts):
            if number > MOST_ROWS:
                raise ImportRefused([Refusal("workbook", number, f"has more than {MOST_ROWS} rows")])
            yield number, {name: text.strip() for name, text in zip(header, texts, strict=False) if name}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def language_of(column: str, default: str) -> str:
    """The language of a label's column: `label::French (fr)`, `label::fr`, `label`; "" for one that is not ours."""
    text = column.strip().lower()
    inside = re.search(r"\(([a-z]{2})(?:[-_][a-z]+)?\)", text)
    named = inside[1] if inside else LANGUAGES.get(text, text[:2] if re.fullmatch(r"[a-z]{2}([-_].*)?", text) else "")
    return (named if named in ("ar", "fr", "en") else "") if text else default


@dataclass
class _Form:
    """Reads the sheets one row after the other."""

    copy: bool
    lists: dict[str, _Choices]
    refusals: list[Refusal] = field(default_factory=list)
    known: dict[str, xpath.Known] = field(default_factory=dict)
    default: str = "en"

    def refuse(self, sheet: str, row: int, what: str) -> None:
        self.refusals.append(Refusal(sheet, row, what))

    def words(self, row: Row, kind: str, sheet: str, number: int, *, needed: bool = True) -> Words:
        """`label` or `hint` of a row in every language."""
        given: Words = {}
        for column, text in row.items():
            found = _COLUMN.fullmatch(column)
            if found and found[1].lower() == kind and text:
                given.setdefault(language_of(found[2] or "", self.default), text)
        given.pop("", None)
        if not given and not needed:
            return {}
        held, lacking = in_every_language(given, self.copy)
        if lacking:
            self.refuse(sheet, number, f"the {kind} is missing in {', '.join(lacking)}, or too long: write it there")
        return held

    def take_choices(self, rows: list[tuple[int, Row]]) -> None:
        for number, row in rows:
            name, listed = row.get("name", ""), row.get("list_name", row.get("list name", ""))
            if not name or not listed:
                self.refuse("choices", number, "needs list_name and name")
                continue
            held = self.lists.setdefault(listed, _Choices())
            code = identifier(name, "c")
            if name in held.options or code in {made for made, _ in held.options.values()} or not code:
                self.refuse("choices", number, f"{name!r} stands twice in {listed!r}, or is no name for a pack")
                continue
            held.options[name] = (code, self.words(row, "label", "choices", number))

    def pack(self, sheets: dict[str, list[tuple[int, Row]]], code: str) -> DraftPack:
        number, settings = next(iter(sheets.get("settings", [])), (0, {}))
        self.default = language_of(settings.get("default_language", ""), "en") or "en"
        title = settings.get("form_title") or code or "XLSForm"
        named = code or identifier(settings.get("form_id", ""), "p") or "imported"
        pack = DraftPack(named, dict.fromkeys(("ar", "fr", "en"), title), f"XLSForm {title}"[:200])
        open_, depth = DraftGroup("questions", {"ar": "أسئلة", "fr": "Questions", "en": "Questions"}), 0
        pack.groups.append(open_)
        rows = sheets["survey"]
        if len(rows) > MOST_ITEMS:
            self.refuse("survey", MOST_ITEMS, f"has more than {MOST_ITEMS} questions")
            rows = []
        self._know(rows)
        for number, row in rows:
            kind = " ".join(row.get("type", "").split()).lower().replace("_", " ")
            if kind in ("begin group", "end group"):
                depth += 1 if kind.startswith("begin") else -1
                if depth not in (0, 1):
                    self.refuse("survey", number, "a group within a group, or an end without its beginning")
                    depth = max(0, min(depth, 1))
                elif depth:
                    open_ = self._group(number, row)
                    pack.groups.append(open_)
                else:
                    open_ = DraftGroup(f"more_{number}", dict(pack.groups[0].label))
                    pack.groups.append(open_)
            else:
                self._question(number, row, open_, pack)
        if depth:
            self.refuse("survey", rows[-1][0], "the last group has no end")
        pack.groups = [group for group in pack.groups if group.items]
        codes = [group.code for group in pack.groups]
        if len(set(codes)) < len(codes):
            self.refuse("survey", 0, "two groups have the same name")
        if not pack.groups and not self.refusals:
            self.refuse("survey", 0, "has no question that can be mapped")
        return pack

    def _know(self, rows: list[tuple[int, Row]]) -> None:
        """Every question by its name, so that a condition may look ahead as well as back."""
        for number, row in rows:
            name, (kind, listed) = row.get("name", ""), _kind(row)
            if kind not in SAME and kind not in ("select one", "select multiple"):
                continue
            link_id = identifier(name)
            if not link_id or link_id in {one.link_id for one in self.known.values()}:
                self.refuse("survey", number, f"{name!r} is no name for a question, or stands twice")
                continue
            held = self.lists.get(listed, _Choices())
            boolean = kind == "acknowledge" or (kind == "select one" and held.yes_no)
            options = {own: code for own, (code, _) in held.options.items()} if kind.startswith("select") else None
            self.known[name] = xpath.Known(link_id, boolean, None if boolean else options)

    def _group(self, number: int, row: Row) -> DraftGroup:
        code = identifier(row.get("name", ""), "g")
        if not code:
            self.refuse("survey", number, "the group needs a name")
        return DraftGroup(code or "g", self.words(row, "label", "survey", number), self._when(number, row))

    def _when(self, number: int, row: Row) -> str:
        text = row.get("relevant", row.get("relevance", ""))
        if not text:
            return ""
        try:
            return xpath.to_fhirpath(text, self.known)
        except xpath.XPathError as error:
            self.refuse("survey", number, f"the condition {text[:80]!r} cannot be mapped: {error}")
            return ""

    def _question(self, number: int, row: Row, group: DraftGroup, pack: DraftPack) -> None:
        kind, listed = _kind(row)
        if kind in ABOUT_THE_FORM or not kind:
            if not kind and row.get("name"):
                self.refuse("survey", number, "has no type")
            return
        for column in ("calculation", "choice_filter", "repeat_count", "trigger", "default"):
            if row.get(column):
                self.refuse("survey", number, f"{column} has no place in a pack: remove it")
        if kind in PICTURES:
            code = identifier(row.get("name", ""), "v")
            if not code:
                self.refuse("survey", number, f"{row.get('name', '')!r} is no name for a picture or recording")
                return
            words = self.words(row, "label", "survey", number)
            pack.views.append((code, PICTURES[kind], words, self._when(number, row)))
            return
        if kind not in SAME and kind not in ("select one", "select multiple"):
            self.refuse("survey", number, f"the type {row.get('type', '')[:40]!r} has no place in a pack")
            return
        known = self.known.get(row.get("name", ""))
        if known is None:
            return
        item = DraftItem(known.link_id, SAME.get(kind, "choice"), self.words(row, "label", "survey", number))
        item.hint = self.words(row, "hint", "survey", number, needed=False)
        item.required = row.get("required", "").lower() in ("yes", "true", "true()")
        item.enable_when = self._when(number, row)
        self._options(number, kind, listed, known, item)
        if row.get("constraint"):
            try:
                item.low, item.high = xpath.bounds(row["constraint"])
            except xpath.XPathError as error:
                self.refuse("survey", number, f"the constraint {row['constraint'][:60]!r}: {error}")
        group.items.append(item)

    def _options(self, number: int, kind: str, listed: str, known: xpath.Known, item: DraftItem) -> None:
        if not kind.startswith("select"):
            return
        if known.boolean:
            item.type = "boolean"
            return
        held = self.lists.get(listed)
        if held is None or not held.options:
            self.refuse("survey", number, f"there is no list of choices {listed!r}")
            return
        item.repeats = kind == "select multiple"
        item.options = [
            (code, words, item.repeats and code in ("none", "no", "nothing")) for code, words in held.options.values()
        ]


def _kind(row: Row) -> tuple[str, str]:
    """A row's type and, of a select, its list."""
    parts = row.get("type", "").split()
    first = parts[0].lower() if parts else ""
    if first in ("select_one", "select_multiple") and len(parts) >= 2:
        return first.replace("_", " "), parts[1] if len(parts) == 2 else " ".join(parts[1:])
    if first == "select" and len(parts) == 3:
        return f"select {parts[1].lower()}", parts[2]
    return " ".join(parts).lower(), ""
