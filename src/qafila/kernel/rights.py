"""Who may do what: rights are words, roles are sets of them (data), scope says on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


class NotAllowed(Exception):
    """The person's roles do not hold the right, or hold it for other records only."""

    def __init__(self, right: str) -> None:
        super().__init__(right)
        self.right = right


class Closed(NotAllowed):
    """The right is held, and this patient is none of theirs: presence or emergency access would open the record.

    `aside`: the record is restricted, and emergency access alone would open it.
    """

    def __init__(self, right: str, person: UUID, *, aside: bool = False) -> None:
        super().__init__(right)
        self.person, self.aside = person, aside


@dataclass(frozen=True)
class Grants:
    """The rights a person holds: right → scope (`all`, `own_unit`, `case`)."""

    rights: Mapping[str, str] = field(default_factory=dict)

    _WIDTH = {"case": 0, "own_unit": 1, "all": 2}

    @classmethod
    def of_roles(cls, roles: Mapping[str, Mapping[str, str]], held: list[str]) -> Grants:
        """The union of the rights of the roles `held`; of two scopes the wider one."""
        union: dict[str, str] = {}
        for role in held:
            for right, scope in roles.get(role, {}).items():
                if right not in union or cls._WIDTH[scope] > cls._WIDTH[union[right]]:
                    union[right] = scope
        return cls(union)

    def scope(self, right: str) -> str | None:
        """How far the right reaches, or None when it is not held."""
        return self.rights.get(right)

    def has(self, right: str) -> bool:
        """Whether the right is held at all."""
        return right in self.rights

    def require(self, right: str) -> str:
        """The right's scope. Raises `NotAllowed`."""
        scope = self.rights.get(right)
        if scope is None:
            raise NotAllowed(right)
        return scope
