"""A name that nobody has costs the door as much as a wrong password: nobody learns from the clock who works here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test.utils import override_settings

from qafila.journal.here import Here
from qafila.registry.staff import queries
from tests.web.vehicle import PASSWORD, Vehicle, vehicle

HASHED: list[str] = []


class Counting(Argon2PasswordHasher):
    """Argon2 that says how often it was asked."""

    def encode(self, password: str, salt: str) -> str:
        HASHED.append("hash")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        HASHED.append("hash")
        return super().verify(password, encoded)


@pytest.fixture
def van(unit: Here) -> Iterator[Vehicle]:
    with vehicle(unit) as made, override_settings(PASSWORD_HASHERS=[f"{__name__}.Counting"]):
        yield made


def test_every_refusal_hashes_once(van: Vehicle) -> None:
    from qafila.registry.staff.acts import set_password
    from qafila.registry.staff.models import Credential, Staff

    for name in ("fatima", "rachid"):
        set_password(van.crew[name], PASSWORD, None)
    van.crew["rachid"].active = False
    gone: Any = Staff.objects.get(username="rachid")
    assert Credential.objects.filter(staff=gone).exists()
    for name in ("fatima", "rachid", "nobody", "", "a" * 300):
        HASHED.clear()
        assert queries.authenticate(name, "not the password") is None
        assert len(HASHED) == 1, name
    HASHED.clear()
    assert queries.authenticate("fatima", PASSWORD) is not None and len(HASHED) == 1
