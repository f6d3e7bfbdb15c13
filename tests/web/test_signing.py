"""Signing on the answer's page: by the password, within a shift by the PIN, and by nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.webauthn import AttestedCredentialData

from qafila.clinic.cases import acts
from qafila.clinic.cases.models import Answer
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.visits.models import Draft
from qafila.journal.here import Here
from qafila.kernel import ids
from qafila.registry.staff.factors import acts as factors
from qafila.registry.staff.factors.models import FactorEvent, SecondFactor
from qafila.registry.staff.factors.queries import open_by_passkey, signing_passkeys
from qafila.registry.staff.models import Pin, Staff
from qafila.registry.staff.queries import open_by_password
from tests.clinic.conftest import ANSWER, PASSWORD
from tests.web.desk import Desk, desk
from tests.web.vehicle import text

PIN = "204817"


@pytest.fixture
def hub_desk(unit: Here) -> Iterator[Desk]:
    with desk(unit) as made:
        yield made


@pytest.fixture
def case(hub_desk: Desk) -> Any:
    return acts.accept(hub_desk.sent(), hub_desk.crew.heart)


def test_by_the_pin_of_the_shift(hub_desk: Desk, case: Any) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    assert "Your password" in text(browser.get("/pin/"))
    wrong = browser.post("/pin/", {"pin": PIN, "again": PIN, "password": "not-it"})
    assert wrong.status_code == 400 and not Pin.objects.exists()
    browser.post("/pin/", {"pin": PIN, "again": PIN, "password": PASSWORD})
    assert "Your PIN of this shift" in text(browser.get(f"/specialist/case/{case.pk}/"))
    sent = browser.post(f"/specialist/case/{case.pk}/answer/", ANSWER | {"secret": "٢٠٤٨١٧"})
    assert sent.status_code == 302 and proof_of(Answer.objects.get()).good
    assert "Covers:" in text(browser.get(f"/specialist/case/{case.pk}/"))


def test_the_fifth_wrong_pin_ends_it_and_the_password_still_signs(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    browser.post("/pin/", {"pin": PIN, "again": PIN, "password": PASSWORD})
    for number in range(5):
        refused = browser.post(at, ANSWER | {"secret": "000111", "once": f"try-{number}"})
        assert refused.status_code == 422 and "Not signed" in text(refused) and "000111" not in text(refused)
        assert "Benign palpitations" in text(refused)
    assert Pin.objects.get().failures == 5
    assert browser.post(at, ANSWER | {"secret": PIN}).status_code == 422 and not Answer.objects.exists()
    assert browser.post(at, ANSWER | {"secret": PASSWORD}).status_code == 302 and Answer.objects.count() == 1


def test_the_fifth_wrong_password_has_to_wait(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    for number in range(5):
        assert browser.post(at, ANSWER | {"secret": f"wrong-{number}"}).status_code == 422
    assert browser.post(at, ANSWER | {"secret": PASSWORD}).status_code == 422
    assert not Answer.objects.exists()


def test_what_is_wrong_in_the_form_and_the_signature_are_said_at_once(hub_desk: Desk, case: Any) -> None:
    browser, at = hub_desk.at(hub_desk.crew.heart), f"/specialist/case/{case.pk}/answer/"
    given = {"diagnosis": "Benign", "medicine-words-0": "Aspirin", "medicine-per_day-0": "99", "secret": "no"}
    page = text(browser.post(at, given))
    assert "Not signed" in page and "Times a day: between" in page and 'value="Aspirin"' in page


def test_the_secret_is_in_no_draft(hub_desk: Desk, case: Any) -> None:
    browser = hub_desk.at(hub_desk.crew.heart)
    browser.post(
        "/nurse/draft/", {"draft": f"answer:{case.pk.hex}", "plan": "Rest", "secret": PASSWORD, "prf": PASSWORD}
    )
    assert PASSWORD not in Draft.objects.get().data and "Rest" in Draft.objects.get().data


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Device:
    """A telephone that holds one passkey, and makes a secret of its own with it."""

    def __init__(self, owner: Staff) -> None:
        self.id, self.private, self.secret = os.urandom(16), generate_private_key(SECP256R1()), b64(os.urandom(32))
        public = ES256.from_cryptography_key(self.private.public_key())
        kept = AttestedCredentialData.create(bytes(16), self.id, public)
        self.factor = factors.add_passkey(owner, bytes(kept), 0, "Synthetic telephone")
        self.uses = 0

    def shows(self, options: Any, *, knows_owner: bool = True) -> dict[str, str]:
        """What the page sends for the node's question (WebAuthn level 2, 6.3.3)."""
        asked = json.loads(options)
        assert asked["extensions"]["prf"]["eval"]["first"] and asked["userVerification"] == "required"
        self.uses += 1
        said = {"type": "webauthn.get", "challenge": asked["challenge"], "origin": "https://testserver"}
        client = json.dumps(said).encode()
        told = hashlib.sha256(b"testserver").digest() + bytes([5 if knows_owner else 1]) + self.uses.to_bytes(4, "big")
        signature = self.private.sign(told + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        response = {"clientDataJSON": b64(client), "authenticatorData": b64(told), "signature": b64(signature)}
        shown = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        return {"credential": json.dumps(shown), "prf": self.secret}


def test_a_passkey_signs_once_the_password_has_let_it(hub_desk: Desk, case: Any) -> None:
    browser, heart = hub_desk.at(hub_desk.crew.heart), hub_desk.crew.heart
    device, asks, at = Device(heart), "/account/sign/options/", f"/specialist/case/{case.pk}/answer/"
    assert browser.post(asks).status_code == 404
    assert "Sign with a passkey" not in text(browser.get(f"/specialist/case/{case.pk}/"))
    page = f"/account/security/sign/{device.factor.pk}/"
    assert browser.get(page).status_code == 302
    browser.post("/account/security/confirm/", {"password": PASSWORD})
    wrong = device.shows(browser.post(f"{page}options/").content)
    assert browser.post(page, wrong | {"password": "not-it"}).status_code == 401
    let = device.shows(browser.post(f"{page}options/").content)
    assert browser.post(page, let | {"password": PASSWORD}).status_code == 302
    assert FactorEvent.objects.filter(staff=heart, what="signs").count() == 1

    assert "Sign with a passkey" in text(browser.get(f"/specialist/case/{case.pk}/"))
    for refused in (
        device.shows(browser.post(asks).content, knows_owner=False),
        device.shows(browser.post(asks).content) | {"prf": b64(os.urandom(32))},
        device.shows(browser.post(asks).content) | {"prf": "short"},
    ):
        assert browser.post(at, ANSWER | refused | {"once": refused["credential"][-40:]}).status_code == 422
    spent = device.shows(browser.post(asks).content)
    assert browser.post(at, ANSWER | spent).status_code == 302 and proof_of(Answer.objects.get()).good
    assert browser.post(at, ANSWER | spent | {"once": "again"}).status_code == 422


def test_a_passkey_opens_no_key_that_was_replaced(hub_desk: Desk, case: Any) -> None:
    heart = hub_desk.crew.heart
    device = Device(heart)
    key = open_by_password(heart, PASSWORD)
    assert key is not None
    factors.let_sign(device.factor, key, device.secret)
    assert open_by_passkey(heart, device.id, device.secret) == key
    assert open_by_passkey(heart, device.id, b64(bytes(32))) is None and open_by_passkey(heart, b"", "") is None
    SecondFactor.objects.update(key=ids.new())
    assert open_by_passkey(heart, device.id, device.secret) is None and not signing_passkeys(heart)
