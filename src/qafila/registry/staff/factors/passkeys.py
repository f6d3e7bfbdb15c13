"""Passkeys: WebAuthn level 2, its checks by the library fido2. Loaded where a passkey is used and nowhere else.

Options go out and credentials come in as JSON with base64url for bytes, as `PublicKeyCredential.toJSON` writes them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from fido2.server import Fido2Server

MOST = 20_000
"""Characters of a credential; a longer one is none."""
NAME = "Qafila"
SIGNING = base64.urlsafe_b64encode(hashlib.sha256(b"qafila signing key 1").digest()).decode().rstrip("=")
"""What a device makes its secret of; another one for every passkey, the same each time."""


class NotAccepted(ValueError):
    """What came is no answer to what was asked."""


@dataclass(frozen=True)
class Proof:
    """Who showed which passkey, and whether the device knew its owner (by finger, face or its own PIN)."""

    credential: bytes
    """Its id."""
    counter: int
    verified: bool


def may_register(host: str, staff: UUID, username: str, name: str, known: Sequence[bytes]) -> tuple[str, Any]:
    """(Options for the browser, what the node has to remember) for a new passkey; `known` are those there are."""
    from fido2.webauthn import PublicKeyCredentialUserEntity, ResidentKeyRequirement, UserVerificationRequirement

    options, state = _server(host).register_begin(
        PublicKeyCredentialUserEntity(id=staff.bytes, name=username, display_name=name),
        [_credential(one) for one in known],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json.dumps({**dict(options)["publicKey"], "extensions": {"prf": {}}}), state


def register(host: str, state: Any, answer: str) -> tuple[bytes, int]:
    """(The new passkey as it is kept, its counter). Raises `NotAccepted`."""
    try:
        said = _server(host).register_complete(state, _read(answer))
        if said.credential_data is None:
            raise NotAccepted
        return bytes(said.credential_data), said.counter
    except Exception as error:  # whatever a library says about bytes from outside: they are not accepted
        raise NotAccepted from error


def may_show(host: str, known: Sequence[bytes] = (), *, sign: bool = False) -> tuple[str, Any]:
    """(Options for the browser, what the node has to remember) for one of the known passkeys; for any that the device
    offers where none are named, and then the device has to know its owner. `sign`: so it has too, and makes the secret
    that opens its owner's signing key (WebAuthn level 3, extension prf)."""
    from fido2.webauthn import UserVerificationRequirement

    needed = UserVerificationRequirement.PREFERRED if known and not sign else UserVerificationRequirement.REQUIRED
    options, state = _server(host).authenticate_begin([_credential(one) for one in known] or None, needed)
    more = {"extensions": {"prf": {"eval": {"first": SIGNING}}}} if sign else {}
    return json.dumps({**dict(options)["publicKey"], **more}), state


def show(host: str, state: Any, known: Sequence[bytes], answer: str) -> Proof:
    """Which of the known passkeys it was. Raises `NotAccepted`."""
    from fido2.webauthn import AuthenticationResponse

    try:
        said = AuthenticationResponse.from_dict(_read(answer))
        found = _server(host).authenticate_complete(state, [_credential(one) for one in known], said)
        told = said.response.authenticator_data
        return Proof(bytes(found.credential_id), told.counter, told.is_user_verified())
    except Exception as error:
        raise NotAccepted from error


def owner(answer: str) -> UUID | None:
    """Whose passkey it says it is: for the log-in without a name."""
    try:
        said = _read(answer)["response"]["userHandle"]
        return UUID(bytes=base64.urlsafe_b64decode(said + "=="))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def credential_id(kept: bytes) -> bytes:
    """The id of a passkey as it is kept."""
    return bytes(_credential(kept).credential_id)


def _server(host: str) -> Fido2Server:
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    return Fido2Server(PublicKeyCredentialRpEntity(id=host, name=NAME))


def _credential(kept: bytes) -> Any:
    from fido2.webauthn import AttestedCredentialData

    return AttestedCredentialData(kept)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > MOST:
        raise NotAccepted
    said = json.loads(answer)
    if not isinstance(said, dict):
        raise NotAccepted
    return said
