"""Canonical values and bytes: what is hashed, compared and sent is the same on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from django.db import models
from django.db.models.expressions import BaseExpression, Combinable

if TYPE_CHECKING:
    from qafila.journal.models import Recorded

_OWN = {"id", "heads"}


class Unfit(ValueError):
    """A value that a field cannot hold on one of the databases."""


_WORDS = (models.CharField, models.TextField)


def payload_fields(model: type[Recorded]) -> list[models.Field[Any, Any]]:
    """The concrete fields of a recorded model that its records carry."""
    return [f for f in model._meta.concrete_fields if f.name not in _OWN]


def plain(field: models.Field[Any, Any], value: Any) -> Any:
    """`value` as JSON can hold it, the same for every way of writing it. Raises `Unfit`."""
    if type(value) is str and type(field) in _WORDS:
        return _text(field, value)
    if isinstance(value, (BaseExpression, Combinable)):
        raise Unfit(f"{field.name}: an expression leaves no value to record")
    if value is None:
        return None
    value = field.to_python(value) if not isinstance(field, models.ForeignKey) else _uuid(value)
    if isinstance(value, str):
        return _text(field, value)
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _decimal(field, value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(field, models.JSONField):
        return orjson.loads(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
    return value


def _uuid(value: Any) -> Any:
    return value if isinstance(value, uuid.UUID) or not isinstance(value, str) else uuid.UUID(value)


def _text(field: models.Field[Any, Any], value: str) -> str:
    if "\x00" in value:
        raise Unfit(f"{field.name}: a NUL character")
    if field.max_length is not None and len(value) > field.max_length:
        raise Unfit(f"{field.name}: longer than {field.max_length} characters")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unfit(f"{field.name}: broken text") from error
    return value


def _decimal(field: models.Field[Any, Any], value: Decimal) -> str:
    if not value.is_finite():
        raise Unfit(f"{field.name}: not a number")
    if isinstance(field, models.DecimalField) and field.decimal_places is not None:
        try:
            value = value.quantize(Decimal(1).scaleb(-field.decimal_places))
        except InvalidOperation as error:
            raise Unfit(f"{field.name}: too many digits") from error
        if field.max_digits is not None and len(value.as_tuple().digits) > field.max_digits:
            raise Unfit(f"{field.name}: too many digits")
    return format(value, "f")


def unsaid(field: models.Field[Any, Any]) -> Any:
    """The value that a creation leaves unsaid: the field's fixed default. One that is computed is always said."""
    value = _unsaid(field)
    return value.copy() if isinstance(value, (list, dict)) else value


@cache
def _unsaid(field: models.Field[Any, Any]) -> Any:
    if field.has_default() and callable(field.default) and field.default not in (list, dict):
        return ...
    return plain(field, field.get_default())


def native(field: models.Field[Any, Any], value: Any) -> Any:
    """The Python value of what `plain` gave. Raises `Unfit`."""
    if value is None:
        if not field.null:
            raise Unfit(f"{field.name}: empty")
        return None
    if type(value) is str and type(field) in _WORDS:
        return _text(field, value)
    try:
        if isinstance(field, models.ForeignKey):
            return uuid.UUID(value) if isinstance(field.target_field, models.UUIDField) else value
        if isinstance(field, models.JSONField):
            return value
        if isinstance(field, models.BinaryField):
            return bytes.fromhex(value)
        if isinstance(field, models.DecimalField) and not isinstance(value, str):
            raise Unfit(f"{field.name}: a decimal travels as text")
        found = field.to_python(value)
    except Unfit:
        raise
    except Exception as error:
        raise Unfit(f"{field.name}: {type(error).__name__}") from error
    if isinstance(found, bool) != isinstance(field, models.BooleanField):
        raise Unfit(f"{field.name}: wrong type")
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        raise Unfit(f"{field.name}: out of range")
    if isinstance(found, int) and isinstance(field, models.SmallIntegerField) and not -32768 <= found <= 32767:
        raise Unfit(f"{field.name}: out of range")
    plain(field, found)
    return found


def dumps(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(salt: bytes, fields: bytes) -> bytes:
    """The salted digest under which the chain knows a record's fields, erased or not."""
    return hashlib.sha256(salt + fields).digest()


def link(prev: bytes, header: bytes) -> bytes:
    """The hash of a record from its predecessor's hash and its header."""
    return hashlib.sha256(prev + header).digest()
