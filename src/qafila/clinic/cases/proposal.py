"""A proposed prescription: lines in a fixed shape, kept in the answer until the unit's doctor adopts them. Pure.

A line: `medicine` (formulary code or ""), `words` (name, form and strength), `dose` and `per_day` (decimal numbers as
text, "" where open), `dose_unit`, `route`, `days` (whole number as text, "" where open), `instructions`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from typing import Any

from qafila.clinic.rules.words import N_, Message
from qafila.kernel.text import Bad, Integer, Number, parse_integer, parse_number, parse_text

MOST = 12
LENGTHS = {"words": 120, "dose_unit": 20, "route": 20, "instructions": 200}
FIELDS = ("medicine", "words", "dose", "dose_unit", "route", "per_day", "days", "instructions")
NAME = N_("Name the medicine with its form and strength.")
DOSE = N_("The dose is a number above 0, or is left open.")
TIMES = N_("Times a day: between 0.1 and 24, or left open.")
DAYS = N_("Days: between 1 and 366, or left open.")
LONG = N_("This text is too long.")
MANY = N_("At most 12 medicines.")

Line = dict[str, str]
Wrong = tuple[int, Message]


def read(rows: Sequence[Mapping[str, Any]], known: Container[str]) -> tuple[list[Line], list[Wrong]]:
    """Lines as kept, of rows as typed, and what is wrong: (row, words). Rows in which nothing stands are left out.

    `known`: the formulary's codes; a medicine of another code is kept by its words alone.
    """
    lines: list[Line] = []
    wrong: list[Wrong] = []
    for number, row in enumerate(rows):
        if not any(str(row.get(name) or "").strip() for name in ("words", "dose", "per_day", "days", "instructions")):
            continue
        line, faults = _line(row)
        code = str(row.get("medicine") or "")
        line["medicine"] = code if code in known else ""
        lines.append(line)
        wrong += [(number, fault) for fault in faults]
    if len(lines) > MOST:
        wrong.append((len(rows) - 1, Message(MANY)))
    return lines, wrong


def _line(row: Mapping[str, Any]) -> tuple[Line, list[Message]]:
    line: Line = dict.fromkeys(FIELDS, "")
    faults = []
    for name, most in LENGTHS.items():
        said = parse_text(str(row.get(name) or ""), most)
        if isinstance(said, Bad):
            faults.append(Message(LONG))
        else:
            line[name] = said
    if not line["words"]:
        faults.append(Message(NAME))
    for name, low, high, fault in (("dose", "0.001", "99999", DOSE), ("per_day", "0.1", "24", TIMES)):
        text = str(row.get(name) or "").strip()
        number = parse_number(text) if text else None
        if isinstance(number, Number) and Decimal(low) <= number.value <= Decimal(high):
            line[name] = f"{number.value.normalize():f}"
        elif text:
            faults.append(Message(fault))
    text = str(row.get("days") or "").strip()
    days = parse_integer(text) if text else None
    if isinstance(days, Integer) and 1 <= days.value <= 366:
        line["days"] = str(days.value)
    elif text:
        faults.append(Message(DAYS))
    return line, faults


def tidy(held: Any) -> list[Line]:
    """Lines of an answer as this program shows them, whatever came over the link: texts alone, known fields alone."""
    found = []
    for one in held if isinstance(held, list) else ():
        if isinstance(one, dict) and str(one.get("words") or "").strip():
            found.append({name: str(one.get(name) or "")[:4000] for name in FIELDS})
    return found
