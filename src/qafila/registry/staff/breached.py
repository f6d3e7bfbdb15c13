"""Passwords that were found in breaches, looked up in a list that whoever runs the node keeps on it (OWASP ASVS 5.0,
6.2.12). Without a list nothing is looked up: a unit is offline, and no password is asked about elsewhere.

`breached_passwords` of node.toml names the file, as Pwned Passwords gives it out ("ordered by hash"): a line a
password, its SHA-1 in capital hexadecimal digits, a colon, how often it was seen. It is searched where it lies: some
forty short reads among a thousand million.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LINE = re.compile(rb"([0-9A-F]{40}):\d+\s*")
LONGEST = 80
"""Bytes of a line."""


class NotBreached:
    """Django's `AUTH_PASSWORD_VALIDATORS`."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises `ValidationError` for a password of the list, and where the list that is named cannot be read."""
        file = listed()
        if file is None:
            return
        try:
            found = stands_in(file, hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode())
        except (OSError, ValueError):
            words = _("The list of breached passwords cannot be read: no password can be set. Tell the administrator.")
            raise ValidationError(words, code="password_unlisted") from None
        if found:
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        """What to do."""
        return _("This password was stolen somewhere and is tried by attackers. Choose another one.")


def listed() -> Path | None:
    """The list that node.toml names, relative to the node's directory; None: it names none."""
    directory = settings.DIRECTORY
    if directory is None or not directory.facts.get("breached_passwords"):
        return None
    return directory.path / str(directory.facts["breached_passwords"])


def stands_in(file: Path, digest: bytes) -> bool:
    """Whether a line of the ordered list begins with the digest. Raises `OSError`, and `ValueError` for a file that is
    no such list."""
    with file.open("rb") as lines:
        low, high = 0, lines.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            start, line = _line_from(lines, middle)
            if start >= high:
                high = middle
                continue
            said = LINE.fullmatch(line)
            if said is None:
                raise ValueError("no list of breached passwords")
            if said[1] == digest:
                return True
            if said[1] < digest:
                low = start + len(line)
            else:
                high = middle
    return False


def _line_from(lines: BinaryIO, place: int) -> tuple[int, bytes]:
    """The first line that begins at a place or behind it, and where; at the end nothing."""
    lines.seek(max(0, place - 1))
    if place:
        lines.readline(LONGEST)
    return lines.tell(), lines.readline(LONGEST)
