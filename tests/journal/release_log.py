"""What is kept of a release: a journal as it was written, the rows that followed from it, and the layout of each kind.

`releases/VERSION/journal.json.xz` holds one JSON object:

records   header and fields as text, salt, prev and hash in hexadecimal, lane; in the order in which they arrived
rows      kind → id → field → canonical value, as that release saw them
schemas   kind → number of its layout
layouts   kind → field → type, in words (`layout_of`)
"""

from __future__ import annotations

import lzma
import os
from pathlib import Path
from typing import Any

import django
import orjson
from django.apps import apps
from django.db import models

if not apps.ready:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qafila.node.settings")
    django.setup()

from qafila.journal import canon
from qafila.journal.entries import Parcel
from qafila.journal.models import Record, Recorded

RELEASES = Path(__file__).parent / "releases"
LAYOUTS = Path(__file__).parent / "layouts.json"
"""Kind → number → field → type: of every layout that there is or was."""


def recorded() -> list[type[Recorded]]:
    """The kinds of today, by name. Those of test applications are left out."""
    found = [m for m in apps.get_models() if issubclass(m, Recorded) and m.__module__.startswith("qafila.")]
    return sorted(found, key=lambda m: m.kind())


def layout_of(model: type[Recorded]) -> dict[str, str]:
    """Field → what other programs rely on: type, size, whether it may be empty, what a creation leaves out."""
    return {field.name: _words(field) for field in canon.payload_fields(model)}


def _words(field: models.Field[Any, Any]) -> str:
    words = [str(field.get_internal_type())]
    if field.max_length is not None:
        words.append(str(field.max_length))
    if isinstance(field, models.DecimalField):
        words.append(f"{field.max_digits}.{field.decimal_places}")
    if isinstance(field, models.ForeignKey):
        words.append(f"to {field.related_model._meta.label_lower}")
    if field.null:
        words.append("or null")
    unsaid = canon.unsaid(field)
    return " ".join([*words, "always said" if unsaid is ... else f"unsaid {orjson.dumps(unsaid).decode()}"])


def rows_here() -> dict[str, dict[str, dict[str, Any]]]:
    """Kind → id → field → canonical value, of the node at hand."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for model in recorded():
        fields = canon.payload_fields(model)
        rows = {r.pk.hex: {f.name: canon.plain(f, getattr(r, f.attname)) for f in fields} for r in model.objects.all()}
        if rows:
            found[model.kind()] = rows
    return found


def take() -> dict[str, Any]:
    """The log of the node at hand."""
    records = [
        {
            "header": bytes(r.header).decode(),
            "fields": None if r.fields is None else bytes(r.fields).decode(),
            "salt": bytes(r.salt or b"").hex(),
            "lane": r.lane,
            "prev": bytes(r.prev).hex(),
            "hash": bytes(r.hash).hex(),
        }
        for r in Record.objects.order_by("no")
    ]
    return {
        "records": records,
        "rows": rows_here(),
        "schemas": {m.kind(): m.schema for m in recorded()},
        "layouts": {m.kind(): layout_of(m) for m in recorded()},
    }


def read(release: str) -> dict[str, Any]:
    """A release's log."""
    log: dict[str, Any] = orjson.loads(lzma.decompress((RELEASES / release / "journal.json.xz").read_bytes()))
    return log


def parcel(said: dict[str, Any]) -> Parcel:
    """A record of a log, as it travels."""
    fields = None if said["fields"] is None else said["fields"].encode()
    return Parcel(
        said["header"].encode(), fields, bytes.fromhex(said["salt"]), said["lane"], bytes.fromhex(said["prev"])
    )
