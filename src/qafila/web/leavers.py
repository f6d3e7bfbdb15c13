"""Whoever departs, is given another role or password, or has lost their telephone is out at once: on this node when
it is written, on a unit when the record arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

import orjson
from django.dispatch import Signal

from qafila.journal.here import Here
from qafila.journal.signals import ingested, written
from qafila.registry.staff.factors.models import FactorEvent, SecondFactor
from qafila.registry.staff.models import Credential, Pin, Staff
from qafila.sync import scope
from qafila.sync.models import Peer
from qafila.web.sessions import end_sessions

STAFF, CREDENTIAL, FACTORS = "registry.staff", "registry.credential", "registry.factorevent"
turned_away = Signal()
"""Inside the transaction: `gone` and `changed`, ids of staff who have left or have another password; `node`."""
_kept: ContextVar[str | None] = ContextVar("session_kept", default=None)


def connect() -> None:
    """End sessions and PINs from now on."""
    scope.rule(FACTORS, _where_reset)
    written.connect(_written, dispatch_uid="leavers-written")
    ingested.connect(_ingested, dispatch_uid="leavers-ingested")


@contextmanager
def keeping(session_key: str) -> Iterator[None]:
    """Leave the one session in which a person changes their own password."""
    token = _kept.set(session_key)
    try:
        yield
    finally:
        _kept.reset(token)


def _written(sender: Any, records: list[Any], node: Here, **_: Any) -> None:
    _look(records, node)


def _ingested(sender: Any, records: Iterable[Any], node: Here, **_: Any) -> None:
    _look(records, node)


def _look(records: Iterable[Any], node: Here) -> None:
    out: set[UUID] = set()
    changed: set[UUID] = set()
    lost: set[UUID] = set()
    for one in records:
        if one.kind not in (STAFF, CREDENTIAL, FACTORS) or one.fields is None:
            continue
        said = orjson.loads(bytes(one.fields))
        if one.kind == STAFF and ("active" in said or "roles" in said):
            out.add(one.subject)
        elif one.kind == CREDENTIAL and "password" in said:
            changed |= _owner(Credential, one.subject, node)
        elif one.kind == FACTORS and said.get("what") == FactorEvent.What.RESET:
            owner = _owner(FactorEvent, one.subject, node)
            out |= owner
            lost |= owner if _is_above(one.node, node) else set()
    out |= changed
    if not out:
        return
    gone = set(Staff.objects.using(node.database).filter(pk__in=out, active=False).values_list("pk", flat=True))
    for staff in out:
        end_sessions(staff, but=_kept.get(), using=node.database)
    Pin.objects.using(node.database).filter(staff_id__in=gone | lost).delete()
    SecondFactor.objects.using(node.database).filter(staff_id__in=lost).delete()
    if gone or changed:
        turned_away.send(Staff, gone=gone, changed=changed, node=node)


def _where_reset(subjects: set[UUID]) -> dict[UUID, set[str]]:
    """That a telephone is lost is told where its owner works; what else became of factors stays where it was."""
    reset = FactorEvent._base_manager.filter(pk__in=subjects, what=FactorEvent.What.RESET)
    return scope.where_they_work(dict(reset.values_list("pk", "staff_id")))


def _is_above(author: str, node: Here) -> bool:
    # No unit takes away what somebody comes in with at the hub.
    return Peer.objects.using(node.database).filter(upward=True, code=author).exists()


def _owner(model: Any, pk: UUID, node: Here) -> set[UUID]:
    return set(model._base_manager.using(node.database).filter(pk=pk).values_list("staff_id", flat=True))
