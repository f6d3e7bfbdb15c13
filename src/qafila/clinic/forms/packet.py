"""The intake of a specialty as a form of the server: what is asked now, and what was typed read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qafila.clinic.forms.context import context, pack_of
from qafila.clinic.models import Case
from qafila.clinic.refusal import of_bad
from qafila.clinic.rules import observations
from qafila.clinic.rules.words import N_, Message
from qafila.kernel.text import Asked, Bad, latin_digits, parse_integer, parse_number, parse_text
from qafila.packs import intake as rules
from qafila.packs import load
from qafila.packs.specialty import Item, Specialty, View
from qafila.registry.places.here import local_day

MAX_TEXT = 2000
YES, NO = "true", "false"
CONFIRM = "confirm."
"""Prefix of the field by which a person confirms an unusual number."""

NOT_YES_NO = N_("Answer yes or no.")
NOT_OFFERED = N_("This is not one of the answers.")
ONE_ANSWER = N_("Choose one answer only.")
ALONE = N_("“None of these” cannot stand beside another answer.")
NOT_A_DAY = N_("“%(value)s” is not a date. Write year-month-day, for example 2026-03-25.")
UNUSUAL = N_("%(value)s is unusual. Is it right?")


@dataclass(frozen=True)
class Choice:
    """An option with its label in the reader's language."""

    code: str
    label: str
    exclusive: bool = False
    chosen: bool = False


@dataclass(frozen=True)
class Field:
    """One question as shown: its own name in the form is `name`; `value` what is saved."""

    name: str
    type: str
    label: str
    hint: str = ""
    unit: str = ""
    """UCUM code; `unit_words` is how people write it."""
    unit_words: str = ""
    required: bool = False
    repeats: bool = False
    choices: tuple[Choice, ...] = ()
    value: Any = None


@dataclass(frozen=True)
class Section:
    """A titled group of questions."""

    code: str
    label: str
    fields: tuple[Field, ...]


