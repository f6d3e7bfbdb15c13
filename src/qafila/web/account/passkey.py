"""What the node asks of a device that holds passkeys, and what it has to remember until the answer comes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from qafila.kernel import clock
from qafila.registry.staff.factors import acts, passkeys
from qafila.registry.staff.factors.queries import (
    keeps_factors,
    open_by_passkey,
    opened,
    passkeys_of,
    signing_passkeys,
)
from qafila.registry.staff.models import Staff
from qafila.registry.staff.signing import OpenKey
from qafila.web import throttle
from qafila.web.access import needs, public
from qafila.web.account import entrance

ASKED, ASKED_S = "webauthn", 300
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes in base64url."""


def host_of(request: HttpRequest) -> str:
    """The name for which passkeys of this node are made; empty where it is reached by a bare address, for which no
    browser makes any. `passkey_host` in node.toml names a domain above its own."""
    host = request.get_host()
    host = host if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(host.strip("[]"))
        return ""
    except ValueError:
        pass
    named = str(settings.DIRECTORY.facts.get("passkey_host", "")) if settings.DIRECTORY is not None else ""
    return named if named and f".{host}".endswith(f".{named}") else host


def options_to_make(request: Any, staff: Staff) -> str:
    """The options for a new passkey; the question is remembered for five minutes and for one answer."""
    options, state = passkeys.may_register(host_of(request), staff.pk, staff.username, staff.name, passkeys_of(staff))
    return _ask(request, "make", options, state)


def options_to_show(request: Any, known: Sequence[bytes] = ()) -> str:
    """The options for showing one of the known passkeys, or any where none is named."""
    return _ask(request, "show" if known else "log-in", *passkeys.may_show(host_of(request), known))


def options_to_sign(request: Any, known: Sequence[bytes]) -> str:
    """The options for signing by one of the known passkeys, or for letting it sign."""
    return _ask(request, "sign", *passkeys.may_show(host_of(request), known, sign=True))


def _ask(request: Any, what: str, options: str, state: Any) -> str:
    request.session[ASKED] = {"what": what, "state": state, "at": clock.seconds()}
    return options


def asked(request: Any, what: str) -> Any:
    """What was asked; from now on it is not any more. Raises `passkeys.NotAccepted` where nothing was."""
    said = request.session.pop(ASKED, None)
    if not said or said["what"] != what or not 0 <= clock.seconds() - said["at"] < ASKED_S:
        raise passkeys.NotAccepted
    return said["state"]


def shown(request: Any, staff: Staff, *, what: str = "show") -> bool:
    """Whether the form brings the answer of one of the person's passkeys. Without a password before it
    (`what="log-in"`) the device has to have known its owner."""
    return _proof(request, staff, what) is not None


def secret_shown(request: Any, staff: Staff) -> tuple[bytes, str] | None:
    """(The passkey's id, the secret that its device made for signing) where the form brings both; None where not."""
    proof, secret = _proof(request, staff, "sign"), request.POST.get("prf", "")
    return (proof.credential, secret) if proof is not None and _SECRET.fullmatch(secret) else None


def open_key(request: Any) -> OpenKey | None:
    """The person's signing key, opened by what the form brings of their passkey; None where that does not open it."""
    shown = secret_shown(request, request.staff)
    return open_by_passkey(request.staff, *shown) if shown is not None else None


@require_POST
@needs()
def sign_options(request: Any) -> HttpResponse:
    """The question to a device whose passkey signs."""
    known = [kept for kept in map(opened, signing_passkeys(request.staff)) if kept is not None]
    if not known or not host_of(request):
        raise Http404
    return HttpResponse(options_to_sign(request, known), content_type="application/json")


def _proof(request: Any, staff: Staff, what: str) -> passkeys.Proof | None:
    try:
        state = asked(request, what)
        proof = passkeys.show(host_of(request), state, passkeys_of(staff), request.POST.get("credential", ""))
    except passkeys.NotAccepted:
        return None
    return proof if (proof.verified or what == "show") and acts.check_passkey(staff, proof) else None


@public
@require_POST
def options(request: Any) -> HttpResponse:
    """The question to a device whose owner has given no name."""
    if not keeps_factors(request.profile) or not host_of(request):
        raise Http404
    said = options_to_show(request)
    if request.staff is None:
        request.session.set_expiry(entrance.HALF_S)
    return HttpResponse(said, content_type="application/json")


@public
@require_POST
def log_in(request: Any) -> HttpResponse:
    """Log in by a passkey alone: the device, and what it knows its owner by, are two factors."""
    if not keeps_factors(request.profile):
        raise Http404
    if throttle.must_wait(request, "passkey", "", None):
        return redirect("login")
    claimed = passkeys.owner(request.POST.get("credential", "")[: passkeys.MOST])
    staff = Staff.objects.filter(pk=claimed, active=True).first() if claimed else None
    if staff is not None and shown(request, staff, what="log-in"):
        return entrance.enter(request, staff, "passkey", redirect(entrance.next_of(request)))
    throttle.failed(request, "passkey", "", None)
    from qafila.web.account.views import refused

    return refused(request)
