"""Sessions, kept in the database with whose they are: so that they can be listed and ended.

`SESSION_ENGINE`. A session is a person's only once everything that they have to show was shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import auth
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from qafila.kernel import clock
from qafila.registry.staff.models import Pin, Staff
from qafila.web.models import LoginSession

BACKEND = "qafila.web.login.StaffBackend"
BEGAN, SEEN, HOW, DEVICE, PROVED = "began", "seen", "how", "device", "proved"
SEEN_EVERY_S = 60
PROOF_S = 300
"""So long after the password (or a passkey) was asked for, the way in may be changed."""


class SessionStore(db.SessionStore):
    """Django's, with a few words of each session beside its data."""

    @classmethod
    def get_model_class(cls) -> type[LoginSession]:
        """The table."""
        return LoginSession

    def create_model_instance(self, data: dict[str, Any]) -> LoginSession:
        """The row of this session."""
        row: LoginSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.staff = UUID(data[SESSION_KEY]) if data.get(SESSION_KEY) else None
        row.began, row.seen = data.get(BEGAN), data.get(SEEN)
        row.how, row.device = data.get(HOW, ""), data.get(DEVICE, "")
        return row


def begin(request: Any, staff: Staff, how: str, *, began: float | None = None, proved: bool = True) -> None:
    """Let somebody in who has shown all that is asked for: under a new key, whoever was here before.

    `how`: password, totp, code, passkey, ministry or pin. `began`: when the full log-in was, where it was not now.
    """
    LoginSession.objects.filter(expire_date__lt=clock.now()).delete()
    kept = {HOW: how, DEVICE: device_words(request), BEGAN: began or clock.seconds(), SEEN: clock.seconds()}
    auth.login(request, staff, backend=BACKEND)
    # Django keeps the key of a person who was here before; what may be done is more now, so the key is another.
    request.session.cycle_key()
    for left in ("locked", "touched", PROVED):
        request.session.pop(left, None)
    request.session.update(kept)
    if proved:
        request.session[PROVED] = clock.seconds()


def proved(request: Any) -> bool:
    """Whether the person showed just now, again, that it is them."""
    at = request.session.get(PROVED)
    return at is not None and 0 <= clock.seconds() - at < PROOF_S


def is_over(request: Any, hours: int, idle_minutes: int) -> bool:
    """Whether a session has lasted, or was left alone, for too long; notes that it is used. A list that renews itself
    is nobody's use."""
    session, now = request.session, clock.seconds()
    began, seen = session.setdefault(BEGAN, now), session.get(SEEN, now)
    if not 0 <= now - began < hours * 3600 or (idle_minutes and now - seen > idle_minutes * 60):
        return True
    if "X-Live" not in request.headers and (SEEN not in session or abs(now - seen) >= SEEN_EVERY_S):
        session[SEEN] = now
    return False


def sessions_of(staff: Staff) -> list[LoginSession]:
    """The person's running sessions on this node, latest first."""
    return list(LoginSession.objects.filter(staff=staff.pk, expire_date__gt=clock.now()).order_by("-seen"))


def end_sessions(staff: UUID, *, but: str | None = None, using: str | None = None) -> int:
    """End a person's sessions on this node, all or all but one; how many."""
    rows = LoginSession.objects.using(using).filter(staff=staff)
    return int((rows.exclude(session_key=but) if but else rows).delete()[0])


def end_all() -> None:
    """Nobody is in any more, and every PIN of the shift is gone."""
    LoginSession.objects.all().delete()
    Pin.objects.all().delete()


def moment(seconds: float | None) -> datetime | None:
    """An instant as sessions keep it."""
    return clock.from_ms(int(seconds * 1000)) if seconds is not None else None


SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS", "Mac"), ("Linux", "Linux"))  # fmt: skip
BROWSERS = (("Edg", "Edge"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))


def device_words(request: Any) -> str:
    """The kind of device and browser, as their owner knows them; nothing that tells two of a kind apart."""
    said = request.headers.get("User-Agent", "")[:400]
    words = [next((word for mark, word in among if mark in said), "") for among in (BROWSERS, SYSTEMS)]
    return " · ".join(w for w in words if w)
