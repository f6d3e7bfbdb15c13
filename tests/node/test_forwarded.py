"""A proxy's word on the caller is taken only from a proxy that the node names."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from hypothesis import given
from hypothesis import strategies as st

from qafila.node import forwarded
from qafila.node.directory import NodeDirectory

LOCAL = forwarded.networks(["127.0.0.1", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("claimed", "near", "found"),
    [
        ("192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("1.2.3.4, 192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("127.0.0.1, 192.0.2.7", "127.0.0.1", "192.0.2.7"),
        ("192.0.2.7, 10.1.1.1", "127.0.0.1", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "198.51.100.1"),
        ("<script>", "127.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1", "127.0.0.1"),
        ("2001:db8::1", "10.9.9.9", "2001:db8::1"),
        ("192.0.2.7", "", ""),
    ],
)
def test_the_caller_is_the_last_address_that_is_no_proxy(claimed: str, near: str, found: str) -> None:
    assert forwarded.caller(claimed, near, LOCAL) == found


@given(st.text())
def test_whatever_is_claimed_the_address_is_one(claimed: str) -> None:
    assert ipaddress.ip_address(forwarded.caller(claimed, "127.0.0.1", LOCAL))


@pytest.mark.parametrize(("named", "seen"), [("", "127.0.0.1"), ('trusted_proxies = ["127.0.0.1"]', "192.0.2.7")])
def test_no_claim_gets_through(tmp_path: Path, named: str, seen: str) -> None:
    (tmp_path / "node.toml").write_text(named)
    passed: list[HttpRequest] = []

    def page(request: HttpRequest) -> HttpResponse:
        passed.append(request)
        return HttpResponse()

    with override_settings(DIRECTORY=NodeDirectory(tmp_path)):
        around = forwarded.ForwardedMiddleware(page)
    around(RequestFactory().get("/", headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "evil.example"}))
    assert passed[0].META["REMOTE_ADDR"] == seen
    assert not [name for name in passed[0].META if "FORWARDED" in name]
