"""schemathesis over the description for other programs: a hundred calls of each kind, whoever asks."""

from __future__ import annotations

import pytest
from django.test import Client

from qafila.journal.here import Here
from tests.web.everywhere import everywhere
from tests.web.test_openapi import asked

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("who", ["everything", "nobody"])
def test_it_answers_as_described(unit: Here, who: str) -> None:
    with everywhere(unit) as node:
        if who == "nobody":
            node.client = Client(raise_request_exception=False)
        wrong = asked(node, 100)
    assert not wrong, "\n".join(wrong)
