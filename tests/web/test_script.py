"""Chromium opens a node's pages, whose records hold scripts in every text, under the policy that the node sends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.db.models import CharField, TextField
from playwright.sync_api import Browser, Error, Page, Route, sync_playwright

from qafila.clinic.visits.models import Attachment
from qafila.journal import blobs
from qafila.journal.here import Here, at
from qafila.journal.models import Recorded
from qafila.journal.write import writing
from qafila.kernel import clock
from tests.browser.conftest import CHROMIUM
from tests.web.corpus import RAN, TURNS, XSS
from tests.web.everywhere import Everywhere, everywhere

HOST = "https://testserver"
WORDS = {
    "given", "family", "middle", "text", "words", "reason", "question", "note", "address", "description",
    "mother_name", "phone_owner", "phone", "locality", "title", "plan", "diagnosis", "red_flag_advice", "name",
    "name_arabic", "detail", "comment", "answer", "advice", "instructions", "summary",
}  # fmt: skip
"""Fields that people write freely; a hostile node may have written them without our own tidying."""
WATCH = """window.turned = [];
addEventListener('securitypolicyviolation', e => {
  // Live lists come from a port of their own, which a real node's policy names and this one's does not.
  if (!(e.violatedDirective === 'connect-src' && e.blockedURI.includes('/live?'))) {
    window.turned.push(e.violatedDirective + ' ' + e.blockedURI);
  }
});"""
LOOK = """() => ({
  title: document.title, dir: document.documentElement.dir, broken: window.turned,
  text: document.body.innerText,
  bad: [...document.querySelectorAll('script:not([src]), iframe, base, object, embed, [onerror], [onload], [ontoggle]')]
    .map(e => e.outerHTML.slice(0, 120)),
  leads: [...document.querySelectorAll('a[href], form[action], [hx-get], img[src]')]
    .map(e => e.getAttribute('href') || e.getAttribute('action') || e.getAttribute('src') || e.getAttribute('hx-get'))
    .filter(a => /^\\s*javascript:|evil\\.example/i.test(a)),
})"""


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright's loop runs in this thread, which Django would take for a server's.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


class Window:
    """A browser whose requests Django's test client answers; what it asks of others is noted."""

    def __init__(self, browser: Browser, node: Everywhere) -> None:
        self.node, self.away = node, list[str]()
        context = browser.new_context(base_url=HOST, viewport={"width": 1024, "height": 768})
        context.add_init_script(WATCH)
        context.route("**/*", self.answer)
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.page.on("dialog", lambda box: (self.said.append(box.message), box.dismiss()))

    def answer(self, route: Route) -> None:
        asked = route.request
        if not asked.url.startswith(HOST + "/"):
            self.away.append(asked.url)
            route.abort()
            return
        path = asked.url.removeprefix(HOST)
        with at(self.node.desk.here):
            found = self.node.client.generic(asked.method, path, asked.post_data_buffer or b"", secure=True)
            body = b"".join(found.streaming_content) if found.streaming else found.content
        route.fulfill(status=found.status_code, headers=dict(found.items()), body=body)


def spoil(node: Everywhere) -> int:
    """Write scripts into every free text of every record, as a node could that does not keep our manners."""
    turn = 0
    with writing(None, "setup") as write:
        for model in apps.get_models():
            if not issubclass(model, Recorded) or model.__name__ == "Staff":
                continue
            fields = [f for f in model._meta.concrete_fields
                      if isinstance(f, (CharField, TextField)) and f.name in WORDS and not f.choices]  # fmt: skip
            for row in model._base_manager.all() if fields else ():
                for field in fields:
                    turn += 1
                    setattr(row, field.name, XSS[turn % len(XSS)][: field.max_length or 400])
                write.save(row)
        case = node.case  # type: ignore[attr-defined]
        for media, kind in (("text/html", "document"), ("image/svg+xml", "photo"), ("application/pdf", "document")):
            drawn = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='{RAN}'\"/>{kind}"
            name = blobs.put(drawn.encode(), media).sha256
            write.save(Attachment(person_id=case.person_id, visit_id=case.visit_id, kind_of_file=kind, media=media,
                                  sha256=name, size=100, title=XSS[0], at=clock.now(), preview=name))  # fmt: skip
    return turn


def test_nothing_that_was_written_runs(unit: Here, browser: Browser) -> None:
    with everywhere(unit) as node:
        spoilt = spoil(node)
        answers = dict(node.crawl())
        assert spoilt > 15
        showing = [path for path, answer in answers.items() if not answer.streaming and RAN.encode() in answer.content]
        window = Window(browser, node)
        for path in showing[:9]:
            window.page.goto(path)
            seen: dict[str, Any] = window.page.evaluate(LOOK)
            assert seen["title"] and RAN not in seen["title"].split(" · ")[-1], path
            assert seen["title"] != RAN and not seen["bad"] and not seen["leads"] and not seen["broken"], (path, seen)
            assert not window.said and seen["dir"] == "ltr"
        assert len(showing) > 5 and not window.away
        for row in Attachment.objects.filter(title=XSS[0]):
            for place in ("original", "preview"):
                with suppress(Error):  # a file that is handed over is no page to go to
                    window.page.goto(f"/records/files/{row.pk}/{place}/")
                assert window.page.title() != RAN
        assert urlsplit(window.page.url).netloc in ("testserver", "") and not set(TURNS) & set(window.page.title())


def test_a_file_of_others_is_handed_over_and_sealed(unit: Here) -> None:
    with everywhere(unit) as node:
        spoil(node)
        kinds = {}
        for row in Attachment.objects.filter(title=XSS[0]):
            answer = node.client.get(f"/records/files/{row.pk}/original/")
            assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment; ")
            assert "sandbox" in answer["Content-Security-Policy"] and "script" not in answer["Content-Security-Policy"]
            kinds[row.media] = answer["Content-Type"]
        assert kinds["text/html"] == "application/octet-stream" and len(kinds) == 3
