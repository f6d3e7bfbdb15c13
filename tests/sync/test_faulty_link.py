"""Whatever the link and the disk do: both ends come to hold the same, and nothing confirmed is lost."""

from __future__ import annotations

import resource
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.journal import blobs, check
from qafila.journal.here import at
from qafila.journal.models import Blob, Quarantine
from qafila.journal.write import writing
from qafila.registry.people.models import Person
from qafila.sync.frames import FrameError
from qafila.sync.models import Mail
from tests.conftest import wipe
from tests.sync.pair import Pair, join, keys_of, pending, register


def test_a_hub_whose_disk_is_full_confirms_nothing_and_loses_nothing(pair: Pair) -> None:
    if not pair.hub.database.startswith("n"):
        return
    register(pair.unit)
    with at(pair.unit):
        session = pair.session()
        request = session.next()
    assert request
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        status, word = pair.ask(request.data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (status, word) == (503, b"busy") and pending(pair.unit) == 2
    with at(pair.hub):
        assert not Person.objects.exists()
    pair.sync()
    assert pending(pair.unit) == 0
    with at(pair.hub):
        assert Person.objects.count() == 1 and list(check.problems()) == []


FAULT = st.sampled_from(["ok", "ok", "ok", "lose_request", "lose_reply", "twice", "late", "spoil"])


@settings(max_examples=10, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(faults=st.lists(FAULT, max_size=40), seed=st.integers(0, 10**6), window=st.integers(1, 3))
def test_whatever_the_link_does_both_end_with_the_same(pair: Pair, faults: list[str], seed: int, window: int) -> None:
    for node in (pair.unit, pair.hub):
        wipe(node.database)
        node.run = None
    join(pair.unit, pair.hub)
    dice = Random(seed)
    person = register(pair.unit)
    with at(pair.unit):
        blobs.put(dice.randbytes(2 * blobs.CHUNK + 5), "image/jpeg")
    session = None
    old: list[bytes] = []
    for fault in faults:
        with at(dice.choice((pair.unit, pair.hub))):
            row = Person.objects.filter(pk=person.pk).first()
            if row:
                row.phone = str(dice.randrange(10**6))
                with writing(None, "person.edit") as write:
                    write.save(row)
        with at(pair.unit):
            session = session or pair.session(dice.randrange(10**9))
            requests = [r.data for r in (session.next() for _ in range(window)) if r]
            dice.shuffle(requests)
            for request in requests:
                if fault == "lose_request":
                    session.lost()
                    continue
                reply = pair.ask(request)[1]
                if fault == "twice":
                    reply = pair.ask(request)[1]
                old.append(reply)
                if fault == "lose_reply":
                    session.lost()
                elif fault == "spoil":
                    with pytest.raises(FrameError):
                        session.receive(reply[: dice.randrange(len(reply))])
                    session.lost()
                else:
                    session.receive(dice.choice(old) if fault == "late" else reply)
                    session.receive(reply)
            if fault == "late":
                session = None
    pair.sync()
    pair.sync()
    assert pending(pair.unit) == 0
    assert keys_of(pair.unit) >= {k for k in keys_of(pair.hub) if k[0] == "U1"} and keys_of(pair.hub) >= {
        k for k in keys_of(pair.unit) if k[0] == "U1"
    }
    phones = []
    for node in (pair.unit, pair.hub):
        with at(node):
            phones.append(list(Person.objects.values_list("pk", "phone", "heads")))
            assert not Quarantine.objects.exists() and list(check.problems()) == []
            assert list(blobs.problems()) == [] and Blob.objects.filter(complete=True).count() == 1
    assert phones[0] == phones[1]
    with at(pair.hub):
        assert not Mail.objects.filter(acked__isnull=True).exists()
