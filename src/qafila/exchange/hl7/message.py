"""HL7 v2.5 ORU^R01: what a message says, and its acknowledgement (chapters 2 and 7, tables 0008 and 0357).

The bytes are parsed by the library `hl7`; everything that it may raise on bytes of an unknown sender ends here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from qafila.clinic.lab.report import Report, Result
from qafila.kernel import ids

MOST_SEGMENTS = 2000
MOST_RESULTS = 500
MOST_PARTS = 50_000
"""Fields, components and repetitions: the library makes an object of each (a megabyte of separators took it 20 s)."""
CHARSETS = {
    "": "utf-8", "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "8859/1": "iso-8859-1",
    "8859/6": "iso-8859-6", "8859/15": "iso-8859-15",
}  # fmt: skip
"""Table 0211, as far as used. Nothing said: UTF-8, of which ASCII is a part."""
UTF8_NAME = "UNICODE UTF-8"
SEGMENT, REQUIRED, TYPE, UNSUPPORTED, EVENT, VERSION, INTERNAL = "100", "101", "102", "200", "201", "203", "207"
FINAL = {"F": "final", "C": "corrected", "": "final", "U": "final"}
"""Table 0085: U, status changed to final without resending the value."""
SEXES = {"F": "female", "M": "male"}
_STAMP = re.compile(r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?(?:\.\d{1,4})?)?([+-]\d{4})?")


class Wrong(Exception):
    """A message that is not taken. `answer`: AE (the sender may mend it) or AR (it will never be taken); `code` of
    table 0357; `words` name the place and hold nothing of what stands there."""

    def __init__(self, answer: str, code: str, words: str, head: Head | None = None) -> None:
        super().__init__(words)
        self.answer, self.code, self.words, self.head = answer, code, words, head


@dataclass(frozen=True)
class Head:
    """What of the header goes into the acknowledgement."""

    application: str = ""
    facility: str = ""
    control: str = ""
    event: str = ""
    processing: str = "P"
    charset: str = "utf-8"
    said_charset: str = ""

    @property
    def sender(self) -> str:
        """By which the sender is known."""
        return f"{self.application}|{self.facility}"[:120]


def head_of(data: bytes) -> Head:
    """The header, as far as it can be read: never raises. For the acknowledgement of what cannot be read, too."""
    line = re.split(rb"[\r\n]", data[:4096], maxsplit=1)[0]
    if not line.startswith(b"MSH") or len(line) < 9:
        return Head()
    fields = line.decode("latin-1").split(chr(line[3]))
    fields = [re.sub(r"[\x00-\x1f\x7f]", "", one) for one in fields] + [""] * 20
    parts = fields[8].split(fields[1][:1] or "^")
    said = fields[17].split(fields[1][1:2] or "~")[0].strip()
    charset = CHARSETS.get(said.upper(), "")
    return Head(
        fields[2][:60], fields[3][:60], fields[9][:64], "^".join(parts[:2])[:10], fields[10][:1] or "P", charset, said
    )


def read(data: bytes) -> tuple[Head, Report]:
    """Header and report of one message. Raises `Wrong`, and nothing else."""
    head = head_of(data)
    try:
        return head, _read(data, head)
    except Wrong as wrong:
        wrong.head = head
        raise
    except RecursionError:
        raise Wrong("AE", INTERNAL, "nested too deeply", head) from None
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, AssertionError) as error:
        # What the library raises on what is no HL7 is as various as what may come.
        raise Wrong("AE", INTERNAL, f"not understood ({type(error).__name__})", head) from None


def _read(data: bytes, head: Head) -> Report:
    import hl7
    from hl7.exceptions import HL7Exception

    if not data.startswith(b"MSH") or len(data) < 9:
        raise Wrong("AR", SEGMENT, "MSH is not the first segment")
    _require_separators(data)
    if not head.control:
        raise Wrong("AR", REQUIRED, "MSH-10 is empty")
    if not head.charset:
        raise Wrong("AE", TYPE, "MSH-18: a character set that is not known here")
    try:
        text = data.decode(head.charset)
    except UnicodeDecodeError:
        raise Wrong("AE", TYPE, f"not {head.said_charset or 'UTF-8'}, as MSH-18 says") from None
    if "\0" in text:
        raise Wrong("AE", TYPE, "a NUL stands in it")
    text = re.sub(r"\r?\n", "\r", text).strip("\r") + "\r"
    if text.count("\r") > MOST_SEGMENTS:
        raise Wrong("AE", SEGMENT, f"more than {MOST_SEGMENTS} segments")
    if sum(text.count(chr(sign)) for sign in data[3:8]) > MOST_PARTS:
        raise Wrong("AE", SEGMENT, f"more than {MOST_PARTS} fields and parts of fields")
    try:
        parsed = hl7.parse(text)
    except HL7Exception:
        raise Wrong("AE", SEGMENT, "not understood") from None
    version = _field(parsed.segments("MSH")[0], 12)
    if not version.startswith("2."):
        raise Wrong("AR", VERSION, "MSH-12: not a version 2 message")
    if head.event.split("^")[0] != "ORU":
        raise Wrong("AR", UNSUPPORTED, "MSH-9: only ORU is taken")
    if head.event.split("^")[1:2] != ["R01"]:
        raise Wrong("AR", EVENT, "MSH-9: only ORU^R01 is taken")
    return _report(parsed, head)


def _require_separators(data: bytes) -> None:
    """MSH-1 and MSH-2: five different signs (§2.5.4); with others the library would read nonsense or give up."""
    signs = data[3:4] + data[4:20].split(data[3:4])[0][:4]
    if len(signs) != 5 or len(set(signs)) != 5 or not all(0x21 <= one < 0x7F for one in signs):
        raise Wrong("AR", SEGMENT, "MSH-1, MSH-2: no separators")
    if any(chr(one).isalnum() for one in signs):
        raise Wrong("AR", SEGMENT, "MSH-1, MSH-2: no separators")


def _segments(parsed: Any, name: str) -> list[Any]:
    return [one for one in parsed if str(one[0]) == name]


def _field(segment: Any, number: int, component: int = 1, repeat: int = 1) -> str:
    """One value, unescaped; "" where there is none."""
    try:
        found = segment.extract_field(field_num=number, repeat_num=repeat, component_num=component)
    except LookupError:
        return ""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", str(found)).strip()


def _repeats(segment: Any, number: int) -> list[str]:
    count = len(segment[number]) if number < len(segment) else 0
    found = [_field(segment, number, 1, n + 1) for n in range(min(count, 20))]
    return [one for one in found if one]


def _report(parsed: Any, head: Head) -> Report:
    people = _segments(parsed, "PID")
    if not people:
        raise Wrong("AE", SEGMENT, "PID is missing")
    if len(people) > 1:
        raise Wrong("AE", SEGMENT, "more than one PID: one person a message")
    observations = _segments(parsed, "OBX")
    if not observations:
        raise Wrong("AE", SEGMENT, "OBX is missing")
    if len(observations) > MOST_RESULTS:
        raise Wrong("AE", SEGMENT, f"more than {MOST_RESULTS} OBX")
    pid, asked = people[0], _segments(parsed, "OBR")
    visits = [_field(one, 19) for one in _segments(parsed, "PV1")] + [_field(pid, 18)]
    orders = [_field(one, 2) for one in (*_segments(parsed, "ORC"), *asked)]
    taken = next((at for one in asked if (at := _moment(_field(one, 7)))), None)
    name = " ".join(filter(None, (_field(pid, 5, 2), _field(pid, 5, 1))))
    return Report(
        sender=head.sender,
        control=head.control,
        persons=tuple(dict.fromkeys([*_repeats(pid, 3), *_repeats(pid, 2)])),
        visits=tuple(dict.fromkeys(filter(None, visits))),
        orders=tuple(dict.fromkeys(filter(None, orders))),
        birth=_day(_field(pid, 7)),
        sex=SEXES.get(_field(pid, 8).upper(), ""),
        name=name[:120],
        results=tuple(_result(one, place) for place, one in enumerate(observations, 1)),
        at=taken,
    )


def _result(obx: Any, place: int) -> Result:
    code, name, system = _field(obx, 3), _field(obx, 3, 2), _field(obx, 3, 3)
    if _field(obx, 3, 6) == "LN":
        code, name, system = _field(obx, 3, 4), _field(obx, 3, 5) or name, "LN"
    if not code:
        raise Wrong("AE", REQUIRED, f"OBX-3 of segment {place} is empty")
    kind, value, comparator = _field(obx, 2), _field(obx, 5), ""
    if kind == "SN":
        comparator, value = value, _field(obx, 5, 2)
    elif kind == "NM":
        found = re.fullmatch(r"\s*([<>]=?)\s*(.+)", value)
        comparator, value = (found[1], found[2]) if found else ("", value)
    elif kind in ("CE", "CWE", "CNE"):
        value = _field(obx, 5) if not _field(obx, 5, 2) else f"{_field(obx, 5)}\x1f{_field(obx, 5, 2)}"
    elif kind in ("ST", "TX", "FT", "IS", "ID", ""):
        value = "\n".join(_repeats(obx, 5))
    elif kind in ("ED", "RP"):
        value = ""
    return Result(
        code=code[:60],
        system=system[:20],
        name=name[:80],
        kind="number" if kind in ("NM", "SN") else "words",
        value=value[:4000],
        comparator=comparator[:2],
        unit=_field(obx, 6)[:40],
        status=FINAL.get(_field(obx, 11).upper(), "other"),
        at=_moment(_field(obx, 14)),
    )


def _moment(text: str) -> datetime | None:
    """A time stamp with its zone; one without a zone is left to the receiver (None)."""
    found = _STAMP.fullmatch(text)
    if found is None or found[4] is None or found[7] is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(_offset(found[7]))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> timedelta:
    sign = -1 if text[0] == "-" else 1
    return sign * timedelta(hours=min(int(text[1:3]), 23), minutes=min(int(text[3:5]), 59))


def _day(text: str) -> date | None:
    """A whole date of birth."""
    found = _STAMP.fullmatch(text)
    if found is None or not (found[2] and found[3]):
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def acknowledge(head: Head, node: str, now: datetime, answer: str = "AA", code: str = "", words: str = "") -> bytes:
    """The acknowledgement of a message, in its own character set; an ERR segment says why not."""
    event = head.event.partition("^")[2] or "R01"
    plain = re.sub(r"[|^~\\&\r\n]", " ", words)[:200]
    charset = head.said_charset if head.charset else UTF8_NAME
    lines = [
        f"MSH|^~\\&|QAFILA|{node}|{head.application}|{head.facility}|{now:%Y%m%d%H%M%S}+0000||ACK^{event}^ACK|"
        f"{ids.new().hex[:20]}|{head.processing}|2.5||||||{charset}",
        f"MSA|{answer}|{head.control}",
    ]
    if answer != "AA":
        lines.append(f"ERR|||{code}^^HL70357|E||||{plain}")
    return ("\r".join(lines) + "\r").encode(head.charset or "utf-8", "replace")
