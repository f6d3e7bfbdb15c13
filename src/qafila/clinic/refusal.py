"""The errors of the clinic's acts: each carries msgids with parameters, translated where they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qafila.clinic.rules.words import Message
from qafila.kernel import text as kernel
from qafila.kernel.text import Bad
from qafila.packs.shapes import Label


def of_bad(bad: Bad) -> Message:
    """What the kernel says of unusable input, as a `Message`."""
    made = Message(bad.message)
    made.params.update(bad.values)
    return made


class Refusal(Exception):
    """An act is not possible, and why. Show `gettext(error.message.text) % error.message.params`."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


def tidy(text: str, most: int, *, lines: bool = False) -> str:
    """What a person wrote, tidied; `lines`: it may have several. Raises `Refusal` when it is longer than `most`."""
    return kernel.tidy(text, most, lambda bad: Refusal(of_bad(bad)), lines=lines)


class Doubtful(Refusal):
    """Several readings or answers are at fault: `errors` is a list of (key, `Message`). Nothing was written."""

    def __init__(self, errors: Sequence[tuple[str, Message]]) -> None:
        super().__init__(errors[0][1])
        self.errors = list(errors)


class Implausible(Doubtful):
    """Readings that cannot be."""


class NeedsConfirmation(Doubtful):
    """Readings that are unusual: they are kept once a person says that they are right."""


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a case still lacks; `jump` names the place on the screen that fills it."""

    code: str
    label: Label
    jump: str


class Incomplete(Exception):
    """The pack asks for more before the case may be sent: `lacks` says what."""

    def __init__(self, lacks: Sequence[Lack]) -> None:
        super().__init__(", ".join(lack.code for lack in lacks))
        self.lacks = list(lacks)
