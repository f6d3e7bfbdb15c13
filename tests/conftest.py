"""Real databases for the tests: SQLCipher files copied from a migrated template, and a PostgreSQL of our own.

`unit` and `hub` are two nodes on SQLCipher, `trio` three nodes on either engine. Each test starts with empty
tables. Nothing here needs an already running server.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import django
import pytest
from _pytest import runner
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# How long an example takes is measured in bench/, never asserted here.
# `pytest --hypothesis-profile deep` looks at many more examples of every property that does not say how many.
settings.register_profile("qafila", deadline=None, max_examples=60)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile("qafila")
DESCRIPTORS, MOST_OPEN = Path("/proc/self/fd"), 200
MEMORY, ROOM = Path("/dev/shm"), 4_000_000_000
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    # Commits are synchronous, and the tests make tens of thousands of them: in memory nobody waits for a disk.
    # What is killed is a process, never the machine, so what was committed is there all the same.
    tempfile.tempdir = str(MEMORY)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
SCRATCH = Path(tempfile.mkdtemp(prefix="qafila-tests-"))
CIPHER = ("default", "n1", "n2")
SERVER = ("pg0", "pg1", "pg2")
(SCRATCH / "database.key").write_text("5a" * 32)
_POSTGRES = SCRATCH / "postgres"


def _databases() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {
        alias: {
            "ENGINE": "qafila.node.sqlcipher",
            "NAME": str(SCRATCH / f"{alias}.db"),
            "OPTIONS": {"key_file": str(SCRATCH / "database.key")},
            "CONN_MAX_AGE": None,
        }
        for alias in ("template", *CIPHER)
    }
    for alias in SERVER:
        found[alias] = {"ENGINE": "django.db.backends.postgresql", "NAME": alias, "USER": "qafila",
                        "HOST": str(_POSTGRES / "socket"), "CONN_MAX_AGE": None}  # fmt: skip
    return found


os.environ["QAFILA_TEST_DATABASES"] = json.dumps(_databases())
os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
django.setup()

from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402 - the settings come first
from whitenoise.middleware import WhiteNoiseMiddleware  # noqa: E402

from qafila.journal import topics  # noqa: E402
from qafila.kernel.roomy import roomy  # noqa: E402
from qafila.node import create  # noqa: E402
from qafila.registry.staff import signing  # noqa: E402
from tests import shell  # noqa: E402

# What makes a stolen hash dear to guess makes a test slow. Nodes in processes of their own keep the real figures.
REAL_COST = (Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, signing.PASSES, signing.MEMORY_KIB)
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1
signing.PASSES, signing.MEMORY_KIB = 1, 8
# What a process keeps it reads again after seconds for the sake of other machines: a test that counts statements would
# count more of them on a machine that is busy.
topics.AGE_S = 60.0
# A node that a test makes is made in a process of its own, forked from one that has loaded the program.
create.run_django = shell.run_django

_with_room = roomy(runner.pytest_runtest_protocol)

# Each client of Django's tests builds its own middleware, and WhiteNoise's looks through all static files: more than a
# page takes. A node does it once when it starts, so does a test process.
_look_through, _static_files = WhiteNoiseMiddleware.add_files_from_finders, dict[str, object]()


def _looked_through_once(middleware: WhiteNoiseMiddleware) -> None:
    if not _static_files:
        _look_through(middleware)
        _static_files.update(middleware.files)
    middleware.files.update(_static_files)


WhiteNoiseMiddleware.add_files_from_finders = _looked_through_once


class OneWorld(LoadScopeScheduling):
    """The tests that share a world of real processes run in one test process, and so do those that read the whole
    program; all others wherever there is room."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/house/"):
            return "house"
        lives_there = nodeid.startswith("tests/browser/") or nodeid.endswith("::test_the_check_sees_every_step")
        return "world" if lives_there else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWorld:
    """pytest-xdist's own groups need a way to name tests that pytest 9 has no more."""
    return OneWorld(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: looking for garbage among it took a fifth of the time of the collection."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        # A test leaves little behind: to look for it after each 50,000 objects is soon enough.
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest does it, with room for the calls of the test."""
    return _with_room(item, nextitem)


def pytest_runtest_setup() -> None:
    """A test begins as a process does: with nothing kept of what other tests have read."""
    topics.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Who leaves files and connections open is told, not whoever finds none left much later."""
    try:
        return (yield)
    finally:
        if DESCRIPTORS.is_dir() and len(left := os.listdir(DESCRIPTORS)) > MOST_OPEN:
            names = Counter(os.path.realpath(DESCRIPTORS / one).split(":")[0] for one in left)
            raise AssertionError(f"{len(left)} files and connections are left open: {names.most_common(5)}")


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
    # What is left ends with the process: looking through all of it for garbage took three seconds.
    gc.freeze()


@pytest.fixture(scope="session")
def template() -> Path:
    """A migrated, empty, encrypted database to copy."""
    from django.db import connections

    from qafila.node.founding import bring_up

    bring_up("template")
    connections["template"].cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections["template"].close()
    return SCRATCH / "template.db"


@pytest.fixture(scope="session")
def postgres(template: Path) -> Iterator[None]:
    """A PostgreSQL cluster with three migrated databases, stopped at the end."""
    from django.db import connections

    from qafila.node.founding import bring_up
    from tests.postgres import Cluster

    with Cluster(_POSTGRES) as cluster:
        first, *others = SERVER
        cluster.create_database(first)
        bring_up(first)
        connections[first].cursor().execute(_emptied())
        connections[first].close()
        for alias in others:
            cluster.create_database(alias, like=first)
        yield
        for alias in SERVER:
            connections[alias].close()


def _emptied() -> str:
    """A function that empties every table, which PostgreSQL plans once for each connection; quicker than TRUNCATE for
    tables that hold next to nothing."""
    from django.apps import apps

    ours = [m._meta.db_table for m in apps.get_models() if m.__module__.startswith("qafila.")]
    deletes = " ".join(f'DELETE FROM "{table}";' for table in ours)
    return f"CREATE FUNCTION emptied() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {deletes} END $$"


def wipe(alias: str) -> None:
    """Make a database as new."""
    from django.db import connections

    from qafila.journal.guard import writer_token

    connection = connections[alias]
    if connection.vendor == "postgresql":
        with writer_token():
            connection.cursor().execute("SELECT emptied()")
        return
    connection.close()
    name = str(connection.settings_dict["NAME"])
    # Another file under the same name: whoever still holds the one before does not see it change.
    for suffix in ("", "-wal", "-shm"):
        Path(name + suffix).unlink(missing_ok=True)
    shutil.copy(SCRATCH / "template.db", name)


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A demonstration that `qafila demo --check` has built and walked through (`tests.demonstration.Checked`)."""
    from tests.demonstration import check

    return check(tmp_path_factory.mktemp("demo") / "nodes")


@pytest.fixture
def later() -> Iterator[object]:
    """The clock of this process, moved on by hand (`tests.later.Later`)."""
    from qafila.kernel import clock
    from tests.later import Later

    moved = Later()
    with clock.reading_from(moved):
        yield moved


@pytest.fixture
def unit(template: Path, tmp_path: Path) -> Iterator[object]:
    """This process is a unit's, with an empty database."""
    from qafila.journal.here import Here, at

    wipe("default")
    directory = tmp_path / "unit"
    _keys(directory)
    here = Here("U1", "unit", custodian="MS", programme="UMMC", directory=directory, confirmed_by_hub=True)
    with at(here):
        yield here


@pytest.fixture
def hub(template: Path, tmp_path: Path) -> object:
    """A hub on a database of its own; step over to it with `journal.here.at`."""
    from qafila.journal.here import Here

    wipe("n1")
    directory = tmp_path / "hub"
    _keys(directory)
    return Here("H", "hub", custodian="MS", programme="UMMC", directory=directory, database="n1")


def _keys(directory: Path) -> None:
    (directory / "keys").mkdir(parents=True)
    shutil.copy(SCRATCH / "database.key", directory / "keys" / "database.key")


@pytest.fixture(params=["sqlcipher", "postgresql"])
def trio(request: pytest.FixtureRequest, template: Path) -> list[object]:
    """Three nodes, once on SQLCipher and once on PostgreSQL."""
    from qafila.journal.here import Here

    aliases = CIPHER if request.param == "sqlcipher" else SERVER
    if request.param == "postgresql":
        request.getfixturevalue("postgres")
    for alias in aliases:
        wipe(alias)
    return [Here(f"N{i}", "unit", database=alias) for i, alias in enumerate(aliases)]
