"""Anchors: what one node knew of another's chains, and when, so that nobody rewrites the past unseen.

A hash chain alone shows what was altered, unless the whole tail was chained anew. So the hub notes the head of each run
of a unit at each contact (`Anchor`, never changed), and once a day a record in its own chain names them (`Witness`).
That record goes to the unit: `qafila check` there compares the unit's chains with what the hub confirmed. The unit says
the same of the hub's chains in its own, so that who rewrites the hub's past has to rewrite every unit's as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.db import transaction
from django.db.models import F

from qafila.journal.check import ALTERED, MISSING, Fault
from qafila.journal.here import here
from qafila.journal.models import Anchor, Record, Run
from qafila.journal.ranges import loads
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.clock import hlc_time
from qafila.sync import scope
from qafila.sync.models import Peer, Witness

LATELY = timedelta(minutes=15)
"""Whoever called in this time may have said more since it was noted."""
DAILY = timedelta(hours=24)
"""Between two records that name what was noted."""
AT_ONCE = 200
"""Nodes in one transaction."""
_SOME = 500
_Known = tuple[str, int, int, bytes, str]
"""Node, run, number, hash, and who said so (empty: this node's own notes)."""


def connect() -> None:
    """A word about a node goes to that node. Called where the profile serves sync."""
    scope.rule(Witness.kind(), addressed)


def addressed(subjects: set[UUID]) -> dict[UUID, set[str]]:
    """Whose chains these records are about."""
    return {pk: {node} for pk, node in Witness._base_manager.filter(pk__in=subjects).values_list("pk", "node")}


def note(node: str) -> int:
    """Keep how far the chains of a node reach here; how many have grown. Inside the caller's transaction.

    A chain counts as far as it is here without a gap; the hub's is never here as a whole, and its latest record counts.
    """
    whole = not Peer.objects.filter(code=node, upward=True).exists()
    fresh: list[Anchor] = []
    for run in Run._base_manager.filter(node=node, last__gt=F("anchored")):
        seq = _reach(run) if whole else run.last
        if seq > run.anchored:
            head = run.head if seq == run.last else _hashes(node, run.run, [seq])[seq]
            fresh.append(Anchor(node=node, run=run.run, seq=seq, hash=bytes(head)))
            Run._base_manager.filter(pk=run.pk).update(anchored=seq)
    Anchor.objects.bulk_create(fresh)
    return len(fresh)


def _reach(run: Run) -> int:
    ranges = loads(run.ranges)
    return ranges[0][1] if ranges and ranges[0][0] == 1 else 0


def keep() -> None:
    """Job: note those who called lately, and once a day say in this node's own chain what was noted."""
    lately = Peer.objects.filter(last_contact__gte=clock.now() - LATELY).values_list("code", flat=True)
    grown = Run._base_manager.filter(node__in=list(lately), last__gt=F("anchored")).order_by("node")
    for some in _at_once(list(grown.values_list("node", flat=True).distinct())):
        with transaction.atomic(using=here().database):
            for code in some:
                note(code)
    latest = Record._base_manager.filter(kind=Witness.kind(), node=here().node).order_by("-no").first()
    if latest is None or hlc_time(latest.hlc) <= clock.now() - DAILY:
        witness()


def witness() -> int:
    """Say in this node's own chain what was noted since the last time; how many nodes it speaks of."""
    codes = list(Peer.objects.filter(revoked=False).order_by("code").values_list("code", flat=True))
    return sum(_witness(some) for some in _at_once(codes))


def _at_once(codes: list[str]) -> Iterator[list[str]]:
    """Some at a time: others write, too."""
    return (codes[start : start + AT_ONCE] for start in range(0, len(codes), AT_ONCE))


def _witness(codes: list[str]) -> int:
    with transaction.atomic(using=here().database):
        for code in codes:
            note(code)
        rows = list(Anchor.objects.select_for_update().filter(told=False, node__in=codes).order_by("node", "id"))
        if not rows:
            return 0
        said = 0
        with writing(None, "chain.witness", always=True) as write:
            for node, some in groupby(rows, key=lambda a: a.node):
                heads = {f"{a.run:x}": [a.seq, bytes(a.hash).hex()] for a in some}
                write.save(Witness(node=node, chains=heads))
                said += 1
        for start in range(0, len(rows), _SOME):
            Anchor.objects.filter(pk__in=[a.pk for a in rows[start : start + _SOME]]).update(told=True)
        return said


def faults() -> Iterator[Fault]:
    """The first record of each run that is not what somebody knew of it: chained anew, or cut off."""
    known = sorted(_known(), key=itemgetter(0, 1, 2))
    for (node, run), some in groupby(known, key=itemgetter(0, 1)):
        fault = _first(node, run, list(some))
        if fault:
            yield fault


def _known() -> Iterator[_Known]:
    for anchor in Anchor.objects.iterator(chunk_size=2000):
        yield anchor.node, anchor.run, anchor.seq, bytes(anchor.hash), ""
    authors = dict(Record._base_manager.filter(kind=Witness.kind()).values_list("subject", "node"))
    for word in Witness._base_manager.iterator(chunk_size=500):
        for run, seq, hash_ in _heads(word):
            yield word.node, run, seq, hash_, authors.get(word.pk, "")


def _heads(word: Witness) -> Iterator[tuple[int, int, bytes]]:
    """What another node said may be anything."""
    for run, head in word.chains.items() if isinstance(word.chains, dict) else ():
        try:
            seq, hash_ = head
            yield int(run, 16), int(seq), bytes.fromhex(hash_)
        except (ValueError, TypeError):
            continue


def _first(node: str, run: int, known: list[_Known]) -> Fault | None:
    hashes = _hashes(node, run, {k[2] for k in known})
    last = Run._base_manager.filter(node=node, run=run).values_list("last", flat=True).first() or 0
    good = 0
    for _, _, seq, hash_, author in known:
        by = f"anchored by {author or here().node}"
        if seq in hashes:
            if hashes[seq] != hash_:
                return Fault(node, run, good + 1, ALTERED, f"between this record and {seq}, chained anew; {by}")
            good = seq
        elif here().node in (node, author) or not author:
            # Said of this node, or by it: then it was here.
            if seq > last:
                return Fault(node, run, last + 1, MISSING, f"the end is cut off: {seq} was here; {by}")
            return Fault(node, run, seq, MISSING, by)
    return None


def _hashes(node: str, run: int, seqs: list[int] | set[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    wanted = sorted(seqs)
    for start in range(0, len(wanted), _SOME):
        rows = Record._base_manager.filter(node=node, run=run, seq__in=wanted[start : start + _SOME])
        found |= {seq: bytes(hash_) for seq, hash_ in rows.values_list("seq", "hash")}
    return found
