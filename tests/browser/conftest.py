"""One world of real processes and one browser for all the tests of this folder."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.demonstration import Checked
from tests.world import World

CHROMIUM = "/usr/bin/chromium-headless-shell"
"""Debian's Chromium without its own windows and menus: a page takes two thirds of the time."""
PLAIN = "--js-flags=--no-opt --no-maglev --max-lazy"
"""Each page is new to its scripts: to make them quicker for a long life takes longer than they run."""


@pytest.fixture(scope="session")
def world(checked: Checked) -> Iterator[World]:
    """A hub and two units, served: the demonstration that its own check has built and walked through once."""
    with World(checked.layout.path, checked.layout.country, base=checked.layout.base) as made:
        yield made


@pytest.fixture(scope="package")
def playing() -> Iterator[Playwright]:
    """Who drives browsers. Of this folder alone: its event loop would be in the way of other tests of this process."""
    with sync_playwright() as play:
        yield play


@pytest.fixture(scope="package")
def browser(world: World, playing: Playwright) -> Iterator[Browser]:
    """Debian's Chromium.

    It trusts the world's certificates as a tablet does on which its authority is installed: what a browser does not
    trust it does not keep either, and it would fetch every style sheet and font again for each page.
    """
    keys = ",".join(_key(world.node(code).path / "keys" / "pages.crt") for code in world.layout.nodes)
    started = playing.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", PLAIN, f"--ignore-certificate-errors-spki-list={keys}"]
    )
    yield started
    started.close()


def _key(certificate: Path) -> str:
    """The digest by which a browser names a public key."""
    public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode()
