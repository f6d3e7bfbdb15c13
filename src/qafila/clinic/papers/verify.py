"""Whether a printed code is genuine: pure, keys and moment are handed in. Never raises, whatever it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from qafila.clinic.papers import hcert
from qafila.clinic.papers.hcert import Claims

SLACK = timedelta(days=1)
"""Clocks of vehicles are wrong by so much now and then: around the first and the last day of a key."""


class Outcome(StrEnum):
    """What a code turned out to be."""

    GENUINE = "genuine"
    ALTERED = "altered"
    UNKNOWN_KEY = "unknown_key"
    REVOKED = "revoked"
    """Signed with a key that was taken back: whoever stole it can write any date. Only the register can tell."""
    KEY_NOT_IN_USE = "key_not_in_use"
    """Dated when the node did not have that key yet, or no more."""
    EXPIRED = "expired"
    NOT_OURS = "not_ours"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Key:
    """A node's key: in use from `since` up to `until` (None: still), taken back at `revoked`."""

    node: str
    public: bytes
    since: datetime
    until: datetime | None = None
    revoked: datetime | None = None

    @property
    def key_id(self) -> bytes:
        """Its short name, as codes name it."""
        return hcert.key_id(self.public)


@dataclass(frozen=True)
class Verdict:
    """What was found. `claims` are there wherever the code could be read, believed or not."""

    outcome: Outcome
    claims: Claims | None = None
    key: Key | None = None

    @property
    def genuine(self) -> bool:
        """Whether the node signed exactly this and it still holds."""
        return self.outcome is Outcome.GENUINE


def by_key_id(keys: list[Key]) -> dict[bytes, Key]:
    """Keys by their short names."""
    return {key.key_id: key for key in keys}


def verify(text: str, keys: Mapping[bytes, Key], at: datetime) -> Verdict:
    """What the code of `text` is, by these keys and at this moment."""
    try:
        signed = hcert.read(text)
    except hcert.NotOurs:
        return Verdict(Outcome.NOT_OURS)
    except hcert.Unreadable:
        return Verdict(Outcome.UNREADABLE)
    except hcert.Broken:
        return Verdict(Outcome.ALTERED)
    claims, key = signed.claims, keys.get(signed.key_id)
    if key is None:
        return Verdict(Outcome.UNKNOWN_KEY, claims)
    if key.node != claims.node or not hcert.holds(signed, key.public):
        return Verdict(Outcome.ALTERED, claims, key)
    if key.revoked is not None:
        return Verdict(Outcome.REVOKED, claims, key)
    issued = claims.issued
    before = (key.since - SLACK).timestamp()
    after = (key.until + SLACK).timestamp() if key.until is not None else None
    if issued < before or (after is not None and issued > after):
        return Verdict(Outcome.KEY_NOT_IN_USE, claims, key)
    if claims.expires is not None and at.timestamp() >= claims.expires:
        return Verdict(Outcome.EXPIRED, claims, key)
    return Verdict(Outcome.GENUINE, claims, key)
