"""Logging in: the password once a shift; on shared tablets a PIN to switch people within it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.http import HttpRequest

from qafila.kernel import clock
from qafila.kernel.text import latin_digits
from qafila.registry.staff import queries
from qafila.registry.staff.acts import ensure_key
from qafila.registry.staff.models import Pin, Staff
from qafila.registry.staff.signing import OpenKey, seal, unseal
from qafila.web.models import Failure

SHIFT = timedelta(hours=14)
PIN_FAILURES = 5
SLOW_AFTER = 5
SLOW = timedelta(minutes=5)


class StaffBackend(BaseBackend):
    """Django's door to `Staff` and `Credential`."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> Staff | None:
        """The person, or None; an unknown name takes as long as a wrong password."""
        return queries.authenticate(username, password) if username and password else None

    def get_user(self, user_id: UUID) -> Staff | None:
        """The active person behind a session."""
        return Staff.objects.filter(pk=user_id, active=True).first()


def _failure_key(username: str, address: str) -> str:
    return hashlib.sha256(f"{username.casefold()}\x1f{address}".encode()).hexdigest()


def must_wait(username: str, address: str) -> bool:
    """Whether this name from this address has failed too often just now. Elsewhere the name is not held up."""
    return Failure.objects.filter(pk=_failure_key(username, address), until__gt=clock.now()).exists()


def note_failure(username: str, address: str) -> None:
    """Count a failed log-in; from the fifth on the next one has to wait."""
    row, _ = Failure.objects.get_or_create(pk=_failure_key(username, address))
    Failure.objects.filter(pk=row.pk).update(count=F("count") + 1)
    row.refresh_from_db()
    if row.count >= SLOW_AFTER:
        row.until, row.count = clock.now() + SLOW, 0
        row.save()


def forget_failures(username: str, address: str) -> None:
    """After a right password."""
    Failure.objects.filter(pk=_failure_key(username, address)).delete()


def _bound(staff: Staff, pin: str) -> str:
    """The PIN bound to this box: without the node's key its six digits cannot be tried out."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"pin:{staff.pk.hex}:{pin}".encode(), hashlib.sha256).hexdigest()


def set_pin(staff: Staff, pin: str, key: OpenKey | None = None) -> None:
    """Set the PIN of this shift; it opens `key` too, where one is given.

    Raises `ValueError` unless it is six digits that are not all alike or in a row.
    """
    if not (len(pin) == 6 and pin.isascii() and pin.isdigit()):
        raise ValueError("six digits")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise ValueError("too simple")
    values = {
        "digest": make_password(_bound(staff, pin)),
        "until": clock.now() + SHIFT,
        "failures": 0,
        "key": key.id if key else None,
        "sealed": seal(key.private, _bound(staff, pin)) if key else "",
    }
    Pin.objects.update_or_create(staff=staff, defaults=values)


def people_of_shift() -> list[Staff]:
    """Who logged in with a password this shift and may switch by PIN."""
    rows = Pin.objects.filter(until__gt=clock.now(), failures__lt=PIN_FAILURES).values_list("staff_id", flat=True)
    return list(Staff.objects.filter(pk__in=list(rows), active=True).order_by("name"))


def has_pin(staff: Staff) -> bool:
    """Whether the person has a PIN for this shift."""
    return Pin.objects.filter(staff=staff, until__gt=clock.now(), failures__lt=PIN_FAILURES).exists()


def check_pin(staff: Staff, pin: str) -> bool:
    """Whether it is the person's PIN. The fifth failure ends it: then the password is asked for again."""
    row = Pin.objects.filter(staff=staff, until__gt=clock.now(), failures__lt=PIN_FAILURES).first()
    if row is None:
        return False
    if check_password(_bound(staff, pin), row.digest):
        Pin.objects.filter(pk=row.pk).update(failures=0)
        return True
    Pin.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    return False


def signs_by_pin(staff: Staff) -> bool:
    """Whether this shift's PIN opens the person's signing key."""
    return Pin.objects.filter(staff=staff, until__gt=clock.now(), failures__lt=PIN_FAILURES, key__isnull=False).exists()


def open_key(staff: Staff, secret: str, address: str) -> OpenKey | None:
    """The person's signing key, opened by the PIN of this shift or by the password; None for neither.

    The fifth wrong PIN ends the PIN; the fifth wrong password from one address has to wait, as at the door.
    """
    digits = latin_digits(secret)
    if len(digits) == 6 and digits.isdigit() and signs_by_pin(staff):
        if not check_pin(staff, digits):
            return None
        row = Pin.objects.get(staff=staff)
        private = unseal(row.sealed, _bound(staff, digits))
        return OpenKey(row.key, staff.pk, private) if private is not None and row.key is not None else None
    if must_wait(staff.username, address):
        return None
    key = queries.open_by_password(staff, secret)
    if key is None:
        note_failure(staff.username, address)
    else:
        forget_failures(staff.username, address)
    return key


HELD = "key"


def hold_key(request: Any, staff: Staff, password: str, *, until_pin: bool) -> None:
    """See that the person has a signing key. `until_pin`: keep it, sealed in the session for this box, until the PIN
    of the shift is set."""
    ensure_key(staff, password)
    key = queries.open_by_password(staff, password) if until_pin else None
    if key is not None:
        request.session[HELD] = {"key": key.id.hex, "sealed": seal(key.private, _bound(staff, HELD))}


def held_key(request: Any, staff: Staff) -> OpenKey | None:
    """The key that was held for the PIN; from now on it is not any more."""
    kept = request.session.pop(HELD, None)
    private = unseal(kept["sealed"], _bound(staff, HELD)) if kept else None
    return OpenKey(UUID(kept["key"]), staff.pk, private) if private is not None else None


def end_shift(staff: Staff) -> None:
    """Destroy the person's PIN."""
    Pin.objects.filter(staff=staff).delete()
