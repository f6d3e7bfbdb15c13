"""Who opens the unit at its start: not who has left, and nobody by a password that holds no more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth import authenticate

from qafila.journal.here import Here, at
from qafila.node import crew
from qafila.registry.places.here import local_day
from qafila.registry.staff.acts import set_active, set_password
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_staff, end_assignment
from qafila.registry.units.models import Assignment
from qafila.sync import vault
from qafila.web import leavers
from tests.sync.pair import join
from tests.web.vehicle import PASSWORD, Vehicle, vehicle

ANOTHER = "Olivier-riviere-72"


@pytest.fixture
def van(unit: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vehicle]:
    monkeypatch.setattr(vault, "_MEMORY_KIB", 64)
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    with vehicle(unit) as made:
        leavers.connect()
        crew.connect()
        vault.make(home(made))
        for name in ("salma", "rachid"):
            vault.let_in(home(made), name, PASSWORD)
        yield made


def home(van: Vehicle) -> Path:
    assert isinstance(van.here.directory, Path)
    return van.here.directory


def opens(van: Vehicle, name: str, password: str) -> bool:
    """Whether that opens the unit after it was switched off; it is open afterwards."""
    directory = home(van)
    aside = directory.parent / "memory"
    shutil.copytree(vault._memory(directory), aside)
    vault.shut(directory)
    try:
        vault.unlock(directory, name, password)
        return True
    except vault.Shut:
        shutil.copytree(aside, vault._memory(directory))
        return False
    finally:
        vault._memory(directory).chmod(0o700)
        shutil.rmtree(aside)


def test_whoever_leaves_opens_it_no_more(van: Vehicle) -> None:
    assert opens(van, "salma", PASSWORD)
    set_active(van.crew["salma"], False, van.crew["hind"])
    assert not opens(van, "salma", PASSWORD) and opens(van, "rachid", PASSWORD)
    set_active(van.crew["salma"], True, van.crew["hind"])
    assert not opens(van, "salma", PASSWORD), "who is back has to be admitted anew"


def test_a_changed_password_opens_it_and_the_one_before_does_not(van: Vehicle) -> None:
    salma = van.crew["salma"]
    set_password(salma, ANOTHER, salma, PASSWORD)
    assert opens(van, "salma", ANOTHER) and not opens(van, "salma", PASSWORD)
    set_password(van.crew["fatima"], ANOTHER, None)
    assert not opens(van, "fatima", ANOTHER), "nobody is admitted by that"


def test_one_that_was_changed_elsewhere_opens_it_after_it_was_shown_once(van: Vehicle, hub: Here) -> None:
    pair = join(van.here, hub)
    pair.sync()
    with at(hub):
        set_password(Staff.objects.get(username="salma"), ANOTHER, None)
        set_active(Staff.objects.get(username="rachid"), False, None)
    pair.sync()
    assert not opens(van, "salma", PASSWORD) and not opens(van, "salma", ANOTHER)
    assert not opens(van, "rachid", PASSWORD)
    assert authenticate(None, username="salma", password=PASSWORD) is None
    assert authenticate(None, username="salma", password=ANOTHER) == van.crew["salma"]
    assert opens(van, "salma", ANOTHER) and not opens(van, "salma", PASSWORD)


def test_whose_assignment_is_over_opens_it_no_more_until_they_serve_again(van: Vehicle) -> None:
    salma, today = van.crew["salma"], local_day()
    vault.let_in(home(van), "hind", PASSWORD)
    (serves,) = Assignment.objects.filter(staff=salma)
    end_assignment(serves, None, today)
    crew.review()
    assert opens(van, "salma", PASSWORD), "the last day is one of theirs"
    end_assignment(serves, None, today - timedelta(days=1))
    crew.review()
    assert not opens(van, "salma", PASSWORD) and opens(van, "rachid", PASSWORD)
    assert opens(van, "hind", PASSWORD), "whoever was of no crew was admitted for another reason"
    assert authenticate(None, username="salma", password=PASSWORD) == salma
    assert not opens(van, "salma", PASSWORD), "a visit to the unit is no assignment"
    assign_staff(van.unit, salma, None)
    assert authenticate(None, username="salma", password=PASSWORD) == salma
    assert opens(van, "salma", PASSWORD)


def test_somebody_always_opens_the_vehicle(van: Vehicle) -> None:
    for row in Assignment.objects.filter(staff__isnull=False):
        end_assignment(row, None, local_day() - timedelta(days=1))
    crew.review()
    assert opens(van, "salma", PASSWORD) and opens(van, "rachid", PASSWORD), "nobody else could"
    # The next crew is admitted: then the one before is out.
    assign_staff(van.unit, van.crew["fatima"], None)
    vault.let_in(home(van), "fatima", PASSWORD)
    crew.review()
    assert not opens(van, "salma", PASSWORD) and opens(van, "fatima", PASSWORD)


def test_what_was_missed_is_made_good(van: Vehicle) -> None:
    slots = home(van) / "vault" / "slots.json"
    before = slots.read_bytes()
    set_active(van.crew["salma"], False, van.crew["hind"])
    slots.write_bytes(b"damaged")
    set_active(van.crew["rachid"], False, van.crew["hind"])
    slots.write_bytes(before)
    crew.review()
    assert not opens(van, "salma", PASSWORD) and not opens(van, "rachid", PASSWORD)
