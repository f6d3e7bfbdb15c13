"""HL7 annotated ECG (aECG, ANSI/HL7 V3 ECG R1): the longest rhythm series of the file."""

from __future__ import annotations

import math
import re
import warnings
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qafila.clinic.imaging import refused
from qafila.clinic.imaging.ecg_formats.recording import (
    BYTES,
    MOST_LEADS,
    MOST_SAMPLES,
    Lead,
    Recording,
    broken,
    recording,
)
from qafila.clinic.imaging.refused import Refused

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME = "HL7 aECG"
MICROVOLTS = {"V": 1e6, "mV": 1e3, "uV": 1.0, "nV": 1e-3}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
NAMES = {
    f"MDC_ECG_LEAD_{name.upper()}": name
    for name in ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
}
RHYTHM = "RHYTHM"
DEEPEST, MOST_ELEMENTS = 40, 50_000
XML_BYTES = BYTES // 2
"""A tree takes many times its text."""


def is_aecg(data: bytes) -> bool:
    """Whether the file is XML whose root is `AnnotatedECG`."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and re.search(rb"<(?:[A-Za-z0-9_.-]+:)?AnnotatedECG[\s>]", head) is not None


def read(data: bytes) -> Recording:
    """The rhythm leads. Raises `Refused` and nothing else: entities and document types are not taken."""
    if len(data) > XML_BYTES:
        raise Refused(refused.TOO_BIG, limit=XML_BYTES // 1024 // 1024)
    try:
        found = [one for series in _series(_root(data)) if (one := _recording(series)) is not None]
    except Refused:
        raise
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise broken(NAME) from error
    if not found:
        raise Refused(refused.NOT_TWELVE)
    return max(found, key=lambda one: len(next(iter(one.leads.values())).samples) / one.frequency)


def _root(data: bytes) -> Element:
    from xml.etree.ElementTree import ParseError, TreeBuilder

    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

    class Shallow(TreeBuilder):
        """A tree of bounded depth and size."""

        depth = count = 0

        def start(self, tag: Any, attrs: Any) -> Any:
            """One step down."""
            self.depth, self.count = self.depth + 1, self.count + 1
            if self.depth > DEEPEST or self.count > MOST_ELEMENTS:
                raise ValueError("too deep or too many")
            return super().start(tag, attrs)

        def end(self, tag: Any) -> Any:
            """One step up."""
            self.depth -= 1
            return super().end(tag)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        parser = DefusedXMLParser(target=Shallow(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, LookupError, UnicodeError) as error:
        raise broken(NAME) from error
    return root


def _named(root: Element, name: str) -> list[Element]:
    return [one for one in root.iter() if isinstance(one.tag, str) and one.tag.rpartition("}")[2] == name]


def _child(root: Element, name: str) -> Element | None:
    return next((one for one in root if isinstance(one.tag, str) and one.tag.rpartition("}")[2] == name), None)


def _series(root: Element) -> list[Element]:
    """Series of measured rhythm; averaged beats are `REPRESENTATIVE_BEAT`."""
    return [one for one in _named(root, "series") if (_child(one, "code") is None or _code(one) == RHYTHM)][:50]


def _code(one: Element) -> str:
    code = _child(one, "code")
    return "" if code is None else code.get("code", "")


def _recording(series: Element) -> Recording | None:
    """The first set of sequences that has a time and leads; a derived series within is passed over."""
    for group in _named(series, "sequenceSet"):
        step, leads = None, []
        for sequence in _named(group, "sequence")[: MOST_LEADS + 1]:
            code, value = _code(sequence), _child(sequence, "value")
            if value is None:
                continue
            if code in ("TIME_ABSOLUTE", "TIME_RELATIVE"):
                step = _number(_child(value, "increment"), SECONDS)
            elif code in NAMES:
                leads.append(_lead(NAMES[code], value))
        if step and leads:
            low, high = _filters(series)
            return recording(leads, 1 / step, NAME, low_cut=low, high_cut=high, taken=_taken(series))
    return None


def _lead(name: str, value: Element) -> Lead:
    digits = _child(value, "digits")
    words = (digits.text or "").split(None, MOST_SAMPLES + 1) if digits is not None else []
    if len(words) > MOST_SAMPLES:
        raise Refused(refused.LONG_ECG)
    if any(len(word) > 12 for word in words):
        raise broken(NAME)
    scale = _number(_child(value, "scale"), MICROVOLTS)
    if not scale:
        raise Refused(refused.NO_SCALE)
    return Lead(name, [int(word) for word in words], scale, _number(_child(value, "origin"), MICROVOLTS) or 0.0)


def _number(one: Element | None, units: dict[str, float]) -> float | None:
    if one is None or one.get("unit", "") not in units:
        return None
    found = float(one.get("value", "nan")[:40])
    if not math.isfinite(found):
        raise ValueError("not a number")
    return found * units[one.get("unit", "")]


def _filters(series: Element) -> tuple[float | None, float | None]:
    """Cut-offs in Hz, as control variables state them."""
    found: dict[str, float] = {}
    for one in _named(series, "controlVariable")[:100]:
        code, value = _code(one), _child(one, "value")
        if value is not None and value.get("unit") == "Hz" and value.get("value"):
            found[code] = float(value.get("value", "")[:40])
    low, high = (found.get(f"MDC_ECG_CTL_VBL_ATTR_FILTER_CUTOFF_FREQ_{way}", 0.0) for way in ("HIGH", "LOW"))
    pair = [
        found.get("MDC_ECG_CTL_VBL_ATTR_FILTER_HIGH_PASS", low),
        found.get("MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS", high),
    ]
    kept = [one if math.isfinite(one) and 0 < one < 10_000 else None for one in pair]
    return kept[0], kept[1]


def _taken(series: Element) -> datetime | None:
    time = _child(series, "effectiveTime")
    low = _child(time, "low") if time is not None else None
    digits = re.match(r"\d{14}", low.get("value", "") if low is not None else "")
    try:
        return datetime.strptime(digits[0], "%Y%m%d%H%M%S") if digits else None
    except ValueError:
        return None
