"""The description for other programs names exactly what they may call, and what they call answers as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import urllib3
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from qafila.journal.here import Here
from qafila.sync.frames import PATH as SYNC
from qafila.web.dicomweb.stow import parts
from tests.web.everywhere import EVERY, Everywhere, everywhere, methods
from tests.web.test_hygiene import faults

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
DESCRIBED = json.loads(FILE.read_text())
MACHINES = {route for route in EVERY if route and not route.endswith("/")}
"""Pages end with a stroke, what programs call does not."""
BASE = "http://testserver"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@schemathesis.serializer('multipart/related; type="application/dicom"')
def dicom(context: Any, value: Any) -> Any:
    """The body as it was made."""
    return value if isinstance(value, bytes) else str(value).encode()


class Wire(requests.adapters.BaseAdapter):
    """Carries a call to Django's test client."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client

    def send(self, request: Any, **options: Any) -> requests.Response:
        body = request.body or b""
        data = body if isinstance(body, bytes) else body.encode()
        headers = {name: value if isinstance(value, str) else value.decode("latin-1")
                   for name, value in request.headers.items() if name.lower() != "content-type"}  # fmt: skip
        kind = request.headers.get("Content-Type", "")
        kind = kind.decode("latin-1") if isinstance(kind, bytes) else kind
        answer = self.client.generic(request.method, request.path_url, data, kind, headers=headers)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        found = requests.Response()
        found.status_code, found.url, found.request = answer.status_code, request.url, request
        found.headers.update(dict(answer.items()))
        found.raw = urllib3.HTTPResponse(content, dict(answer.items()), answer.status_code, preload_content=False)
        found._content = content
        return found

    def close(self) -> None:
        pass


@pytest.fixture
def node(unit: Here) -> Iterator[Everywhere]:
    with everywhere(unit) as made:
        yield made


def test_it_names_every_address_of_programs_with_its_methods_and_no_other() -> None:
    own = {"/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route): EVERY[route].callback for route in MACHINES}
    verbs = ("get", "post", "put", "delete", "patch")
    told = {path: {verb.upper() for verb in item if verb in verbs} for path, item in DESCRIBED["paths"].items()}
    assert told.pop(SYNC) == {"POST"}
    assert told == {path: methods(view) for path, view in own.items()}


def test_what_needs_nobody_logged_in_is_what_is_public() -> None:
    free = {path for path, item in DESCRIBED["paths"].items() for one in item.values()
            if isinstance(one, dict) and one.get("security") == []}  # fmt: skip
    assert free == {"/" + route for route in MACHINES if EVERY[route].callback.access == ("public",)}


def asked(node: Everywhere, examples: int) -> list[str]:
    """Ask everything that is described, with what fits the description and what does not; what went wrong."""
    schema = schemathesis.openapi.from_dict({k: v for k, v in DESCRIBED.items() if k != "servers"})
    session, wrong = requests.Session(), []
    session.mount(BASE, Wire(node.client))
    phases = [Phase.explicit, Phase.generate]
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path == SYNC:
            continue  # on a port of its own: tests/sync/test_fuzz.py

        @settings(max_examples=examples, deadline=None, phases=phases, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(base_url=BASE, session=session, allow_redirects=False)
            case.validate_response(answer, checks=CHECKS)

        try:
            ask()
        except Exception as error:  # noqa: BLE001 - all of them are told together
            wrong.append(f"{operation.method} {operation.path}: {error}")
    return wrong


def test_it_answers_as_described(node: Everywhere) -> None:
    wrong = asked(node, 3)
    assert not wrong, "\n".join(wrong)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=8))
def test_any_body_has_parts_or_none(body: bytes, edge: bytes) -> None:
    whole = b"--" + edge + b"\r\nContent-Type: application/dicom\r\n\r\n" + body + b"\r\n--" + edge + b"--"
    assert parts(body, edge) == [] or b"--" + edge in body
    assert parts(whole, edge) in ([body], []) or edge in body


HEAD = b"--e\r\nContent-Type: application/dicom\r\n\r\n"
BODIES = (b"", b"--e", HEAD + b"DICM\r\n--e--", HEAD + b"\0" * 128 + b"DICM\xff\r\n--e--", b"--e\r\n" * 600 + b"--e--")


def test_what_is_no_object_is_not_kept(node: Everywhere) -> None:
    kind = 'multipart/related; type="application/dicom"; boundary=e'
    for body in BODIES:
        answer = node.client.generic("POST", "/dicomweb/studies", body, kind)
        assert answer.status_code in (400, 409, 415)
        assert not faults("/dicomweb/studies", answer)
