"""Conditions of XLSForm (a small part of XPath) as FHIRPath: comparisons, `selected`, `and`, `or`, `not`, brackets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<name>\$\{\s*[^}\s]+\s*\})|(?P<number>\d+(?:\.\d+)?)|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<op><=|>=|!=|=|<|>)|(?P<word>[A-Za-z_-]+)|(?P<mark>[(),.]))"
)
DEEPEST = 20


class XPathError(ValueError):
    """A condition that has no FHIRPath here; the words say what of it."""


@dataclass(frozen=True)
class Known:
    """A question that a condition may name: its linkId, whether it is yes or no, its options by their own names."""

    link_id: str
    boolean: bool = False
    options: Mapping[str, str] | None = None


YES, NO = frozenset({"yes", "true", "1", "oui"}), frozenset({"no", "false", "0", "non"})


def to_fhirpath(text: str, known: Mapping[str, Known]) -> str:
    """`text` as FHIRPath over `%a`; `known` are the form's questions by name. Raises `XPathError`."""
    reader = _Reader(_tokens(text), known)
    made = reader.any_of(0)
    if reader.rest:
        raise XPathError(f"unexpected {reader.rest[0][1]!r}")
    return made


def bounds(text: str) -> tuple[float | None, float | None]:
    """Low and high of a constraint such as `. >= 0 and . <= 40`. Raises `XPathError` for any other."""
    low: float | None = None
    high: float | None = None
    for part in re.split(r"\s+and\s+", text.strip().strip("()")):
        found = re.fullmatch(r"\s*\(?\s*\.\s*(<=|>=)\s*(-?\d+(?:\.\d+)?)\s*\)?\s*", part)
        if not found:
            raise XPathError("only bounds like “. >= 0 and . <= 40” can be mapped")
        if found[1] == ">=":
            low = float(found[2])
        else:
            high = float(found[2])
    if low is not None and high is not None and low >= high:
        raise XPathError("the lower bound is not below the upper")
    return low, high


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise XPathError(f"cannot be read from {text[at : at + 20]!r}")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    if not found:
        raise XPathError("empty")
    return found


class _Reader:
    """A reader by recursive descent; `rest` is what is not read yet."""

    def __init__(self, tokens: list[tuple[str, str]], known: Mapping[str, Known]) -> None:
        self.rest = tokens
        self.known = known

    def any_of(self, depth: int) -> str:
        """Parts joined by `or`."""
        if depth > DEEPEST:
            raise XPathError("too many brackets")
        parts = [self._all_of(depth)]
        while self._is("word", "or"):
            self.rest.pop(0)
            parts.append(self._all_of(depth))
        return " or ".join(parts)

    def _all_of(self, depth: int) -> str:
        parts = [self._one(depth)]
        while self._is("word", "and"):
            self.rest.pop(0)
            parts.append(self._one(depth))
        return " and ".join(parts)

    def _one(self, depth: int) -> str:
        if self._is("mark", "("):
            self.rest.pop(0)
            inner = self.any_of(depth + 1)
            self._take("mark", ")")
            return f"({inner})"
        if self._is("word", "not"):
            self.rest.pop(0)
            self._take("mark", "(")
            inner = self.any_of(depth + 1)
            self._take("mark", ")")
            return f"({inner}).not()"
        if self._is("word", "selected"):
            return self._selected()
        return self._comparison()

    def _selected(self) -> str:
        self.rest.pop(0)
        self._take("mark", "(")
        item = self._item()
        self._take("mark", ",")
        value = self._take("text", "")[1:-1]
        self._take("mark", ")")
        if item.boolean:
            return f"%a.{item.link_id} = {self._yes_no(value)}"
        return f"%a.{item.link_id} contains '{self._option(item, value)}'"

    def _comparison(self) -> str:
        item = self._item()
        kind, operator = self.rest.pop(0) if self.rest else ("", "")
        if kind != "op":
            raise XPathError(f"a comparison is wanted after ${{{item.link_id}}}")
        kind, value = self.rest.pop(0) if self.rest else ("", "")
        if kind == "text" and value[1:-1] == "" and operator in ("=", "!="):
            return f"%a.{item.link_id}.{'exists' if operator == '!=' else 'empty'}()"
        if item.boolean and kind in ("text", "number") and operator in ("=", "!="):
            return f"%a.{item.link_id} {operator} {self._yes_no(value.strip(chr(39) + chr(34)))}"
        if item.options is not None and kind in ("text", "number") and operator in ("=", "!="):
            return f"%a.{item.link_id} {operator} '{self._option(item, value.strip(chr(39) + chr(34)))}'"
        if kind == "number":
            return f"%a.{item.link_id} {operator} {value}"
        if kind == "text" and operator in ("=", "!=") and "\\" not in value:
            return f"%a.{item.link_id} {operator} '{value[1:-1].replace(chr(39), '')}'"
        raise XPathError(f"{value or 'the end'!r} cannot be compared here")

    def _item(self) -> Known:
        kind, name = self.rest.pop(0) if self.rest else ("", "")
        if kind != "name":
            raise XPathError(f"a question like ${{name}} is wanted, not {name or 'the end'!r}")
        found = self.known.get(name[2:-1].strip())
        if found is None:
            raise XPathError(f"there is no question {name}")
        return found

    @staticmethod
    def _yes_no(value: str) -> str:
        if value.lower() in YES:
            return "true"
        if value.lower() in NO:
            return "false"
        raise XPathError(f"{value!r} is neither yes nor no")

    @staticmethod
    def _option(item: Known, value: str) -> str:
        if item.options is None or value not in item.options:
            raise XPathError(f"{item.link_id} has no answer {value!r}")
        return item.options[value]

    def _is(self, kind: str, text: str) -> bool:
        return bool(self.rest) and self.rest[0][0] == kind and self.rest[0][1].lower() == text

    def _take(self, kind: str, text: str) -> str:
        found = self.rest.pop(0) if self.rest else ("", "")
        if found[0] != kind or (text and found[1] != text):
            raise XPathError(f"{text or kind!r} is wanted, not {found[1] or 'the end'!r}")
        return found[1]
