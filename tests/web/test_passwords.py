"""What no password may be: short, or nothing but what everybody tries; nothing else is asked of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from qafila.registry.staff.models import Staff

FATIMA = Staff(username="fatima.zahra", name="Fatima Zahra Bennis", name_arabic="فاطمة الزهراء بنيس")


@pytest.mark.parametrize(
    "password",
    [
        "Chevre-m0ntagne", "tranquille olivier vallee", "ثلاثة جمال في الوادي", "aaa bbb ccc ddd eee fff",
        "pass the olives to the van driver",
    ],
)  # fmt: skip
def test_length_is_enough(password: str) -> None:
    validate_password(password, FATIMA)


@pytest.mark.parametrize(
    "password",
    [
        "short-but-odd1", "aaaaaaaaaaaaaaaaaaaa", "123456789012345678", "motdepasse2026!!", "Password-Password-1",
        "P@ssw0rd1234567890", "azertyuiop123456", "fatima.zahra.bennis.1", "بسم الله الله الله",
        "كلمة السر كلمة السر 1",
        "qafila-hospital-2026", "bismillahbismillah",
    ],
)  # fmt: skip
def test_what_everybody_tries_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, FATIMA)
