"""Row-level security on a real PostgreSQL: a page that forgets to ask whose record it is finds nothing behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.test.utils import override_settings

from qafila.clinic.cases.models import Case, CaseEvent
from qafila.clinic.visits.models import Observation, Visit
from qafila.journal import history, wall
from qafila.journal.here import Here, at
from qafila.journal.models import Read, Record
from qafila.journal.write import writing
from qafila.node import walls
from qafila.node.directory import NodeDirectory
from qafila.registry.people.models import Person, PersonLink, PersonName
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import reach
from qafila.registry.units.models import Assignment, Unit
from tests.clinic.conftest import new_person
from tests.house.tree import SOURCES, python_files
from tests.walled import KEY, behind_a_wall
from tests.web.desk import NODE


@pytest.fixture
def world(postgres: None) -> Iterator[Any]:
    """Two units with a patient each, a case of the second's that a specialist has, and one person of nobody."""
    owner, pages = Here("H", "hub", database="pg0"), Here("H", "hub", database="pages")
    made = SimpleNamespace(owner=owner, pages=pages)
    with behind_a_wall():
        fill(made)
        with at(pages):
            yield made


def fill(made: Any) -> None:
    """As its owner."""
    with at(made.owner), writing(None, "setup") as write:
        today = local_day()
        for number in (1, 2):
            unit = write.save(Unit(code=f"UM-{number}", name="Unit"))
            person = write.save(new_person(today.replace(year=1980, day=1)))
            write.save(PersonName(person=person, script="Latn", given="Salma", family="Test"))
            visit = write.save(Visit(person=person, unit=unit, day=today, ticket=1))
            write.save(Observation(person=person, visit=visit, code="pulse", number=70, unit="/min"))
            doctor = write.save(Staff(username=f"doctor{number}", name="D", roles=["doctor"]))
            write.save(Assignment(unit=unit, staff=doctor, starts=today - timedelta(days=3)))
            setattr(made, f"unit{number}", unit)
            setattr(made, f"patient{number}", person)
            setattr(made, f"visit{number}", visit)
            setattr(made, f"doctor{number}", doctor)
        made.heart = write.save(Staff(username="heart", name="H", roles=["specialist"]))
        made.coordinator = write.save(Staff(username="coordinator", name="C", roles=["coordinator"]))
        made.approver = write.save(Staff(username="approver", name="A", roles=["approver"]))
        made.case = write.save(
            Case(person=made.patient2, visit=made.visit2, unit=made.unit2, doctor=made.doctor2,
                 specialty="cardiology", status="accepted", specialist=made.heart)
        )  # fmt: skip
        made.stranger = write.save(new_person(today.replace(year=1990, day=1)))


def as_(staff: Staff) -> Any:
    return wall.asking(staff.pk, reach(staff))


def raw() -> psycopg.Cursor[Any]:
    """Past Django, and past the journal's own guard."""
    connections["pages"].ensure_connection()
    return psycopg.Cursor(connections["pages"].connection)


def test_a_forgotten_filter_shows_what_the_reader_may_see(world: Any) -> None:
    one, two, nobodys = world.patient1.pk, world.patient2.pk, world.stranger.pk
    for staff, seen in (
        (world.doctor1, {one, nobodys}), (world.doctor2, {two, nobodys}), (world.heart, {two}),
        (world.coordinator, {one, two, nobodys}), (world.approver, set()),
    ):  # fmt: skip
        with as_(staff):
            assert set(Person.objects.values_list("pk", flat=True)) == seen, staff.username
            cared = seen - {nobodys}
            assert set(Observation.objects.values_list("person_id", flat=True)) == cared
            assert set(PersonName.objects.values_list("person_id", flat=True)) == cared
            assert set(Visit.objects.values_list("person_id", flat=True)) == cared
            of = Record._base_manager.exclude(patient=None).values_list("patient", flat=True)
            assert set(of) == seen
            assert Case.objects.count() == (two in seen)
            assert history.of_subject(world.visit1.pk) == [] or one in seen


def test_where_nobody_asks_nobody_is_there(world: Any) -> None:
    assert Person.objects.count() == 0 and Visit.objects.count() == 0
    with wall.asking(None):
        assert Person.objects.count() == 0
    with as_(world.coordinator):
        assert Person.objects.count() == 3
    # What was said goes with the request, and with the connection.
    assert Person.objects.count() == 0
    connections["pages"].close()
    with as_(world.doctor1):
        connections["pages"].close()
        assert Person.objects.count() == 2
    assert Staff.objects.count() > 0, "who logs in is no patient"


