"""Small shapes that every pack file shares: labels, status, and the error a bad pack gives."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$")]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Language = Literal["ar", "fr", "en"]
Status = Literal["draft", "approved"]
LANGUAGES: tuple[Language, ...] = ("ar", "fr", "en")


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything read from a pack: immutable, and an unknown key is an error."""


class Label(Shape, frozen=True):
    """One text in every language of the program; none may be missing or empty."""

    ar: Text
    fr: Text
    en: Text

    def text(self, language: str) -> str:
        """The text in `language` ("ar", "fr-MA", …); English for a language that is not kept."""
        key = language.split("-")[0].split("_")[0].lower()
        return {"ar": self.ar, "fr": self.fr}.get(key, self.en)


class Choice(Shape, frozen=True):
    """A code with its label."""

    code: Code
    label: Label


class PackError(Exception):
    """A pack that may not be used.

    `file` is the pack's path below its root, `where` the place in it (a line for broken TOML,
    a path such as `$.group[0].item[2].label` for a wrong value), `what` the reason.
    """

    def __init__(self, file: str, where: str, what: str) -> None:
        super().__init__(f"{file}: {where}: {what}" if where else f"{file}: {what}")
        self.file = file
        self.where = where
        self.what = what
