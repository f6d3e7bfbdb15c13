"""Counts pages by view, kind of answer and time. Put around the pages only where `node.toml` has `[metrics]`, so that a
node without it loads nothing for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from prometheus_client import CollectorRegistry, Counter, Histogram

from qafila.kernel import clock
from qafila.node.measures import COUNTED, Words

BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
UNNAMED = "unnamed"


def views(resolver: Any = None, before: str = "") -> Iterator[str]:
    """The names of every view of the program."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            yield from views(one, f"{before}{one.namespace}:" if one.namespace else before)
        elif isinstance(one, URLPattern) and one.name:
            yield before + one.name


class MeterMiddleware:
    """Counts every page that passes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.words = Words(views={UNNAMED, *views()})
        registry = CollectorRegistry()
        asked, took = (COUNTED[name] for name in ("qafila_requests", "qafila_request_seconds"))
        self.asked = Counter("qafila_requests", asked[0], asked[1], registry=registry)
        self.took = Histogram("qafila_request_seconds", took[0], took[1], registry=registry, buckets=BOUNDS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on and count."""
        start = clock.monotonic()
        response = self.get_response(request)
        # The view's name, never the address: that may hold a number.
        match = request.resolver_match
        view = self.words.fit("view", (match.view_name or UNNAMED) if match else UNNAMED)
        method = self.words.fit("method", request.method or "")
        status = self.words.fit("status", f"{response.status_code // 100}xx")
        self.asked.labels(view, method, status).inc()
        self.took.labels(view).observe(clock.monotonic() - start)
        return response
