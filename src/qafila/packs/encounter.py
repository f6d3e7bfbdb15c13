"""Encounter classes, remote acts, and the words of consent."""

from __future__ import annotations

import datetime
from typing import Literal

from qafila.packs.shapes import Choice, Label, Shape, Status, Text


class RemoteAct(Shape, frozen=True):
    """A kind of remote medical act, with the text of law that defines it."""

    code: Text
    label: Label
    definition: Label
    source: Text


class Purpose(Choice, frozen=True):
    """What a person's consent is for.

    `needs`: a `permit` has to be on record, or it is enough that there is `no_refusal`. `emergency`: whether somebody
    who cannot be asked may stand for one who agrees, with a reason: in the `visit` in which that was written, for a
    `day`, or never.
    """

    needs: Literal["permit", "no_refusal"]
    emergency: Literal["", "visit", "day"] = ""


class Encounter(Shape, frozen=True):
    """`encounter.toml`. Class codes are those of HL7 v3 ActCode."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    encounter_class: tuple[Choice, ...]
    remote_act: tuple[RemoteAct, ...]
    consent_purpose: tuple[Purpose, ...]
    consent_method: tuple[Choice, ...]
    consent_giver: tuple[Choice, ...]
