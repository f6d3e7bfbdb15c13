"""On the hub: when a node does not need a person any more, and what follows.

A node keeps a person who is at home with it, who has a case or a visit of it that is open, who was there not long ago,
or whose copy it looked up not long ago. Everybody else it is told to forget. It answers with a receipt; a receipt that
says something else than what holds here (one of the two was restored) is answered with the right word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from qafila.journal import tables
from qafila.journal.entries import Entry
from qafila.journal.here import Here, here
from qafila.journal.models import Record
from qafila.journal.signals import ingested
from qafila.kernel import clock
from qafila.sync import holdings, mailbox, scope
from qafila.sync.models import Holding, HoldingReceipt, Scope

AGAIN = timedelta(days=1)
"""What is open, or not known well enough, is looked at again after so long."""
NOT_SAFE = timedelta(hours=1)
"""As above, where the node's own records are in no backup of the hub yet."""
AT_ONCE = 500
log = logging.getLogger("qafila.sync")


@dataclass
class Terms:
    """How long a node keeps a person who is not at home with it; the profile may say otherwise."""

    visited: timedelta = timedelta(days=30)
    """After a visit there."""
    copied: timedelta = timedelta(hours=24)
    """After a look-up, or after the visit that followed it."""


TERMS = Terms()
FOREVER = datetime.max.replace(tzinfo=UTC)
backed_up: list[Callable[[], int]] = []
"""Whoever makes backups puts a function here: the highest number of a record that the latest one holds. A node is told
to forget a person only when all that it wrote about him itself is in it: a hub restored from it needs nothing back."""


def connect() -> None:
    """Answer receipts from now on."""
    scope.rule(scope.HOLDING, holdings.addressed)
    ingested.connect(_on_ingested, dispatch_uid="leaving-ingested")


def disconnect() -> None:
    """Undo `connect`."""
    ingested.disconnect(dispatch_uid="leaving-ingested")


def review() -> None:
    """Job: look at everybody who is to be looked at, and tell the nodes whom to forget."""
    while rows := list(Scope.objects.filter(review__lte=clock.now()).order_by("review")[:AT_ONCE]):
        by_node: dict[str, list[Scope]] = {}
        for row in rows:
            by_node.setdefault(row.node, []).append(row)
        for node, some in sorted(by_node.items()):
            _review(node, some)


def _review(node: str, rows: list[Scope]) -> None:
    now = clock.now()
    until = _as_one(node, rows)
    written = _last_written(node, [r.person for r in rows if until[r.person] <= now])
    safe = min((told() for told in backed_up), default=None)
    for row in rows:
        end = until[row.person]
        if end == FOREVER:
            _look_again(row, None)
        elif end > now:
            _look_again(row, end)
        elif safe is not None and written.get(row.person, 0) > safe:
            _look_again(row, now + NOT_SAFE)
        else:
            release(row.person, node)


def _look_again(row: Scope, at: datetime | None) -> None:
    # Unless something has happened since the row was read: then it is due again.
    Scope.objects.filter(pk=row.pk, review=row.review).update(review=at)


def needed_until(node: str, rows: Sequence[Scope]) -> dict[UUID, datetime]:
    """Person → until when the node needs the record; `FOREVER` as long as nothing changes."""
    now = clock.now()
    people = [r.person for r in rows]
    units = _served(node)
    if not units:
        # It serves nobody: more likely a gap in the roster than the wish to empty a vehicle.
        return dict.fromkeys(people, now + AGAIN)
    homes = dict(scope.rows_of(scope.PERSON).filter(pk__in=people).values_list("pk", "home_unit_id"))
    open_cases = _people(scope.CASE, units, people, closed_at=None)
    open_visits = _people(scope.VISIT, units, people, closed_at=None)
    past = scope.rows_of(scope.VISIT).filter(person_id__in=people, unit_id__in=list(units), closed_at__isnull=False)
    last = dict(past.values_list("person_id").annotate(Max("closed_at")))
    until: dict[UUID, datetime] = {}
    for row in rows:
        person, home = row.person, homes.get(row.person)
        stay = TERMS.copied if row.copied_at else TERMS.visited
        ends = [row.copied_at + stay if row.copied_at else row.since + AGAIN]
        if person in last:
            ends.append(last[person] + stay)
        if person in open_visits or person not in homes:
            ends.append(now + AGAIN)
        if person in open_cases or (home is None and person in homes and not row.copied_at):
            # Without a home unit the person is nobody's else, and stays with those who know him.
            ends.append(FOREVER)
        if home in units:
            ends.append(units[home])
        until[person] = max(ends)
    return until


