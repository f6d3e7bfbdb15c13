"""The ANSM thesaurus of interactions (the text of its PDF, or a table of it) becomes a draft list of pairs.

The text: a name in capitals opens a section (a substance, or a class with its members in brackets on the lines below);
`+ NAME` or `NAME + NAME` opens a pair; then its level (`Contre-indication`, `Association déconseillée`, `Précaution
d'emploi`, `A prendre en compte`, with abbreviations CI, ASDEC, PE, APEC) and words. Heads of pages are passed over. A
table (CSV with `;`, `,` or tabs) has the columns substance, avec, niveau, texte in its first line.

Nothing is guessed: a name is mapped where it is, word for word, one of the formulary or of `formulary/thesaurus.toml`;
every other line is refused with its number, and nothing is written then.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qafila.kernel.text import Bad, fold, parse_text
from qafila.packs import load
from qafila.packs.draft import MOST_BYTES, ImportRefused, Refusal
from qafila.packs.interactions import SEVERITIES, Interactions, Severity

MOST_LINES, MOST_WORDS, LONGEST_LINE = 100_000, 400, 2_000
LEVELS: tuple[tuple[str, Severity], ...] = (
    (r"contre[ -]*indication|ci\b", "contraindicated"),
    (r"association deconseillee|asdec\b", "avoid"),
    (r"precaution d ?emploi|pe\b", "caution"),
    (r"a prendre en compte|apec\b", "monitor"),
)
_LEVEL = [(re.compile(pattern), severity) for pattern, severity in LEVELS]
_SKIP = re.compile(r"(ansm|thesaurus|interactions medicamenteuses|version|page|voir aussi)\b|\d+( ?/ ?\d+)?$")
_COLUMNS = {"substance": 0, "medicament": 0, "avec": 1, "protagoniste": 1, "niveau": 2, "niveau de contrainte": 2,
            "texte": 3, "mecanisme": 3, "conduite a tenir": 3}  # fmt: skip


@dataclass
class Row:
    """A pair as read: the line it began in, its names, its level and words."""

    line: int
    one: str
    other: str
    severity: Severity | None = None
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Taken:
    """What became of a file: the pairs by (code, code), and the names that the formulary does not know, by line."""

    pairs: dict[tuple[str, str], tuple[Severity, str]]
    unmapped: tuple[Refusal, ...]


def read(data: bytes, *, root: Path | None = None) -> Taken:
    """The pairs of a file. Raises `ImportRefused` for lines that cannot be understood, with all of them."""
    text = _text(data)
    faults: list[Refusal] = []
    rows = list(_table(text, faults) if _is_table(text) else _prose(text, faults))
    names = mapping(root)
    pairs: dict[tuple[str, str], tuple[Severity, str]] = {}
    unmapped: list[Refusal] = []
    for row in rows:
        if row.severity is None:
            faults.append(Refusal("line", row.line, f"{row.one[:40]} + {row.other[:40]}: no level is named"))
            continue
        found = [names.get(_key(name)) for name in (row.one, row.other)]
        lacking = [name for name, code in zip((row.one, row.other), found, strict=True) if code is None]
        unmapped += [Refusal("line", row.line, f"{name[:60]!r} is not in the formulary") for name in lacking]
        if not lacking:
            _keep(pairs, tuple(sorted(str(code) for code in found)), row.severity, row.words)  # type: ignore[arg-type]
    if faults:
        raise ImportRefused(faults)
    if not pairs and not unmapped:
        raise ImportRefused([Refusal("file", 0, "there is no pair in it")])
    return Taken(pairs, tuple(sorted(set(unmapped))))


def _keep(
    pairs: dict[tuple[str, str], tuple[Severity, str]], both: tuple[str, str], severity: Severity, words: list[str]
) -> None:
    """Two lines of one pair: the worse level holds, with its own words."""
    text = " ".join(" ".join(words).split())[:MOST_WORDS] or "voir le thésaurus"
    before = pairs.get(both)
    if before is None or SEVERITIES.index(severity) < SEVERITIES.index(before[0]):
        pairs[both] = severity, text


def bring_in(
    file: Path, out: Path, source: str, day: date, *, leave_unmapped: bool = False, root: Path | None = None
) -> tuple[int, tuple[Refusal, ...]]:
    """Write a draft list of a file to `out`, whole or not at all; how many pairs, and which names were left out.

    `leave_unmapped`: pairs of names that the formulary does not know are left out, and named. Raises `ImportRefused`
    (nothing was written), `OSError`, `FileExistsError`.
    """
    with file.open("rb") as held:
        data = held.read(MOST_BYTES + 1)
    taken = read(data, root=root)
    if taken.unmapped and not leave_unmapped:
        raise ImportRefused(taken.unmapped)
    if not taken.pairs:
        raise ImportRefused([Refusal("file", 0, "no pair of it is of the formulary")])
    text = to_toml(taken, source, day)
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "trial.toml"
        trial.write_text(text, encoding="utf-8")
        load.read(trial, Interactions)
    with out.open("x", encoding="utf-8") as opened:
        opened.write(text)
    return len(taken.pairs), taken.unmapped


def to_toml(taken: Taken, source: str, day: date) -> str:
    """The pairs as a pack, worst first."""
    lines = [
        "version = 1",
        'status = "draft"',
        f"source = {_quoted(source)}",
        f"date = {day.isoformat()}",
        'language = "fr"',
        "",
        "pair = [",
    ]
    order = sorted(taken.pairs.items(), key=lambda item: (SEVERITIES.index(item[1][0]), item[0]))
    for (one, other), (severity, words) in order:
        lines.append(
            f'  {{ one = "{one}", other = "{other}", severity = "{severity}", words = {_quoted(words)} }},'
        )  # fmt: skip
    return "\n".join([*lines, "]", ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "")


@load.remembered
def mapping(root: Path | None = None) -> dict[str, str]:
    """Folded name → code of a substance or class: the formulary's own names, and those of the thesaurus."""
    held = load.formulary(root=root)
    labels = [(one.label, one.code) for one in held.medicine if not one.substances]
    labels += [(one.label, one.code) for one in (*held.substance, *held.family)]
    found: dict[str, str] = {}
    for label, code in labels:
        for name in (label.fr, label.en, re.sub(r"\s*\(.*\)", "", label.fr)):
            found.setdefault(_key(name), code)
    for extra in load.thesaurus_names(root).name:
        found[_key(extra.name)] = extra.code
    return found


