"""Every address of a node, and a node with something behind each of them: for what has to hold everywhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from qafila.journal.here import Here
from qafila.journal.write import writing
from qafila.node.demo.walker import Form, Page
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.web import opaque
from tests.web.desk import Desk, desk

SAFE = {"GET", "HEAD", "OPTIONS"}


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Route → pattern, of every address."""
    for one in (resolver or get_resolver()).url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one, here)
        else:
            yield here, one


EVERY = dict(addresses())


def filled(address: str, **given: str) -> str:
    """An address with something in each of its places; `given`: what to put into places of a kind."""
    values = {"uuid": str(UUID(int=1)), "int": "1", "slug": "x", "str": "x", "opaque": opaque.shown(1)} | given
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: values.get(m.group(1) or "str", "x"), address)


def methods(view: Any) -> set[str] | None:
    """The methods that Django's own decorators let through to a view; None where none was said."""
    found: set[str] | None = None
    while view is not None:
        told = inspect.getclosurevars(view).nonlocals.get("request_method_list") if inspect.isfunction(view) else None
        if told is not None:
            found = set(told) if found is None else found & set(told)
        view = getattr(view, "__wrapped__", None)
    return found


WRITES = {route for route, one in EVERY.items() if (methods(one.callback) or {"POST"}) - SAFE}
"""Addresses that take more than reading."""


@dataclass
class Everywhere:
    """A node on which one person holds every role, and a case with all that hangs on it."""

    desk: Desk
    person: Staff
    client: Client
    pages: dict[str, tuple[str, Page]] = field(default_factory=dict)
    """Route → (path, page) of one page of each kind that links lead to."""

    def open(self, path: str, **headers: str) -> HttpResponse:
        """Ask for a path."""
        return self.client.get(path, headers=headers)

    def crawl(self, starts: tuple[str, ...] = ("/", "/account/", "/link/")) -> list[tuple[str, HttpResponse]]:
        """Follow links from the first pages, one page of a kind; every answer on the way."""
        from qafila.web.menu import entries

        answers = []
        menu = [one.url for one in entries(self.person, (), load.profile("hub"))]
        waiting, seen = [*starts, *menu], set[str]()
        while waiting:
            path = waiting.pop(0)
            route = route_of(path)
            if not route or route in seen:
                continue
            seen.add(route)
            answer = self.client.get(path)
            answers.append((path, answer))
            page = page_of(answer, path)
            self.pages[route] = path, page
            waiting += [joined(path, link) for link in (*page.links, *page.pictures)]
        return answers

    def forms(self) -> Iterator[tuple[str, str, Form]]:
        """Path of the page, path of the target, form: one of each target address."""
        known = set()
        for path, page in list(self.pages.values()):
            for form in page.forms:
                for target in {form.action or path, *(b.action for b in form.buttons if b.action)}:
                    at = joined(path, target)
                    key = route_of(at), form.method
                    if key[0] and key not in known:
                        known.add(key)
                        yield path, at, form


def joined(path: str, link: str) -> str:
    """A link of a page as a path of the node; "" for another place."""
    from urllib.parse import urljoin

    there = urlsplit(urljoin(f"https://testserver{path}", link))
    return f"{there.path}?{there.query}".rstrip("?") if there.netloc == "testserver" else ""


def route_of(path: str) -> str:
    """The address that a path belongs to, "" for none."""
    try:
        return resolve(path.split("?")[0]).route
    except Resolver404:
        return ""


class _Answer:
    def __init__(self, response: HttpResponse, path: str) -> None:
        self.url, self.status_code, self.headers = f"https://testserver{path}", response.status_code, response.headers
        html = not response.streaming and response.headers.get("Content-Type", "").startswith("text/html")
        self.text = response.content.decode() if html else ""
        self.headers = {"content-type": "text/html" if html else ""}


def page_of(response: HttpResponse, path: str) -> Page:
    """A response as the page that a script's browser sees."""
    return Page(_Answer(response, path))  # type: ignore[arg-type]


@contextmanager
def everywhere(unit: Here) -> Iterator[Everywhere]:
    """A node in the place of the `unit` fixture's."""
    with desk(unit) as made:
        case = made.sent("urgent")
        with writing(None, "setup") as write:
            person = write.save(
                Staff(username="all", name="All Roles", roles=sorted(load.roles()), specialties=["cardiology"],
                      interface_language="en")
            )  # fmt: skip
        client = Client(raise_request_exception=False)
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        found = Everywhere(made, person, client)
        found.case = case  # type: ignore[attr-defined]
        yield found
