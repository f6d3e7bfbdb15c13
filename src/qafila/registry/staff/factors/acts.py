"""The verbs about second factors. Each is a record without the secret."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff import signing
from qafila.registry.staff.acts import require_manage
from qafila.registry.staff.factors import codes, passkeys, sealing, totp
from qafila.registry.staff.factors.models import FactorEvent, Identity, SecondFactor
from qafila.registry.staff.factors.queries import bound, has_second, opened, passkey_row
from qafila.registry.staff.models import Staff
from qafila.registry.staff.signing import OpenKey

Kind = SecondFactor.Kind
MOST_PASSKEYS = 10


class TooMany(ValueError):
    """The person has as many passkeys as anybody needs."""


class NotBound(ValueError):
    """The identity provider names somebody who is nobody here, or somebody else than before."""


def add_totp(staff: Staff, secret: bytes, code: str) -> bool:
    """Take on an authenticator app that shows a right code of `secret`, in the place of the one before; False for a
    wrong code."""
    step = totp.matching_step(secret, code, clock.seconds())
    if step is None:
        return False
    with writing(staff, act="factor.add") as write:
        SecondFactor.objects.filter(staff=staff, kind=Kind.TOTP).delete()
        _store(staff, Kind.TOTP, secret, used=step)
        write.save(FactorEvent(staff=staff, what="added", factor=Kind.TOTP))
    return True


def add_passkey(staff: Staff, kept: bytes, counter: int, name: str) -> SecondFactor:
    """Take on a passkey. Raises `TooMany`."""
    with writing(staff, act="factor.add") as write:
        if SecondFactor.objects.filter(staff=staff, kind=Kind.PASSKEY).count() >= MOST_PASSKEYS:
            raise TooMany
        row = _store(staff, Kind.PASSKEY, kept, used=counter, name=name)
        write.save(FactorEvent(staff=staff, what="added", factor=Kind.PASSKEY))
    return row


def new_codes(staff: Staff) -> list[str]:
    """A fresh set of recovery codes, shown this once; those before are void."""
    made = codes.new_codes()
    with writing(staff, act="factor.add") as write:
        SecondFactor.objects.filter(staff=staff, kind=Kind.CODES).delete()
        _store(staff, Kind.CODES, codes.kept(made), used=len(made))
        write.save(FactorEvent(staff=staff, what="added", factor=Kind.CODES))
    return made


def _store(staff: Staff, kind: Kind, secret: bytes, used: int, name: str = "") -> SecondFactor:
    row = SecondFactor(id=ids.new(), staff=staff, kind=kind, name=name[:40], used=used)
    row.sealed = sealing.seal(secret, staff.pk, kind, row.pk)
    row.save(force_insert=True)
    return row


def check_totp(staff: Staff, code: str) -> bool:
    """Whether it is a code of the person's app that was not used yet; it is used now."""
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().filter(staff=staff, kind=Kind.TOTP).first()
        secret = opened(row) if row else None
        step = totp.matching_step(secret, code, clock.seconds(), row.used) if row and secret else None
        if row is None or step is None:
            return False
        # Only where nobody else has used it meanwhile: SQLite knows no locks of rows.
        later = SecondFactor.objects.filter(pk=row.pk, used__lt=step)
        return later.update(used=step, used_at=clock.now()) == 1


def spend_code(staff: Staff, typed: str) -> bool:
    """Whether it is a recovery code of the person that was not used yet; it is used now. As dear for a person who has
    none."""
    with transaction.atomic():
        row = SecondFactor.objects.select_for_update().filter(staff=staff, kind=Kind.CODES).first()
        stored = opened(row) if row else None
        rest = codes.spend(stored or b"\0" * codes.SALT, typed)
        if row is None or rest is None:
            return False
        sealed = sealing.seal(rest, staff.pk, row.kind, row.pk)
        same = SecondFactor.objects.filter(pk=row.pk, sealed=row.sealed)
        return same.update(sealed=sealed, used=codes.left(rest), used_at=clock.now()) == 1


def check_passkey(staff: Staff, proof: passkeys.Proof) -> bool:
    """Note that a passkey was shown; False for one that was copied: its counter has not moved on (WebAuthn, 7.2)."""
    row = passkey_row(staff, proof.credential)
    if row is None or ((proof.counter or row.used) and proof.counter <= row.used):
        return False
    return SecondFactor.objects.filter(pk=row.pk).update(used=proof.counter, used_at=clock.now()) == 1


def let_sign(factor: SecondFactor, key: OpenKey, secret: str) -> None:
    """Let a passkey of the key's owner open it, by the secret that the device makes. Raises `NotAllowed`."""
    if factor.staff_id != key.staff or factor.kind != Kind.PASSKEY:
        raise NotAllowed("staff.manage")
    with writing(factor.staff, act="factor.sign") as write:
        factor.key, factor.opens = key.id, signing.seal(key.private, secret)
        factor.save(update_fields=["key", "opens"])
        write.save(FactorEvent(staff=factor.staff, what="signs", factor=factor.kind))


def remove(factor: SecondFactor, by: Staff) -> None:
    """Take one's own factor away; the recovery codes go with the last one. Raises `NotAllowed`."""
    if factor.staff_id != by.pk:
        raise NotAllowed("staff.manage")
    with writing(by, act="factor.remove") as write:
        factor.delete()
        if not has_second(by):
            SecondFactor.objects.filter(staff=by).delete()
        write.save(FactorEvent(staff=by, what="removed", factor=factor.kind))


def reset(staff: Staff, by: Staff | None) -> None:
    """Take all of somebody's factors away, because the telephone is lost: they set up anew at the next log-in.

    Raises `NotAllowed`. Nobody resets their own: they take them away one by one.
    """
    require_manage(by, staff)
    if by is not None and by.pk == staff.pk:
        raise NotAllowed("staff.manage")
    with writing(by, act="factor.reset") as write:
        SecondFactor.objects.filter(staff=staff).delete()
        Identity.objects.filter(staff=staff).delete()
        write.save(FactorEvent(staff=staff, what="reset"))


def bind(staff: Staff, issuer: str, subject: str) -> None:
    """Say that the person is that subject of the identity provider from now on. Raises `NotBound` where they, or the
    subject, are bound otherwise already."""
    if bound(issuer, subject) is not None or Identity.objects.filter(issuer=issuer, subject=subject).exists():
        raise NotBound
    if Identity.objects.filter(issuer=issuer, staff=staff).exists():
        raise NotBound
    with writing(staff, act="factor.bind") as write:
        Identity.objects.create(staff=staff, issuer=issuer, subject=subject)
        write.save(FactorEvent(staff=staff, what="bound"))


def own(staff: Staff, pk: UUID) -> SecondFactor | None:
    """A factor of the person."""
    return SecondFactor.objects.filter(staff=staff, pk=pk).first()
