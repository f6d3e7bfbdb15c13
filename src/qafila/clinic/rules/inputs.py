"""What a rule takes: typed inputs with a unit, a description and an allowed range, and the refusal of anything else."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from qafila.clinic.rules.words import N_, Message


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every rule's inputs. Each field is `Annotated[type, number(...) or item(...)] | None = None`."""


def number(unit: str, text: str, low: float, high: float, *, optional: bool = False) -> msgspec.Meta:
    """Describe a numeric input: UCUM `unit`, English description, and the range outside of which it is refused."""
    return msgspec.Meta(ge=low, le=high, description=text, extra_json_schema={"unit": unit, "x-optional": optional})


def item(text: str, *, optional: bool = False) -> msgspec.Meta:
    """Describe an input without a unit: a yes/no, a choice or a date."""
    return msgspec.Meta(description=text, extra_json_schema={"x-optional": optional})


class InputError(ValueError):
    """An input of a wrong type, out of its allowed range, or unknown to the rule. `errors` maps field to `Message`."""

    def __init__(self, errors: Mapping[str, Message]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(str(message) for message in errors.values()))


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a rule, as read from the annotation."""

    name: str
    kind: Any
    schema: Mapping[str, Any]
    optional: bool

    def convert(self, value: object) -> object:
        """Check type, finiteness and range; raises `InputError`."""
        if isinstance(value, Decimal):
            value = float(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refused(value)
        if isinstance(value, datetime.datetime):
            raise self._refused(value)
        try:
            found = msgspec.convert(value, type=self.kind)
        except (msgspec.ValidationError, OverflowError, RecursionError) as wrong:
            raise self._refused(value) from wrong
        if isinstance(found, datetime.date) and not 1900 <= found.year <= 2200:
            raise self._refused(value)
        return found

    def expected(self) -> str:
        """What the field takes, in short: `number 0 to 70 /min`."""
        if "enum" in self.schema:
            return " | ".join(str(choice) for choice in self.schema["enum"])
        if "minimum" in self.schema:
            unit = self.schema.get("unit", "")
            span = f"{self.schema['type']} {self.schema['minimum']:g} to {self.schema['maximum']:g}"
            return span if unit in ("", "1") else f"{span} {unit}"
        if "format" in self.schema:
            return f"{self.schema['format']} (YYYY-MM-DD)"
        return str(self.schema.get("type", "?"))

    def _refused(self, value: object) -> InputError:
        shown = f"{value!r:.40}" if isinstance(value, (str, float, bool, NoneType)) else type(value).__name__
        if isinstance(value, int) and not isinstance(value, bool):
            shown = str(value) if abs(value) < 10**12 else "a huge number"
        text = N_("%(field)s: %(value)s is not accepted, expected %(expected)s.")
        return InputError({self.name: Message(text, field=self.name, value=shown, expected=self.expected())})


def fields_of(inputs: type[Inputs], required: Sequence[str] | None) -> tuple[Field, ...]:
    """The inputs of a rule in their order; `required` replaces what they say of themselves."""
    found = []
    for name, hint in get_type_hints(inputs, include_extras=True).items():
        if name.startswith("_"):
            continue
        kind = hint
        if get_origin(hint) in (Union, UnionType):
            kind = next(arg for arg in get_args(hint) if arg is not NoneType)
        if get_origin(kind) is not Annotated:
            raise TypeError(f"{inputs.__name__}.{name} has no unit or description")
        schema = dict(msgspec.json.schema(kind))
        optional = bool(schema.pop("x-optional"))
        if required is not None:
            optional = name not in required
        if "enum" in schema:
            schema["enum"] = _choices(kind)
        found.append(Field(name, kind, schema, optional))
    return tuple(found)


def _choices(kind: Any) -> list[str | int]:
    """The choices in the order in which the rule wrote them."""
    return list(get_args(get_args(kind)[0]))
