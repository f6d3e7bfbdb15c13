"""The register across nodes: the hub learns of a unit's papers, the unit of every key."""

from __future__ import annotations

import pytest

from qafila.clinic.papers import acts, keys, numbers, queries
from qafila.clinic.papers.models import IssuedPaper, Kind
from qafila.clinic.papers.queries import State
from qafila.clinic.papers.verify import Outcome, by_key_id, verify
from qafila.clinic.refusal import Refusal
from qafila.journal.here import Here, at
from qafila.kernel import clock, ids
from qafila.kernel.rights import NotAllowed
from qafila.registry.people import acts as people
from qafila.registry.people.details import NameParts
from qafila.registry.staff.acts import create_staff
from tests.sync.pair import join

FACTS = [("7K2M-9QXW-A",), ("Paracétamol 500 mg", "1", "3", "5")]


def test_the_hub_tells_what_the_unit_issued_and_cancelled(unit: Here, hub: Here) -> None:
    pair = join(unit, hub)
    with at(unit):
        by = create_staff(None, "salma", "Chevre-montagne-11", "Salma", ["doctor"])
        person = people.register(None, None, names=[NameParts("Latn", "Zineb", "", "Alami")])
        paper = acts.issue(Kind.CARD, person.pk, person.pk, FACTS, by).paper
        pad = acts.reserve(Kind.FORM_PRESCRIPTION, 5, by)
        number = numbers.written(pad.node, pad.first)
        token = acts.form_token(pad, pad.first)
    with at(hub):
        keys.review()
        assert queries.by_id(paper.pk).state is State.UNKNOWN, "not sent yet"
        assert verify(paper.token, keys.trusted(), clock.now()).outcome is Outcome.GENUINE, "known by its key alone"
    pair.sync()
    with at(hub):
        assert queries.by_id(paper.pk).state is State.ISSUED
        assert queries.by_code(paper.code)[0].copies == 1
        assert queries.by_code(number)[0].state is State.BLANK
        assert verify(token, keys.trusted(), clock.now()).genuine
        hub_key = keys.signer().public_key().public_bytes_raw()
    pair.sync()
    with at(unit):
        assert hub_key in {k.public for k in keys.known()}, "what the hub prints is verified in the vehicle"
        acts.cancel(paper, by, "wrong person")
        with pytest.raises(Refusal):
            acts.cancel(paper, by, "again")
        acts.mark_used(paper, by)
    pair.sync()
    with at(hub):
        standing = queries.by_code(paper.code)[0]
        assert standing.state is State.CANCELLED and standing.used_too


def test_a_number_entered_on_two_nodes_is_kept_twice_and_told_once(unit: Here, hub: Here) -> None:
    pair = join(unit, hub)
    with at(unit):
        by = create_staff(None, "salma", "Chevre-montagne-11", "Salma", ["doctor"])
        person = people.register(None, None, names=[NameParts("Latn", "Zineb", "", "Alami")])
        pad = acts.reserve(Kind.FORM_PRESCRIPTION, 5, by)
    pair.sync()
    number, first, second = numbers.written(pad.node, pad.first), ids.new(), ids.new()
    for node, row in ((unit, first), (hub, second)):
        with at(node):
            acts.enter(number, Kind.PRESCRIPTION, person.pk, row, FACTS, by, clock.now())
    pair.sync()
    with at(hub):
        assert IssuedPaper.objects.filter(code=number).count() == 2
        assert queries.by_code(number)[0].state is State.ISSUED


def test_nobody_prints_without_the_right(unit: Here) -> None:
    by = create_staff(None, "amal", "Chevre-montagne-11", "Amal", ["approver"])
    for act in (
        lambda: acts.issue(Kind.CARD, ids.new(), ids.new(), FACTS, by),
        lambda: acts.reserve(Kind.FORM_PRESCRIPTION, 5, by),
        lambda: acts.enter("x", Kind.PRESCRIPTION, ids.new(), ids.new(), FACTS, by, clock.now()),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not IssuedPaper.objects.exists() and by_key_id(keys.known())