def _key(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", fold(name)))


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise ImportRefused([Refusal("file", 0, f"larger than {MOST_BYTES} bytes")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefused([Refusal("file", 0, f"not UTF-8 text (byte {error.start})")]) from error
    if "\0" in text or text.count("\n") > MOST_LINES:
        raise ImportRefused([Refusal("file", 0, "too many lines, or no text")])
    return text


# --- the text -----------------------------------------------------------------------------


def _prose(text: str, faults: list[Refusal]) -> Iterator[Row]:
    head, row, members = "", None, False
    for number, raw in enumerate(text.splitlines(), 1):
        line = _line(raw, number, faults)
        if not line:
            continue
        if members:
            members = ")" not in line
            continue
        if row is None and line.startswith("("):
            members = ")" not in line
            continue
        if _SKIP.match(fold(line)):
            continue
        names = _names(line)
        if names is not None:
            if row is not None:
                yield row
            row = None
            first, other = names
            head = first or head
            if other and not head:
                faults.append(Refusal("line", number, f"{line[:60]!r}: a pair before any name"))
            elif other:
                row = Row(number, head, other)
            continue
        if row is None:
            faults.append(Refusal("line", number, f"{line[:60]!r}: belongs to no pair"))
            continue
        _into(row, line)
    if row is not None:
        yield row


def _line(raw: str, number: int, faults: list[Refusal]) -> str:
    tidy = parse_text(raw[: LONGEST_LINE + 1], LONGEST_LINE)
    if isinstance(tidy, Bad):
        faults.append(Refusal("line", number, "this line is too long"))
        return ""
    return tidy


def _names(line: str) -> tuple[str, str] | None:
    """`NAME`, `+ NAME` or `NAME + NAME` in capitals; None for any other line, a level in capitals included."""
    if _level(line) is not None or line != line.upper() or not re.search(r"[^\W\d_]{3}", line):
        return None
    one, plus, other = line.partition("+")
    return (one.strip(), other.strip()) if plus else (line, "")


def _level(line: str) -> tuple[Severity, str] | None:
    """The level that a line begins with, the worst of several (`CI - ASDEC`), and what follows it."""
    folded = _key(line)
    for pattern, severity in _LEVEL:
        if found := pattern.match(folded):
            rest = line.partition(":")[2].strip()
            return severity, rest or (line if len(folded) > found.end() + 8 else "")
    return None


def _into(row: Row, line: str) -> None:
    found = _level(line)
    if found is None:
        row.words.append(line)
        return
    severity, rest = found
    if row.severity is None or SEVERITIES.index(severity) < SEVERITIES.index(row.severity):
        row.severity = severity
    if rest:
        row.words.append(rest)


# --- the table ----------------------------------------------------------------------------


def _is_table(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return sum(_key(name) in _COLUMNS for name in re.split(r"[;,\t]", first)) >= 3


def _table(text: str, faults: list[Refusal]) -> Iterator[Row]:
    first = text.lstrip().partition("\n")[0]
    mark = max(";\t,", key=first.count)
    reader = csv.reader(io.StringIO(text.lstrip()), delimiter=mark)
    try:
        places = [_COLUMNS.get(_key(name), -1) for name in next(reader)]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            values = ["", "", "", ""]
            for place, cell in zip(places, cells, strict=False):
                if place >= 0:
                    tidy = _line(cell, reader.line_num, faults)
                    values[place] = f"{values[place]} {tidy}".strip()
            if not values[0] or not values[1]:
                faults.append(Refusal("line", reader.line_num, "two names are needed"))
                continue
            row = Row(reader.line_num, values[0], values[1], words=[values[3]] if values[3] else [])
            level = _level(values[2])
            row.severity = level[0] if level else None
            yield row
    except (csv.Error, StopIteration) as error:
        faults.append(Refusal("line", reader.line_num, f"not a table: {error}"))
