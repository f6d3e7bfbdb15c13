"""Guessing is slowed down, and nobody is kept out by somebody else's guesses.

A try counts against the device from which it comes where the device is known to the person (a cookie, signed by this
node, says that they have come in from it before: OWASP, "Device cookies"); else against the name at this address, the
name anywhere, and the address for all names. So whoever guesses from elsewhere slows down everybody else who comes
from elsewhere, and never the person at their own device. What a known device may try is limited by itself.
NIST SP 800-63B-4, 3.2.2: far fewer than 100 failures in a row; a growing pause in between.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from qafila.kernel import clock
from qafila.registry.staff.models import Staff
from qafila.web.models import Failure

Purpose = Literal["password", "second", "passkey"]
COOKIE = "known"
YEAR_S = 365 * 86400
PEOPLE = 30
"""On one shared tablet; the one who came in longest ago is forgotten first."""
FORGOTTEN = timedelta(hours=24)
"""Failures so old do not count any more."""


@dataclass(frozen=True)
class Limit:
    """After `free` failures each further try waits: `first`, then twice as long each time, `longest` at most."""

    free: int
    first: timedelta
    longest: timedelta

    def pause(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        over = failures - self.free
        return min(self.longest, self.first * 2 ** min(over, 20)) if over >= 0 else timedelta(0)


MINUTES = timedelta(minutes=1)
AT_ADDRESS = Limit(5, 5 * MINUTES, 60 * MINUTES)
"""One name from one address, and one name on a device that it knows."""
ANYWHERE = Limit(10, timedelta(seconds=2), 15 * MINUTES)
"""One name from devices that it does not know: about a hundred tries a day."""
OF_ADDRESS = Limit(50, 1 * MINUTES, 15 * MINUTES)
"""All names from one address: many people stand behind one address, so it is patient."""


@dataclass(frozen=True)
class Device:
    """A device by its cookie: a random number, and who has come in from it."""

    number: str
    people: tuple[str, ...]

    def knows(self, staff: Staff | None) -> bool:
        """Whether the person has come in from it before."""
        return staff is not None and _short(staff.pk) in self.people


NO_DEVICE = Device("", ())


def device_of(request: HttpRequest) -> Device:
    """The device of a request; `NO_DEVICE` for one that nobody has come in from, or whose cookie is not this node's."""
    try:
        said = signing.loads(request.COOKIES.get(_cookie(), ""), salt=COOKIE, max_age=YEAR_S)
        return Device(str(said["d"]), tuple(map(str, said["p"])))
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return NO_DEVICE


def remember(request: HttpRequest, response: HttpResponse, staff: Staff) -> None:
    """Make the device one that knows the person, after a full log-in."""
    before = device_of(request)
    number = before.number or secrets.token_hex(16)
    people = (_short(staff.pk), *(p for p in before.people if p != _short(staff.pk)))[:PEOPLE]
    value = signing.dumps({"d": number, "p": people}, salt=COOKIE)
    response.set_cookie(_cookie(), value, YEAR_S, secure=request.is_secure(), httponly=True, samesite="Lax")


def must_wait(request: HttpRequest, purpose: Purpose, name: str, staff: Staff | None) -> bool:
    """Whether this name has to wait before it is tried from here again."""
    keys = [key for key, _ in _limits(request, purpose, name, staff)]
    return Failure.objects.filter(pk__in=keys, until__gt=clock.now()).exists()


def failed(request: HttpRequest, purpose: Purpose, name: str, staff: Staff | None) -> None:
    """Count a failure."""
    now = clock.now()
    Failure.objects.filter(at__lt=now - FORGOTTEN).delete()
    for key, limit in _limits(request, purpose, name, staff):
        Failure.objects.get_or_create(pk=key)
        Failure.objects.filter(pk=key).update(count=F("count") + 1, at=now)
        count = Failure.objects.values_list("count", flat=True).get(pk=key)
        Failure.objects.filter(pk=key).update(until=now + limit.pause(count))


def passed(request: HttpRequest, purpose: Purpose, name: str, staff: Staff | None) -> int:
    """Forget the failures of a person who came in, but not those of their address for all names; how many tries
    failed with this name, from anywhere."""
    mine = [key for key, limit in _limits(request, purpose, name, staff) if limit is not OF_ADDRESS]
    anywhere = _key(purpose, "name", name)
    count = Failure.objects.filter(pk=anywhere).values_list("count", flat=True).first() or 0
    Failure.objects.filter(pk__in=[*mine, anywhere]).delete()
    return int(count)


def count(request: HttpRequest, what: str) -> int:
    """How often something that has no pause of its own failed on this device."""
    found = Failure.objects.filter(pk=_key("count", what, device_of(request).number)).values_list("count", flat=True)
    return int(found.first() or 0)


def count_up(request: HttpRequest, what: str) -> None:
    """Count a failure of it."""
    key = _key("count", what, device_of(request).number)
    Failure.objects.get_or_create(pk=key)
    Failure.objects.filter(pk=key).update(count=F("count") + 1, at=clock.now())


def forget(request: HttpRequest, what: str) -> None:
    """Begin to count anew."""
    Failure.objects.filter(pk=_key("count", what, device_of(request).number)).delete()


def _limits(request: HttpRequest, purpose: Purpose, name: str, staff: Staff | None) -> list[tuple[str, Limit]]:
    device = device_of(request)
    if device.knows(staff):
        return [(_key(purpose, "device", device.number, name), AT_ADDRESS)]
    address = request.META.get("REMOTE_ADDR", "")
    return [
        (_key(purpose, "here", name, address), AT_ADDRESS),
        (_key(purpose, "name", name), ANYWHERE),
        (_key(purpose, "address", address), OF_ADDRESS),
    ]


def _key(*words: str) -> str:
    text = "\x1f".join(word.casefold() for word in words)
    return hashlib.blake2b(text.encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=32).hexdigest()


def _short(staff: UUID) -> str:
    """A person in a cookie: enough to tell thirty apart, and nothing to look up."""
    return _key("person", staff.hex)[:12]


def _cookie() -> str:
    return f"{settings.SESSION_COOKIE_NAME}-{COOKIE}"
