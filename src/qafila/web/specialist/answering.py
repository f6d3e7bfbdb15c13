"""The answer's form, as the specialty's pack asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.cases.answering import COLUMNS
from qafila.clinic.cases.models import Answer
from qafila.packs.specialty import Item, Specialty
from qafila.web.reception.words import language
from qafila.web.templatetags.qafila import told

LINE = 300
"""Longest text, in characters, that is written on one line."""


@dataclass(frozen=True)
class Field:
    """One question of the answer. `kind`: choice, many, yes_no, date, number, line, text."""

    name: str
    kind: str
    label: str
    hint: str
    required: bool
    choices: tuple[tuple[str, str, bool], ...]
    """Code, label, chosen."""
    value: str
    error: str


def fields(pack: Specialty, given: Mapping[str, Any], errors: Mapping[str, Any] | None = None) -> list[Field]:
    """The questions with what was typed (`given`: name to strings) and what is wrong with it."""
    wrong = errors or {}
    return [_field(item, given.get(item.link_id), wrong.get(item.link_id)) for item in pack.answer]


def _field(item: Item, given: Any, error: Any) -> Field:
    held = [str(v) for v in (given if isinstance(given, list | tuple) else [given]) if v not in (None, "")]
    yes_no = (("true", gettext("Yes"), "true" in held), ("false", gettext("No"), "false" in held))
    options = tuple((o.code, o.label.text(language()), o.code in held) for o in item.options)
    return Field(
        name=item.link_id,
        kind=_kind(item),
        label=item.label.text(language()),
        hint=item.hint.text(language()) if item.hint else "",
        required=item.required,
        choices=yes_no if item.type == "boolean" else options,
        value=held[0] if held else "",
        error=told(error) if error is not None else "",
    )


def _kind(item: Item) -> str:
    if item.type == "choice":
        return "many" if item.repeats else "choice"
    if item.type == "boolean":
        return "choice"
    if item.type == "date":
        return "date"
    if item.type in ("integer", "decimal", "quantity"):
        return "number"
    return "line" if COLUMNS.get(item.link_id, ("", LINE + 1))[1] <= LINE else "text"


def typed(answer: Answer | None) -> dict[str, Any]:
    """An answer as it was typed, to begin its correction with."""
    if answer is None:
        return {}
    found: dict[str, Any] = {name: getattr(answer, column) for name, (column, _) in COLUMNS.items()}
    return {n: _plain(v) for n, v in (found | dict(answer.more)).items() if v not in (None, "", [])}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)
