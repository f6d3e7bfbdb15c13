"""A hub's lives and backups, and how it gets back from its units what a restore has cost it.

A restored hub begins another *life*. A unit that remembers another number than it is told compares everything: which
records of others it has, so that mail counts as acknowledged exactly where the unit has it, and so that the hub sees
what it lacks. Backups are numbered; what a unit has had confirmed before backup *n* began is in it.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from qafila.journal import erased, lives
from qafila.journal.cluster import fingerprint
from qafila.journal.header import decode
from qafila.journal.here import here
from qafila.journal.ingest import Parcel
from qafila.journal.models import Record, Run
from qafila.journal.ranges import Ranges, add, holds, loads, subtract, total, without
from qafila.kernel import clock
from qafila.sync import intake, mailbox, scope
from qafila.sync.hub import Have, Sums
from qafila.sync.intake import Outcome
from qafila.sync.models import Backup, Holding, Life, Mail, Peer, Scope

LOOK_S = 30.0
"""Between two looks whether PostgreSQL is still the one that it was."""
LATE = timedelta(days=1)
"""How far the clock may have run ahead of a record of this node that comes back."""
_CHUNK = 5000
log = logging.getLogger("qafila.sync")
_looked: dict[str, float] = {}


def life() -> int:
    """The number of this node's life; it begins its first one with the first question."""
    latest = _latest()
    if latest is None:
        return open_life(restored=False).number
    database = here().database
    now = clock.monotonic()
    if latest.home and now - _looked.get(database, -LOOK_S) >= LOOK_S:
        _looked[database] = now
        home = fingerprint(here().database)
        if home and home != latest.home:
            log.warning("PostgreSQL was restored or moved: a new life begins, and the units are asked for what is lost")
            return open_life(after=latest).number
    return latest.number


def open_life(*, restored: bool = True, after: Life | None = None) -> Life:
    """Begin another life: this node's database has just come out of a backup. Its runs are sealed.

    `after`: only where that is still the latest one (another process may have seen it as well).
    """
    with transaction.atomic(using=here().database):
        latest = Life.objects.select_for_update().order_by("-pk").first()
        if latest is not None and not restored:
            return latest
        # Whoever waited for that row may find that another process has begun the life.
        newest = _latest()
        if newest is not None and after is not None and newest.pk != after.pk:
            return newest
        base = Backup.objects.aggregate(n=Max("pk"))["n"] or 0
        if restored:
            lives.seal(here())
            # What this database came out of holds it.
            Backup.objects.filter(pk=base, stands__isnull=True).update(stands=clock.now())
        number, home = secrets.randbelow((1 << 32) - 1) + 1, fingerprint(here().database)
        values = {"number": number, "base": base, "restored": restored, "home": home}
        # Two processes may ask for the first one at once.
        return Life.objects.get_or_create(pk=newest.pk + 1 if newest else 1, defaults=values)[0]


def _latest() -> Life | None:
    return Life.objects.order_by("-pk").first()


def begin_backup() -> int:
    """Note that a backup begins now; its number. What is committed by now has to be in it."""
    return Backup.objects.create(top=Record._base_manager.aggregate(n=Max("no"))["n"] or 0).pk


def backed_up() -> int:
    """The number of the last record that had been written when the latest backup that stands elsewhere began; 0: none
    does. A little ahead of what is in it where several processes write; each unit asks more strictly (`keeping`)."""
    return Backup.objects.filter(stands__isnull=False).aggregate(n=Max("top"))["n"] or 0


def backup_stands(number: int) -> bool:
    """Note that this backup is whole and kept elsewhere. False where none of that number was begun."""
    found = Backup.objects.filter(pk=number)
    return bool(found.filter(stands__isnull=True).update(stands=clock.now()) or found.exists())


def backups(life_of_unit: int) -> tuple[int, int]:
    """(the last backup that was begun, the last one that stands). To a unit of another life, or of one that this
    database knows nothing of: instead of the second the last one that both lives share, or 0."""
    begun = Backup.objects.aggregate(n=Max("pk"))["n"] or 0
    known = Life.objects.filter(number=abs(life_of_unit)).first() if life_of_unit else None
    if life_of_unit and known is None:
        return begun, 0
    later = Life.objects.filter(pk__gt=known.pk).order_by("base").first() if known else None
    if later is not None:
        return begun, later.base
    return begun, Backup.objects.filter(stands__isnull=False).aggregate(n=Max("pk"))["n"] or 0


