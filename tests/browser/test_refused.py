"""What people get wrong, over real HTTPS: said clearly in their language, nothing half written, no page of errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from qafila.packs.country import Member
from tests.world import World

pytestmark = pytest.mark.timeout(300)
HUGE = 200_000_000


class Session:
    """A person's browser without a screen."""

    def __init__(self, world: World, url: str, language: str = "en") -> None:
        self.http = world.client(url)
        self.http.cookies.set("__Host-language", language)
        self.url = url

    def page(self, path: str) -> str:
        """A page, redirects followed."""
        answer = self.http.get(path, follow_redirects=True)
        assert answer.status_code == 200
        return answer.text

    def token(self) -> str:
        """What a form of this session carries."""
        return fields(self.page("/login/"))["csrfmiddlewaretoken"]

    def send(self, path: str, page: str = "", **data: str) -> httpx.Response:
        """A form with the hidden fields of its page."""
        hidden = fields(page) if page else {"csrfmiddlewaretoken": self.token()}
        return self.http.post(path, data={**hidden, **data}, headers={"Referer": self.url + path})

    def log_in(self, member: Member, password: str = "") -> httpx.Response:
        """Through the door."""
        return self.send("/login/", next="/account/", username=member.username, password=password or member.password)


def fields(page: str) -> dict[str, str]:
    """Hidden fields of a page."""
    found = (dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input\b[^>]*>", page))
    return {f["name"]: unescape(f.get("value", "")) for f in found if f.get("type") == "hidden" and "name" in f}


@pytest.fixture
def nurse(world: World) -> Session:
    """The first unit's nurse at a tablet."""
    session = Session(world, world.unit_url(0))
    assert session.log_in(world.cast.who("nurse", world.unit(0))).status_code == 302
    session.send("/language/", language="en", next="/account/")
    return session


def a_visit(session: Session) -> str:
    """Id of somebody in today's queue."""
    found = re.search(r"/nurse/record/([0-9a-f-]{36})/", session.page("/reception/queue/"))
    assert found is not None
    return found.group(1)


def test_a_wrong_password_is_said_in_the_persons_language_and_lets_nobody_in(world: World) -> None:
    said = set()
    for language in ("ar", "fr", "en"):
        session = Session(world, world.unit_url(0), language)
        answer = session.log_in(world.cast.who("doctor", world.unit(0)), password=f"wrong-{language}-password")
        assert answer.status_code == 401
        assert f'lang="{language}"' in answer.text
        said.add(re.search(r'role="alert"[^>]*>([^<]+)<', answer.text).group(1))  # type: ignore[union-attr]
        assert session.http.get("/reception/queue/").status_code == 302
    assert len(said) == 3


def test_guessing_is_slowed_down_for_that_name_alone(world: World) -> None:
    session = Session(world, world.unit_url(1))
    stranger = world.cast.who("nurse", world.unit(0))
    assert [session.log_in(stranger, password=f"guess number {n}").status_code for n in range(6)] == [401] * 5 + [429]
    own = Session(world, world.unit_url(1))
    assert own.log_in(world.cast.who("nurse", world.unit(1))).status_code == 302


def test_a_letter_in_a_number_is_marked_and_nothing_is_saved(nurse: Session) -> None:
    visit = a_visit(nurse)
    before = readings(nurse, visit)
    form = nurse.page(f"/nurse/vitals/{visit}/")
    answer = nurse.send(f"/nurse/vitals/{visit}/", form, temperature="37.a", pulse="80")
    assert answer.status_code == 422
    assert "37.a" in answer.text
    assert 'role="alert"' in answer.text
    assert readings(nurse, visit) == before


def readings(session: Session, visit: str) -> int:
    """How many readings the visit's page shows."""
    return session.page(f"/nurse/record/{visit}/").count('class="v-what"')


def test_a_file_of_200_mb_is_refused_without_filling_memory(world: World, nurse: Session) -> None:
    visit = a_visit(nurse)
    page = nurse.page(f"/nurse/record/{visit}/")
    web = next(p.process for p in world.servers[world.unit(0)].parts if p.name == "web")
    assert web is not None
    before = peak_mb(web.pid)
    path = f"/nurse/record/{visit}/files/"
    status, said = upload(nurse, path, fields(page), HUGE)
    assert status == 413
    assert "too large" in said
    assert peak_mb(web.pid) - before < 60
    assert nurse.page(f"/nurse/record/{visit}/").count("/records/files/") == page.count("/records/files/")


def upload(session: Session, path: str, hidden: dict[str, str], size: int) -> tuple[int, str]:
    """Send a file of that size; the answer may come, and the line be closed, before all is sent."""
    edge = "qafila-test-edge"
    part = f"--{edge}\r\nContent-Disposition: form-data; name="
    head = "".join(f'{part}"{name}"\r\n\r\n{value}\r\n' for name, value in hidden.items())
    head += f'{part}"file"; filename="huge.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    tail = f"\r\n--{edge}--\r\n"

    def body() -> Iterator[bytes]:
        yield head.encode()
        for _ in range(size // 1_000_000):
            yield bytes(1_000_000)
        yield tail.encode()

    length = len(head.encode()) + size // 1_000_000 * 1_000_000 + len(tail)
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}", "Content-Length": str(length),
               "Referer": session.url + path}  # fmt: skip
    answer = session.http.post(path, content=body(), headers=headers, timeout=120)
    return answer.status_code, answer.text


def peak_mb(pid: int) -> float:
    """The most memory that a process and those it started have ever held, in MB."""
    children = (Path(f"/proc/{pid}/task") / str(pid) / "children").read_text().split()
    own = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert own is not None
    return int(own.group(1)) / 1000 + sum(peak_mb(int(child)) for child in children)


def test_a_file_that_is_no_picture_is_refused_with_a_reason(nurse: Session) -> None:
    visit = a_visit(nurse)
    page = nurse.page(f"/nurse/record/{visit}/")
    for name, content in (("scan.dcm", b"not a DICOM file at all"), ("photo.jpg", b"\xff\xd8\xff\xe0 cut short")):
        answer = nurse.http.post(
            f"/nurse/record/{visit}/files/", data=fields(page), files={"file": (name, content)},
            headers={"Referer": nurse.url + "/"},
        )  # fmt: skip
        assert answer.status_code == 422, name
        assert 'role="alert"' in answer.text
    assert nurse.page(f"/nurse/record/{visit}/").count("/records/files/") == page.count("/records/files/")


def test_a_form_sent_twice_writes_once(nurse: Session) -> None:
    visit = a_visit(nurse)
    before = readings(nurse, visit)
    form = nurse.page(f"/nurse/vitals/{visit}/")
    sent = [nurse.send(f"/nurse/vitals/{visit}/", form, temperature="37.2") for _ in range(2)]
    assert [one.status_code for one in sent] == [302, 302]
    assert readings(nurse, visit) == before + 1


def test_a_page_of_somebody_who_is_not_here_says_so(nurse: Session) -> None:
    answer = nurse.http.get("/reception/people/00000000-0000-8000-8000-000000000000/")
    assert answer.status_code == 404
    assert "<main" in answer.text


def test_a_role_does_not_reach_beyond_its_work(world: World, nurse: Session) -> None:
    clerk = Session(world, world.unit_url(0))
    clerk.log_in(world.cast.who("assistant", world.unit(0)))
    answer = clerk.http.get(f"/nurse/vitals/{a_visit(nurse)}/")
    assert answer.status_code == 403
    assert "<main" in answer.text
