"""OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636), as the relying party. Keeps to RFC 9700.

What the provider says is believed only as far as its signed ID token goes: issuer, audience, time and nonce fit.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from qafila.kernel import clock
from qafila.packs.shapes import Label

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones alone: what is no list of ours could be chosen by whoever wrote the token."""
LARGEST = 500_000
TIMEOUT_S = 10.0
LEEWAY_S = 60
KNOWN_S, SILENT_S = 300, 15
"""So long what the provider said of itself holds, and so long a silent one is left in peace."""
HERE = ("localhost", "127.0.0.1", "::1")


_asked: dict[str, tuple[float, dict[str, Any] | None]] = {}


class Refused(Exception):
    """The provider was not reached, or what it said does not fit. Says nothing of the person."""


@dataclass(frozen=True)
class Provider:
    """`[ministry]` in node.toml; its secret lies in `keys/ministry.key`."""

    issuer: str
    client: str
    secret: str
    claim: str
    """The claim that holds the username."""
    second: frozenset[str]
    """Values of `amr` (RFC 8176) that stand for two factors."""
    name: Label


@dataclass(frozen=True)
class Subject:
    """Who came, in the provider's words."""

    issuer: str
    subject: str
    username: str
    two_factors: bool


def provider() -> Provider | None:
    """The provider of this node, None where it has none."""
    directory = settings.DIRECTORY
    if directory is None:
        return None
    said = directory.facts.get("ministry")
    if not isinstance(said, dict) or not said.get("issuer") or not said.get("client_id"):
        return None
    key = directory.key_file("ministry")
    words = said.get("name", {})
    return Provider(
        issuer=str(said["issuer"]),
        client=str(said["client_id"]),
        secret=key.read_text().strip() if key.exists() else "",
        claim=str(said.get("claim", "preferred_username")),
        second=frozenset(map(str, said.get("second", []))),
        name=Label(**{code: str(words.get(code) or words.get("en") or "SSO") for code in ("ar", "fr", "en")}),
    )


def discover(one: Provider) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0). Raises `Refused`.

    Asked now and then, and a provider that does not answer not by everybody at once: anybody may open that page.
    """
    asked = _asked.get(one.issuer)
    if asked is not None and clock.monotonic() < asked[0]:
        if asked[1] is None:
            raise Refused("the provider did not answer")
        return asked[1]
    # Whoever comes while it is asked again gets what it said before.
    _asked[one.issuer] = (clock.monotonic() + SILENT_S, asked[1] if asked else None)
    said = _json("GET", one.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if said.get("issuer") != one.issuer:
        raise Refused("the issuer is another")
    _asked[one.issuer] = (clock.monotonic() + KNOWN_S, said)
    return said


def begin(one: Provider, back: str) -> tuple[str, dict[str, str]]:
    """(Where the browser goes, what the node has to remember): state, nonce and verifier of this log-in alone."""
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": one.client,
        "redirect_uri": back,
        "scope": "openid profile",
        "state": kept["state"],
        "nonce": kept["nonce"],
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    address = _safe(str(discover(one).get("authorization_endpoint", "")))
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", kept


def finish(one: Provider, kept: dict[str, str], came: dict[str, str], back: str) -> Subject:
    """Who came, once the browser is back with `came` (the parameters of its address). Raises `Refused`."""
    if not secrets.compare_digest(came.get("state", "").encode(), kept["state"].encode()):
        raise Refused("the state is another")
    if came.get("iss", one.issuer) != one.issuer:  # RFC 9207
        raise Refused("another issuer answered")
    if not came.get("code"):
        raise Refused("no code came")
    known = discover(one)
    form = {
        "grant_type": "authorization_code",
        "code": came["code"],
        "redirect_uri": back,
        "client_id": one.client,
        "code_verifier": kept["verifier"],
    }
    if one.secret:
        form["client_secret"] = one.secret
    answer = _json("POST", str(known.get("token_endpoint", "")), form)
    claims = verified(one, str(answer.get("id_token", "")), _json("GET", str(known.get("jwks_uri", ""))), kept["nonce"])
    said = claims.get("amr")
    ways = set(said) if isinstance(said, list) else set()
    username = claims.get(one.claim)
    if not isinstance(username, str) or not username:
        raise Refused("the claim is missing")
    return Subject(one.issuer, str(claims["sub"]), username, bool(one.second & ways))


def verified(one: Provider, token: str, keys: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7). Raises `Refused`."""
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        # A provider with one key need not name it (section 10.1).
        among = [k for k in jwt.PyJWKSet.from_dict(keys).keys if header.get("kid") in (None, k.key_id)]
        if len(among) != 1 or header.get("alg") not in ALGORITHMS:
            raise Refused("no such key")
        claims: dict[str, Any] = jwt.decode(
            token,
            among[0].key,
            algorithms=[header["alg"]],
            audience=one.client,
            issuer=one.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refused("the token does not hold") from error
    if not secrets.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise Refused("the nonce is another")
    if claims.get("azp", one.client) != one.client or (isinstance(claims["aud"], list) and len(claims["aud"]) > 1):
        raise Refused("the token is for another")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise Refused("the subject is none")
    return claims


def _json(method: str, address: str, form: dict[str, str] | None = None) -> dict[str, Any]:
    import httpx
    import orjson

    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream(method, _safe(address), data=form, headers={"Accept": "application/json"}) as answer,
        ):
            answer.raise_for_status()
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise Refused("the answer is too long")
        said = orjson.loads(body)
    except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as error:
        raise Refused("the provider did not answer") from error
    if not isinstance(said, dict):
        raise Refused("the answer is none")
    return said


def _safe(address: str) -> str:
    """The address, if it is HTTPS, or on this machine. Raises `Refused`."""
    try:
        parts = urlsplit(address)
        if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in HERE):
            return address
    except ValueError:
        pass
    raise Refused("not an address of a provider")
