"""What no password may be, beside short: made of nothing but what is tried first. NIST SP 800-63B-4, 3.1.1.2: length
and a list, and no rule about which signs it is made of."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.utils.translation import gettext as _

proved = Signal()
"""Somebody has shown the password that holds, or was given a new one: `staff`, `password`. Nobody keeps the password;
what it opens may be put under it."""

OWN = 5
"""So many letters have to be left when the words that everybody tries are taken out."""


class NotGuessed:
    """Django's `AUTH_PASSWORD_VALIDATORS`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises `ValidationError` for a password made of common words, the person's own names, digits and signs."""
        words = set(common_words())
        for name in ("username", "name", "name_arabic"):
            words |= {w for w in map(_letters, re.split(r"[\W_]+", getattr(user, name, "") or "")) if len(w) > 2}
        rest = _letters(password)
        for word in sorted(words, key=len, reverse=True):
            rest = rest.replace(word, " ")
        if len(set(rest) - {" "}) < OWN:
            raise ValidationError(self.get_help_text(), code="password_guessed")

    def get_help_text(self) -> str:
        """What to do."""
        return _("This password is made of words that everybody tries first. Choose words of your own.")


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """The list, letters alone."""
    text = (Path(__file__).parent / "common_words.txt").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(_letters(word) for line in lines for word in line.split())


def _letters(text: str) -> str:
    """Small letters alone, without accents; a digit or sign that stands for a letter is this, a number is nothing."""
    plain = re.sub(r"\d{3,}", "", unicodedata.normalize("NFKD", text).casefold()).translate(STANDS_FOR)
    return "".join(c for c in plain if c.isalpha())


STANDS_FOR = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
