"""What each page of the load costs a hub: milliseconds of processor and statements, one page at a time in one process.

    QAFILA_DIR=… python -m bench.load.pages [--times 25] [--only WORD] [--profile KIND] [--statements KIND] [--json]

Runs in a process of a hub that `bench.load.make` has filled. Its pages are asked through the WSGI application with a
browser's cookies, so that everything but the server itself (TLS, HTTP) is counted: middleware, session, look-ups,
drawing, the log of looks. `python` is this process's time, median and least: a busy machine makes each page dearer, the
least says most of the page. `database` is the processor time of the connection's PostgreSQL process.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import os
import pstats
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from html import unescape
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import django

TICK = os.sysconf("SC_CLK_TCK")
WARM = 4
WHO = {"specialist": 70, "coordinator": 7, "admin": 49}
"""Number of somebody of each role; this specialist has cases."""
Answer = tuple[int, dict[str, str], str]


class Browser:
    """Asks the application as a browser would."""

    def __init__(self, application: Any, host: str) -> None:
        self.application, self.host, self.cookies = application, host, dict[str, str]()

    def ask(self, path: str, data: dict[str, str] | None = None, **head: str) -> Answer:
        """Status, headers, body; redirects are followed."""
        body = urlencode(data).encode() if data is not None else b""
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": "POST" if data is not None else "GET", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": self.host.rsplit(":", 1)[1], "HTTP_HOST": self.host,
            "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
            "HTTP_REFERER": f"https://{self.host}/",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in head.items()},
        }  # fmt: skip
        told: list[Any] = []
        response = self.application(environ, lambda status, headers, *_: told.append((status, headers)))
        text = b"".join(response).decode("utf-8", "replace")
        response.close()
        status, headers = told[0]
        for name, value in headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        found = {name.lower(): value for name, value in headers}
        return self.ask(found["location"]) if status.startswith("302") else (int(status[:3]), found, text)

    def log_in(self, number: int) -> Answer:
        """Somebody's whole way in, to their first page."""
        from bench.load.make import PASSWORD, username

        return self.ask(
            "/login/", self.form("/login/") | {"username": username(number), "password": PASSWORD, "next": "/"}
        )

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a page."""
        from bench.load.people import HIDDEN

        return {name: unescape(value) for name, value in HIDDEN.findall(self.ask(path)[2])}


def backend_ms(pid: int) -> float:
    """Processor time of a process so far, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICK


def visits(browser: Browser) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """Every page of the mix, by somebody of its role; those that write, with the page from which they do."""
    from bench.load.people import AT, PAGES

    yield "log-in", lambda: browser.log_in(WHO["specialist"])
    for role, number in WHO.items():
        first = browser.log_in(number)[2]
        for kind, _ in PAGES[role]:
            if kind in AT:
                yield kind, partial(browser.ask, AT[kind])
            if kind in ("worklist", "board"):
                asks = {"X-Live": kind}
                yield f"{kind} renewed", partial(browser.ask, AT[kind], **asks)
                since = browser.ask(AT[kind], **asks)[1]["x-live-of"]
                yield f"{kind} unchanged", partial(browser.ask, AT[kind], **asks, **{"X-Live-Since": since})
        if role == "specialist":
            yield from specialist(browser, first, number)


def specialist(browser: Browser, first: str, number: int) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """A case, a draft, going on duty and off."""
    from bench.load.people import CASE

    turns = cycle(("on", "off"))

    def duty() -> Answer:
        return browser.ask("/specialist/duty/", browser.form("/specialist/") | {"status": next(turns)})

    yield "case", partial(browser.ask, CASE.findall(first)[0])
    words = {"draft": f"answer:{number:032x}", "plan": "Repos et contrôle dans une semaine. " * 4}
    yield "draft", partial(browser.ask, "/nurse/draft/", browser.form("/specialist/") | words, **{"X-Live": "draft"})
    yield "duty (3 pages)", duty


def measured(kind: str, call: Callable[[], Answer], arguments: argparse.Namespace) -> dict[str, Any]:
    """One kind of page."""
    from django.db import connection

    for _ in range(WARM):
        status, _, text = call()
    statements: Counter[str] = Counter()

    def counted(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        statements[str(sql)] += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counted):
        call()
    if arguments.statements == kind:
        print("\n".join(f"{n} {sql}" for sql, n in statements.most_common()))
    pid, own = connection.connection.info.backend_pid, list[float]()
    database = backend_ms(pid)
    for _ in range(arguments.times):
        begun = time.process_time()
        call()
        own.append(1000 * (time.process_time() - begun))
    database = backend_ms(pid) - database
    if arguments.profile == kind:
        with cProfile.Profile() as profile:
            for _ in range(arguments.times):
                call()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(100).sort_stats("tottime").print_stats(40)
    return {
        "python": round(median(own), 1), "least": round(min(own), 1), "database": round(database / arguments.times, 1),
        "statements": statements.total(), "bytes": len(text.encode()), "status": status,
    }  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=25)
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--profile", default="", help="where the time of a page goes")
    parser.add_argument("--statements", default="", help="what a page asks of the database")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    django.setup()
    from django.conf import settings

    from qafila.node.wsgi import application

    browser = Browser(application, f"localhost:{settings.DIRECTORY.port}")
    rows = {k: measured(k, call, arguments) for k, call in visits(browser) if arguments.only in k}
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return 0
    for kind, row in rows.items():
        print(f"{kind:20} {row['python']:8} ms (least {row['least']:8}) {row['database']:6} ms of PostgreSQL "
              f"{row['statements']:4} statements {row['bytes']:9} bytes {row['status']}")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
