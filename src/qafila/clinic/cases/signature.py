"""What a specialist's signature covers: the answer or refusal, and the case as it was on the screen. Pure.

Every fact on the screen is named with a hash of what it said, so that anybody can tell years later whether it still
says the same; what had not arrived is listed too. The words that are signed are canonical JSON after a line that says
what they are: a signature cannot be taken for one under another kind of document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from qafila.registry.staff.signing import held, signed_by


@dataclass(frozen=True)
class Document:
    """A kind of document: the line before its signed words, and the names of the fields that are signed. Never
    changed: another list needs another header."""

    header: bytes
    fields: tuple[str, ...]


ANSWER = Document(
    b"qafila answer 1\n",
    (
        "id", "case", "person", "author", "licence", "key", "at", "replaces", "pack_version", "diagnosis", "certainty",
        "plan", "place_of_care", "proposal", "red_flag_advice", "follow_up", "teaching", "more", "missing_attachments",
        "shown",
    ),
)  # fmt: skip
DECLINE = Document(
    b"qafila decline 1\n",
    (
        "id", "case", "person", "author", "licence", "key", "at", "pack_version", "reason", "suggestion",
        "missing_attachments", "shown",
    ),
)  # fmt: skip

GOOD, ALTERED, NO_KEY, NOT_THEN, OTHERS, UNSIGNED = "good", "altered", "no_key", "not_then", "others", "unsigned"
Shown = Sequence[Sequence[str]]


@dataclass(frozen=True)
class PublicKey:
    """The public part of a person's key: id and owner in hexadecimal, from when until when it was theirs."""

    id: str
    staff: str
    public: str
    starts: datetime
    ends: datetime | None


def fact_hash(fields: Mapping[str, Any]) -> str:
    """The first 128 bits (hex) of SHA-256 of what a fact says: canonical values, those that it leaves unsaid left out.

    Nobody can find another text with the same 128 bits; more would cost a thin link without telling more.
    """
    return hashlib.sha256(orjson.dumps(dict(fields), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def message(document: Document, content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: the document's fields in canonical values. `KeyError` where one lacks."""
    said = {name: content[name] for name in document.fields}
    said["missing_attachments"] = sorted(said["missing_attachments"])
    said["shown"] = sorted(list(one) for one in said["shown"])
    return document.header + orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def verify(document: Document, content: Mapping[str, Any], signature: str, key: PublicKey | None, at: datetime) -> str:
    """`good`, or why a signature does not hold: `unsigned`, `no_key` (not on this node), `others` (the key is
    somebody else's), `not_then` (the key was not in force at that time), `altered`."""
    if not signature:
        return UNSIGNED
    if key is None or key.id != content["key"]:
        return NO_KEY
    if key.staff != content["author"]:
        return OTHERS
    if not signed_by(key.public, message(document, content), signature):
        return ALTERED
    return GOOD if held(key.starts, key.ends, at) else NOT_THEN


def changed(shown: Shown, today: Iterable[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Ids of the facts shown that say something else today, and of those that are not here."""
    now = {one: said for _, one, said in today}
    return [i for _, i, h in shown if i in now and now[i] != h], [i for _, i, _ in shown if i not in now]
