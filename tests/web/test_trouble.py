"""Trouble that comes from around the node, seen on its pages: a full disk, a clock set to last year, two people on two
nodes who change one patient."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client, override_settings

from qafila.journal import check, resolve
from qafila.journal.here import Here, at
from qafila.journal.ingest import ingest, parcels_of
from qafila.journal.models import Clash, Record
from qafila.kernel import clock
from qafila.node.create import _toml as as_toml
from qafila.node.directory import NodeDirectory
from qafila.node.disk import require_room
from qafila.packs import load
from qafila.registry.people import acts as people
from qafila.registry.people import keys
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.places.here import use
from qafila.registry.staff.acts import create_staff
from qafila.registry.staff.models import Staff
from qafila.registry.units.acts import assign_node, assign_staff, create_unit
from qafila.registry.units.models import Unit
from qafila.web.login import set_pin
from qafila.web.opaque import shown

PACKS = Path(load.__file__).parent


@dataclass
class Tablet:
    """A doctor at the pages of this process's unit."""

    client: Client
    here: Here
    unit: Unit
    doctor: Staff
    person: Person
    directory: NodeDirectory

    def get(self, path: str) -> str:
        """A page."""
        answer = self.client.get(path, secure=True)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()


@pytest.fixture
def tablet(unit: Here) -> Iterator[Tablet]:
    assert unit.directory is not None
    facts = {"code": "U1", "profile": "unit", "country": load.countries()[-1], "language": "en", "port": 8443}
    (unit.directory / "node.toml").write_text(as_toml(facts))
    directory = NodeDirectory(unit.directory)
    directory.secret("web")
    keys.connect()
    use(directory.country)
    van = create_unit(None, "U1", "Unit one")
    doctor = create_staff(None, "salma", "Bouguemez-noix-63", "Salma", ["doctor"], interface_language="en")
    assign_node(van, "U1", None)
    assign_staff(van, doctor, None)
    person = people.register(doctor, van, names=[NameParts("Latn", "Moha", "", "Azzouzi")], sex="male")
    set_pin(doctor, "528314")
    client = Client()
    client.force_login(doctor, backend="qafila.web.login.StaffBackend")
    with override_settings(DIRECTORY=directory, ALLOWED_HOSTS=["*"]):
        yield Tablet(client, unit, van, doctor, person, directory)
    use(None)


def with_room(tablet: Tablet, tmp_path: Path, *, warn: int, stop: int) -> None:
    """Let the profile ask for so much room, in megabytes."""
    root = tmp_path / f"packs-{warn}-{stop}"
    (root / "profiles").mkdir(parents=True)
    text = (PACKS / "profiles" / "unit.toml").read_text()
    limits = tomllib.loads(text)["disk"]
    text = text.replace(f"warn_free_mb = {limits['warn_free_mb']}", f"warn_free_mb = {warn}")
    text = text.replace(f"stop_free_mb = {limits['stop_free_mb']}", f"stop_free_mb = {stop}")
    (root / "profiles" / "unit.toml").write_text(text)
    tablet.directory.profile = load.profile("unit", root)


def test_a_disk_that_fills_up_warns_first_then_stops_writing_and_loses_nothing(tablet: Tablet, tmp_path: Path) -> None:
    from qafila.node import disk

    tablet.here.before_writing = require_room
    more_than_any_disk = 10**12
    with_room(tablet, tmp_path, warn=more_than_any_disk, stop=1)
    disk.watch()
    assert "notice-warn" in tablet.get("/reception/queue/")
    opened = tablet.client.post(f"/reception/queue/open/{tablet.person.pk}/", secure=True)
    assert opened.status_code == 302
    before = Record.objects.count()

    with_room(tablet, tmp_path, warn=more_than_any_disk, stop=more_than_any_disk)
    disk.watch()
    assert "notice-stop" in tablet.get("/reception/queue/")
    refused = tablet.client.post(
        "/reception/people/register/", {"given": "Ijja", "family": "Oumzil", "new": "yes"}, secure=True
    )
    assert refused.status_code == 507
    assert "full" in refused.content.decode()
    assert Record.objects.count() == before

    with_room(tablet, tmp_path, warn=1, stop=1)
    disk.watch()
    assert "notice-stop" not in tablet.get("/reception/queue/")
    again = tablet.client.post(
        "/reception/people/register/", {"given": "Ijja", "family": "Oumzil", "new": "yes"}, secure=True
    )
    assert again.status_code == 302
    assert list(check.problems()) == []


def test_a_clock_set_to_last_year_does_not_put_what_is_new_behind_what_is_old(tablet: Tablet) -> None:
    people.edit(tablet.person, tablet.doctor, {"phone": "0612000001"})
    last_year = (datetime.now(UTC) - timedelta(days=365)).timestamp()
    with clock.reading_from(lambda: last_year):
        fresh = Person.objects.get(pk=tablet.person.pk)
        people.edit(fresh, tablet.doctor, {"phone": "0612000002"})
        page = tablet.get(f"/reception/people/{tablet.person.pk}/")
    assert "0612000002" in page
    records = Record.objects.filter(subject=tablet.person.pk).order_by("no")
    clocks = [r.hlc for r in records]
    assert clocks == sorted(clocks)
    assert not Clash.objects.filter(open=True).exists()
    assert list(check.problems()) == []


def test_two_people_on_two_nodes_change_one_patient_and_somebody_chooses(tablet: Tablet, hub: Here) -> None:
    both = list(parcels_of(Record.objects.order_by("no")))
    with at(hub):
        ingest(both, "U1")
        far = Person.objects.get(pk=tablet.person.pk)
        people.edit(far, None, {"phone": "0612000009"})
        sent = list(parcels_of(Record.objects.filter(node="H").order_by("no")))
    people.edit(Person.objects.get(pk=tablet.person.pk), tablet.doctor, {"phone": "0612000003"})
    ingest(sent, "H")

    page = tablet.get(f"/reception/people/{tablet.person.pk}/")
    assert "0612000009" in page
    assert "0612000003" in page
    clash = Clash.objects.get(open=True)
    assert "Two values" in page

    answer = tablet.client.post(
        f"/records/clashes/{shown(clash.pk)}/", {"keep": side_of(clash, "0612000003")}, secure=True
    )
    assert answer.status_code == 302
    page = tablet.get(f"/reception/people/{tablet.person.pk}/")
    assert "Two values" not in page
    assert Person.objects.get(pk=tablet.person.pk).phone == "0612000003"

    with at(hub):
        ingest(list(parcels_of_unit(tablet.here)), "U1")
        assert Person.objects.get(pk=tablet.person.pk).phone == "0612000003"
        assert not Clash.objects.filter(open=True).exists()


def parcels_of_unit(here: Here) -> list[object]:
    """All that the unit has written."""
    with at(here):
        return list(parcels_of(Record.objects.filter(node="U1").order_by("no")))


def side_of(clash: Clash, value: str) -> str:
    """The number of the side that says that value."""
    return str(next(i for i, side in enumerate(resolve.sides(clash)) if side.value == value))
