"""Results over MLLP into visits: a thousand messages, some broken, a connection that drops; who is not served."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection

from qafila.clinic.lab import acts
from qafila.clinic.lab.models import LabMessage
from qafila.clinic.visits.models import Observation
from qafila.exchange.hl7 import order
from qafila.exchange.hl7.framing import Frames, framed
from qafila.exchange.hl7.listener import Limits, Listener, read_again, take
from qafila.exchange.hl7.peers import BadSettings, Peer, Settings, settings_of, source_of
from qafila.journal.here import at
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.equipment import acts as equipment
from qafila.registry.people.models import Person
from qafila.registry.units.acts import assign_node
from tests.exchange.hl7.lines import GLUCOSE, HB, oru

LOCAL = {"port": 0, "listen": "127.0.0.1", "peer": [{"name": "count", "address": "127.0.0.1", "serial": "SN-1"}]}


def settings(**more: Any) -> Settings:
    found = settings_of({"hl7": LOCAL | more})
    assert found is not None
    return found


@asynccontextmanager
async def listening(held: Settings, work: Callable[..., bytes] = take, **limits: float) -> AsyncIterator[Listener]:
    listener = Listener(held, "U1", work, Limits(**limits))
    listener.port = await listener.start()  # type: ignore[attr-defined]
    yield listener
    await listener.stop()


async def talk(listener: Any, messages: list[bytes], *, drop_after: int = -1) -> list[bytes]:
    """Send messages one after the other as an analyser does; the acknowledgements that came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    frames, answers = Frames(100_000), []
    for number, one in enumerate(messages):
        if number == drop_after:
            writer.write(framed(one)[: len(one) // 2])
            await writer.drain()
            writer.transport.abort()
            return answers
        writer.write(framed(one))
        await writer.drain()
        found: list[Any] = []
        while not found:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                return answers
            if not data:
                return answers
            found = frames.feed(data)
        answers += [f.data for f in found]
    writer.close()
    return answers


def said(answer: bytes) -> tuple[str, str]:
    found = re.search(rb"\rMSA\|(\w\w)\|([^|\r]*)", answer)
    assert found
    return found[1].decode(), found[2].decode()


@pytest.fixture
def here(crew: Any) -> Any:
    assign_node(crew.unit, "U1", None)
    return crew


def working(node: Any) -> Callable[..., bytes]:
    def work(*args: Any) -> bytes:
        with at(node):
            return take(*args)

    return work


def test_a_thousand_messages_each_acknowledged_once_and_none_lost(here: Any) -> None:
    code = Person.objects.get(pk=here.patient.pk).code
    visit = here.visit()
    good = [oru(str(n), code if n % 40 == 0 else f"X{n}", HB).encode() for n in range(960)]
    broken = [oru(f"b{n}", "X").replace("PID", "ZZZ").encode() for n in range(40)]
    stream = [m for n in range(40) for m in (*good[n * 24 : n * 24 + 24], broken[n])]

    async def run() -> list[bytes]:
        async with listening(settings(), working(here.node)) as listener:
            first = await talk(listener, stream, drop_after=500)
            # The sender goes on with the first that was not acknowledged, and repeats the one before to be sure.
            second = await talk(listener, [stream[499], *stream[500:]])
            return [*first, *second]

    answers = [said(a) for a in asyncio.run(run())]
    count = Counter(answers)
    assert len(answers) == 1001 and {n for n in count.values() if n != 1} == {2}
    assert {c for a, c in answers if a == "AE"} == {f"b{n}" for n in range(40)}
    assert {c for a, c in answers if a == "AA"} == {str(n) for n in range(960)}
    kept = LabMessage.objects.all()
    assert {row.control for row in kept} == {str(n) for n in range(960)} and kept.count() == 960
    assert kept.filter(state="filed", visit=visit.pk).count() == 24 == Observation.objects.count()
    assert kept.filter(state="unmatched", why="unknown").count() == 936
    connection.close()


def test_who_is_not_served_and_what_is_too_long(unit: Any) -> None:
    def work(*_: Any) -> bytes:
        raise AssertionError("nothing may come as far as this")

    async def run() -> None:
        held = settings(peer=[{"name": "other", "address": "10.0.0.0/8"}])
        async with listening(held, work) as listener:
            assert await talk(listener, [oru("1").encode()]) == [] and listener.refused == 1
        async with listening(settings(most_kb=64), work) as listener:
            answers = await talk(listener, [oru("big", "A", HB + "x" * 10_000_000).encode()])
            assert [said(a) for a in answers] == [("AR", "big")] and b"longer than 64 KB" in answers[0]
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"GET / HTTP/1.1\r\n" * 200)
            await ended(reader)
            writer.close()
        # A sender that stops in the middle of a message does not hold the connection for ever.
        async with listening(settings(), work, within=0.05) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(b"\x0bMSH|")
            await ended(reader)
            writer.close()

    asyncio.run(run())


async def ended(reader: asyncio.StreamReader) -> None:
    """The other end has closed, and said nothing."""
    try:
        assert await reader.read() == b""
    except ConnectionError:
        return


def test_settings() -> None:
    assert settings_of({}) is None
    held = settings(peer=[{"name": "a", "address": "192.168.8.0/24", "orders": "192.168.8.2:2576"}])
    found = held.peer("192.168.8.9")
    assert found is not None and found.orders == ("192.168.8.2", 2576)
    assert held.peer("::ffff:192.168.8.9") == found and held.peer("192.168.9.9") is None and held.peer("?") is None
    for wrong in ({"peer": [{"name": "a"}]}, {"peer": [{"name": "a", "address": "x"}]}, {"port": "x"}, {"peer": ["a"]}):
        with pytest.raises(BadSettings):
            settings_of({"hl7": wrong})


def one(here: Any, text: str, peer: Peer | None = None) -> tuple[str, LabMessage | None]:
    """Take one message; its answer and row."""
    held = settings()
    answer = take(text.encode(), peer or held.peers[0], held, "U1")
    code, control = said(answer)
    return code, LabMessage.objects.filter(control=control).order_by("-pk").first()


def test_codes_and_units_into_observations(here: Any) -> None:
    box = equipment.add(here.unit, None, "analyser", maker="Acme", model="Count", serial="SN-1")
    code, visit = Person.objects.get(pk=here.patient.pk).code, here.visit()
    results = (
        HB.replace("13.5|g/dL", "135|g/L"), GLUCOSE, "OBX|3|SN|1988-5^CRP^LN||<^5|mg/L|||||F",
        "OBX|4|CWE|5802-4^Nitrite^LN||POS^Positive^L||||||F", "OBX|5|NM|ZZ9^Strange^L||7|furlong|||||F",
        "OBX|6|NM|8310-5^Temp^LN||38.2|Cel|||||F", "OBX|7|NM|2951-2^Na^LN||9999|mmol/L|||||F",
        "OBX|8|NM|718-7^Hb^LN||14|g/dL|||||P",
    )  # fmt: skip
    answer, row = one(here, oru("1", code, *results))
    assert answer == "AA" and row is not None and row.state == "filed"
    kept = {o.code: o for o in Observation.objects.all()}
    assert len(kept) == 7
    blood = kept["haemoglobin"]
    assert (float(blood.number or 0), blood.unit, blood.entered, blood.entered_unit) == (13.5, "g/dL", "135", "g/L")
    assert (blood.source, blood.device, blood.serial, blood.instrument_id) == ("import", "Acme Count", "SN-1", box.pk)
    assert float(kept["glucose_serum"].number or 0) == 5.5 and kept["urine_nitrite"].choice == "pos"
    assert kept["crp"].number is None and kept["crp"].entered == "<5"
    assert kept["lab:ZZ9 Strange"].entered == "7" and kept["sodium"].number is None
    assert float(kept["temperature"].number or 0) == 38.2
    visit.refresh_from_db()
    assert visit.triage_basis
    # A correction names what it replaces; a resend changes nothing.
    assert (
        one(here, oru("2", code, HB.replace("||F", "||C").replace("13.5", "12.9").replace("|N|||F", "|N|||C")))[0]
        == "AA"
    )
    newest = Observation.objects.get(code="haemoglobin", status="final")
    assert newest.replaces == blood.pk and Observation.objects.get(pk=blood.pk).status == "amended"
    before = Observation.objects.count()
    assert one(here, oru("1", code, *results))[0] == "AA" and Observation.objects.count() == before


def test_whose_it_is_is_never_guessed(here: Any) -> None:
    person = Person.objects.get(pk=here.patient.pk)
    assert one(here, oru("1", person.code))[1].why == "no_visit"  # type: ignore[union-attr]
    visit = here.visit()
    cases = {
        "2": ("", "no_person", {}),
        "3": ("7K2M-9QXW-B", "unknown", {}),
        "4": (person.code, "differs", {"person": "|B^Z|||M"}),
        "5": (person.code[:-1] + ("A" if person.code[-1] != "A" else "B"), "unknown", {}),
    }
    for control, (pid, why, more) in cases.items():
        answer, row = one(here, oru(control, pid, HB, **more))
        assert answer == "AA" and row is not None and (row.state, row.why) == ("unmatched", why), control
    assert not Observation.objects.exists() and len(acts.waiting()) == 5
    # By visit and by order number, and by a code without its hyphens.
    asked = acts.order(visit, here.nurse, ["haemoglobin", "nothing"])
    for control, text in {
        "6": oru("6", "", visit=visit.pk.hex),
        "7": oru("7", "", orders=asked.number),
        "8": oru("8", person.code.replace("-", "").lower()),
    }.items():
        row = one(here, text)[1]
        assert row is not None and (row.state, row.visit) == ("filed", visit.pk), control
    # Two identifiers of two people.
    with writing(None, "setup") as write:
        other = write.save(Person(sex="female"))
    code = Person.objects.get(pk=other.pk).code
    if code:
        assert one(here, oru("9", f"{person.code}~{code}"))[1].why == "several"  # type: ignore[union-attr]
    row = acts.waiting()[-1]
    read = read_again(settings(), "U1")
    acts.settle(row, read(row)[0], visit, here.nurse, source_of(settings(), "count", "U1"))
    with pytest.raises(acts.Refusal):
        acts.dismiss(row, here.nurse)
    acts.dismiss(acts.waiting()[0], here.nurse)


def test_what_was_kept_and_not_filed_is_filed_at_the_next_start(here: Any) -> None:
    code, visit = Person.objects.get(pk=here.patient.pk).code, here.visit()
    row, new = acts.keep("COUNT|LAB", "1", oru("1", code).encode(), "count")
    assert new and acts.retry(read_again(settings(), "U1")) == 1
    assert LabMessage.objects.get(pk=row.pk).visit == visit.pk and acts.retry(read_again(settings(), "U1")) == 0


def test_an_order_reaches_the_analyser(here: Any) -> None:
    person = Person.objects.get(pk=here.patient.pk)
    asked = acts.order(here.visit(), here.nurse, ["haemoglobin", "crp"], "count")
    data = order.build(asked, person, ("Ben|ali", "Zi^neb"), "U1", clock.now())
    lines = data.decode().split("\r")
    assert lines[1].startswith(f"PID|1||{person.code}^^^QAFILA||Ben\\F\\ali^Zi\\S\\neb")
    assert [x.split("|")[4] for x in lines if x.startswith("OBR")] == ["718-7^Haemoglobin^LN", "1988-5^CRP^LN"]

    async def run(answer: bytes) -> None:
        async def analyser(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\x1c\r")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(analyser, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.to_thread(order.send, ("127.0.0.1", port), data)

    asyncio.run(run(framed(b"MSH|^~\\&|A\rMSA|AA|1\r")))
    for bad in (framed(b"MSH|^~\\&|A\rMSA|AR|1\r"), b"", framed(b"no")):
        with pytest.raises(order.NotTaken):
            asyncio.run(run(bad))
