"""Encounter classes, remote acts, and the words of consent."""

from __future__ import annotations

import datetime

from qafila.packs.shapes import Choice, Label, Shape, Status, Text


class RemoteAct(Shape, frozen=True):
    """A kind of remote medical act, with the text of law that defines it."""

    code: Text
    label: Label
    definition: Label
    source: Text


class Encounter(Shape, frozen=True):
    """`encounter.toml`. Class codes are those of HL7 v3 ActCode."""

    version: int
    status: Status
    valid_from: datetime.date
    source: Text
    encounter_class: tuple[Choice, ...]
    remote_act: tuple[RemoteAct, ...]
    consent_purpose: tuple[Choice, ...]
    consent_method: tuple[Choice, ...]
    consent_giver: tuple[Choice, ...]
