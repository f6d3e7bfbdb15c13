"""How the fields of a kind become a row, worked out once for each model: the quick way of `canon.native`.

A value of the ordinary type and form is taken at once; whatever looks unusual goes the careful way, so that both
give the same value or refuse with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import models

from qafila.journal import canon
from qafila.journal.header import uuid_of
from qafila.journal.models import Recorded

Reader = Callable[[Any], Any]
_WHOLE = {"SmallIntegerField": 15, "IntegerField": 31, "BigIntegerField": 63}


class Layout:
    """The columns of a model as its records fill them: `names` (attributes), `id` first, then `heads`."""

    def __init__(self, model: type[Recorded]) -> None:
        fields = canon.payload_fields(model)
        self.model = model
        self.names = ["id", "heads", *(f.attname for f in fields)]
        self.places = {f.name: place for place, f in enumerate(fields, 2)}
        self.readers = {f.name: _reader(f) for f in fields}
        self.custodian, self.programme = self.places["custodian"], self.places["programme"]
        self._plain: list[Any] = [None, ""]
        self._made: list[tuple[str, int, Callable[[], Any]]] = []
        for place, field in enumerate(fields, 2):
            made = field.has_default() and callable(field.default)
            if made:
                self._made.append((field.name, place, field.get_default))
            self._plain.append(None if made else field.get_default())

    def row(self, subject: UUID, fields: Mapping[str, Any], custodian: str, programme: str) -> list[Any]:
        """The values of a new row but for its heads, in the order of `names`. Raises `Unfit`."""
        row = self._plain.copy()
        for name, place, make in self._made:
            if name not in fields:
                row[place] = make()
        row[0], row[self.custodian], row[self.programme] = subject, custodian, programme
        self.put(row, fields)
        return row

    def put(self, row: list[Any], fields: Mapping[str, Any]) -> None:
        """Set fields by their names; unknown ones are left out. Raises `Unfit`."""
        places, readers = self.places, self.readers
        for name, value in fields.items():
            place = places.get(name)
            if place is not None:
                row[place] = readers[name](value)


@lru_cache(maxsize=200)
def layout(model: type[Recorded]) -> Layout:
    """The layout of a model."""
    return Layout(model)


def _reader(field: models.Field[Any, Any]) -> Reader:
    kind = field.get_internal_type()

    def careful(value: Any) -> Any:
        return canon.native(field, value)

    if isinstance(field, models.ForeignKey):
        return _ids(careful) if isinstance(field.target_field, models.UUIDField) else careful
    if kind == "UUIDField":
        return _ids(careful)
    if kind in ("CharField", "TextField"):
        return _texts(field.max_length, careful)
    if kind in _WHOLE:
        return _numbers(1 << _WHOLE[kind], careful)
    if kind == "BooleanField":
        return lambda value: value if value is True or value is False else careful(value)
    if kind == "DecimalField":
        return _decimals(field, careful)
    if kind == "DateTimeField":
        return _instants(careful)
    if kind == "DateField":
        return _dates(careful)
    return careful


def _ids(careful: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is str and len(value) == 32:
            try:
                return uuid_of(value)
            except ValueError:
                return careful(value)
        return careful(value)

    return read


def _texts(longest: int | None, careful: Reader) -> Reader:
    most = 1 << 62 if longest is None else longest

    def read(value: Any) -> Any:
        # What was read as JSON holds no broken text, but a NUL it may hold.
        if type(value) is str and len(value) <= most and "\0" not in value and value.isprintable():
            return value
        return careful(value)

    return read


def _numbers(bound: int, careful: Reader) -> Reader:
    return lambda value: value if type(value) is int and -bound <= value < bound else careful(value)


def _decimals(field: Any, careful: Reader) -> Reader:
    form = re.compile(rf"-?\d{{1,{field.max_digits - field.decimal_places}}}\.\d{{{field.decimal_places}}}", re.ASCII)
    return lambda value: Decimal(value) if type(value) is str and form.fullmatch(value) else careful(value)


def _instants(careful: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is str and len(value) == 24 and value[-1] == "Z" and value[10] == "T":
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                return careful(value)
        return careful(value)

    return read


def _dates(careful: Reader) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is str and len(value) == 10 and value[4] == value[7] == "-":
            try:
                return date.fromisoformat(value)
            except ValueError:
                return careful(value)
        return careful(value)

    return read
