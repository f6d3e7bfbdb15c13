"""Texts of the rules: English msgids with parameters. The screens translate them, the rules know no language."""

from __future__ import annotations


def N_(text: str) -> str:
    """Mark `text` for extraction (keyword `N_`) without translating it here."""
    return text


class Message:
    """A msgid and its parameters. `str()` gives English; a screen shows `gettext(message.text) % message.params`."""

    __slots__ = ("params", "text")

    def __init__(self, text: str, **params: str | int | float) -> None:
        self.text = text
        self.params = {name: _short(value) for name, value in params.items()}

    def __str__(self) -> str:
        return self.text % self.params if self.params else self.text

    def __repr__(self) -> str:
        return f"Message({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.text, self.params) == (other.text, other.params)

    def __hash__(self) -> int:
        return hash((self.text, tuple(sorted(self.params.items()))))


def _short(value: str | int | float) -> str | int | float:
    return int(value) if isinstance(value, float) and value.is_integer() else value