def test_the_hubs_other_processes_see_all(world: Any) -> None:
    with at(world.owner):
        assert Person.objects.count() == 3
        assert Record._base_manager.exclude(patient=None).count() > 5


def test_a_page_writes_what_its_reader_may_see(world: Any) -> None:
    with as_(world.doctor1), writing(world.doctor1, "vitals") as write:
        visit = Visit.objects.get(pk=world.visit1.pk)
        visit.reason = "cough"
        write.save(visit)
        fresh = write.save(new_person(local_day().replace(year=2000, day=1)))
        write.save(PersonName(person=fresh, script="Latn", given="New", family="Test"))
    with as_(world.doctor1):
        assert Person.objects.filter(pk=fresh.pk).exists()
        history.log_read(world.doctor1.pk, world.patient1.pk, "page")
        assert Read.objects.count() == 1
    with as_(world.doctor1):
        # A try to open a record is kept, too.
        history.log_read(world.doctor1.pk, world.patient2.pk, "page")
    with as_(world.doctor1), raw() as cursor:
        cursor.execute("UPDATE clinic_visit SET reason = 'x' WHERE id = %s", [world.visit2.pk])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM clinic_observation")
        assert cursor.rowcount == 1
    refused = pytest.raises(DatabaseError, match="row-level security")
    with refused, writing(world.doctor1, "vitals") as write:
        write.save(Observation(person=world.patient1, code="pulse", number=70, unit="/min"))


def test_a_case_is_given_away_by_who_then_sees_it_no_more(world: Any) -> None:
    with at(world.owner), writing(None, "setup") as write:
        other = write.save(Staff(username="other", name="O", roles=["specialist"]))
    with as_(world.heart), writing(world.heart, "case.reroute") as write:
        case = Case.objects.get(pk=world.case.pk)
        case.specialist = other
        write.save(case)
        write.save(CaseEvent(person=world.patient2, case=case, act="reroute", node="H"))
    with as_(world.heart):
        assert Case.objects.count() == 0
    with as_(other):
        assert CaseEvent.objects.count() == 1


def test_who_looks_beyond_is_listed_here() -> None:
    found = [
        f"{path.relative_to(SOURCES)}: {why}"
        for path in python_files("src")
        for why in re.findall(r'wall\.beyond\(\s*"([^"]+)"', path.read_text())
    ]
    assert sorted(found) == [
        "clinic/cases/assigning.py: whose turn it is follows from what everybody has in hand",
        "clinic/cases/line.py: how much each of them has in hand, as numbers",
        "journal/write.py: the journal, the mailboxes and what is derived are written for everybody",
        "web/prints/check.py: whoever holds a paper may check it, and hears only whether it stands",
    ]


def test_records_of_one_person_are_seen_together(world: Any) -> None:
    with at(world.owner), writing(None, "merge") as write:
        link = write.save(PersonLink(person=world.patient2, other=world.patient1, relation="same"))
    with as_(world.doctor1):
        assert Visit.objects.count() == 2
    with at(world.owner), writing(None, "merge") as write:
        link.withdrawn = True
        write.save(link)
    with as_(world.doctor1):
        assert Visit.objects.count() == 1


def test_the_node_itself_looks_beyond_and_steps_back(world: Any) -> None:
    with as_(world.doctor1):
        with wall.beyond("a test"):
            assert Person.objects.count() == 3
        assert Person.objects.count() == 2
        with pytest.raises(DatabaseError), transaction.atomic(using="pages"), wall.beyond("a test"):
            connections["pages"].cursor().execute("SELECT 1/0")
        assert Person.objects.count() == 2
        with wall.beyond("a test"):
            with pytest.raises(RuntimeError), transaction.atomic(using="pages"):
                raise RuntimeError
            assert Person.objects.count() == 3
        assert Person.objects.count() == 2


SMUGGLED = (
    "RESET ROLE", "RESET SESSION AUTHORIZATION", "SET SESSION AUTHORIZATION DEFAULT", "SET row_security = off",
    "RESET ALL", "DISCARD ALL", "SELECT set_config('qafila.asks', '', false)",
    "SELECT set_config('role', 'none', false)",
    "SELECT set_config('qafila.asks', replace(current_setting('qafila.asks'), 'unit', 'all'), false)",
)  # fmt: skip
FORBIDDEN = (
    "SET ROLE qafila", "SET SESSION AUTHORIZATION qafila", "ALTER TABLE registry_person DISABLE ROW LEVEL SECURITY",
    "DROP POLICY qafila_wall ON registry_person", "SELECT * FROM qafila_wall", "CREATE TABLE mine (x int)",
    "TRUNCATE registry_person", "ALTER ROLE pages BYPASSRLS", "SELECT pg_read_file('postgresql.conf')",
    "CREATE OR REPLACE FUNCTION qafila_all() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "COPY registry_person TO PROGRAM 'cat'", "UPDATE qafila_wall SET inside = ''",
    "SELECT qafila_tied(NULL, 'unit', NULL, NULL)",
)  # fmt: skip


