"""What a node does by itself so that no answer is forgotten. Each is idempotent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db.models import Q

from qafila.clinic.cases import loop, loop_queries, proof
from qafila.clinic.cases.models import Answer, Case, CaseEvent
from qafila.clinic.cases.steps import current, lane_of, tell
from qafila.clinic.cases.transitions import CLOSED, WITH_ANSWER
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, Condition, FactStatus, Note, Observation
from qafila.journal.here import here
from qafila.journal.models import Label, Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.profile import Profile

UNREAD = N_("Nobody on the unit has opened the answer yet.")
STAYS_OPEN = N_("This case has stayed open for %(days)s days.")
CAME = N_("It came after the answer.")
SOME = 500
STILL_COMES = timedelta(days=60)
"""How long after a case was closed a file that its answer was given without is waited for."""


def unread_watch(profile: Profile) -> int:
    """Write *unread*, once an answer, into each urgent case whose answer no unit opened in time; how many wait now."""
    if not profile.routes_cases:
        return 0
    waiting = loop_queries.unread()
    for one in waiting:
        _once(one.case, "unread", one.answer.pk.hex, Message(UNREAD, answer=one.answer.pk.hex), "answer")
    return len(waiting)


def open_watch(profile: Profile) -> int:
    """Remind the unit, then the coordinator, of cases that stay open: one line of the timeline for each rule and
    reader; how many stay open too long now."""
    found = loop_queries.reminders()
    reader = loop.COORDINATOR if profile.routes_cases else loop.UNIT
    if not (profile.routes_cases or profile.sees_patients):
        return 0
    told = [one for one in found if reader == loop.UNIT or one.tells == loop.COORDINATOR]
    for one in told:
        key = f"{reader}:{one.rule.code}"
        _once(one.case, "reminder", key, Message(STAYS_OPEN, days=one.days, rule=key), "rule")
    return len(told)


def late_watch(profile: Profile) -> int:
    """Mark the answers after which something of the case arrived: the case comes back to the specialist's list; how
    many things were new. Of closed cases those whose answer was given without a file: it is still on its way."""
    if not profile.routes_cases:
        return 0
    watched = list(Case.objects.filter(status__in=WITH_ANSWER).values_list("pk", flat=True))
    closed = Case.objects.filter(status=CLOSED, closed_at__gte=clock.now() - STILL_COMES)
    incomplete = Answer.objects.filter(case_id__in=closed.values("pk"), status=FactStatus.FINAL)
    watched += incomplete.exclude(missing_attachments=[]).values_list("case_id", flat=True)
    return sum(note_late(some) for some in _parts(watched))


def note_late(cases: list[UUID]) -> int:
    """Of some cases with an answer: note what the answer in force does not cover, each thing once: whole files of the
    case, and facts of its visit that are older than the answer and came later. How many were new."""
    rows = Answer.objects.filter(case_id__in=cases, status=FactStatus.FINAL).exclude(signature="")
    answers = {row.case_id: row for row in rows.order_by("at", "id")}
    held = {c.pk: c for c in Case.objects.filter(pk__in=list(answers))}
    by_visit = {c.visit_id: c.pk for c in held.values() if c.visit_id}
    known = {pk: {one for _, one, _ in given.shown} for pk, given in answers.items()}
    for case_id, values in CaseEvent.objects.filter(case_id__in=list(held), act="came_after").values_list(
        "case_id", "values"
    ):
        known[case_id] |= set(str((values or {}).get("facts", "")).split())
    fresh: dict[UUID, list[str]] = {}
    for case_id, at, one in _came(by_visit, list(held)):
        case = case_id if case_id in held else None
        if case is not None and one.hex not in known[case] and (at is None or at <= answers[case].at):
            fresh.setdefault(case, []).append(one.hex)
    for pk, facts in fresh.items():
        _came_after(held[pk], answers[pk], sorted(facts))
    return sum(len(facts) for facts in fresh.values())


def _came(by_visit: dict[UUID, UUID], cases: list[UUID]) -> Iterator[tuple[UUID | None, datetime | None, UUID]]:
    """Case, time (of a file None: it counts whenever it was taken) and id of what may have come."""
    final = {"visit_id__in": list(by_visit), "status": FactStatus.FINAL}
    files = Attachment.objects.filter(Q(visit_id__in=list(by_visit)) | Q(case_id__in=cases), status=FactStatus.FINAL)
    for file in proof.arrived(proof.of_case(files))[0]:
        of_visit = by_visit.get(file.visit_id) if file.visit_id else None
        yield (file.case_id if file.case_id in cases else of_visit), None, file.pk
    rows = (
        Observation.objects.filter(**final),
        Note.objects.filter(label=Label.NORMAL, **final),
        Condition.objects.filter(**final),
    )
    for some in rows:
        for pk, visit, at in some.values_list("pk", "visit_id", "at"):
            yield (by_visit.get(visit) if visit else None), at, pk


def _came_after(case: Case, answer: Answer, facts: list[str]) -> None:
    with writing(None, "case.came_after") as write:
        row = current(case)
        lane = lane_of(row, Lane.ANSWER)
        if not row.came_after:
            row.came_after = True
            write.save(row, lane=lane)
        tell(write, row, "came_after", None, Message(CAME, answer=answer.pk.hex, facts=" ".join(facts)), lane=lane)


def _once(case: Case, act: str, key: str, text: Message, name: str) -> bool:
    if CaseEvent.objects.filter(case_id=case.pk, act=act, **{f"values__{name}": key}).exists():
        return False
    with writing(None, f"case.{act}") as write:
        tell(write, current(case), act, None, text)
    return True


def _parts(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, SOME)):
        yield some


def _of_this_node(watch: Callable[[Profile], int]) -> Callable[[], None]:
    def run() -> None:
        watch(load.profile(here().kind))

    return run


JOBS: dict[str, Callable[[], None]] = {
    watch.__name__: _of_this_node(watch) for watch in (unread_watch, open_watch, late_watch)
}
"""What a profile may name as a job of the node at hand."""
