"""What holds for every address: its headers, its methods, its forms, its cookies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.test.utils import override_settings

import qafila.web
from qafila.journal.here import Here
from qafila.journal.models import Record
from qafila.node import https
from qafila.web.headers import EVERY as HEADERS
from qafila.web.headers import SEALED
from tests.web.everywhere import EVERY, SAFE, WRITES, Everywhere, everywhere, filled, methods

TEMPLATES = Path(qafila.web.__file__).parent / "templates"
NOT_ONCE = {
    "language/": "the same language twice is one",
    "lock/": "ends or covers the session",
    "login/": "opens the session",
    "login/second/": "opens the session; a code of the app, a recovery code, a question to a passkey counts once",
    "login/second/options/": "asks a passkey anew each time",
    "login/setup/app/": "a code of the app counts once",
    "login/setup/passkey/": "a question to a passkey counts once",
    "login/setup/options/": "asks a passkey anew each time",
    "login/passkey/": "a question to a passkey counts once",
    "login/passkey/options/": "asks a passkey anew each time",
    "account/security/confirm/": "shows again who it is",
    "account/security/confirm/options/": "asks a passkey anew each time",
    "account/security/app/": "a code of the app counts once",
    "account/security/passkey/": "a question to a passkey counts once",
    "account/security/passkey/options/": "asks a passkey anew each time",
    "account/security/sign/<uuid:factor_id>/": "a question to a passkey counts once",
    "account/security/sign/<uuid:factor_id>/options/": "asks a passkey anew each time",
    "account/sign/options/": "asks a passkey anew each time",
    "account/security/codes/": "its answer is the codes, shown this once: those before are void",
    "account/security/remove/<uuid:factor_id>/": "what was taken away is not there any more",
    "account/security/password/": "the password until now is right once",
    "account/security/sessions/": "ends sessions",
    "logout/": "ends the session",
    "switch/": "opens the session",
    "nurse/draft/": "each sending replaces the one before",
    "doctor/case/<uuid:case_id>/packet/live/": "writes nothing",
    "doctor/diagnoses/": "writes nothing: a search, posted so that its words stand in no address",
    "doctor/visit/<uuid:visit_id>/prescription/check/": "writes nothing",
    "nurse/vitals/<uuid:visit_id>/check/<slug:name>/": "writes nothing",
    "reception/people/register/likely/": "writes nothing",
    "reception/queue/search/": "writes nothing: a search",
    "reception/people/look/": "what writes behind it counts once",
    "specialist/case/<uuid:case_id>/answer/": "what writes behind it counts once",
    "specialist/case/<uuid:case_id>/decline/": "what writes behind it counts once",
    "prints/check/": "writes nothing",
    "prints/forms/": "its answer is the paper: twice is two pads with numbers of their own",
    "coordinator/units/enrol/": "its answer is the code, shown this once: twice is two codes",
    "enrol": "a program's: the code counts once",
    "coordinator/units/<slug:code>/lease/": "its answer is the code, shown this once",
    "watch/people/<uuid:person_id>/present/": "sent twice it is the same presence",
    "privacy/people/<uuid:person_id>/": "sent twice it is a second passphrase; a try that did not fit has to count",
    "watch/emergency/<uuid:grant_id>/end/": "what has ended stays ended",
    "dicomweb/studies": "a program's: an object is known by its number",
    "dicomweb/studies/<str:study>": "a program's: an object is known by its number",
}
"""Address → why a form sent to it twice does no harm."""
PLAIN_FORMS = {
    "account/account.html", "account/add_app.html", "account/add_passkey.html", "account/confirm.html",
    "account/languages.html", "account/login.html", "account/password.html", "account/second.html",
    "account/security.html", "account/signs.html", "account/switch.html", "base.html", "coordinator/lease.html",
    "coordinator/units.html",
    "doctor/consult.html", "prints/check.html", "prints/forms.html", "privacy/subject.html", "reception/found.html",
    "reception/looked.html", "reception/queue.html", "watch/closed.html",
}  # fmt: skip
"""Templates with a form that needs no token: its address stands in `NOT_ONCE`, or is one of them without `ask`."""


@pytest.fixture
def node(unit: Here) -> Iterator[Everywhere]:
    with everywhere(unit) as made:
        yield made


def faults(path: str, answer: HttpResponse) -> list[str]:
    """What is wrong with the headers of an answer."""
    found = [
        f"{name} is {answer.headers.get(name)!r}"
        for name, value in HEADERS.items()
        if answer.headers.get(name) != value
    ]
    policy = answer.headers.get("Content-Security-Policy", "")
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if answer.status_code not in (204, 304) and not policy:
        found.append("no policy")
    if "unsafe" in policy and policy != SEALED:
        found.append(f"policy {policy}")
    if kind not in ("text/html", "application/pdf") and "sandbox" not in policy and answer.status_code < 300:
        found.append(f"{kind} is not sealed")
    if (
        kind == "application/pdf"
        and "/print" not in path
        and "attachment" not in answer.headers.get("Content-Disposition", "")
    ):
        found.append("a PDF of others is shown in place")
    if answer.headers.get("Cache-Control") != "no-store":
        found.append(f"kept by the browser: {answer.headers.get('Cache-Control')}")
    if "text" in kind and not answer.streaming and "Traceback" in answer.content.decode(errors="replace"):
        found.append("shows a trace")
    return [f"{answer.status_code} {path}: {fault}" for fault in found]


def test_every_answer_of_every_address_carries_its_headers(node: Everywhere) -> None:
    found = []
    stranger = Client(raise_request_exception=False)
    for route in EVERY:
        path = filled(route)
        open_to_all = EVERY[route].callback.access == ("public",)
        found += faults(path, (stranger if open_to_all else node.client).get(path))
    for path, answer in node.crawl():
        found += faults(path, answer)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            inline = re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", answer.content.decode())
            assert inline is None, (path, inline)
    assert len(node.pages) > 25
    for odd in (
        "/no/such/",
        "/%00",
        "/%ff%fe",
        "/a" * 4000,
        "/static/../settings.py",
        "/static/none.js",
        "//evil.example/",
    ):
        answer = stranger.get(odd)
        assert answer.status_code in (301, 302, 400, 404, 414), odd
        found += [fault for fault in faults(odd, answer) if "kept by" not in fault or "/static/" not in odd]
    assert not found, "\n".join(sorted(set(found)))


def test_what_another_site_asks_for_changes_nothing(node: Everywhere) -> None:
    card, count = f"/prints/card/{node.case.person_id}/", Record.objects.count()  # type: ignore[attr-defined]
    for site, shut in (("cross-site", True), ("same-origin", False), ("none", False), ("", False)):
        head = {"Sec-Fetch-Site": site} if site else {}
        assert (node.client.post("/language/", {"language": "en"}, headers=head).status_code == 403) is shut
        if shut:
            assert node.open(card, **head).status_code == 403 and Record.objects.count() == count
            # Whoever only reads may come from anywhere: a link in a mail, a scanned paper.
            assert node.open("/prints/check/", **head).status_code == 200
            assert node.open("/account/", **head).status_code == 200


def test_every_address_says_which_methods_it_takes() -> None:
    silent = {route for route, one in EVERY.items() if methods(one.callback) is None}
    assert not silent


def test_no_other_method_is_answered(node: Everywhere) -> None:
    for number, route in enumerate(sorted(EVERY)):
        if number % 20 == 0:
            for method in ("PUT", "PATCH", "DELETE", "TRACE"):
                assert node.client.generic(method, filled(route)).status_code in (404, 405), (method, route)


def test_every_unsafe_method_wants_a_token_of_the_form(node: Everywhere) -> None:
    outside = {route for route, one in EVERY.items() if getattr(one.callback, "csrf_exempt", False)}
    assert outside == {"enrol"}, "a program that has no session yet; everything else is checked"
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(node.person, backend=settings.AUTHENTICATION_BACKENDS[0])
    for route in WRITES - outside:
        answer = browser.post(filled(route), {"next": "/"})
        assert answer.status_code == 403 and b"open for too long" in answer.content, route


def test_every_form_that_writes_counts_once() -> None:
    several = {route for route in WRITES if not getattr(EVERY[route].callback, "once", False)}
    assert several == set(NOT_ONCE) & WRITES
    assert set(NOT_ONCE) <= WRITES, "an address of the list is gone"


@pytest.mark.parametrize("template", sorted(str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*.html")))
def test_every_form_carries_its_tokens(template: str) -> None:
    text = (TEMPLATES / template).read_text()
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.S):
        assert "{% csrf_token %}" in form
        assert "{% once %}" in form or template in PLAIN_FORMS, form[:200]


def test_a_second_tap_leads_where_the_first_one_led_and_writes_nothing(node: Everywhere) -> None:
    from qafila.journal.models import Record

    at = f"/coordinator/duty/{node.person.pk}/"
    first = node.client.post(at, {"specialty": "cardiology", "status": "on", "once": "t" * 16})
    written = Record.objects.count()
    again = node.client.post(at, {"specialty": "cardiology", "status": "on", "once": "t" * 16})
    assert first.status_code == again.status_code == 302 and first["Location"] == again["Location"]
    assert Record.objects.count() == written
    # One form with several buttons: each of them is another act.
    node.client.post("/specialist/duty/", {"specialty": "cardiology", "status": "off", "once": "t" * 16})
    assert Record.objects.count() > written


def test_cookies_of_a_real_node(unit: Here, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    assert isinstance(unit.directory, Path)
    (unit.directory / "node.toml").write_text(
        'code = "U1"\nprofile = "unit"\ncountry = "morocco"\nlanguage = "en"\nport = 8443\nhosts = ["van.example"]\n'
    )
    said = subprocess.run(
        [sys.executable, "-c", COOKIES], env=os.environ | {"QAFILA_DIR": str(unit.directory), "PYTHONPATH": "src:."},
        capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    names, flags, policy = said[0], said[1], said[2]
    assert names == "__Host-qafila-u1 __Host-csrf-u1 __Host-language"
    assert flags == "True True True True Lax Lax 31536000 True False"
    assert "'none'" in policy and "unsafe" not in policy


COOKIES = """
from qafila.node import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME)
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, getattr(s, "SESSION_COOKIE_HTTPONLY", True),
      s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.CSRF_COOKIE_SAMESITE, s.SECURE_HSTS_SECONDS,
      s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.DEBUG)
print(s.CONTENT_SECURITY_POLICY)
"""


def test_another_host_is_nobody(node: Everywhere) -> None:
    assert https.https_settings(None)["SESSION_COOKIE_SECURE"] is False, "tests ask without TLS"
    with override_settings(ALLOWED_HOSTS=["van.example"]):
        for host in ("evil.example", "van.example.evil.example", "a b", "van.example\u0000", "[::1"):
            answer = node.client.get("/login/", headers={"host": host})
            assert answer.status_code == 400 and b"evil" not in answer.content, host
            assert not faults("/login/", answer)
        good = node.client.get("/account/", headers={"host": "van.example", "x-forwarded-host": "evil.example"})
        assert good.status_code == 200 and b"evil.example" not in good.content


def test_every_method_of_the_list_is_safe() -> None:
    assert {"GET", "HEAD"} <= SAFE
