"""Frames, headers, character sets; and whatever else may come."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qafila.exchange.hl7 import message
from qafila.exchange.hl7.framing import Frames, NotMllp, TooLong, Whole, framed
from qafila.exchange.hl7.message import Head, Wrong, acknowledge, head_of, read
from tests.exchange.hl7.lines import GLUCOSE, HB, oru

NOW = datetime(2026, 11, 21, 10, 12, tzinfo=UTC)


def test_what_a_message_says() -> None:
    said = oru(
        "17", "7K2M-9QXW-A^^^QAFILA~X", HB, GLUCOSE, orders="U1-5", visit="V", person="|Benali^Zineb||19840305|F"
    )
    head, report = read(said.encode())
    assert (head.sender, head.control, head.event) == ("COUNT|LAB", "17", "ORU^R01")
    assert report.persons == ("7K2M-9QXW-A", "X") and report.orders == ("U1-5",) and report.visits == ("V",)
    assert (report.birth, report.sex, report.name) == (date(1984, 3, 5), "female", "Zineb Benali")
    assert [(r.code, r.system, r.value, r.unit) for r in report.results] == [
        ("718-7", "LN", "13.5", "g/dL"), ("2345-7", "LN", "99", "mg/dL"),
    ]  # fmt: skip
    assert report.at == datetime(2026, 11, 21, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("segment", "found"),
    [
        ("OBX|1|SN|CRP^C^L||<^5|mg/L|||||F", ("CRP", "number", "5", "<", "final")),
        ("OBX|1|NM|HGB^H^L^718-7^Hb^LN||< 2,5|g/dL|||||P", ("718-7", "number", "2,5", "<", "other")),
        ("OBX|1|CWE|5802-4^Nit^LN||POS^Positive^L||||||C", ("5802-4", "words", "POS\x1fPositive", "", "corrected")),
        ("OBX|1|TX|X^N^L||one~two||||||", ("X", "words", "one\ntwo", "", "final")),
        ("OBX|1|ED|X^N^L||^image^png^Base64^AAAA||||||F", ("X", "words", "", "", "final")),
    ],
)
def test_kinds_of_values(segment: str, found: tuple[str, ...]) -> None:
    one = read(oru("1", "A", segment).encode())[1].results[0]
    assert (one.code, one.kind, one.value, one.comparator, one.status) == found


@pytest.mark.parametrize(
    ("said", "codec"), [("UNICODE UTF-8", "utf-8"), ("8859/6", "iso-8859-6"), ("", "utf-8"), ("8859/1", "latin-1")]
)
def test_character_sets(said: str, codec: str) -> None:
    name = "بنعلي" if codec != "latin-1" else "Bénali"
    head, report = read(oru("1", "A", person=f"|{name}^{name}", charset=said).encode(codec))
    assert report.name == f"{name} {name}"
    assert acknowledge(head, "U1", NOW, "AE", "101", "لا").decode(codec)
    assert said in acknowledge(head, "U1", NOW).decode(codec)


@pytest.mark.parametrize(
    ("data", "answer", "code"),
    [
        (b"", "AR", "100"),
        (b"hello", "AR", "100"),
        (b"MSH|^~\\&|A|B", "AR", "101"),
        (oru("", "A").encode(), "AR", "101"),
        (oru("1", "A", event="ADT^A01").encode(), "AR", "200"),
        (oru("1", "A", event="ORU^R30").encode(), "AR", "201"),
        (oru("1", "A").replace("|2.5|", "|3.0|").encode(), "AR", "203"),
        (oru("1", "A").replace("PID", "ZID").encode(), "AE", "100"),
        (oru("1", "A", HB + "\rPID|2||B").encode(), "AE", "100"),
        (oru("1", "A").replace("OBX", "ZBX").encode(), "AE", "100"),
        (oru("1", "A", "OBX|1|NM|||5").encode(), "AE", "101"),
        (oru("1", "A", charset="KLINGON").encode(), "AE", "102"),
        (oru("1", "A", person="|é").encode("latin-1"), "AE", "102"),
        (oru("1", "A", charset="ASCII", person="|ب").encode(), "AE", "102"),
        (oru("1", "A", person="|a\0b").encode(), "AE", "102"),
        (oru("1", "A", *[HB] * 501).encode(), "AE", "100"),
        (oru("1", "A", *["NTE|1"] * 2500).encode(), "AE", "100"),
        (oru("1", "A", f"OBX|1|TX|X^N^L||{'^~' * 100_000}").encode(), "AE", "100"),
        (oru("1", "A").replace("^~\\&", "aaaa").encode(), "AR", "100"),
    ],
)
def test_what_is_not_taken(data: bytes, answer: str, code: str) -> None:
    with pytest.raises(Wrong) as wrong:
        read(data)
    assert (wrong.value.answer, wrong.value.code) == (answer, code)
    sent = acknowledge(wrong.value.head or Head(), "U1", NOW, wrong.value.answer, wrong.value.code, wrong.value.words)
    assert f"\rMSA|{answer}|".encode() in sent and b"\rERR|||" in sent and b"Benali" not in sent


WHOLE = oru("1", "7K2M-9QXW-A", HB, GLUCOSE, visit="V").encode()


def test_damaged_messages_are_read_or_refused() -> None:
    chance = random.Random(7)
    for _ in range(1500):
        data = bytearray(WHOLE)
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    del data[place : place + chance.randrange(1, 30)]
                case _:
                    data[place:place] = chance.choice([b"|", b"^", b"~", b"\\", b"&", b"\r", b"\r\r", b"\xff", b"MSH|"])
        try:
            read(bytes(data))
        except Wrong as wrong:
            acknowledge(wrong.head or Head(), "U1", NOW, wrong.answer, wrong.code, wrong.words)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for one in (data, b"MSH|" + data, b"MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.5\r" + data):
        head_of(one)
        try:
            read(one)
        except Wrong:
            pass


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 7))
def test_frames_come_out_as_they_went_in(messages: list[bytes], size: int) -> None:
    clean = [one.translate(None, b"\x0b\x1c") for one in messages]
    stream = b"".join(framed(one) for one in clean)
    frames, found = Frames(100), []
    for place in range(0, len(stream), size):
        found += frames.feed(stream[place : place + size])
    assert found == [Whole(one) for one in clean] and not frames.inside


def test_frames_that_are_none() -> None:
    frames = Frames(1000)
    assert frames.feed(b"\x0bhalf\x0bwhole\x1c\r") == [Whole(b"whole")]
    assert frames.feed(b"\x1c\r\r\n") == []
    with pytest.raises(NotMllp):
        frames.feed(b"GET / HTTP/1.1" * 100)
    frames = Frames(1000)
    frames.feed(b"\x0bMSH|")
    found = [one for _ in range(200) for one in frames.feed(b"x" * 65536)]
    assert isinstance(found[0], TooLong) and found[0].head.startswith(b"MSH|") and len(found) == 1
    assert not frames._held and frames.inside
    # The rest is read away, and what follows is read again; a sender that never ends is cut off.
    assert frames.feed(b"x\x1c\r\x0bMSH\x1c\r") == [Whole(b"MSH")]
    with pytest.raises(NotMllp):
        for _ in range(200):
            frames.feed(b"\x0b" + b"x" * 400_000) if not frames.inside else frames.feed(b"x" * 400_000)


def test_the_segment_of_a_refusal_holds_no_separator() -> None:
    sent = acknowledge(Head("A", "B", "1"), "U1", NOW, "AE", "100", "a|b^c\rMSA|AA|1")
    assert sent.count(b"\rMSA|") == 1
    assert message.CHARSETS["8859/6"] == "iso-8859-6"
