"""Staff: passwords, roles, duty."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError

from qafila.journal.models import Record
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff import acts, queries
from qafila.registry.staff.models import Credential
from tests.conftest import REAL_COST


def test_a_password_opens_and_is_nowhere_in_clear(crew: SimpleNamespace) -> None:
    assert queries.authenticate(" Fatima ", "Chevre-montagne-11") == crew.assistant
    assert queries.authenticate("fatima", "chevre-montagne-11") is None
    assert queries.authenticate("nobody", "x") is None
    assert queries.authenticate("", "") is None
    assert Credential.objects.get(staff=crew.assistant).password.startswith("argon2$argon2id$")
    assert not any(b"Chevre" in bytes(r.fields or b"") for r in Record.objects.all())


def test_a_stolen_hash_is_dear_to_guess() -> None:
    """OWASP, Password Storage Cheat Sheet: Argon2id with at least 19 MiB and two passes."""
    for passes, memory_kib in (REAL_COST[:2], REAL_COST[2:]):
        assert passes >= 2 and memory_kib >= 19 * 1024


def test_whoever_left_cannot_log_in(crew: SimpleNamespace) -> None:
    acts.set_active(crew.assistant, False, crew.admin)
    assert queries.authenticate("fatima", "Chevre-montagne-11") is None
    acts.set_active(crew.assistant, True, crew.admin)
    assert queries.authenticate("fatima", "Chevre-montagne-11") == crew.assistant


def test_a_new_password(crew: SimpleNamespace) -> None:
    with pytest.raises(ValidationError):
        acts.set_password(crew.assistant, "short", crew.assistant)
    acts.set_password(crew.assistant, "Montagne-chevre-12", crew.assistant)
    assert queries.authenticate("fatima", "Montagne-chevre-12") == crew.assistant
    with pytest.raises(NotAllowed):
        acts.set_password(crew.admin, "Montagne-chevre-12", crew.assistant)


def test_names_and_roles_are_checked(crew: SimpleNamespace) -> None:
    with pytest.raises(acts.UsernameTaken):
        acts.create_staff(crew.admin, "FATIMA", "Chevre-montagne-11", "x", [])
    with pytest.raises(acts.UnknownRole):
        acts.create_staff(crew.admin, "x", "Chevre-montagne-11", "x", ["king"])
    with pytest.raises(ValidationError):
        acts.create_staff(crew.admin, "x", "password", "x", ["nurse"])
    with pytest.raises(NotAllowed):
        acts.create_staff(crew.assistant, "x", "Chevre-montagne-11", "x", ["nurse"])


def test_a_supervisor_makes_nurses_but_no_administrators(crew: SimpleNamespace) -> None:
    boss = acts.create_staff(None, "boss", "Chevre-montagne-11", "Boss", ["supervisor"])
    nurse = acts.create_staff(boss, "amina", "Chevre-montagne-11", "Amina", ["nurse"])
    with pytest.raises(NotAllowed):
        acts.create_staff(boss, "y", "Chevre-montagne-11", "y", ["admin"])
    with pytest.raises(NotAllowed):
        acts.set_roles(nurse, ["nurse", "admin"], boss)
    with pytest.raises(NotAllowed):
        acts.set_password(crew.admin, "Chevre-montagne-13", boss)


def test_the_language_is_ones_own(crew: SimpleNamespace) -> None:
    assert acts.set_language(crew.assistant, "ar", crew.assistant).interface_language == "ar"
    with pytest.raises(ValueError, match="xx"):
        acts.set_language(crew.assistant, "xx", crew.assistant)
    with pytest.raises(NotAllowed):
        acts.set_language(crew.admin, "ar", crew.assistant)


def test_duty(crew: SimpleNamespace) -> None:
    doctor = acts.create_staff(None, "omar", "Rythme-calme-28", "Omar", ["specialist"], specialties=["cardiology"])
    assert queries.on_duty("cardiology") == []
    acts.set_duty(doctor, "cardiology", "on", doctor)
    assert queries.on_duty("cardiology") == [doctor] and queries.on_duty("dermatology") == []
    acts.set_duty(doctor, "cardiology", "break", doctor)
    assert queries.on_duty("cardiology") == [] and len(queries.duties_of(doctor)) == 1
    acts.set_duty(doctor, "cardiology", "on", doctor, until=clock.now() + timedelta(hours=8))
    assert queries.on_duty("cardiology", clock.now() + timedelta(hours=7)) == [doctor]
    assert queries.on_duty("cardiology", clock.now() + timedelta(hours=9)) == []
    acts.set_duty(doctor, "cardiology", "off", doctor)
    assert queries.on_duty("cardiology") == [] and queries.duty_now() == {}
    assert acts.set_duty(doctor, "cardiology", "off", doctor) is None
    with pytest.raises(NotAllowed):
        acts.set_duty(doctor, "cardiology", "on", crew.assistant)
