"""Who calls, where a reverse proxy stands before the pages: its word is taken only if `node.toml` names it.

`trusted_proxies = ["127.0.0.1"]`: addresses or networks. Of `X-Forwarded-For` the last address that is none of them is
the caller's: whatever stands before it the caller may have written. From anybody else, and where nothing is named, such
headers are dropped, so that nothing behind can come to believe them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
CLAIMS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PROTO",
          "HTTP_X_FORWARDED_SERVER", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP")  # fmt: skip
MOST = 16


def networks(said: Iterable[object]) -> tuple[Network, ...]:
    """The networks named. Raises `ValueError` for what is none."""
    return tuple(ipaddress.ip_network(str(one)) for one in said)


def caller(claimed: str, near: str, trusted: tuple[Network, ...]) -> str:
    """The caller's address: `near` is who opened the connection, `claimed` an `X-Forwarded-For`."""
    found = near
    for one in reversed(claimed.split(",")[-MOST:]):
        if not _within(found, trusted):
            break
        try:
            found = str(ipaddress.ip_address(one.strip()))
        except ValueError:
            break
    return found


def _within(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in trusted)
    except ValueError:
        return False


class ForwardedMiddleware:
    """Puts the caller's address into `REMOTE_ADDR` and takes every such claim out of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        facts = settings.DIRECTORY.facts if settings.DIRECTORY is not None else {}
        self.trusted = networks(facts.get("trusted_proxies", ()))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        claimed = request.META.get("HTTP_X_FORWARDED_FOR", "")
        for name in CLAIMS:
            request.META.pop(name, None)
        if claimed and self.trusted:
            request.META["REMOTE_ADDR"] = caller(claimed, request.META.get("REMOTE_ADDR", ""), self.trusted)
        return self.get_response(request)
