"""Keys and certificates of a node: a private authority on the hub, TLS certificates, the key that signs frames.

    ca.pem ca.crt            the node's own authority (of a hub: that of its jurisdiction): signs what others believe
    online.pem online.crt    an authority under it that signs in its place, so that `ca.pem` can be kept elsewhere
    units.pem units.crt      the hub's authority for units: signs what callers show, and nothing else
    pages.pem pages.crt      TLS of its pages
    sync.pem sync.crt        TLS of the port at which other nodes call
    client.pem client.crt    what a unit shows when it calls; hub-ca.crt: whom it believes
    signing.pem              Ed25519, signs frames
    sealing.pem              X25519, opens bundles that came by stick

All lie in `keys/` of the node's directory, readable by its owner alone.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from qafila.kernel import clock, durable
from qafila.sync import vault

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Certificates between nodes hold from here on: a vehicle whose clock was set back can still call."""
AUTHORITY_DAYS = 20 * 365
NODE_DAYS = 5 * 365
SEEN_BY_BROWSERS = ("pages", "door")
PAGES_DAYS = 800
"""Browsers believe a certificate of a private authority up to 825 days."""
Private = ec.EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass
class Client:
    """For how many days a client certificate holds from its signing; the hub's profile says so, by wiring."""

    days: int = 180


CLIENT = Client()


class AuthorityAway(Exception):
    """What is to be signed needs the key of the root, which is kept elsewhere."""


class BadRequest(ValueError):
    """A certificate request that the authority does not sign."""


def signing_key(keys: Path) -> Ed25519PrivateKey:
    """The node's signing key, made at the first call."""
    return _edwards_key(keys, "signing")


def signing_public(keys: Path) -> bytes:
    """The 32 bytes by which others know the node's signature."""
    return signing_key(keys).public_key().public_bytes_raw()


def public_key(raw: bytes) -> Ed25519PublicKey:
    """A peer's key from its 32 bytes. Raises `ValueError`."""
    return Ed25519PublicKey.from_public_bytes(raw)


def own_key(keys: Path, which: str) -> Ed25519PrivateKey:
    """The key of a client certificate: the one in use (`client`), or one that waits for its certificate."""
    return _edwards_key(keys, which)


def sealing_key(keys: Path) -> X25519PrivateKey:
    """The key to which others encrypt bundles for this node, made at the first call."""
    found = _key(keys, "sealing", X25519PrivateKey.generate)
    assert isinstance(found, X25519PrivateKey)
    return found


def sealing_public(keys: Path) -> bytes:
    """The 32 bytes to which others encrypt for this node."""
    return sealing_key(keys).public_key().public_bytes_raw()


def sealing_public_key(raw: bytes) -> X25519PublicKey:
    """A peer's sealing key from its 32 bytes. Raises `ValueError`."""
    return X25519PublicKey.from_public_bytes(raw)


def make_authority(keys: Path, name: str) -> x509.Certificate:
    """The node's own certificate authority, made at the first call; `name` is what people see in a browser."""
    if (keys / "ca.crt").exists():
        # Its key may be away.
        return load(keys / "ca.crt")
    return _authority(keys, "ca", f"{name} authority", _ec_key(keys, "ca"), hashes.SHA256())


