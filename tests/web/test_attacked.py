"""Every address and every form of a node under what people with bad intentions send: refused, or a plain page."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from qafila.clinic.visits.models import Note
from qafila.journal.here import Here
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.web.prints.drawing import KILLED, SLOW
from tests.web import corpus
from tests.web.everywhere import EVERY, WRITES, Everywhere, everywhere, filled, joined, route_of
from tests.web.test_hygiene import faults

LEAVES = {"logout/", "lock/"}
FILES = (
    b"", b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    b"<html><script>alert(1)</script>", b"%PDF-1.7\n<script>\n%%EOF", b"\xff\xd8\xff" + b"\0" * 300,
    b"\x89PNG\r\n\x1a\n" + b"\xff" * 100, b"GIF89a" + b"\0" * 50, b"PK\x03\x04" + b"\0" * 60,
    b"\0" * 128 + b"DICM" + b"\xff" * 40, b"fLaC" + b"\xff" * 60, b"RIFF\xff\xff\xff\xffWAVE" + b"\0" * 40,
    b"MSH|^~\\&|" + b"\xff" * 40, b"=1+1,2\n" * 9,
)  # fmt: skip


@pytest.fixture
def node(unit: Here) -> Iterator[Everywhere]:
    with everywhere(unit) as made:
        yield made


class Attack:
    """One run over a node with values of the corpus; `wrong` is what should not have been."""

    def __init__(self, node: Everywhere, seed: int, caplog: pytest.LogCaptureFixture, *, prints: bool = False) -> None:
        self.prints = prints
        self.node, self.dice, self.log = node, random.Random(seed), caplog
        self.wrong: list[str] = []
        self.asked = 0
        case = node.case  # type: ignore[attr-defined]
        self.ids = {
            "person_id": case.person_id, "visit_id": case.visit_id, "case_id": case.pk, "unit_id": case.unit_id,
            "staff_id": node.desk.crew.heart.pk, "row_id": case.visit_id, "subject": case.person_id,
            "one_id": case.person_id, "fact_id": Note.objects.values_list("pk", flat=True)[0],
        }  # fmt: skip

    def path(self, route: str) -> str:
        """An address with what exists behind its places, and now and then something odd."""
        for name, value in self.ids.items():
            route = route.replace(f"<uuid:{name}>", str(value))
        odd = quote(self.dice.choice(corpus.ODD)[:300].encode(errors="replace"), safe="")
        number, word = self.dice.choice(("0", "1", "9" * 30)), self.dice.choice(("x", "doctor", "a" * 300))
        return filled(route, int=number, slug=word, str=odd)

    def value(self) -> str:
        """One of the corpus."""
        return self.dice.choice(corpus.ALL).encode(errors="replace").decode()

    def look(self, what: str, answer: HttpResponse) -> None:
        """Note what is wrong with an answer."""
        self.asked += 1
        told = [f"{answer.status_code}"] if answer.status_code >= 500 and not self.busy(answer) else []
        place = urlsplit(answer.headers.get("Location", ""))
        if place.scheme or place.netloc:
            told.append(f"leads to {place.netloc}")
        if "evil" in answer.headers.get("Set-Cookie", ""):
            told.append("sets a cookie of others")
        text = b"" if answer.streaming else answer.content
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            told += [f"holds {bad!r}" for bad in corpus.XSS if bad.startswith("<") and bad.encode() in text]
            if b"Traceback" in text or b"49{%" in text:
                told.append("shows its inside")
        told += [one.split(": ", 1)[1] for one in faults(what.split()[1], answer)]
        if told:
            where = " ".join(record.getMessage() for record in self.log.records[-1:])
            self.wrong.append(f"{what}: {', '.join(told)} {where if answer.status_code >= 500 else ''}")

    def busy(self, answer: HttpResponse) -> bool:
        """Whether the machine is at fault, and the answer says so: no room, or a print that was slow or killed."""
        why = self.log.records[-1].getMessage() if self.log.records else ""
        return answer.status_code == 507 or (answer.status_code == 503 and why.endswith((SLOW, KILLED)))

    def addresses(self) -> None:
        """Every address, read and (where it takes that) written, with the names that views ask for and odd ones."""
        names = (
            "q", "next", "lang", "paper", "at", "page", "show", "day", "week", "compare", "kind", "limit", "offset",
            "staff", "window", "viewport", "PatientID", "StudyDate", "00100010", "language", "status",
        )  # fmt: skip
        for route in EVERY:
            said = {name: self.value() for name in self.dice.sample(names, 6)}
            # Paper costs a second each: the long run prints, too.
            if route not in LEAVES and (self.prints or not route.startswith("prints/")):
                self.look(f"GET /{route}", self.node.client.get(self.path(route), {**said, "next": self.elsewhere()}))
            if route in WRITES - LEAVES:
                self.look(f"POST /{route}", self.node.client.post(self.path(route), {**said, "next": self.elsewhere()}))

    def forms(self) -> None:
        """Every form that a page offers, each of its fields with something of the corpus or as it stands."""
        self.node.crawl()
        for _, target, form in list(self.node.forms()):
            route = route_of(target)
            if form.method != "post" or route in LEAVES:
                continue
            data: dict[str, Any] = {}
            for one in form.fields:
                if one.kind == "file":
                    name = self.dice.choice(("../../x.html", "a\r\nb.svg", "x" * 300, "مر\u202eيم.exe", "c:\\x.jpg"))
                    data[one.name] = SimpleUploadedFile(
                        name, self.dice.choice(FILES), self.dice.choice(("text/html", "image/jpeg"))
                    )
                elif one.name in ("csrfmiddlewaretoken", "once"):
                    continue
                elif one.offered and self.dice.random() < 0.7:
                    data[one.name] = sorted(one.offered)[: 1 + self.dice.randrange(2)]
                else:
                    data[one.name] = self.value()
            self.look(f"FORM /{route}", self.node.client.post(target, data))

    def elsewhere(self) -> str:
        """A place on another host."""
        return self.dice.choice(corpus.ELSEWHERE)


def test_nothing_fails_runs_or_leads_away(node: Everywhere, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    attack = Attack(node, 62, caplog)
    attack.forms()
    attack.addresses()
    assert attack.asked > 200
    assert not attack.wrong, "\n".join(sorted(set(attack.wrong)))


def test_no_next_leads_away(node: Everywhere) -> None:
    for place in corpus.ELSEWHERE:
        for answer in (node.client.post("/language/", {"language": "en", "next": place}),
                       node.client.get("/login/", {"next": place})):  # fmt: skip
            hidden = re.search(r'name="next" value="([^"]*)"', answer.content.decode())
            said = unescape(hidden[1]) if hidden else answer.headers["Location"]
            assert joined("/", said) and said.startswith("/") and said[1:2] not in ("/", "\\", "\t"), place


OUTSIDE = (
    "/static/../settings.py", "/static/%2e%2e/%2e%2e/keys/web.key", "/static/..%5c..%5ckeys", "/static//etc/passwd",
    "/static/qafila/%00.css", "/prints/../keys/web.key", "/records/files/..%2f..%2fkeys%2fweb.key/original/",
)  # fmt: skip


def test_no_path_leads_out_of_its_folder(node: Everywhere) -> None:
    for path in OUTSIDE:
        answer = node.client.get(path)
        assert answer.status_code in (400, 404), path
        assert b"SECRET" not in answer.content and b"root:" not in answer.content


REFUSED = {
    "many": "&".join(f"f{n}=1" for n in range(1500)),
    "too long": "q=" + "a" * 1_200_000,
    "nul": "q=a%00b",
    "nul in a name": "q%00=a",
}
READ = {"long": "q=" + "a" * 900_000, "broken": "q=%ff%fe%80&%c3%28=1", "signs": "&&&===;;;q"}
PART = b"--x\r\nContent-Disposition: form-data; name="
PARTS = (
    b"", b"--x", b"--x\r\n\r\n", PART + b'"a\0"\r\n\r\nb\r\n--x--\r\n',
    PART + b'"q"; filename="../../../a"\r\n\r\n\xff\r\n--x--\r\n',
    PART + b"q\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--",
)  # fmt: skip
HEADS: tuple[dict[str, str], ...] = (
    {"accept-language": "a" * 9000}, {"cookie": 'qafila="\xff; csrf=;=;\x01'}, {"referer": "\0"},
    {"content-type": "text/é; charset=none"}, {"hx-request": "x" * 9000}, {"hx-current-url": "http://["},
)  # fmt: skip
FORM = "application/x-www-form-urlencoded"


def test_long_many_and_broken_fields(node: Everywhere) -> None:
    at, ask = "/reception/queue/search/", node.client.generic
    for what, body in REFUSED.items():
        assert ask("POST", at, body, FORM).status_code in (400, 413), what
    for what, body in READ.items():
        assert ask("POST", at, body, FORM).status_code == 200, what
    for part in PARTS:
        assert ask("POST", at, part, "multipart/form-data; boundary=x").status_code < 500, part
    assert ask("POST", at, "q=a", f"{FORM}; charset=none-such").status_code < 500
    for head in HEADS:
        assert Client(raise_request_exception=False).get("/login/", headers=head).status_code == 200, head


def test_a_stranger_learns_nothing_from_the_door(node: Everywhere) -> None:
    said = set()
    for name in ("heart", "nobody-of-that-name", "admin", "doctor"):
        answer = Client().post("/login/", {"username": name, "password": "wrong wrong wrong"})
        assert answer.status_code == 401
        said.add(answer.content.replace(name.encode(), b"").split(b'role="alert"')[1].split(b"<")[0])
    assert len(said) == 1


def test_names_and_notes_are_kept_without_signs_that_turn_a_page_round(node: Everywhere) -> None:
    crew = node.desk.crew
    for sign in (*corpus.BIDI, *corpus.XSS[:3]):
        person = people.register(crew.assistant, crew.unit, names=[NameParts("Latn", f"Z {sign}", family=sign)])
        page = node.client.get(f"/reception/people/{person.pk}/").content.decode()
        assert not set(page) & set(corpus.TURNS), [hex(ord(c)) for c in set(page) & set(corpus.TURNS)]
        assert not any(bad in page for bad in corpus.XSS if bad.startswith("<"))
