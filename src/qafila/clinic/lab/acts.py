"""The verbs of results that come from outside: keep a message (always first), file it, match it by hand, order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction

from qafila.clinic.lab import filing
from qafila.clinic.lab.filing import Source
from qafila.clinic.lab.models import LabMessage, LabOrder
from qafila.clinic.lab.report import Report
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel import clock, ids
from qafila.packs import bedside
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

State = LabMessage.State
MATCH = "lab.match"
DONE = N_("Somebody has matched this message already.")
NOTHING = N_("Choose at least one test.")
OPEN = (State.UNMATCHED, State.KEPT)


def keep(sender: str, control: str, data: bytes, peer: str = "") -> tuple[LabMessage, bool]:
    """Store a message before it is acknowledged; (row, it is new). A message that was kept before is given back.

    The same number with other bytes is another message: some analysers begin to count anew each morning.
    """
    digest = hashlib.sha256(data).hexdigest()
    key = {"sender": sender[:120], "control": control[:64], "digest": digest}
    found = LabMessage.objects.filter(**key).first()
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            return LabMessage.objects.create(**key, peer=peer[:40], raw=data), True
    except IntegrityError:
        return LabMessage.objects.get(**key), False


def file_message(row: LabMessage, report: Report, source: Callable[[], Source]) -> LabMessage:
    """File a kept message where it is certain whose it is; else it waits for a person."""
    found = filing.match(report, clock.now())
    person = found.person.pk if found.person else None
    if found.why or found.visit is None:
        LabMessage.objects.filter(pk=row.pk, state=State.KEPT).update(
            state=State.UNMATCHED, why=found.why, person=person
        )
        return LabMessage.objects.get(pk=row.pk)
    with writing(None, "lab.file") as write:
        row = LabMessage.objects.select_for_update().get(pk=row.pk)
        if row.state == State.KEPT:
            filing.file(write, report, found.visit, source(), clock.now(), None)
            row.state, row.visit, row.person = State.FILED, found.visit.pk, person
            row.save()
    return row


def settle(row: LabMessage, report: Report, visit: Visit, by: Staff, source: Source) -> LabMessage:
    """A person says whose results they are. Raises `NotAllowed`, `Refusal`, `WrongState`."""
    require(by, MATCH, visit)
    require_valid(visit.status)
    with writing(by, "lab.match") as write:
        row = LabMessage.objects.select_for_update().get(pk=row.pk)
        if row.state not in OPEN:
            raise Refusal(Message(DONE))
        filing.file(write, report, visit, source, clock.now(), by)
        row.state, row.visit, row.person = State.SETTLED, visit.pk, visit.person_id
        row.by, row.settled_at = by.pk, clock.now()
        row.save()
    return row


def dismiss(row: LabMessage, by: Staff) -> LabMessage:
    """Put a message aside: a control sample, a test of the analyser. It stays. Raises `NotAllowed`, `Refusal`."""
    require(by, MATCH)
    with transaction.atomic():
        row = LabMessage.objects.select_for_update().get(pk=row.pk)
        if row.state not in OPEN:
            raise Refusal(Message(DONE))
        row.state, row.by, row.settled_at = State.DISMISSED, by.pk, clock.now()
        row.save()
    return row


def order(visit: Visit, by: Staff, analytes: Sequence[str], peer: str = "") -> LabOrder:
    """Ask an analyser for tests of a visit's person. Raises `NotAllowed`, `Refusal`, `WrongState`."""
    require(by, "vitals.record", visit)
    known = [key for key in dict.fromkeys(analytes) if bedside.analytes().find(key)]
    if not known:
        raise Refusal(Message(NOTHING))
    with writing(by, "lab.order") as write:
        row = Visit._base_manager.select_for_update().get(pk=visit.pk)
        require_valid(row.status)
        number = f"{here().node}-{ids.short_code(ids.new())}"[:22]
        return write.save(
            LabOrder(
                person_id=row.person_id, visit_id=row.pk, author=by, at=clock.now(), number=number, analytes=known,
                peer=peer[:40],
            )
        )  # fmt: skip


def waiting() -> list[LabMessage]:
    """Messages that wait for a person, newest first."""
    return list(LabMessage.objects.filter(state__in=OPEN).order_by("-received_at")[:100])


def retry(read: Callable[[LabMessage], tuple[Report, Callable[[], Source]]]) -> int:
    """File what was kept and not filed, because the process ended in between; how many."""
    rows = list(LabMessage.objects.filter(state=State.KEPT).values_list("pk", flat=True))
    for pk in rows:
        row = LabMessage.objects.get(pk=pk)
        file_message(row, *read(row))
    return len(rows)
