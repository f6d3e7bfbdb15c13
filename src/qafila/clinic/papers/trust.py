"""The list of keys that verifiers hold: JSON, published and signed by the hub.

    {"format": "qafila-keys-1", "hub": "H", "issued": "2026-11-21T10:00:00Z", "signer": "…",
     "keys": [{"node": "U1", "public": "…", "since": "…", "until": "", "revoked": ""}, …], "signature": "…"}

Keys and the signature are base64url without padding; the signature is Ed25519 over the list without `signature`,
written with sorted keys, no spaces and no escapes (RFC 8785). It holds no more than strings.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from qafila.clinic.papers.verify import Key

FORMAT = "qafila-keys-1"
LARGEST = 20_000_000


class BadList(ValueError):
    """Not a list of keys, or not as the hub signed it; the words say why."""


class Line(msgspec.Struct, frozen=True):
    """One key. `until`, `revoked`: empty where it is not so."""

    node: str
    public: str
    since: str
    until: str = ""
    revoked: str = ""


class List(msgspec.Struct, frozen=True):
    """The list as it is written."""

    format: str
    hub: str
    issued: str
    signer: str
    keys: tuple[Line, ...]
    signature: str = ""


@dataclass(frozen=True)
class Trusted:
    """Keys that were read from a list."""

    hub: str
    issued: datetime
    signer: bytes
    """The 32 bytes of the hub's key."""
    keys: list[Key]


def publish(hub: str, keys: Iterable[Key], signer: Ed25519PrivateKey, at: datetime) -> str:
    """The signed list."""
    lines = [
        Line(k.node, _text(k.public), instant(k.since), instant(k.until), instant(k.revoked))
        for k in sorted(keys, key=lambda k: (k.node, k.since, k.public))
    ]
    public = signer.public_key().public_bytes_raw()
    made = msgspec.to_builtins(List(FORMAT, hub, instant(at), _text(public), tuple(lines)))
    made["signature"] = _text(signer.sign(_canonical(made)))
    return json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1)


def read(data: str | bytes, hub_key: bytes | None = None) -> Trusted:
    """A list, its signature verified; with `hub_key` (32 bytes), by no other hub than that. Raises `BadList`."""
    if len(data) > LARGEST:
        raise BadList("too large")
    try:
        found = msgspec.json.decode(data, type=List)
        raw = msgspec.to_builtins(found)
        if found.format != FORMAT:
            raise BadList(f"not a list of the format {FORMAT}")
        signer = _bytes(found.signer)
        if hub_key is not None and signer != hub_key:
            raise BadList("signed by another hub")
        Ed25519PublicKey.from_public_bytes(signer).verify(_bytes(found.signature), _canonical(raw))
        keys = [
            Key(k.node, _key(k.public), _moment(k.since), _perhaps(k.until), _perhaps(k.revoked)) for k in found.keys
        ]
        return Trusted(found.hub, _moment(found.issued), signer, keys)
    except InvalidSignature as error:
        raise BadList("altered: the hub's signature does not fit") from error
    except BadList:
        raise
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadList("not a list of keys") from error


def _canonical(made: dict[str, Any]) -> bytes:
    unsigned = {name: value for name, value in made.items() if name != "signature"}
    return json.dumps(unsigned, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadList("base64") from error


def _key(text: str) -> bytes:
    raw = _bytes(text)
    if len(raw) != 32:
        raise BadList("a key has 32 bytes")
    return raw


def instant(at: datetime | None) -> str:
    """A moment as the list has it: UTC, whole seconds; empty for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise BadList("a time without its zone")
    return at


def _perhaps(text: str) -> datetime | None:
    return _moment(text) if text else None
