"""The code's form: read by other people's libraries, and safe to give anything."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import base45
import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from qafila.clinic.papers import cbor, content, hcert
from qafila.clinic.papers.hcert import Claims
from qafila.clinic.papers.verify import Key, Outcome, by_key_id, verify
from qafila.kernel.ids import short_code

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CLAIMS = Claims(
    "U1",
    UUID(int=7),
    bytes(range(32)),
    date(2026, 11, 21),
    "prescription",
    int(NOW.timestamp()),
    int(NOW.timestamp()) + 1000,
)
TEXT = hcert.sign(CLAIMS, KEY)
KEYS = by_key_id([Key("U1", PUBLIC, NOW - timedelta(days=9)), Key("U2", OTHER.public_key().public_bytes_raw(), NOW)])


def packed(message: object) -> str:
    return hcert.PREFIX + base45.b45encode(zlib.compress(cbor2.dumps(message))).decode()


def unpacked(text: str) -> cbor2.CBORTag:
    found = cbor2.loads(zlib.decompress(base45.b45decode(text[len(hcert.PREFIX) :])))
    assert isinstance(found, cbor2.CBORTag)
    return found


def outcome(text: str, keys: dict[bytes, Key] = KEYS, at: datetime = NOW) -> Outcome:
    return verify(text, keys, at).outcome


def test_another_library_reads_and_verifies_it() -> None:
    raw = zlib.decompress(base45.b45decode(TEXT[len(hcert.PREFIX) :]))
    key = COSEKey.new({1: 1, 2: hcert.key_id(PUBLIC), 3: -8, -1: 6, -2: PUBLIC})
    payload = cbor2.loads(COSE.new().decode(raw, key))
    assert payload[1] == "U1" and payload[6] == CLAIMS.issued and payload[4] == CLAIMS.expires
    assert payload[hcert.DOCUMENT] == {
        1: CLAIMS.id.bytes, 2: CLAIMS.digest, 3: "2026-11-21", 4: "prescription"
    }  # fmt: skip


def test_what_another_library_signs_is_read() -> None:
    key = COSEKey.new({1: 1, 3: -8, -1: 6, -2: PUBLIC, -4: bytes(range(32))})
    document = {1: CLAIMS.id.bytes, 2: CLAIMS.digest, 3: "2026-11-21", 4: "prescription"}
    payload = cbor2.dumps({1: "U1", 6: CLAIMS.issued, hcert.DOCUMENT: document})
    raw = COSE.new().encode_and_sign(payload, key, protected={1: -8, 4: hcert.key_id(PUBLIC)})
    text = hcert.PREFIX + base45.b45encode(zlib.compress(raw)).decode()
    found = verify(text, KEYS, NOW)
    assert found.genuine and found.claims == replace(CLAIMS, expires=None)


def test_it_holds_nothing_of_a_person_and_fits_a_small_code() -> None:
    assert set(CLAIMS.__dataclass_fields__) == {"node", "id", "digest", "day", "kind", "issued", "expires", "number"}
    assert len(TEXT) <= 311, "version 10 at error correction M"


def test_a_genuine_code() -> None:
    found = verify(f"\n{TEXT}\r\n", KEYS, NOW)
    assert found.genuine and found.claims == CLAIMS and found.key is not None and found.key.node == "U1"


def test_whatever_is_altered_is_refused() -> None:
    message = unpacked(TEXT)
    protected, unprotected, payload, signature = message.value
    said = cbor2.loads(payload)
    for change in (
        {1: "U2"},
        {4: CLAIMS.issued + 10**6},
        {6: CLAIMS.issued - 5},
        {hcert.DOCUMENT: said[hcert.DOCUMENT] | {2: bytes(32)}},
        {hcert.DOCUMENT: said[hcert.DOCUMENT] | {3: "2026-11-22"}},
        {hcert.DOCUMENT: said[hcert.DOCUMENT] | {4: "card"}},
    ):
        altered = packed(cbor2.CBORTag(18, [protected, unprotected, cbor2.dumps(said | change), signature]))
        assert outcome(altered) is Outcome.ALTERED, change
    for at in (0, 31, 63):
        wrong = bytes([*signature[:at], signature[at] ^ 1, *signature[at + 1 :]])
        assert outcome(packed(cbor2.CBORTag(18, [protected, unprotected, payload, wrong]))) is Outcome.ALTERED


def test_a_code_that_another_node_signed_in_this_ones_name_is_refused() -> None:
    assert outcome(hcert.sign(CLAIMS, OTHER)) is Outcome.ALTERED


def test_keys_that_are_unknown_retired_or_taken_back() -> None:
    assert outcome(TEXT, {}) is Outcome.UNKNOWN_KEY
    day = timedelta(days=1)
    retired = Key("U1", PUBLIC, NOW - 9 * day, until=NOW + day)
    assert outcome(TEXT, by_key_id([retired]), NOW) is Outcome.GENUINE, "a retired key verifies what it signed"
    for wrong in (replace(retired, until=NOW - 3 * day), replace(retired, since=NOW + 3 * day)):
        assert outcome(TEXT, by_key_id([wrong])) is Outcome.KEY_NOT_IN_USE
    revoked = verify(TEXT, by_key_id([replace(retired, revoked=NOW + day)]), NOW)
    assert revoked.outcome is Outcome.REVOKED and revoked.key is not None and revoked.key.revoked == NOW + day


def test_expired_and_foreign_and_cut_off() -> None:
    assert outcome(TEXT, at=NOW + timedelta(seconds=1000)) is Outcome.EXPIRED
    assert outcome("HC1:6BFOXN") is Outcome.NOT_OURS
    assert outcome("https://example.org/x") is Outcome.NOT_OURS
    assert outcome("") is Outcome.UNREADABLE
    assert outcome(TEXT[:-30]) in (Outcome.UNREADABLE, Outcome.ALTERED)
    assert outcome(TEXT + "ä") is Outcome.UNREADABLE


def test_a_bomb_of_zeros_is_not_unpacked() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    text = hcert.PREFIX + base45.b45encode(bomb).decode()
    assert outcome(text) is Outcome.UNREADABLE, "too long to begin with"
    small = zlib.compress(bytes(700_000), 9)
    assert len(base45.b45encode(small)) < hcert.LONGEST_TEXT
    assert outcome(hcert.PREFIX + base45.b45encode(small).decode()) is Outcome.ALTERED


@given(st.text(max_size=400) | st.binary(max_size=300).map(lambda b: hcert.PREFIX + base45.b45encode(b).decode()))
def test_no_text_crashes_it(text: str) -> None:
    assert outcome(text) not in (Outcome.GENUINE, Outcome.EXPIRED)


SIMPLE = st.recursive(
    st.integers(-(2**63), 2**63) | st.binary(max_size=40) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-99999, 99) | st.text(max_size=3), inner),
    max_leaves=12,
)


@given(SIMPLE)
def test_no_message_crashes_it(payload: object) -> None:
    protected = cbor2.dumps({1: -8, 4: hcert.key_id(PUBLIC)})
    for message in (
        payload,
        cbor2.CBORTag(18, payload),
        cbor2.CBORTag(18, [protected, {}, cbor2.dumps(payload), bytes(64)]),
    ):
        assert outcome(packed(message)) is Outcome.ALTERED


@given(st.binary(max_size=60))
def test_cbor_refuses_or_agrees_with_another_reader(raw: bytes) -> None:
    try:
        found = cbor.loads(raw)
    except cbor.Malformed:
        return
    assert cbor.loads(cbor.dumps(found)) == found


@given(SIMPLE)
def test_cbor_is_what_another_library_writes_canonically(value: object) -> None:
    ours = cbor.dumps(value)
    assert cbor2.loads(ours) == value


@pytest.mark.parametrize(
    "raw", [b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x5b\x7f" + bytes(7), b"\x81" * 50, b"\xf9\0\0"]
)
def test_cbor_that_claims_too_much_is_refused(raw: bytes) -> None:
    with pytest.raises(cbor.Malformed):
        cbor.loads(raw)


def test_the_example_of_the_page_for_other_teams_is_true() -> None:
    page = (Path(__file__).parents[3] / "docs/howto/verify-a-print.md").read_text()
    block = page.split("## An example")[1].split("(`text`")[0]
    said: dict[str, str] = {}
    name = ""
    for line in block.splitlines():
        if line.startswith("    ") and line.strip():
            name = line[4:14].strip() or name
            said[name] = said.get(name, "") + line[14:]
    found = hcert.read(said["text"])
    assert hcert.holds(found, PUBLIC) and PUBLIC.hex() in page and hcert.key_id(PUBLIC).hex() in page
    assert (found.protected.hex(), found.payload.hex(), found.signature.hex()) == (
        said["protected"], said["payload"], said["signature"]
    )  # fmt: skip
    facts = content.facts_of("7K2M-9QXW-A\nParacétamol 500 mg comprimé; 1; 3; 5")
    assert content.content("prescription", facts).decode() == said["content"].replace("⏎", "\n")
    assert content.same(found.claims.digest, "prescription", facts, found.claims.id, "BPE3-E65D-8")
    assert found.claims.digest.hex() == said["hash"] and short_code(found.claims.id) in page