def make_online(keys: Path, root: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """A new intermediate authority, signed by the root: from now on it signs what others believe, and the key of the
    root may leave the machine."""
    (keys / "online.pem").unlink(missing_ok=True)
    key = _ec_key(keys, "online")
    authority = load(keys / "ca.crt")
    name = _name(f"{_common_name(authority)} online")
    builder = _builder(name, authority.subject, key.public_key(), LONG_AGO, NODE_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
    made = builder.add_extension(known, critical=False).sign(root, hashes.SHA256())
    made.verify_directly_issued_by(authority)
    write_private(keys / "online.crt", _pem(made))
    return made


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def signs(keys: Path) -> str:
    """Which authority of these keys signs what others believe: `online`, where there is one, or `ca`."""
    return "online" if (keys / "online.crt").exists() else "ca"


def make_units_authority(keys: Path) -> x509.Certificate:
    """The authority that signs the certificates of callers, made at the first call.

    Apart from the other: whoever holds a unit's certificate can never pass for a hub, and a unit, which does not hold
    this authority, sends its own certificate alone (OpenSSL adds each issuer that it knows).
    """
    return _authority(keys, "units", "units", _units_key(keys), None)


def _authority(keys: Path, which: str, name: str, key: Private, how: hashes.SHA256 | None) -> x509.Certificate:
    file = keys / f"{which}.crt"
    if not file.exists():
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key(), LONG_AGO, AUTHORITY_DAYS).add_extension(
            x509.BasicConstraints(ca=True, path_length=1 if which == "ca" else 0), critical=True
        )
        builder = builder.add_extension(_usage(authority=True), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        write_private(file, _pem(builder.sign(key, how)))
    return load(file)


def server_certificate(
    keys: Path, name: str, hosts: list[str], file: str = "pages", authority: Path | None = None
) -> None:
    """Make `file`.pem and `file`.crt for these host names and addresses, unless they are there and still fit.

    Signed by the authority in `authority` (a keys folder), by default the node's own, which is made if need be.
    """
    issuer = authority or keys
    make_authority(issuer, name)
    target = keys / f"{file}.crt"
    if target.exists() and _fits(load(target), hosts, issuer):
        return
    key = _ec_key(keys, file)
    start = clock.now() - timedelta(days=1) if file in SEEN_BY_BROWSERS else LONG_AGO
    days = PAGES_DAYS if file in SEEN_BY_BROWSERS else NODE_DAYS
    builder = _builder(_name(name), _issuer(issuer), key.public_key(), start, days)
    builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False)
    certificate = _sign(builder, issuer)
    # The authority's own certificate follows, so that whoever was given its fingerprint can fetch it by hand.
    between = (issuer / "online.crt").read_bytes() if signs(issuer) == "online" else b""
    write_private(target, _pem(certificate) + between + (issuer / "ca.crt").read_bytes())


def client_request(keys: Path, node: str, which: str = "client") -> bytes:
    """A request (PEM) for the certificate that this node shows when it calls; its key never leaves the node."""
    key = _edwards_key(keys, which)
    request = x509.CertificateSigningRequestBuilder().subject_name(_name(node)).sign(key, None)
    return request.public_bytes(serialization.Encoding.PEM)


def sign_request(keys: Path, request: bytes, node: str) -> tuple[bytes, str]:
    """A client certificate (PEM) for that node, whatever name the request bears; and its serial number.

    It goes over the link with each new connection, so it holds no more than a key and the node; its purpose follows
    from its authority. Raises `BadRequest`.
    """
    try:
        asked = x509.load_pem_x509_csr(request)
        key = asked.public_key()
    except ValueError as error:
        raise BadRequest("not a certificate request") from error
    if not asked.is_signature_valid or not isinstance(key, Ed25519PublicKey):
        raise BadRequest("the request is not signed by its own key")
    authority = make_units_authority(keys)
    builder = _builder(_name(node), authority.subject, key, LONG_AGO, CLIENT.days, secrets.randbits(62) | 1 << 62)
    certificate = builder.sign(_units_key(keys), None)
    return _pem(certificate), f"{certificate.serial_number:x}"


def revocations(keys: Path, serials: list[str]) -> None:
    """Write `units.crl`: the client certificates that the authority for units has taken back."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(make_units_authority(keys).subject)
    builder = builder.last_update(LONG_AGO).next_update(clock.now() + timedelta(days=AUTHORITY_DAYS))
    builder = builder.add_extension(x509.CRLNumber(clock.now_ms()), critical=False)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(_units_key(keys).public_key())
    builder = builder.add_extension(known, critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(clock.now())
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign(_units_key(keys), None)
    write_private(keys / "units.crl", signed.public_bytes(serialization.Encoding.PEM))


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def load(file: Path) -> x509.Certificate:
    """The first certificate of a PEM file."""
    return x509.load_pem_x509_certificate(file.read_bytes())


def write_private(file: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.write_private(file, data)
    vault.keep(file.parent)


def _key(keys: Path, name: str, make: object) -> object:
    file = keys / f"{name}.pem"
    if not file.exists():
        assert callable(make)
        pem = make().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        fresh = keys / f".{name}.{secrets.token_hex(4)}"
        write_private(fresh, pem)
        try:
            # A link never replaces: of two processes that make the key at once, the first one's stays.
            os.link(fresh, file)
            vault.keep(keys)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return serialization.load_pem_private_key(file.read_bytes(), None)


def _ec_key(keys: Path, name: str) -> ec.EllipticCurvePrivateKey:
    found = _key(keys, name, lambda: ec.generate_private_key(ec.SECP256R1()))
    assert isinstance(found, ec.EllipticCurvePrivateKey)
    return found


def _edwards_key(keys: Path, name: str) -> Ed25519PrivateKey:
    found = _key(keys, name, Ed25519PrivateKey.generate)
    assert isinstance(found, Ed25519PrivateKey)
    return found


def _units_key(keys: Path) -> Ed25519PrivateKey:
    return _edwards_key(keys, "units")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _issuer(keys: Path) -> x509.Name:
    return load(keys / f"{signs(keys)}.crt").subject


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | Ed25519PublicKey,
    start: datetime,
    days: int,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    end = clock.now() + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _sign(builder: x509.CertificateBuilder, issuer: Path) -> x509.Certificate:
    if not (issuer / f"{signs(issuer)}.pem").exists():
        raise AuthorityAway("the key of the root is not here: bring it with 'qafila ca renew'")
    key = _ec_key(issuer, signs(issuer))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(authority=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    known = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(known, critical=False).sign(key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=authority, crl_sign=authority, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fits(certificate: x509.Certificate, hosts: list[str], issuer: Path) -> bool:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(names) != {_host(h) for h in hosts}:
        return False
    if certificate.not_valid_after_utc < clock.now() + timedelta(days=30):
        return False
    try:
        certificate.verify_directly_issued_by(load(issuer / f"{signs(issuer)}.crt"))
    except Exception:  # noqa: BLE001 - whatever the reason, a certificate that does not verify is made again
        return False
    return True


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
