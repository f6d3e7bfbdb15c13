"""The rules of second factors: the test vectors of RFC 6238, codes that are spent, and whatever comes from outside."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.registry.staff.factors import codes, passkeys, sealing, totp

RFC = b"12345678901234567890"
ROW = UUID(int=1)


@pytest.mark.parametrize(
    ("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924")]
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1, last six digits."""
    assert totp.matching_step(RFC, code, seconds) == seconds // 30
    assert totp.matching_step(RFC, code, seconds + 30) == seconds // 30
    assert totp.matching_step(RFC, code, seconds + 60) is None
    assert totp.matching_step(RFC, code, seconds, used=seconds // 30) is None


def test_a_set_of_codes_is_spent_one_by_one() -> None:
    made = codes.new_codes()
    kept: bytes | None = codes.kept(made)
    assert len(set(made)) == codes.COUNT
    for number, one in enumerate(made):
        assert kept is not None
        assert codes.left(kept) == codes.COUNT - number
        assert codes.spend(kept, "AAAAA-AAAAA") is None
        before, kept = kept, codes.spend(kept, one)
        assert kept is not None and codes.spend(kept, one) is None and codes.spend(before, one) is not None
    assert kept is not None and codes.left(kept) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=12), inside, max_size=4),
    max_leaves=12,
)
SHAPED = st.fixed_dictionaries(
    {
        "id": st.text(max_size=12) | st.integers(),
        "rawId": st.text(max_size=12),
        "type": st.just("public-key") | st.text(),
    },
    optional={
        "response": st.dictionaries(
            st.sampled_from(["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]),
            st.text(alphabet="abcdefgABCDEFG0123456789-_=", max_size=60) | JSON,
        )
    },
)


@settings(max_examples=60)
@given(said=st.text(max_size=200) | (JSON | SHAPED).map(json.dumps))
def test_whatever_a_device_says_is_accepted_or_refused(said: str) -> None:
    _, make = passkeys.may_register("hub.example", ROW, "amal", "Amal", [])
    _, show = passkeys.may_show("hub.example")
    with pytest.raises(passkeys.NotAccepted):
        passkeys.register("hub.example", make, said)
    with pytest.raises(passkeys.NotAccepted):
        passkeys.show("hub.example", show, [], said)
    assert passkeys.owner(said) is None or isinstance(passkeys.owner(said), UUID)


@settings(max_examples=60)
@given(said=st.text(max_size=120) | st.binary(max_size=90).map(lambda raw: base64.b64encode(raw).decode()))
def test_what_is_not_sealed_opens_nothing(said: str) -> None:
    assert sealing.unseal(said, ROW, "totp", ROW) is None
    assert codes.spend(codes.kept([]), said) is None
    assert totp.matching_step(RFC, said, 59) in (None, 1)


def test_a_sealed_secret_is_bound_to_person_kind_and_row() -> None:
    sealed = sealing.seal(b"secret", ROW, "totp", ROW)
    other: Any = UUID(int=2)
    assert sealing.unseal(sealed, ROW, "totp", ROW) == b"secret"
    for wrong in ((other, "totp", ROW), (ROW, "passkey", ROW), (ROW, "totp", other)):
        assert sealing.unseal(sealed, *wrong) is None
