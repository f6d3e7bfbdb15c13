"""A release that came over sync: kept if its signature holds, offered to the crew, installed when nobody waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qafila.clinic.visits.models import Visit
from qafila.journal import blobs
from qafila.journal.here import Here
from qafila.journal.models import Blob, Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.node.directory import NodeDirectory
from qafila.node.release import watch
from qafila.node.release.bundle import Refused
from qafila.registry.people.models import Person
from qafila.registry.programs import acts
from qafila.registry.programs.models import Installed
from qafila.sync import budget, programs, scope
from qafila.sync.store import JournalStore
from tests.node.test_release import KEY, OTHER, built, public, wheel
from tests.web.vehicle import NODE, Vehicle, text, vehicle


@pytest.fixture
def van(unit: Here, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vehicle]:
    with vehicle(unit) as made:
        yield made


@pytest.fixture
def root(van: Vehicle, settings_of: NodeDirectory) -> Path:
    found = settings_of.path / "program"
    (found / "a").mkdir(parents=True)
    (found / "a" / programs.MARK).write_text('{"version": "0.9", "number": 9}')
    (found / "current").symlink_to("a")
    return found


@pytest.fixture
def settings_of(van: Vehicle) -> NodeDirectory:
    from django.conf import settings

    directory: NodeDirectory = settings.DIRECTORY
    (directory.path / "node.toml").write_text(
        f'program = "{directory.path}/program"\n{NODE}[release]\nkeys = ["{public(KEY)}"]\n'
    )
    directory.__dict__.pop("facts", None)
    return directory


def offered(tmp_path: Path, number: int = 10, key: object = KEY) -> acts.Release:
    bundle = built(tmp_path / f"r{number}", [wheel(tmp_path / "w", "caravan", "1.0", "x = 1")], number, key)  # type: ignore[arg-type]
    return acts.offer(bundle, "1.0", number, 0)


def test_what_is_offered_is_fetched_checked_and_shown(van: Vehicle, root: Path, tmp_path: Path) -> None:
    page = van.at("hind").get("/program/")
    assert "None waits here" in text(page) and "0.9" in text(page)
    release = offered(tmp_path)
    blobs.drop(release.sha256)
    watch.look()
    waiting = Blob.objects.get(sha256=release.sha256)
    assert (waiting.lane, waiting.complete, waiting.sent) == (Lane.LOG, False, True)
    offered(tmp_path)
    watch.look()
    assert programs.waiting(root) == programs.Named("1.0", 10)
    assert not blobs.have(release.sha256) and not (root / "came.release").exists()
    assert "A new version is ready" in text(van.at("hind").get("/program/"))
    assert Installed.objects.get().version == "0.9" == acts.running(["U1"])["U1"]
    watch.look()
    assert Installed.objects.count() == 1


def test_what_somebody_else_has_signed_stays_out(van: Vehicle, root: Path, tmp_path: Path) -> None:
    offered(tmp_path, key=OTHER)
    watch.look()
    assert not programs.waiting(root).number and programs.refused(root).number == 10
    assert "did not work here" in text(van.at("hind").get("/program/"))
    watch.look()
    assert not programs.waiting(root).number


def test_it_is_installed_by_a_tap_and_never_during_a_visit(van: Vehicle, root: Path, tmp_path: Path) -> None:
    offered(tmp_path)
    watch.look()
    with writing(None, "visit.open") as write:
        person = write.save(Person(code="P1"))
        visit = write.save(Visit(person=person, unit=van.unit, day=clock.now().date(), ticket=1, opened_at=clock.now()))
    told = van.at("hind").post("/program/")
    assert told.status_code == 422 and "Somebody is waiting" in text(told) and not programs.wanted(root)
    with pytest.raises(Refused, match="a visit is open"):
        watch.require_nobody()
    with writing(None, "visit.close") as write:
        visit.status = "done"
        write.save(visit)
    watch.require_nobody()
    assert van.at("hind").post("/program/").status_code == 302
    assert json.loads((root / programs.WANTED).read_text()) == 10
    assert "It is being installed" in text(van.at("hind").get("/program/"))


@pytest.mark.parametrize("name", ["fatima", "rachid"])
def test_not_everybody_installs(van: Vehicle, root: Path, name: str) -> None:
    assert van.at(name).post("/program/").status_code == 403


def test_a_node_that_is_updated_by_other_means_has_no_such_page(van: Vehicle) -> None:
    assert van.at("hind").get("/program/").status_code == 404
    watch.look()


def test_a_release_waits_for_the_parked_vehicle(van: Vehicle, root: Path, tmp_path: Path) -> None:
    release = offered(tmp_path)
    blobs.drop(release.sha256)
    watch.look()
    store = JournalStore("H")
    assert store.wanted(set(), set()) == (release.sha256, 0)
    budget.choose(van.crew["hind"].pk, 0, "", parked_only=True)
    assert store.wanted(set(), set()) is None
    budget.park(van.crew["hind"].pk)
    assert store.wanted(set(), set()) == (release.sha256, 0)


def test_every_unit_hears_of_a_release() -> None:
    assert acts.Release.kind() in scope.REFERENCE and Installed.kind() not in scope.REFERENCE


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1}', '{"version": "x", "number": "y"}', "\0"])
def test_a_broken_word_is_none(tmp_path: Path, content: str) -> None:
    for name in (programs.WORDS, programs.STAGED, programs.REFUSED):
        (tmp_path / name).write_text(content)
    assert programs.waiting(tmp_path).number == programs.refused(tmp_path).number == 0
    assert programs.want(tmp_path) is False