def test_what_is_smuggled_in_widens_nothing(world: Any) -> None:
    for sql in SMUGGLED:
        with as_(world.doctor1), raw() as cursor:
            cursor.execute(sql)
            try:
                cursor.execute("SELECT id FROM registry_person")
                seen = {row[0] for row in cursor.fetchall()}
            except psycopg.errors.InsufficientPrivilege:
                seen = set()
        assert world.patient2.pk not in seen, sql
        connections["pages"].close()


def test_what_the_pages_role_may_not_do_at_all(world: Any) -> None:
    for sql in FORBIDDEN:
        with as_(world.doctor1), pytest.raises(psycopg.Error), raw() as cursor:
            cursor.execute(sql)


def test_a_token_is_of_its_connection_and_its_time(world: Any) -> None:
    assert Person.objects.count() == 0
    pid = connections["pages"].connection.info.backend_pid
    asks = wall.Asking(world.coordinator.pk, frozenset({wall.ALL}))
    good = wall.signed(asks, pid)
    said = good.split("|")
    cases = {
        good: 3, wall.signed(asks, pid + 1): 0, "|".join([*said[:4], "0" * 64]): 0, "|".join(said[:4]): 0, "x": 0,
        "|".join([said[0], "all", said[2], "99999999999", said[4]]): 0,
    }  # fmt: skip
    for text, seen in cases.items():
        with raw() as cursor:
            cursor.execute("SELECT set_config('qafila.asks', %s, false)", [text])
        assert Person.objects.count() == seen


def test_a_part_of_the_journal_shows_nothing_by_its_own_name(world: Any) -> None:
    parts = [f"SELECT count(*) AS n FROM journal_record_{part:02}" for part in range(walls.PARTS)]
    with as_(world.coordinator), connections["pages"].cursor() as cursor:
        cursor.execute(f"SELECT sum(n) FROM ({' UNION ALL '.join(parts)}) AS every")
        assert cursor.fetchone()[0] == 0
        assert Record._base_manager.count() > 0


def test_a_role_that_could_pass_by_is_refused(world: Any) -> None:
    for role in ("qafila", "nobody_here"):
        with pytest.raises(ValueError, match="role"):
            walls.raise_walls(connections["pg0"], role, KEY)


def test_every_table_that_bears_a_patient_stands_behind_the_wall(world: Any) -> None:
    with at(world.owner), connections["pg0"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = 'qafila_wall'")
        walled = {row[0] for row in cursor.fetchall()}
    bears = {"registry.person", "clinic.visit", "clinic.case", "clinic.attachment"}
    missing = []
    for model in apps.get_models():
        names = {f.name for f in model._meta.fields}
        points = {
            f.related_model._meta.label_lower for f in model._meta.fields if f.related_model not in (None, "self")
        }
        ours = model.__module__.startswith("qafila.")
        patients = names & {"person", "patient", "visit"} or points & bears or model is Person
        told = model._meta.db_table in walled or model._meta.label_lower in walls.FREE
        if ours and patients and not told:
            missing.append(model._meta.label_lower)
    assert missing == [], "say in node.walls.FREE why these need no policy"
    assert set(walls.FREE) <= {m._meta.label_lower for m in apps.get_models()}


def test_a_page_says_who_asks(world: Any, tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(NODE)
    (tmp_path / "blobs").mkdir()
    node = NodeDirectory(tmp_path)
    node.secret("web")
    here = Here("H", "hub", database="pages", directory=tmp_path)
    with at(here), override_settings(DIRECTORY=node, SECRET_KEY="only of a test"):
        client = Client(raise_request_exception=False)
        for staff, own, other in (
            (world.doctor1, world.patient1, world.patient2),
            (world.doctor2, world.patient2, world.patient1),
        ):
            client.force_login(staff, backend=settings.AUTHENTICATION_BACKENDS[0])
            # What the page forgets to ask, the wall knows; and the request before left nothing behind.
            assert client.get(f"/nurse/trends/{own.pk}/").status_code == 200
            assert client.get(f"/nurse/trends/{other.pk}/").status_code in (403, 404)
        assert client.post("/prints/check/", {"code": "x"}).status_code == 200
        # Whoever is nobody reads the list of keys, and writes nothing by that.
        assert Client(raise_request_exception=False).get("/prints/keys.json").status_code == 200
        assert Person.objects.count() == 0
