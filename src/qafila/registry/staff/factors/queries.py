"""What a person has to log in with, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from qafila.registry.staff.factors import codes, passkeys, sealing
from qafila.registry.staff.factors.models import FactorEvent, Identity, SecondFactor
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import credential_of
from qafila.registry.staff.signing import OpenKey, unseal

Kind = SecondFactor.Kind


def factors_of(staff: Staff) -> list[SecondFactor]:
    """All of them, oldest first."""
    return list(SecondFactor.objects.filter(staff=staff).order_by("made_at", "id"))


def has_second(staff: Staff) -> bool:
    """Whether the person has a second factor; recovery codes alone are none."""
    return SecondFactor.objects.filter(staff=staff).exclude(kind=Kind.CODES).exists()


def has_kind(staff: Staff, kind: str) -> bool:
    """Whether the person has a factor of that kind."""
    return SecondFactor.objects.filter(staff=staff, kind=kind).exists()


def keeps_factors(profile: Any) -> bool:
    """Whether people can have a second factor on this node: by its profile, or as its node.toml says."""
    return bool(profile and (profile.login.second_factor or _said()))


def _said() -> str:
    return settings.DIRECTORY.second_factor if settings.DIRECTORY is not None else ""


def needs_second(staff: Staff, profile: Any) -> bool:
    """Whether the person may not come in without a second factor: one of their roles, or the node, asks for it."""
    said = _said()
    by_role = bool(profile and set(profile.login.second_factor) & set(staff.roles))
    return bool(profile) and (said == "demanded" or (by_role and said != "offered"))


def opened(factor: SecondFactor) -> bytes | None:
    """Its secret; None where this node's key does not open it."""
    return sealing.unseal(factor.sealed, factor.staff_id, factor.kind, factor.pk)


def passkeys_of(staff: Staff) -> list[bytes]:
    """The person's passkeys as they are kept."""
    rows = SecondFactor.objects.filter(staff=staff, kind=Kind.PASSKEY).order_by("made_at", "id")
    return [kept for kept in map(opened, rows) if kept is not None]


def passkey_row(staff: Staff, credential: bytes) -> SecondFactor | None:
    """The row of a passkey of the person."""
    for row in SecondFactor.objects.filter(staff=staff, kind=Kind.PASSKEY):
        kept = opened(row)
        if kept is not None and passkeys.credential_id(kept) == credential:
            return row
    return None


def signing_passkeys(staff: Staff) -> list[SecondFactor]:
    """The person's passkeys that open the key with which they sign today."""
    rows = SecondFactor.objects.filter(staff=staff, kind=Kind.PASSKEY, key__isnull=False).order_by("made_at", "id")
    able = list(rows)
    credential = credential_of(staff) if able else None
    return [row for row in able if credential is not None and row.key == credential.key_id]


def open_by_passkey(staff: Staff, credential: bytes, secret: str) -> OpenKey | None:
    """The person's signing key, opened by what one of their passkeys made; None where it opens none of today's."""
    row = passkey_row(staff, credential)
    if row is None or row.key is None or row.pk not in {one.pk for one in signing_passkeys(staff)}:
        return None
    private = unseal(row.opens, secret)
    return OpenKey(row.key, staff.pk, private) if private is not None else None


def codes_left(staff: Staff) -> int:
    """How many recovery codes the person has left."""
    row = SecondFactor.objects.filter(staff=staff, kind=Kind.CODES).first()
    kept = opened(row) if row else None
    return codes.left(kept) if kept else 0


def bound(issuer: str, subject: str) -> Staff | None:
    """The active person who is that subject of the identity provider."""
    row = Identity.objects.filter(issuer=issuer, subject=subject).first()
    return Staff.objects.filter(pk=row.staff_id, active=True).first() if row else None


def events_of(staff: Staff, most: int = 10) -> Sequence[FactorEvent]:
    """What happened to the person's way in, latest first."""
    return list(FactorEvent.objects.filter(staff=staff).order_by("-at", "-id")[:most])
