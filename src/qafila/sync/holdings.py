"""The hub's words about who holds whom: a *forget*, and that a person who was forgotten is back.

Whoever writes one keeps others from writing about the person (`tables.one_at_a_time`), so that turns only grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from qafila.journal import tables
from qafila.journal.entries import Entry
from qafila.journal.here import here
from qafila.journal.models import Record
from qafila.journal.ranges import Ranges, join
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.sync import scope
from qafila.sync.models import Holding, HoldingReceipt, Mail, Scope


def latest(who: UUID, node: str) -> Holding | None:
    """The last word said to a node about a person, where there was any."""
    found: Holding | None = Holding._base_manager.filter(who=who, node=node).order_by("turn").last()
    return found


def spoken(people: Iterable[UUID], nodes: Sequence[str]) -> set[tuple[UUID, str]]:
    """(Person, node) of those of whom the node was ever told something."""
    return set(tables.among(Holding, "who", people, ["who", "node"], here().database, node=list(nodes)))


def told(records: Iterable[Record | Entry]) -> set[tuple[UUID, str]]:
    """(Person, author) of those records about a person of whom the author was ever told something."""
    pairs = {(r.patient, r.node) for r in records if r.patient}
    return pairs & spoken({p for p, _ in pairs}, [*{n for _, n in pairs}])


def say(who: UUID, node: str, *, held: bool, after: int = 0) -> Holding:
    """Tell a node whether it holds a person; reaches its mailbox in the transaction at hand. `after`: a turn of which
    the node knows."""
    before = latest(who, node)
    turn = max(clock.now_ms(), after + 1, before.turn + 1 if before else 0)
    more = {} if held else {"keep": sorted(pk.hex for pk in kept_rows(who, node)), "known": known(who, node)}
    with writing(None, "person.readmit" if held else "person.release", always=True) as write:
        return write.save(Holding(node=node, who=who, held=held, turn=turn, **more))


def renew(who: UUID, node: str) -> None:
    """Somebody else's record needs more, or less, of a person who was forgotten there: say so."""
    before = latest(who, node)
    if before is None or before.held:
        return
    if before.keep != sorted(pk.hex for pk in kept_rows(who, node)):
        say(who, node, held=False)


def known(who: UUID, node: str) -> dict[str, Ranges]:
    """Run (hexadecimal) → ranges of a node's own records about a person that are here. What it has beyond them comes
    here yet, and tells that the person is there again: the node must not forget it before."""
    found: dict[str, list[list[int]]] = {}
    for run, seq in (
        Record._base_manager.filter(patient=who, node=node).order_by("run", "seq").values_list("run", "seq")
    ):
        found.setdefault(f"{run:x}", []).append([seq, seq])
    return {run: join(places) for run, places in found.items()}


def kept_rows(who: UUID, node: str) -> set[UUID]:
    """Rows about a person that stay at a node when it forgets him: somebody whom it holds needs them."""
    rows = scope.others_of(who)
    held = set(Scope.objects.filter(node=node, person__in=[o for _, o in rows]).values_list("person", flat=True))
    return {pk for pk, other in rows if other in held}


def addressed(subjects: set[UUID]) -> dict[UUID, set[str]]:
    """To whom these words are said."""
    return {pk: {node} for pk, node in Holding._base_manager.filter(pk__in=subjects).values_list("pk", "node")}


def answered(records: Iterable[Record | Entry]) -> set[UUID]:
    """Whom the receipts among these records are about."""
    said = {r.subject for r in records if r.kind == HoldingReceipt.kind()}
    return set(HoldingReceipt._base_manager.filter(pk__in=said).values_list("who", flat=True)) if said else set()


def take_back(who: UUID, node: str, but: Sequence[UUID] = ()) -> None:
    """Nothing about the person waits for the node any more, and all of it can be mailed anew."""
    numbers = Record._base_manager.filter(patient=who).exclude(subject__in=list(but)).values("no")
    Mail.objects.filter(to=node, record__in=numbers).delete()
