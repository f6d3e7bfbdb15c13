"""The errors of the registry's acts that have words for a person."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext


class ActRefused(ValueError):
    """What cannot be; `message` says why, with `values` in it; as text it is in the language of whoever reads it."""

    def __init__(self, message: str | Promise, **values: Any) -> None:
        super().__init__(str(message))
        self.message, self.values = message, values

    def __str__(self) -> str:
        text = gettext(str(self.message))
        return text % self.values if self.values else text
