"""The page to begin with: who the people are, what to try, the switch of each link, what has not left yet.

Served by the demonstration's own process over HTTPS; it belongs to no node and knows no patient.
"""

from __future__ import annotations

import secrets
import ssl
import threading
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from qafila.node.demo import standalone
from qafila.node.demo.journey import SPECIALTY
from qafila.node.demo.layout import HUB, Layout
from qafila.node.demo.running import Running
from qafila.packs import load
from qafila.packs.country import Member
from qafila.sync import pki

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "web" / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
LANGUAGES = ("ar", "fr", "en")
COOKIE = "demo-language"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
MOST = 4096
"""Bytes of a form."""


class StartPage:
    """Serves the page while the block lasts."""

    def __init__(self, layout: Layout, running: Running) -> None:
        standalone.set_up(layout)
        from django.template import Engine

        from qafila.node.demo.queues import Queues

        self.layout, self.running = layout, running
        self.queues = Queues(layout)
        self.token = secrets.token_urlsafe(16)
        self.engine = Engine(dirs=[str(HERE / "templates")], builtins=["django.templatetags.i18n"])
        keys = layout.path / "keys"
        pki.server_certificate(
            keys, "Qafila start page", ["localhost", "127.0.0.1"], authority=layout.node(HUB).path / "keys"
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(keys / "pages.crt", keys / "pages.pem")
        self.server = Server(self, context)

    def __enter__(self) -> StartPage:
        self.queues.start()
        self.thread = threading.Thread(target=self.server.serve_forever, name="start-page", daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
        self.queues.stop()

    def page(self, language: str, name: str = "start.html") -> bytes:
        """The page, or its part that changes."""
        from django.template import Context
        from django.utils import translation

        with translation.override(language):
            return self.engine.get_template(name).render(Context(self.facts(language))).encode()

    def facts(self, language: str) -> dict[str, Any]:
        """What the page shows."""
        layout = self.layout
        roles = load.roles()
        units = {unit.code: unit for unit in load.units(layout.country).unit}
        cast = load.cast(layout.country).member
        links = [
            {
                "unit": state.unit,
                "name": units[state.unit].name.text(language),
                "url": layout.url(state.unit),
                "whole": state.whole,
                "up": in_bytes(state.up),
                "down": in_bytes(state.down),
                "waiting": (waiting := self.queues.of(state.unit)),
                "size": in_bytes(waiting.size + waiting.files_size),
                "lanes": sorted(waiting.lanes.items()),
            }
            for state in self.running.states()
        ]
        return {
            "language": language,
            "rtl": language == "ar",
            "languages": (("ar", "العربية"), ("fr", "Français"), ("en", "English")),
            "country": load.country(layout.country).name.text(language),
            "hub": layout.url(HUB),
            "links": links,
            "token": self.token,
            "cast": [
                {
                    "name": _name(one, language),
                    "role": roles[one.role].label.text(language),
                    "specialty": _specialty(one.specialty, language),
                    "where": units[one.unit].name.text(language) if one.unit else "",
                    "url": layout.url(one.unit or HUB),
                    "username": one.username,
                    "password": one.password,
                    "pin": one.pin,
                }
                for one in cast
                if not one.unit or one.unit in layout.units
            ],
            "doctor": next(one for one in cast if one.role == "doctor"),
            "nurse": next(one for one in cast if one.role == "nurse"),
            "assistant": next(one for one in cast if one.role == "assistant"),
            "specialist": next(one for one in cast if one.role == "specialist"),
            "stranger": next(one for one in cast if one.role == "specialist" and one.specialty != SPECIALTY),
            "coordinator": next(one for one in cast if one.role == "coordinator"),
            "admin": next(one for one in cast if one.role == "admin"),
            "unit": layout.units[0],
        }


def _name(one: Member, language: str) -> str:
    if language == "ar":
        return f"{one.given.ar} {one.family.ar}"
    return f"{one.given.latin[0]} {one.family.latin[0]}"


def in_bytes(count: int) -> str:
    """A size as people read it."""
    return f"{count} B" if count < 1000 else f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def _specialty(code: str, language: str) -> str:
    return load.load_specialty(code).label.text(language) if code in load.specialties() else code


class Server(ThreadingHTTPServer):
    """TLS, a thread a connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, start: StartPage, context: ssl.SSLContext) -> None:
        self.start = start
        super().__init__(("0.0.0.0", start.layout.base), Handler)  # noqa: S104 - as the nodes themselves
        # The handshake is left to the connection's own thread: a silent caller must not hold up the others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that broke off is no news."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version, sys_version = "Qafila", ""
    protocol_version = "HTTP/1.1"
    timeout = 20

    def do_GET(self) -> None:
        """The page, its changing part, and what they load."""
        path = urlsplit(self.path).path
        if path == "/":
            self._send(self.server.start.page(self._language()), "text/html")
        elif path == "/links":
            self._send(self.server.start.page(self._language(), "links.html"), "text/html")
        elif path == "/authority.crt":
            self._send(self.server.start.layout.authority.read_bytes(), "application/x-x509-ca-cert")
        else:
            self._file(path)

    def _file(self, path: str) -> None:
        for prefix, folder in (("/static/", STATIC), ("/own/", HERE / "static")):
            file = (folder / path.removeprefix(prefix)).resolve()
            if path.startswith(prefix) and file.is_relative_to(folder) and file.is_file() and file.suffix in KINDS:
                self._send(file.read_bytes(), KINDS[file.suffix], keep=True)
                return
        self._send(b"Not found", "text/plain", status=HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Cut or restore a link; choose a language."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            self._send(b"Too large", "text/plain", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        form = {k: v[0] for k, v in parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace")).items()}
        if not secrets.compare_digest(form.get("token", "").encode(), self.server.start.token.encode()):
            self._send(b"Reload the page, then try again.", "text/plain", status=HTTPStatus.FORBIDDEN)
            return
        path = urlsplit(self.path).path
        if path == "/switch" and form.get("unit") in self.server.start.layout.units:
            self.server.start.running.switch(form["unit"], whole=form.get("link") == "restore")
            self._go_on("/#links")
        elif path == "/language" and form.get("language") in LANGUAGES:
            self._go_on("/", f"{COOKIE}={form['language']}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000")
        else:
            self._send(b"Not found", "text/plain", status=HTTPStatus.NOT_FOUND)

    def _language(self) -> str:
        try:
            chosen = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except ValueError:
            chosen = None
        wanted = [chosen.value] if chosen else []
        wanted += [part.split(";")[0].strip()[:2] for part in self.headers.get("Accept-Language", "").split(",")]
        usual = self.server.start.layout.node(HUB).language
        return next((one for one in wanted if one in LANGUAGES), usual)

    def _go_on(self, where: str, cookie: str = "") -> None:
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", where)
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes, kind: str, *, status: int = HTTPStatus.OK, keep: bool = False) -> None:
        self.send_response(status)
        text = kind.startswith("text/")
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=3600" if keep else "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
        """The terminal is for people."""