def compare(peer: Peer, have: Have, sums: Sums) -> tuple[Have, Sums]:
    """What of it a restore has cost this node, or is another record here (the memory of a machine was copied); and of
    runs of which a part is lost, the total of what is here: the peer alone can compare that. Mail counts as
    acknowledged where the peer has the record, and waits where not."""
    latest = _latest()
    asked: Have = {}
    shared: Sums = {}
    if latest is not None and latest.restored:
        for node, run, ranges, here_now in _side_by_side(have):
            left = subtract(ranges, here_now)
            if not left and _total(node, run, ranges) != sums[node][run]:
                left = ranges
            elif left and (rest := subtract(ranges, left)):
                shared.setdefault(node, {})[run] = _total(node, run, rest)
            if left:
                asked.setdefault(node, {})[run] = left
    same = {n: {run: subtract(r, asked.get(n, {}).get(run, [])) for run, r in runs.items()} for n, runs in have.items()}
    if latest is not None and latest.restored:
        _admit_unasked(peer.code, same)
    _settle_mail(peer, same)
    return asked, shared


def _admit_unasked(node: str, have: Have) -> None:
    mailbox.admit((person, node) for person in _held_unasked(node, have))


def _held_unasked(peer: str, have: Have) -> set[UUID]:
    """People of whom the peer has these records and whom it neither is to hold nor was ever told to forget: why it has
    them is lost, on the machine of a clone perhaps. It holds them until a look whether it needs them (`leaving`)."""
    people: set[UUID] = set()
    for node, runs in have.items():
        for run, ranges in runs.items():
            for first, last in ranges:
                rows = Record._base_manager.filter(node=node, run=run, seq__range=(first, last), patient__isnull=False)
                people.update(one for one in rows.values_list("patient", flat=True).distinct() if one is not None)
    held = set(Scope.objects.filter(node=peer).values_list("person", flat=True))
    told = set(Holding._base_manager.filter(node=peer).values_list("who", flat=True))
    return {one for one in people - held - told if not _of_another(one, held, have)}


def _of_another(person: UUID, held: set[UUID], have: Have) -> bool:
    """Whether all that is there of a person is there for the sake of somebody who is held."""
    rows = {row for row, who in scope.others_of(person) if who in held}
    if not rows:
        return False
    others = Record._base_manager.filter(patient=person).exclude(subject__in=rows)
    return not any(holds(have.get(n, {}).get(run, []), seq) for n, run, seq in others.values_list("node", "run", "seq"))


def _side_by_side(have: Have) -> Iterator[tuple[str, int, Ranges, Ranges]]:
    """Node, run, what the peer has of it and what is here. A record whose fields are not here is not: its author had
    forgotten it, by the word of a backup that is later than the one out of which this database came."""
    rows = Run._base_manager.filter(node__in=list(have)).values_list("node", "run", "ranges")
    here_now = {(node, run): loads(ranges) for node, run, ranges in rows}
    for node, runs in have.items():
        for run, ranges in runs.items():
            there = here_now.get((node, run), [])
            both = subtract(ranges, subtract(ranges, there))
            yield node, run, ranges, without(there, _emptied(node, run, both)) if both else there


def _emptied(node: str, run: int, ranges: Ranges) -> list[int]:
    """Numbers of those of these records of which the header alone is here, and nobody has erased them."""
    bare = Record._base_manager.filter(node=node, run=run, fields=None)
    found: list[int] = []
    every = (seq for first, last in ranges for seq in range(first, last + 1))
    # By number: a run may have a million records, of which the peer has a few.
    while some := list(islice(every, _CHUNK)):
        rows = list(bare.filter(seq__in=some).values_list("seq", "patient", "subject"))
        gone = erased.among(patient for _, patient, _ in rows)
        found += [seq for seq, patient, subject in rows if not gone.covers(patient, subject)]
    return found


