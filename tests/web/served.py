"""The pages of this process at an address of this machine, for a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.wsgi import get_wsgi_application
from django.db import connections

from qafila.journal.here import Here, at


class Quiet(WSGIRequestHandler):
    """Says nothing of what was asked."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Pages(ThreadingMixIn, WSGIServer):
    """A thread for each connection: a browser opens some that it never uses."""

    daemon_threads = True
    node: Here

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer as this node."""
        with at(self.node):
            super().process_request_thread(request, client_address)
        connections.close_all()


@contextmanager
def served(node: Here) -> Iterator[str]:
    """The address, while the node's pages are answered."""
    server = Pages(("127.0.0.1", 0), Quiet)
    server.node = node
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
