"""Lock and wipe by order of the hub: carried out once, by the box that is meant, after the receipt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import override_settings

from qafila.journal import blobs
from qafila.journal.here import Here, at
from qafila.journal.models import Record
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.node import ordered
from qafila.node.directory import NodeDirectory
from qafila.sync import orders, pki, scope, vault
from qafila.sync.models import NodeOrder, NodeOrderDone, Peer
from qafila.web.models import LoginSession
from tests.sync.pair import Pair, join, register
from tests.web.vehicle import NODE

BY = uuid4()


@pytest.fixture
def van(unit: Here, hub: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """A unit with its hub; its keys lie in a vault."""
    monkeypatch.setenv("QAFILA_RUN", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    made = join(unit, hub)
    orders.connect()
    assert unit.directory is not None
    (unit.directory / "node.toml").write_text(NODE)
    (unit.directory / "blobs").mkdir()
    vault.make(unit.directory)
    with override_settings(DIRECTORY=NodeDirectory(unit.directory)):
        yield made
    scope._rules.pop(NodeOrder.kind(), None)


def order(van: Pair, what: str, **more: bool) -> NodeOrder:
    with at(van.hub):
        return orders.give("U1", what, "stolen at night", BY, **more)


def step(van: Pair) -> Path:
    """The unit's job runs once; the unit's directory."""
    with at(van.unit):
        ordered.run()
    assert van.unit.directory is not None
    return van.unit.directory


def receipts(van: Pair) -> list[str]:
    """As the hub has them."""
    with at(van.hub):
        return list(NodeOrderDone.objects.values_list("what", flat=True))


def test_without_an_order_nothing_happens(van: Pair) -> None:
    van.sync()
    directory = step(van)
    assert not vault.locked(directory) and not (directory / "closing").exists()


def test_a_lock_ends_sessions_and_takes_the_keys_away_after_its_receipt(van: Pair) -> None:
    with at(van.unit):
        LoginSession.objects.create(session_key="x", session_data="", expire_date=clock.now())
    order(van, "lock")
    van.sync()
    directory = step(van)
    with at(van.unit):
        assert not LoginSession.objects.exists()
    assert (directory / "closing").exists() and not vault.locked(directory), "the receipt needs the key"
    van.sync()
    assert receipts(van) == ["lock"]
    step(van)
    assert vault.locked(directory) and not (directory / "closing").exists()


def test_a_wipe_waits_for_what_was_not_sent_then_nothing_can_be_read(van: Pair) -> None:
    order(van, "wipe")
    van.sync()
    register(van.unit, "0600000000")
    with at(van.unit):
        blobs.put(b"a photograph of somebody", "image/jpeg")
    directory = step(van)
    assert receipts(van) == [] and vault.exists(directory), "somebody is not on the hub yet"
    van.sync()
    with at(van.unit):
        assert orders.left_to_send() == 0
    step(van)
    van.sync()
    assert receipts(van) == ["wipe"]
    clear = (directory / "keys").resolve()
    step(van)
    left = sorted(f.name for f in directory.rglob("*") if f.is_file())
    assert set(left) <= {"changed", "closing", "node.toml", "topics", "wiped"}
    assert not clear.exists() and not (directory / "vault").exists()
    with pytest.raises(vault.Shut):
        vault.unlock(directory, secret="7K2M")


def test_a_wipe_at_once_waits_for_nothing_but_its_receipt(van: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    order(van, "wipe", unsent_first=False)
    van.sync()
    register(van.unit)
    directory = step(van)
    assert vault.exists(directory)
    # The hub is not reached any more: a minute later it is not waited for.
    monkeypatch.setattr(ordered, "PATIENCE_S", 0)
    step(van)
    assert (directory / "wiped").exists() and not vault.exists(directory)


def test_a_wipe_goes_on_after_a_restart(van: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    order(van, "wipe")
    van.sync()
    step(van)
    ordered._since.clear()
    van.sync()
    assert (step(van) / "wiped").exists()


def test_an_order_that_the_hub_did_not_write_or_for_another_box_is_none(van: Pair) -> None:
    real = order(van, "wipe")
    forged = {"node": "U1", "what": "wipe", "reason": "x", "box": real.box}
    stranger = pki.signing_key(van.hub.directory.with_name("stranger"))  # type: ignore[union-attr]
    with at(van.unit), writing(None, "node.wipe") as write:
        write.save(NodeOrder(**forged, signature="00" * 64))
        write.save(NodeOrder(**forged, signature=real.signature))
        mine = NodeOrder(**forged)
        mine.signature = stranger.sign(orders._said(mine)).hex()
        write.save(mine)
        other = NodeOrder(**(forged | {"box": "0" * 16}))
        with at(van.hub):
            other.signature = pki.signing_key(van.hub.directory / "keys").sign(orders._said(other)).hex()  # type: ignore[operator]
        write.save(other)
    directory = step(van)
    assert not (directory / "closing").exists()
    with at(van.unit):
        assert orders.due() is None and NodeOrder.objects.count() == 4


def test_a_node_that_was_shut_out_takes_no_orders(van: Pair) -> None:
    with at(van.hub):
        Peer.objects.update(revoked=True)
        with pytest.raises(Peer.DoesNotExist):
            orders.give("U1", "wipe", "stolen", BY)
        with pytest.raises(ValueError, match="reason"):
            orders.give("U1", "wipe", " ", BY)


def test_an_ordinary_contact_carries_nothing_of_this(van: Pair) -> None:
    van.sync()
    with at(van.unit):
        assert not Record.objects.filter(kind__startswith="sync.nodeorder").exists()
