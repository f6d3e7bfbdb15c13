"""What a paper must show, and the hash by which its code holds it.

The hash is stretched and takes in a *control number* that stands on the paper beside the text and not in the code, so
that whoever has the code alone cannot try out medicines on it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from uuid import UUID

from qafila.kernel import ids
from qafila.kernel.text import fold, latin_digits

ROUNDS = 100_000
MOST_FACTS, LONGEST_FACT = 60, 5000
Fact = Sequence[str]
"""One line of facts: its parts in order. Of a prescription: medicine as printed, dose, times a day, days."""
_NUMBER = re.compile(r"[0-9]+(?:[.,٫][0-9]+)?")


def plain(text: str) -> str:
    """What two people who copy the same words have in common: letters and digits alone, folded, numbers in one form."""
    found = []
    at = 0
    folded = fold(latin_digits(text[:LONGEST_FACT]))
    for number in _NUMBER.finditer(folded):
        found += [_letters(folded[at : number.start()]), _number(number[0])]
        at = number.end()
    return "".join((*found, _letters(folded[at:])))


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _number(text: str) -> str:
    whole, _, rest = text.replace(",", ".").replace("٫", ".").partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


def content(kind: str, facts: Iterable[Fact]) -> bytes:
    """The bytes that are hashed: the kind, then a line for each fact, its parts joined by semicolons."""
    lines = [";".join(plain(part) for part in fact) for fact in facts]
    return "\n".join([kind, *(line for line in lines if line)]).encode()


def digest(what: bytes, paper: UUID, control: str) -> bytes:
    """32 bytes: PBKDF2-HMAC-SHA256 of the content; the salt is the paper's id and its control number."""
    salt = paper.bytes + plain(control).encode()
    return hashlib.pbkdf2_hmac("sha256", what, salt, ROUNDS)


def same(hashed: bytes, kind: str, facts: Iterable[Fact], paper: UUID, control: str) -> bool:
    """Whether these facts and this control number are those of the paper."""
    return hmac.compare_digest(hashed, digest(content(kind, facts), paper, control))


def new_control() -> str:
    """A control number: eight random characters and a check character."""
    return ids.short_code(UUID(bytes=secrets.token_bytes(16)))


def facts_of(text: str) -> list[list[str]]:
    """Facts as typed: a line each, parts between semicolons. Too much is left out, and then does not agree."""
    lines = [line for line in text[: LONGEST_FACT * 4].splitlines() if line.strip()]
    return [re.split(r"[;؛]", line) for line in lines[:MOST_FACTS]]
