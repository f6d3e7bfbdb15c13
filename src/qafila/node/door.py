"""The page of a locked node: it asks for a name and a password, or for the recovery code, and nothing else is served.

The program behind it has no key and no database. Its own certificate, signed by the node's authority, lies in clear:
who steals it can show a false page in its place, which is all.
"""

from __future__ import annotations

import gettext
import html
import logging
import ssl
import threading
from collections import OrderedDict
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qafila.kernel import clock
from qafila.kernel.text import N_
from qafila.node import device, notify
from qafila.node.directory import NodeDirectory
from qafila.sync import vault

LANGUAGES = ("ar", "fr", "en")
STATIC = Path(__file__).parent.parent / "web" / "static"
FILES = {
    "/static/qafila/app.css": "text/css",
    "/static/vendor/bootstrap/bootstrap.min.css": "text/css",
    "/static/vendor/bootstrap/bootstrap.rtl.min.css": "text/css",
    "/static/qafila/mark.svg": "image/svg+xml",
}
LONGEST = 4096
FREE_TRIES, LONGEST_WAIT_S, MOST_CALLERS = 4, 60.0, 1000
TITLE = N_("This unit is locked")
WORDS = N_("It was switched off or locked. One of the crew opens it with the name and password for the start.")
OR_CODE = N_("Without a password: leave the name empty and type the recovery code.")
NAME, PASSWORD, OPEN = N_("Name"), N_("Password or recovery code"), N_("Open the unit")
WRONG = N_("This does not open the unit. Check the name and the password, or take the recovery code.")
WAIT = N_("Too many wrong passwords from this device. Wait a minute.")
OPENED = N_("The unit is opening. This takes a few seconds.")
GO_ON = N_("Go on")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
log = logging.getLogger("qafila.door")


class Tries:
    """Wrong passwords, caller by caller: who guesses waits longer and longer, and nobody else does."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """For how long this caller is not heard."""
        return max(0.0, self._wrong.get(caller, (0, 0.0))[1] - clock.monotonic())

    def wrong(self, caller: str) -> None:
        """One more that did not open."""
        count = self._wrong.pop(caller, (0, 0.0))[0] + 1
        wait = min(LONGEST_WAIT_S, 2.0 ** (count - FREE_TRIES)) if count >= FREE_TRIES else 0.0
        self._wrong[caller] = count, clock.monotonic() + wait
        while len(self._wrong) > MOST_CALLERS:
            self._wrong.popitem(last=False)


class Door(ThreadingHTTPServer):
    """The server of the page; ends when the vault is open."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, node: NodeDirectory, address: tuple[str, int]) -> None:
        self.node, self.tries = node, Tries()
        self.one_at_a_time = threading.Lock()
        self.opened = threading.Event()
        super().__init__(address, Knock)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(node.path / "vault" / "door.crt", node.path / "vault" / "door.pem")
        # The handshake is the work of the caller's own thread: a caller that says nothing holds up nobody.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that breaks off, or is no browser: nothing to tell."""


class Knock(BaseHTTPRequestHandler):
    """One request."""

    server: Door
    timeout = 20
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """The page, its style, or that the node is locked."""
        path = urlsplit(self.path).path
        if path in FILES:
            return self._answer(200, (STATIC / path.removeprefix("/static/")).read_bytes(), FILES[path])
        if path == "/healthz":
            return self._answer(503, b"locked\n", "text/plain")
        return self._page(200 if path == "/" else 503)

    def do_POST(self) -> None:
        """Try to open."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST:
            return self._answer(413, b"", "text/plain")
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        origin = self.headers.get("Origin", "null")
        if urlsplit(origin).netloc != self.headers.get("Host", ""):
            return self._answer(403, b"", "text/plain")
        caller = str(self.client_address[0])
        if self.server.tries.wait_s(caller):
            return self._page(429, WAIT)
        form = parse_qs(body)
        name, secret = (form.get(field, [""])[0][:200] for field in ("name", "secret"))
        node = self.server.node
        with self.server.one_at_a_time:
            try:
                if secret.strip():
                    vault.unlock(node.path, name.strip(), secret.strip(), device.key(node))
            except vault.Shut:
                log.warning("a wrong password at the locked node")
        if vault.locked(node.path):
            self.server.tries.wrong(caller)
            return self._page(403, WRONG)
        self._page(200, OPENED, opened=True)
        self.server.opened.set()
        return None

    def log_message(self, *args: Any) -> None:
        """Requests are not written down."""

    def _page(self, status: int, said: str = "", *, opened: bool = False) -> None:
        language = _language(self.headers.get("Accept-Language", ""), self.server.node.language)
        self._answer(status, page(language, said, opened=opened).encode(), "text/html; charset=utf-8")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def page(language: str, said: str = "", *, opened: bool = False) -> str:
    """The page in that language."""
    locale = Path(__file__).parent.parent / "locale"
    words = gettext.translation("django", locale, [language], fallback=True).gettext

    def _(text: str) -> str:
        return html.escape(words(text))

    way, style = ("rtl", "bootstrap.rtl.min.css") if language == "ar" else ("ltr", "bootstrap.min.css")
    told = f'<p class="notice notice-{"success" if opened else "stop"}" role="alert">{_(said)}</p>' if said else ""
    form = f"""<p>{_(WORDS)}</p><form method="post" action="/">
<div class="field"><label for="name">{_(NAME)}</label>
<input class="form-control" id="name" name="name" dir="ltr" maxlength="150" autocomplete="username"></div>
<div class="field"><label for="secret">{_(PASSWORD)}</label>
<input class="form-control" id="secret" name="secret" type="password" dir="ltr" maxlength="200" autocomplete="off"
required></div>
<p class="quiet">{_(OR_CODE)}</p><button class="btn btn-primary">{_(OPEN)}</button></form>"""
    onward = f'<p><a class="btn btn-primary" href="/">{_(GO_ON)}</a></p>'
    again = '<meta http-equiv="refresh" content="8; url=/">' if opened else ""
    return f"""<!doctype html>
<html lang="{language}" dir="{way}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">{again}<title>{_(TITLE)}</title>
<link rel="stylesheet" href="/static/vendor/bootstrap/{style}"><link rel="stylesheet" href="/static/qafila/app.css">
<link rel="icon" href="/static/qafila/mark.svg"></head>
<body><main id="content"><section class="door"><h1>{_(TITLE)}</h1>{told}{onward if opened else form}</section></main>
</body></html>"""


def _language(wanted: str, own: str) -> str:
    said = [part.split(";")[0].strip()[:2].lower() for part in wanted.split(",")]
    return next((language for language in said if language in LANGUAGES), own)


def wait(node: NodeDirectory, stop: threading.Event) -> bool:
    """Serve the page until the vault is open; False where `stop` came first."""
    if device.terms(node).get("alone"):
        try:
            vault.unlock(node.path, device=device.key(node))
            return True
        except vault.Shut:
            log.warning("the device's key does not open the vault: somebody has to")
    address = str(node.facts.get("listen", "0.0.0.0")), node.port  # noqa: S104 - the crew's tablets reach it
    with Door(node, address) as door:
        threading.Thread(target=partial(door.serve_forever, 0.2), daemon=True).start()
        notify.tell(ready=1, status=f"{node.code} is locked and waits for its crew")
        while not stop.is_set() and not door.opened.wait(0.2) and vault.locked(node.path):
            notify.tell(watchdog=1)
        door.shutdown()
    return not vault.locked(node.path)