def _total(node: str, run: int, ranges: Ranges) -> int:
    row = Run._base_manager.get(node=node, run=run)
    if loads(row.ranges) == ranges:
        return row.sum
    found = 0
    for first, last in ranges:
        rows = Record._base_manager.filter(node=node, run=run, seq__gte=first, seq__lte=last)
        found = total(map(bytes, rows.values_list("hash", flat=True)), found)
    return found


def _settle_mail(peer: Peer, have: Have) -> None:
    """In one acknowledgement, later than all others: a clone of that node sees that it knows nothing of it."""
    peer.ack_no = max(peer.ack_no + 1, clock.now_ms())
    peer.save(update_fields=["ack_no"])
    # What the peer wrote itself it does not tell; where it may have forgotten it, it is mailed back once more.
    left = set(Holding._base_manager.filter(node=peer.code).values_list("who", flat=True))
    rows = Mail.objects.filter(to=peer.code).exclude(Q(record__node=peer.code) & ~Q(record__patient__in=left))
    known: list[int] = []
    unknown: list[int] = []
    for pk, acked, node, run, seq in rows.values_list("pk", "acked", "record__node", "record__run", "record__seq"):
        there = holds(have.get(node, {}).get(run, []), seq)
        if there and acked is None:
            known.append(pk)
        elif not there and acked is not None:
            unknown.append(pk)
    for numbers, acked in ((known, peer.ack_no), (unknown, None)):
        for start in range(0, len(numbers), _CHUNK):
            Mail.objects.filter(pk__in=numbers[start : start + _CHUNK]).update(acked=acked)


def take(parcels: Sequence[Parcel], sender: str) -> Outcome:
    """Take in a unit's records: its own, and after a restore those of others that it gives back.

    Raises as `intake.take`.
    """
    others = _not_of(parcels, sender)
    back = _coming_back(parcels, others) if others else set()
    if not back:
        return intake.take(parcels, sender, author=sender)
    places = [i for i in range(len(parcels)) if i not in back]
    outcome = intake.take([parcels[i] for i in places], sender, author=sender)
    outcome.aside = [places[i] for i in outcome.aside]
    places = sorted(back)
    more = intake.take([parcels[i] for i in places], sender)
    if more.alarms:
        _mail_ours(sender, [parcels[places[i]] for i in more.aside])
    # Of whom it has them could not be seen when it told what it has.
    _admit_unasked(sender, _keys(parcels[i] for i in back))
    log.warning("%s gave back %d records that a restore had cost", sender, len(places))
    return Outcome(sorted([*outcome.aside, *(places[i] for i in more.aside)]), outcome.alarms + more.alarms)


def _keys(parcels: Iterable[Parcel]) -> Have:
    found: Have = {}
    for header in (decode(parcel.header) for parcel in parcels):
        runs = found.setdefault(header.node, {})
        runs[header.run] = add(runs.get(header.run, []), [header.seq])
    return found


def _mail_ours(node: str, parcels: Sequence[Parcel]) -> None:
    """Of records of which the node has others under the same numbers, those of here wait for it: it keeps both."""
    for parcel in parcels:
        try:
            header = decode(parcel.header)
        except ValueError:
            continue
        Mail.objects.filter(
            to=node, record__node=header.node, record__run=header.run, record__seq=header.seq
        ).update(acked=None)  # fmt: skip


def _not_of(parcels: Sequence[Parcel], sender: str) -> list[int]:
    own = b'["' + sender.encode() + b'",'
    return [i for i, p in enumerate(parcels) if not p.header.startswith(own)]


def _coming_back(parcels: Sequence[Parcel], places: Sequence[int]) -> set[int]:
    """Those of other authors that may be believed: only after a restore; of this node itself only what was written
    before it, under a run that nobody continues."""
    latest = _latest()
    if latest is None or not latest.restored:
        return set()
    own = Run._base_manager.filter(node=here().node, sealed__isnull=True)
    alive = set(own.values_list("run", flat=True))
    last_ms = int((latest.opened + LATE).timestamp() * 1000)
    found = set()
    for place in places:
        try:
            header = decode(parcels[place].header)
        except ValueError:
            continue
        ours = header.node == here().node
        if not ours or (header.run not in alive and header.hlc >> clock.COUNTER_BITS <= last_ms):
            found.add(place)
    return found
