"""Roles: which rights a person holds, and how far each reaches."""

from __future__ import annotations

from typing import Literal

from qafila.packs.shapes import Identifier, Label, Shape, Text

Scope = Literal["own_unit", "case", "all"]


class Role(Shape, frozen=True):
    """One role. `rights` maps a right to its scope: own unit, own cases, or everything.

    `works` says where the role is held; `screen` is the wing that opens after login.
    """

    code: Identifier
    label: Label
    works: Literal["unit", "hub", "any"]
    screen: Text
    rights: dict[str, Scope]

    def scope(self, right: str) -> Scope | None:
        """How far `right` reaches for this role; None when it is not held."""
        return self.rights.get(right)


class Roles(Shape, frozen=True):
    """`roles.toml`: every right that exists, and the roles."""

    version: int
    rights: tuple[str, ...]
    role: tuple[Role, ...]
