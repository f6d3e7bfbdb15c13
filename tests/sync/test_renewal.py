"""Client certificates: renewed over sync when a third is left, by a new key, for trusted nodes alone."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from cryptography import x509

from qafila.journal.here import at
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.sync import pki, renewal, revocation, scope
from qafila.sync.models import Peer
from qafila.sync.renewal_models import Certificate, CertificateRequest
from tests.sync.pair import Pair


@pytest.fixture
def joined(pair: Pair) -> Iterator[Pair]:
    """The unit holds a certificate of 180 days."""
    renewal.connect()
    assert pair.unit.directory and pair.hub.directory
    request = pki.client_request(pair.unit.directory / "keys", "U1")
    pem, serial = pki.sign_request(pair.hub.directory / "keys", request, "U1")
    pki.write_private(pair.unit.directory / "keys" / "client.crt", pem)
    with at(pair.hub):
        Peer.objects.filter(code="U1").update(serial=serial)
    yield pair
    scope._rules.pop(Certificate.kind(), None)


def later(days: float) -> AbstractContextManager[None]:
    return clock.reading_from((clock.now() + timedelta(days=days)).timestamp)


def shown(pair: Pair) -> bytes:
    """The certificate that the unit shows; it fits its key."""
    keys = pair.unit.directory / "keys"  # type: ignore[operator]
    ssl.create_default_context().load_cert_chain(keys / "client.crt", keys / "client.pem")
    return (keys / "client.crt").read_bytes()


def exchange(pair: Pair) -> None:
    with at(pair.unit):
        renewal.renew()
    pair.sync()
    with at(pair.hub):
        renewal.answer()
    pair.sync()
    with at(pair.unit):
        renewal.renew()


def test_a_young_certificate_is_left_alone(joined: Pair) -> None:
    before = shown(joined)
    with later(100):
        exchange(joined)
    assert shown(joined) == before
    with at(joined.unit):
        assert not CertificateRequest.objects.exists(), "an ordinary contact carries nothing of it"


def test_when_a_third_is_left_it_is_renewed_with_a_new_key(joined: Pair) -> None:
    keys = joined.unit.directory / "keys"  # type: ignore[operator]
    before, key = shown(joined), (keys / "client.pem").read_bytes()
    with later(125):
        exchange(joined)
        after = shown(joined)
        assert after != before and (keys / "client.pem").read_bytes() != key
        left = pki.load(keys / "client.crt").not_valid_after_utc - clock.now()
        assert left > timedelta(days=179) and not (keys / "client-next.pem").exists()
        exchange(joined)
        assert shown(joined) == after
    with at(joined.unit):
        assert CertificateRequest.objects.count() == 1


def test_the_old_one_holds_until_the_answer_comes(joined: Pair) -> None:
    before = shown(joined)
    with later(125), at(joined.unit):
        for _ in range(3):
            renewal.renew()
        assert CertificateRequest.objects.count() == 1 and shown(joined) == before
    with later(135), at(joined.unit):
        renewal.renew()
        assert CertificateRequest.objects.count() == 2, "what was not answered for a week is asked anew"


def test_cut_off_between_key_and_certificate_it_goes_on(joined: Pair) -> None:
    keys = joined.unit.directory / "keys"  # type: ignore[operator]
    with later(125):
        before = shown(joined)
        exchange(joined)
        after = shown(joined)
        (keys / "client.crt").write_bytes(before)
        with at(joined.unit):
            renewal.renew()
        assert shown(joined) == after


def test_who_was_shut_out_or_asks_for_another_gets_none(joined: Pair) -> None:
    request = pki.client_request(joined.unit.directory / "keys", "U1", "other").decode()  # type: ignore[operator]
    with at(joined.unit), writing(None, "certificate.ask") as write:
        write.save(CertificateRequest(node="U2", csr=request))
        write.save(CertificateRequest(node="U1", csr="not a request"))
    with at(joined.hub):
        Peer.objects.create(code="U2", serial="77")
    joined.sync()
    with at(joined.hub):
        assert renewal.answer() == 0 and not Certificate.objects.exists()
        Peer.objects.filter(code="U1").update(revoked=True)
    with at(joined.hub), writing(None, "x") as write:
        write.save(CertificateRequest(node="U1", csr=request))
    with at(joined.hub):
        assert renewal.answer() == 0


def test_whoever_is_shut_out_is_so_with_every_certificate(joined: Pair) -> None:
    with later(125):
        exchange(joined)
    with at(joined.hub):
        revocation.revoke("U1")
        told = x509.load_pem_x509_crl((joined.hub.directory / "keys" / "units.crl").read_bytes())  # type: ignore[operator]
        serials = {f"{one.serial_number:x}" for one in told}
        assert serials == {Peer.objects.get(code="U1").serial, Certificate.objects.get().serial}


def test_no_node_loses_its_certificate_before_its_lease() -> None:
    days = load.profile("hub").certificates.client_days
    for name in load.profiles():
        lease = load.profile(name).lease
        assert days / 3 > lease.close_days, name