@dataclass
class Read:
    """What came of a submitted form: `intake` (linkId → value) of all that could be read, `errors` by linkId,
    `confirm` the unusual numbers to be confirmed (field `confirm.<linkId>`)."""

    intake: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Message] = field(default_factory=dict)
    confirm: dict[str, Message] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Nothing wrong and nothing left to confirm."""
        return not self.errors and not self.confirm


def describe(case: Case, language: str, intake: Mapping[str, Any] | None = None) -> list[Section]:
    """The questions asked now (what does not apply is left out), with what is saved, labels in `language`."""
    given = dict(case.intake if intake is None else intake)
    pack, found = pack_of(case), []
    for group, items in rules.asked(pack, context(case, given)):
        fields = tuple(_shown(item, given.get(item.link_id), language) for item in items)
        found.append(Section(group.code, group.label.text(language), fields))
    return found


def describe_all(specialty: Specialty, language: str) -> list[Section]:
    """Every question of a pack, asked or not (a printed form, a preview)."""
    return [
        Section(g.code, g.label.text(language), tuple(_shown(i, None, language) for i in g.item))
        for g in specialty.group
    ]


def views(case: Case, language: str, given: Mapping[str, Any] | None = None) -> list[tuple[View, str]]:
    """Recordings and pictures wanted now, each with its label; `given`: answers of a form that is not saved yet."""
    wanted = rules.views_wanted(pack_of(case), context(case, dict(given) if given is not None else None))
    return [(view, view.label.text(language)) for view in wanted]


def read(case: Case, submitted: Mapping[str, Sequence[str]]) -> Read:
    """Read what was typed: {name: [strings]} as a form sends it (`dict(request.POST.lists())`).

    An unanswered question has no entry; what no longer applies under the new answers is dropped. Never raises.
    """
    found = Read()
    pack = pack_of(case)
    for item in pack.items():
        texts = [t for t in submitted.get(item.link_id, ()) if t.strip()]
        if not texts:
            continue
        value = _value(item, texts)
        if isinstance(value, Message):
            found.errors[item.link_id] = value
            continue
        found.intake[item.link_id] = value
        unusual = isinstance(value, (int, float)) and not isinstance(value, bool) and rules.implausible(item, value)
        if unusual and not submitted.get(CONFIRM + item.link_id):
            found.confirm[item.link_id] = Message(UNUSUAL, value=texts[0][:20])
    _drop_unasked(case, pack, found)
    return found


def _drop_unasked(case: Case, pack: Specialty, found: Read) -> None:
    """Answers to questions that no longer apply; one round for each level of dependence."""
    for _ in range(5):
        asked = {item.link_id for _, items in rules.asked(pack, context(case, found.intake)) for item in items}
        gone = [name for name in (*found.intake, *found.errors) if name not in asked]
        for name in gone:
            found.intake.pop(name, None)
            found.errors.pop(name, None)
            found.confirm.pop(name, None)
        if not gone:
            return


def read_item(item: Item, texts: Sequence[str]) -> Any:
    """The value of one item from what was typed, or a `Message` of what is wrong; None for nothing typed."""
    filled = [t for t in texts if t.strip()]
    return _value(item, filled) if filled else None


def _value(item: Item, texts: Sequence[str]) -> Any:
    if item.type == "choice":
        return _choice(item, texts)
    if item.repeats:
        values = [_single(item, text) for text in texts]
        return next((v for v in values if isinstance(v, Message)), values)
    return _single(item, texts[0])


def _single(item: Item, text: str) -> Any:
    if item.type == "boolean":
        return {YES: True, NO: False}.get(text.strip().lower(), Message(NOT_YES_NO))
    if item.type == "date":
        return _period(_day(text)) if item.link_id == "lmp" else _day(text)
    if item.type in ("integer", "decimal", "quantity"):
        number = parse_integer(text) if item.type == "integer" else parse_number(text)
        if isinstance(number, Bad):
            return of_bad(number)
        if isinstance(number, Asked):
            return Message(number.message)
        value = number.value
        return int(value) if value == int(value) else float(value)
    words = parse_text(text, MAX_TEXT, lines=True)
    return of_bad(words) if isinstance(words, Bad) else words


def _choice(item: Item, texts: Sequence[str]) -> Any:
    codes = list(dict.fromkeys(t.strip() for t in texts))
    options = {option.code: option for option in item.options}
    if any(code not in options for code in codes):
        return Message(NOT_OFFERED)
    if not item.repeats:
        return codes[0] if len(codes) == 1 else Message(ONE_ANSWER)
    if len(codes) > 1 and any(options[code].exclusive for code in codes):
        return Message(ALONE)
    return codes


def _period(day: Any) -> Any:
    """The last period of a pregnancy: not to come, and not longer ago than a pregnancy lasts."""
    if isinstance(day, Message):
        return day
    today = local_day()
    alone = observations.check("lmp", day, on=today)
    if alone.status == "refuse":
        return alone.reason
    together = observations.check_together({"lmp": day, "pregnant": True}, today)
    return together["lmp"].reason if together else day


def _day(text: str) -> Any:
    written = latin_digits(text.strip())
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return Message(NOT_A_DAY, value=text.strip()[:20])


def _unit_words(code: str, language: str) -> str:
    return next((one.shown.text(language) for one in load.code_subset().ucum if one.code == code), code)


def _shown(item: Item, value: Any, language: str) -> Field:
    held = value if isinstance(value, list) else [value]
    return Field(
        name=item.link_id,
        type=item.type,
        label=item.label.text(language),
        hint=item.hint.text(language) if item.hint else "",
        unit=item.unit,
        unit_words=_unit_words(item.unit, language),
        required=item.required,
        repeats=item.repeats,
        choices=tuple(Choice(o.code, o.label.text(language), o.exclusive, o.code in held) for o in item.options),
        value=value,
    )
