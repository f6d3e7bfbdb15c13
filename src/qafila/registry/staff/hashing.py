"""Hashes of passwords, made beside the pages."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher

from qafila.kernel.aside import aside


class AsideHasher(Argon2PasswordHasher):
    """Django's Argon2, with its figures, made aside."""

    def encode(self, password: str, salt: str) -> str:
        """The hash."""
        return aside(lambda: super(AsideHasher, self).encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Whether it is the hash of this password."""
        return aside(lambda: super(AsideHasher, self).verify(password, encoded))