def _as_one(node: str, rows: Sequence[Scope]) -> dict[UUID, datetime]:
    """As `needed_until`; records of one person that were merged stay as long as any of them is needed."""
    groups = scope.one_person({r.person for r in rows})
    asked = {r.person for r in rows}
    near = Scope.objects.filter(node=node, person__in=set[UUID]().union(*groups) - asked) if groups else ()
    until = needed_until(node, [*rows, *near])
    for group in groups:
        ends = [until[person] for person in group if person in until]
        until |= {person: max(ends) for person in group if person in until}
    return until


def _served(node: str) -> dict[UUID, datetime]:
    """Unit → until when the node serves it."""
    found: dict[UUID, datetime] = {}
    for unit, ends in scope.current_assignments().filter(node=node).values_list("unit_id", "ends"):
        last: date | None = ends
        end = datetime.combine(last, time(), UTC) + 2 * AGAIN if last else FOREVER
        found[unit] = max(end, found.get(unit, end))
    return found


def _people(kind: str, units: Iterable[UUID], people: Iterable[UUID], **more: Any) -> set[UUID]:
    rows = scope.rows_of(kind).filter(person_id__in=list(people), unit_id__in=list(units), **more)
    return set(rows.values_list("person_id", flat=True))


def _last_written(node: str, people: list[UUID]) -> dict[UUID, int]:
    rows = Record._base_manager.filter(patient__in=people, node=node).order_by()
    return dict(rows.values_list("patient").annotate(Max("no")))


def release(person: UUID, node: str) -> None:
    """Tell a node to forget a person; idempotent."""
    with transaction.atomic(using=here().database):
        near = {about for _, about, _ in scope.also_of([person])}
        tables.one_at_a_time((p.int for p in {person} | near), here().database)
        if not Scope.objects.filter(person=person, node=node).delete()[0]:
            return
        holdings.take_back(person, node, list(holdings.kept_rows(person, node)))
        holdings.say(person, node, held=False)
        held = set(Scope.objects.filter(person__in=near, node=node).values_list("person", flat=True))
        for about in sorted(near - held - {person}):
            # What was there for this person's sake alone.
            holdings.take_back(about, node, list(holdings.kept_rows(about, node)))
            holdings.say(about, node, held=False)


def _on_ingested(sender: Any, records: Sequence[Entry], node: Here, **kwargs: Any) -> None:
    said = {e.subject for e in records if e.kind == HoldingReceipt.kind()}
    # What this hub itself said before a restore comes back from the node that heard it.
    back = {e.subject for e in records if e.kind == Holding.kind() and e.node == node.node}
    rows: list[HoldingReceipt | Holding] = []
    if said:
        rows += HoldingReceipt._base_manager.filter(pk__in=said)
    if back:
        rows += Holding._base_manager.filter(pk__in=back)
    for row in sorted(rows, key=lambda r: r.turn):
        _answer(row)


def _answer(receipt: HoldingReceipt | Holding) -> None:
    """Say it again where the node and this hub do not agree."""
    tables.one_at_a_time([receipt.who.int], here().database)
    last = holdings.latest(receipt.who, receipt.node)
    if last is not None and last.turn > receipt.turn:
        if last.held and not receipt.held:
            # It forgot him before it heard that he is back, perhaps after a greeting that told what it had of him.
            mailbox.mail_again(receipt.who, receipt.node)
        return  # Another receipt will come.
    held = Scope.objects.filter(person=receipt.who, node=receipt.node).exists()
    if held == receipt.held:
        return
    log.warning("a node and this hub did not agree on whom it holds: it is told again")
    if held:
        mailbox.readmit(receipt.who, receipt.node, receipt.turn)
    else:
        holdings.say(receipt.who, receipt.node, held=False, after=receipt.turn)


def open_words(node: str) -> int:
    """How many people the node was told to forget without having answered yet."""
    told = Holding._base_manager.filter(node=node, held=False).values_list("who", "turn")
    answered = set(HoldingReceipt._base_manager.filter(node=node).values_list("who", "turn"))
    return len({who for who, turn in told if (who, turn) not in answered})
