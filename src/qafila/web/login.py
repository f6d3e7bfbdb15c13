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
from django.db.models import F, Q
from django.http import HttpRequest

from qafila.kernel import clock
from qafila.kernel.text import latin_digits
from qafila.registry.staff import queries
from qafila.registry.staff.acts import ensure_key
from qafila.registry.staff.models import Pin, Staff
from qafila.registry.staff.passwords import proved
from qafila.registry.staff.signing import OpenKey, seal, unseal
from qafila.web import throttle

SHIFT = timedelta(hours=14)
PIN_FAILURES = 5
"""On one device: then the password is asked for there."""
PIN_MOST = 15
"""On all devices together: then it is gone."""
LONGEST_PASSWORD = 200


class StaffBackend(BaseBackend):
    """Django's door to `Staff` and `Credential`."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> Staff | None:
        """The person, or None; an unknown name takes as long as a wrong password."""
        staff = queries.authenticate(username, password) if username and password else None
        if staff is not None:
            proved.send(Staff, staff=staff, password=password)
        return staff

    def get_user(self, user_id: UUID) -> Staff | None:
        """The active person behind a session."""
        return Staff.objects.filter(pk=user_id, active=True).first()


def _bound(staff: Staff, pin: str) -> str:
    """The PIN bound to this box: without the node's key its six digits cannot be tried out."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, f"pin:{staff.pk.hex}:{pin}".encode(), hashlib.sha256).hexdigest()


def set_pin(staff: Staff, pin: str, key: OpenKey | None = None, began: float | None = None) -> None:
    """Set the PIN of this shift; it opens `key` too, where one is given. The shift began now, or at `began`.

    Raises `ValueError` unless it is six digits that are not all alike or in a row.
    """
    if not (len(pin) == 6 and pin.isascii() and pin.isdigit()):
        raise ValueError("six digits")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise ValueError("too simple")
    values = {
        "digest": make_password(_bound(staff, pin)),
        "until": (clock.now() if began is None else clock.from_ms(int(began * 1000))) + SHIFT,
        "failures": 0,
        "key": key.id if key else None,
        "sealed": seal(key.private, _bound(staff, pin)) if key else "",
    }
    forget_old_pins()
    Pin.objects.update_or_create(staff=staff, defaults=values)


def forget_old_pins() -> None:
    """Destroy those of shifts that have ended."""
    Pin.objects.filter(until__lte=clock.now()).delete()


def _alive() -> Q:
    return Q(until__gt=clock.now(), failures__lt=PIN_MOST)


def _tried(row: Pin) -> str:
    """What is counted on a device: tries at this PIN. Another one is not held back by them."""
    return f"pin {row.staff_id.hex} {row.until.isoformat()}"


def is_known(request: HttpRequest) -> bool:
    """Whether somebody has come in with their password from this device: only there a PIN is worth anything."""
    return bool(throttle.device_of(request).number) or isinstance(request.user, Staff)


def people_of_shift(request: HttpRequest) -> list[Staff]:
    """Who logged in with a password this shift and may switch by PIN on this device; nobody on an unknown one."""
    forget_old_pins()
    if not is_known(request):
        return []
    rows = Pin.objects.filter(_alive()).select_related("staff")
    open_here = [row.staff_id for row in rows if throttle.count(request, _tried(row)) < PIN_FAILURES]
    return list(Staff.objects.filter(pk__in=open_here, active=True).order_by("name"))


def has_pin(staff: Staff) -> bool:
    """Whether the person has a PIN for this shift."""
    return Pin.objects.filter(_alive(), staff=staff).exists()


def check_pin(staff: Staff, pin: str, request: HttpRequest) -> Pin | None:
    """The person's PIN, where this is it. The fifth failure on a device ends it there: then the password is asked
    for; whoever guesses on one device does not end it on the others."""
    row = Pin.objects.filter(_alive(), staff=staff).first()
    if row is None or not is_known(request) or throttle.count(request, _tried(row)) >= PIN_FAILURES:
        return None
    if check_password(_bound(staff, pin), row.digest):
        throttle.forget(request, _tried(row))
        Pin.objects.filter(pk=row.pk).update(failures=0)
        return row
    throttle.count_up(request, _tried(row))
    Pin.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    return None


def began(row: Pin) -> float:
    """When the full log-in was that the PIN stands for, in seconds since 1970."""
    return (row.until - SHIFT).timestamp()


def signs_by_pin(staff: Staff) -> bool:
    """Whether this shift's PIN opens the person's signing key."""
    return Pin.objects.filter(_alive(), staff=staff, key__isnull=False).exists()


def open_key(staff: Staff, secret: str, request: HttpRequest) -> OpenKey | None:
    """The person's signing key, opened by the PIN of this shift or by the password; None for neither.

    Wrong ones count as they do at the door.
    """
    digits = latin_digits(secret)
    if len(digits) == 6 and digits.isdecimal() and signs_by_pin(staff):
        row = check_pin(staff, digits, request)
        private = unseal(row.sealed, _bound(staff, digits)) if row is not None else None
        return OpenKey(row.key, staff.pk, private) if row and private is not None and row.key is not None else None
    if throttle.must_wait(request, "password", staff.username, staff):
        return None
    key = queries.open_by_password(staff, secret)
    if key is None:
        throttle.failed(request, "password", staff.username, staff)
    else:
        throttle.passed(request, "password", staff.username, staff)
    return key


def proves(request: HttpRequest, staff: Staff, secret: str) -> bool:
    """Whether the person signs by what was typed: on a shared tablet the PIN of the shift or the password; where
    everybody has a screen of their own nothing more is asked than being in.

    Called outside of the form's own transaction: a wrong one counts, whatever becomes of the form.
    """
    profile = getattr(request, "profile", None)
    return profile is None or not profile.pin_switch or shows_again(request, staff, secret)


def shows_again(request: HttpRequest, staff: Staff, secret: str) -> bool:
    """Whether somebody who is in shows again that it is them: by the PIN of the shift, or by the password."""
    digits = latin_digits(secret)
    if len(digits) == 6 and digits.isdecimal() and has_pin(staff):
        return check_pin(staff, digits, request) is not None
    return bool(secret) and is_own_password(request, staff, secret) is True


def is_own_password(request: HttpRequest, staff: Staff, password: str) -> bool | None:
    """Whether this is the password of somebody who is in already; None where too many others were tried."""
    if throttle.must_wait(request, "password", staff.username, staff):
        return None
    if queries.authenticate(staff.username, password) is None:
        throttle.failed(request, "password", staff.username, staff)
        return False
    throttle.passed(request, "password", staff.username, staff)
    return True


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
