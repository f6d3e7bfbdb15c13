"""FHIR R4 Questionnaire (JSON) to a draft pack. What has no place in a pack is refused by its linkId, all at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qafila.packs import expressions, load
from qafila.packs.draft import (
    MOST_BYTES,
    MOST_ITEMS,
    DraftGroup,
    DraftItem,
    DraftPack,
    ImportRefused,
    Refusal,
    Words,
    identifier,
    in_every_language,
)
from qafila.packs.questionnaire import ENABLE_WHEN, SYSTEMS, TRANSLATION, UNIT

SAME = {"boolean": "boolean", "integer": "integer", "decimal": "decimal", "date": "date", "text": "text",
        "string": "text", "choice": "choice", "quantity": "quantity"}  # fmt: skip
NO_PLACE = ("answerValueSet", "initial", "readOnly", "maxLength")
"""Elements of an item that a pack cannot hold."""
OPERATORS = frozenset({"=", "!=", ">", "<", ">=", "<="})
Json = Mapping[str, Any]


def read(data: bytes, code: str = "", *, copy: bool = False) -> DraftPack:
    """The draft in a Questionnaire. `copy` as for XLSForm. Raises `ImportRefused` with all that cannot be mapped."""
    if len(data) > MOST_BYTES:
        raise ImportRefused([Refusal("file", 0, f"is larger than {MOST_BYTES // 1_000_000} MB")])
    try:
        held = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImportRefused([Refusal("file", 0, f"is not JSON: {error}")]) from error
    if not isinstance(held, dict) or held.get("resourceType") != "Questionnaire":
        raise ImportRefused([Refusal("file", 0, "is not a FHIR Questionnaire")])
    reader = _Reader(copy)
    try:
        pack = reader.pack(held, code)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ImportRefused(
            [*reader.refusals, Refusal("file", 0, "has an element of another shape than R4 says")]
        ) from error
    if reader.refusals:
        raise ImportRefused(reader.refusals)
    return pack


@dataclass
class _Reader:
    """Reads items one after the other; `names` is linkId → name in the pack."""

    copy: bool
    refusals: list[Refusal] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    language: str = "en"

    def refuse(self, item: Json, what: str) -> None:
        self.refusals.append(Refusal(f"item {str(item.get('linkId', '?'))[:60]}", 0, what))

    def pack(self, held: Json, code: str) -> DraftPack:
        self.language = str(held.get("language", "en"))[:2]
        title = self.words(held, "title", {"linkId": "title"}) if held.get("title") else {}
        named = code or identifier(str(held.get("name") or held.get("id") or ""), "p") or "imported"
        source = f"Questionnaire {str(held.get('url', ''))[:120]} {str(held.get('version', ''))[:20]}".strip()
        pack = DraftPack(named, title or dict.fromkeys(("ar", "fr", "en"), named), source)
        tops: list[Json] = list(held.get("item", ()))
        self._name(tops)
        loose = DraftGroup("questions", {"ar": "أسئلة", "fr": "Questions", "en": "Questions"})
        for item in tops:
            if item.get("type") != "group":
                loose.items += self._item(item)
                continue
            made = identifier(str(item["linkId"]).removeprefix("group_"), "g")
            group = DraftGroup(made, self.words(item, "text", item), self._when(item))
            for below in item.get("item", ()):
                group.items += self._item(below)
            pack.groups.append(group)
        pack.groups = [group for group in (loose, *pack.groups) if group.items]
        codes = [group.code for group in pack.groups]
        if not pack.groups or len(set(codes)) < len(codes):
            self.refusals.append(Refusal("file", 0, "has no questions, or two groups of one name"))
        return pack

    def _name(self, tops: list[Json]) -> None:
        """The name of each question, so that a condition may look ahead as well as back."""
        waiting = [
            below for item in tops for below in (item.get("item", ()) if item.get("type") == "group" else [item])
        ]
        if len(waiting) > MOST_ITEMS:
            raise ImportRefused([Refusal("file", 0, f"has more than {MOST_ITEMS} questions")])
        for item in waiting:
            link_id = str(item["linkId"])
            made = identifier(link_id)
            if not made or made in self.names.values():
                self.refuse(item, "is no name for a question, or one like it stands before")
            self.names[link_id] = made

    def words(self, held: Json, key: str, item: Json, *, needed: bool = True) -> Words:
        """A text with its translations."""
        given = {self.language: str(held.get(key, ""))}
        for extension in held.get(f"_{key}", {}).get("extension", ()):
            if extension.get("url") == TRANSLATION:
                parts = {part["url"]: part for part in extension.get("extension", ())}
                language = str(parts["lang"].get("valueCode", ""))[:2]
                given[language] = str(parts["content"].get("valueString") or parts["content"].get("valueMarkdown", ""))
        words, lacking = in_every_language(given, self.copy)
        if lacking and needed:
            self.refuse(item, f"the {key} is missing in {', '.join(lacking)}, or too long: write it there")
        return words

    def _item(self, held: Json) -> list[DraftItem]:
        kind = SAME.get(str(held.get("type")))
        if kind is None:
            self.refuse(held, f"the type {str(held.get('type'))[:30]!r} has no place in a pack")
            return []
        for name in NO_PLACE:
            if held.get(name):
                self.refuse(held, f"{name} has no place in a pack: remove it")
        item = DraftItem(self.names.get(str(held["linkId"]), ""), kind, self.words(held, "text", held))
        item.required, item.repeats = bool(held.get("required")), bool(held.get("repeats"))
        item.enable_when = self._when(held)
        item.unit = next((str(e["valueCoding"]["code"]) for e in held.get("extension", ()) if e.get("url") == UNIT), "")
        self._below(held, item)
        self._codes(held, item)
        self._options(held, item)
        units = {unit.code for unit in load.code_subset().ucum}
        if kind == "quantity" and item.unit not in units:
            self.refuse(held, f"the unit {item.unit!r} is not one of codes/subset.toml")
        if item.repeats and kind != "choice":
            self.refuse(held, "only a choice may be answered several times")
        return [item]

    def _below(self, held: Json, item: DraftItem) -> None:
        for below in held.get("item", ()):
            if below.get("type") == "display" and not item.hint:
                item.hint = self.words(below, "text", held)
            else:
                self.refuse(below, "stands below a question: only one line of help may")

    def _codes(self, held: Json, item: DraftItem) -> None:
        systems = {url: name for name, url in SYSTEMS.items()}
        loinc = {one.code for one in load.code_subset().loinc}
        for coding in held.get("code", ()):
            system, code = systems.get(str(coding.get("system")), ""), str(coding.get("code", ""))
            if not system or (system == "loinc" and code not in loinc):
                self.refuse(
                    held, f"the code {code[:20]!r} is not one of codes/subset.toml: look it up and add it there"
                )
            else:
                item.codes.append((system, code))

    def _options(self, held: Json, item: DraftItem) -> None:
        if item.type != "choice":
            return
        for option in held.get("answerOption", ()):
            coding = option.get("valueCoding") or {"code": option.get("valueString", option.get("valueInteger", ""))}
            own = str(coding.get("code", ""))
            display = coding if coding.get("display") else {**coding, "display": own}
            code = identifier(own, "c")
            if not code or code in {one for one, _, _ in item.options}:
                self.refuse(held, f"the answer {own[:30]!r} is no name, or stands twice")
                continue
            words = self.words(display, "display", held)
            item.options.append((code, words, item.repeats and code in ("none", "no", "nothing", "nowhere")))
        if not item.options:
            self.refuse(held, "a choice needs answerOption")

    def _when(self, held: Json) -> str:
        found = [e["valueExpression"] for e in held.get("extension", ()) if e.get("url") == ENABLE_WHEN]
        if found:
            text = str(found[0].get("expression", ""))
            try:
                expressions.check(text)
            except expressions.ExpressionError as error:
                self.refuse(held, f"the condition {text[:80]!r} cannot be used: {error}")
                return ""
            return text
        parts = [self._one_when(held, one) for one in held.get("enableWhen", ())]
        return (" and " if held.get("enableBehavior") == "all" else " or ").join(part for part in parts if part)

    def _one_when(self, held: Json, when: Json) -> str:
        name = self.names.get(str(when.get("question")), "")
        operator = str(when.get("operator"))
        answers = [(key, one) for key, one in when.items() if key.startswith("answer")]
        value: tuple[str, Any] = answers[0] if answers else ("", None)
        if not name:
            self.refuse(held, f"enableWhen names {str(when.get('question'))[:40]!r}, which is no question")
            return ""
        if operator == "exists" and isinstance(value[1], bool):
            return f"%a.{name}.{'exists' if value[1] else 'empty'}()"
        if operator in OPERATORS and value[0] == "answerBoolean":
            return f"%a.{name} {operator} {str(bool(value[1])).lower()}"
        if (
            operator in OPERATORS
            and value[0] in ("answerInteger", "answerDecimal")
            and isinstance(value[1], (int, float))
        ):
            return f"%a.{name} {operator} {value[1]}"
        if operator in OPERATORS and value[0] == "answerQuantity" and isinstance(value[1].get("value"), (int, float)):
            return f"%a.{name} {operator} {value[1]['value']}"
        if operator in ("=", "!=") and value[0] in ("answerCoding", "answerString"):
            code = identifier(str(value[1].get("code", "") if value[0] == "answerCoding" else value[1]), "c")
            contains = f"%a.{name} contains '{code}'"
            return contains if operator == "=" else f"({contains}).not()"
        self.refuse(held, f"enableWhen with {operator!r} and {value[0] or 'no answer'} cannot be mapped")
        return ""
