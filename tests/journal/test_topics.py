"""What changes is told by topic, once it is committed; what is kept is read again when it has changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from qafila.journal import topics, wall
from qafila.journal.here import Here, at
from qafila.journal.topics import elsewhere, narrowed, reading, unnoticed, until_changed
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.topics import NODE, every, mark, place, touch
from qafila.registry.staff.models import Staff
from qafila.web.models import Once


def _changed(here: Here, act: Callable[[], Any]) -> set[int]:
    """The places whose numbers differ after an act."""
    assert here.directory is not None
    before = every(here.directory)
    act()
    after = every(here.directory)
    return {n for n in range(len(after) // 8) if after[n * 8 : n * 8 + 8] != before[n * 8 : n * 8 + 8]}


def _hire(name: str = "nour") -> Staff:
    with writing(None, "setup") as write:
        return write.save(Staff(username=name, name=name.title(), roles=["nurse"]))


@until_changed
def names(first: str = "") -> list[str]:
    return list(Staff.objects.filter(name__gte=first).order_by("name").values_list("name", flat=True))


def _asked(function: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as held:
        function()
    return len(held)


def test_a_commit_tells_the_tables_that_were_written(unit: Here) -> None:
    told = _changed(unit, _hire)
    assert place("registry_staff") in told and place("journal_record") in told
    assert place("clinic_case") not in told
    assert _changed(unit, lambda: Once.objects.create(pk="a" * 64)) >= {place("web_once")}


def test_what_is_written_all_the_time_wakes_no_list_of_something_else() -> None:
    """Its places are no other table's."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    busy = {"clinic_draft", "web_once", "web_loginsession", "web_failure", "journal_read", "journal_record"}
    assert busy <= tables
    topics_ = {topic for table in tables for topic in (table, elsewhere(table))}
    mine = {topic for table in busy for topic in (table, elsewhere(table))}
    assert {place(topic) for topic in mine}.isdisjoint(place(topic) for topic in (*(topics_ - mine), NODE))


def test_what_is_taken_back_is_not_told(unit: Here) -> None:
    def undone() -> None:
        with transaction.atomic():
            Once.objects.create(pk="a" * 64)
            transaction.set_rollback(True)

    assert _changed(unit, undone) == set()


def test_what_is_written_in_a_part_that_is_taken_back_takes_nothing_along(unit: Here) -> None:
    def half() -> None:
        with transaction.atomic():
            with transaction.atomic():
                Once.objects.create(pk="a" * 64)
                transaction.set_rollback(True)
            _hire()

    assert place("registry_staff") in _changed(unit, half)


def test_whoever_asks_for_the_same_at_once_waits_for_it(unit: Here) -> None:
    begun, go_on, made = Event(), Event(), []

    @until_changed
    def slow() -> str:
        made.append(1)
        begun.set()
        assert go_on.wait(30)
        return "made once"

    def asked() -> str:
        with at(unit):
            return slow()

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(asked)
        assert begun.wait(30)
        others = [pool.submit(asked) for _ in range(3)]
        go_on.set()
        assert {one.result(30) for one in (first, *others)} == {"made once"}
    assert len(made) == 1


def test_what_is_kept_is_read_again_when_it_has_changed(unit: Here) -> None:
    _hire("adam")
    assert names() == ["Adam"] and _asked(names) == 0
    _hire("basma")
    assert names() == ["Adam", "Basma"] and _asked(names) == 0
    assert names("B") == ["Basma"]
    # Another process, of which this one sees nothing but the word.
    assert unit.directory is not None
    touch(unit.directory, ["registry_staff"])
    assert _asked(names) == 1


def test_inside_of_a_transaction_nothing_is_kept_and_nothing_kept_is_used(unit: Here) -> None:
    names()
    with transaction.atomic():
        assert _asked(names) == 1 and _asked(names) == 1
    assert _asked(names) == 0


def test_where_no_word_comes_it_is_read_again_after_a_while(unit: Here) -> None:
    names()
    now = clock.seconds()
    with clock.reading_from(lambda: now + topics.AGE_S + 1):
        assert _asked(names) == 1
    with clock.reading_from(lambda: now - 3600):
        assert _asked(names) == 1


def test_whoever_sees_less_is_given_nothing_that_another_read(unit: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = _hire("adam"), _hire("basma")
    # As behind the wall, on a database that has none: who asks is known, and told to nobody.
    monkeypatch.setattr(wall, "_key", b"synthetic")
    monkeypatch.setattr(wall, "_tell", lambda wanted: None)
    for who in (one, other):
        with wall.asking(who.pk, frozenset({wall.UNIT})):
            assert _asked(names) == 1 and _asked(names) == 0
    for who in (one, other):
        with wall.asking(who.pk, frozenset({wall.ALL})):
            names()
    with wall.asking(other.pk, frozenset({wall.ALL})):
        assert _asked(names) == 0


def test_a_page_knows_what_it_was_made_of(unit: Here) -> None:
    _hire()
    names()
    with reading() as tables:
        names()
        with unnoticed():
            list(Once.objects.all())
        with narrowed("registry_staff") as instead:
            instead.add("mine")
            names("x")
    assert tables == {"registry_staff", elsewhere("registry_staff"), "mine"}


def test_what_is_written_past_the_writer_counts_for_the_whole_table(unit: Here) -> None:
    told = _changed(unit, _hire)
    assert place(elsewhere("registry_staff")) not in told
    assert place(elsewhere("web_once")) in _changed(unit, lambda: Once.objects.create(pk="a" * 64))


def test_a_mark_is_of_its_places_alone(unit: Here) -> None:
    assert unit.directory is not None
    before = every(unit.directory)
    touch(unit.directory, ["one"])
    after = every(unit.directory)
    assert mark(before, [place("one")]) != mark(after, [place("one")])
    assert mark(before, [place("two")]) == mark(after, [place("two")])
