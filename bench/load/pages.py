"""What each page of the load costs a hub: milliseconds of processor and statements, one page at a time in one process.

    python -m bench.load.pages [--times 40] [--profile KIND] [--people 500] [--cases 140] [--keep FOLDER]

The hub is the one of `bench.load.run`; its pages are asked through the WSGI application with a browser's cookies, so
that everything but the server itself (TLS, HTTP) is counted: middleware, session, look-ups, drawing, the log of looks.
`database` is the processor time of the connection's PostgreSQL process. With --keep the hub stays in FOLDER and is
measured again the next time.
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
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
WARM = 4


def backend_ms(pid: int) -> float:
    """Processor time of a process so far, in ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICK


class Browser:
    """Asks the application as a browser would."""

    def __init__(self, application: Any, host: str) -> None:
        self.application, self.host, self.cookies = application, host, dict[str, str]()

    def ask(self, path: str, data: dict[str, str] | None = None, **head: str) -> tuple[int, dict[str, str], str]:
        """Status, headers, body; redirects are followed."""
        from urllib.parse import urlencode

        body = urlencode(data).encode() if data is not None else b""
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": "POST" if data is not None else "GET", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": self.host.rsplit(":", 1)[1], "HTTP_HOST": self.host,
            "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr, "wsgi.version": (1, 0), "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
            "HTTP_REFERER": f"https://{self.host}/", "HTTP_COOKIE": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
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
        if status.startswith("302"):
            return self.ask(found["location"])
        return int(status[:3]), found, text


class Statements:
    """Counts what is asked of the database."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.texts[str(sql)] += 1
        return execute(sql, params, many, context)


def kinds(role: str) -> list[str]:
    """The pages of a role's mix."""
    from bench.load.people import PAGES

    return [kind for kind, _ in PAGES[role]]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--profile", default="")
    parser.add_argument("--sql", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    import django

    django.setup()
    rows = measured(arguments)
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        for kind, row in rows.items():
            print(
                f"{kind:24} {row['python']:7.1f} (least {row['least']:6.1f}) {row['database']:6.1f} ms  {row['statements']:5.1f} statements {row['bytes']:8} bytes {row['status']}"
            )
    return 0


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    from django.conf import settings
    from django.db import connection

    from bench.load.make import PASSWORD, role_of, username
    from bench.load.people import AT, CASE, HIDDEN
    from qafila.node.wsgi import application

    host = f"localhost:{settings.DIRECTORY.port}"
    found: dict[str, Any] = {}
    numbers = {"specialist": 70, "coordinator": 7, "admin": 49}

    def one(kind: str, call: Any) -> None:
        if arguments.only and arguments.only not in kind:
            return
        for _ in range(WARM):
            call()
        pid = connection.connection.info.backend_pid
        statements = Statements()
        status, _, text = call()
        with connection.execute_wrapper(statements):
            call()
        if arguments.sql == kind:
            Path("/tmp/load/page.html").write_text(text)
            for sql, n in statements.texts.most_common():
                print(n, sql[:1500], "\n")
        database, own = backend_ms(pid), list[float]()
        for _ in range(arguments.times):
            begun = time.process_time()
            call()
            own.append(1000 * (time.process_time() - begun))
        database = backend_ms(pid) - database
        found[kind] = {
            "python": round(median(own), 2),
            "least": round(min(own), 2),
            "database": round(database / arguments.times, 2),
            "statements": sum(statements.texts.values()),
            "bytes": len(text),
            "status": status,
        }
        if arguments.profile == kind:
            profile = cProfile.Profile()
            profile.enable()
            for _ in range(arguments.times):
                call()
            profile.disable()
            out = io.StringIO()
            stats = pstats.Stats(profile, stream=out)
            stats.sort_stats("cumulative").print_stats(110)
            stats.sort_stats("tottime").print_stats(45)
            print(out.getvalue())

    for role, number in numbers.items():
        assert role_of(number) == role
        browser = Browser(application, host)

        def log_in() -> tuple[int, dict[str, str], str]:
            page = browser.ask("/login/")[2]
            return browser.ask(
                "/login/",
                {**dict(HIDDEN.findall(page)), "username": username(number), "password": PASSWORD, "next": "/"},
            )

        if role == "specialist":
            one("log-in", log_in)
        log_in()
        browser.cookies and None
        home = browser.ask("/")[2]
        cases = CASE.findall(home)
        for kind in kinds(role):
            if kind == "case":
                one(kind, lambda: browser.ask(cases[0]))
            elif kind == "draft":
                said = {name: unescape(value) for name, value in HIDDEN.findall(browser.ask("/specialist/")[2])}
                words = {"draft": f"answer:{number:032x}", "plan": "Repos et contrôle dans une semaine. " * 4}
                one(kind, lambda: browser.ask("/nurse/draft/", {**said, **words}, **{"X-Live": "draft"}))
            elif kind == "duty":

                def duty() -> Any:
                    said = {name: unescape(value) for name, value in HIDDEN.findall(browser.ask("/specialist/")[2])}
                    duty.n = not getattr(duty, "n", False)
                    return browser.ask("/specialist/duty/", {**said, "status": "on" if duty.n else "off"})

                one("duty (3 pages)", duty)
            else:
                one(kind, lambda: browser.ask(AT[kind]))
                if kind in ("worklist", "board"):
                    one(f"{kind} renewed", lambda: browser.ask(AT[kind], **{"X-Live": "lists"}))
    return found


if __name__ == "__main__":
    raise SystemExit(main())
