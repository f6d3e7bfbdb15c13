"""The people whom tests name: the cast of the demonstration, found by what they do and where."""

from __future__ import annotations

from qafila.packs import load
from qafila.packs.country import Member


class Cast:
    """Who works in a country's demonstration."""

    def __init__(self, country: str) -> None:
        self.members = load.cast(country).member

    def who(self, role: str, unit: str = "", specialty: str = "") -> Member:
        """The first member of that role, unit and specialty."""
        return next(
            m
            for m in self.members
            if m.role == role and (m.unit or "") == unit and (not specialty or m.specialty == specialty)
        )

    def named(self, username: str) -> Member:
        """The member of that username."""
        return next(m for m in self.members if m.username == username)
