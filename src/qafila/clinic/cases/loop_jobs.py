"""What a node does by itself so that no answer is forgotten. Each is idempotent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from uuid import UUID

from django.db.models import Q

from qafila.clinic.cases import loop, loop_queries, proof
from qafila.clinic.cases.models import Answer, Case, CaseEvent
from qafila.clinic.cases.steps import current, lane_of, tell
from qafila.clinic.cases.transitions import WITH_ANSWER
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Attachment, FactStatus
from qafila.journal.here import here
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.packs import load
from qafila.packs.profile import Profile

UNREAD = N_("Nobody on the unit has opened the answer yet.")
STAYS_OPEN = N_("This case has stayed open for %(days)s days.")
CAME = N_("It came after the answer.")
SOME = 500


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
    """Mark the answers after which a file of the case arrived: the case comes back to the specialist's list; how many
    files were new."""
    if not profile.routes_cases:
        return 0
    open_cases = Case.objects.filter(status__in=WITH_ANSWER).values_list("pk", flat=True)
    return sum(note_late(some) for some in _parts(list(open_cases)))


def note_late(cases: list[UUID]) -> int:
    """Of some cases with an answer: note each whole file that the answer in force does not cover."""
    answers = {
        a.case_id: a for a in Answer.objects.filter(case_id__in=cases, status=FactStatus.FINAL).order_by("at", "id")
    }
    held = {c.pk: c for c in Case.objects.filter(pk__in=list(answers))}
    by_visit = {c.visit_id: c.pk for c in held.values() if c.visit_id}
    files = Attachment.objects.filter(
        Q(visit_id__in=list(by_visit)) | Q(case_id__in=list(held)), status=FactStatus.FINAL
    )
    whole, _ = proof.arrived(proof.of_case(files))
    found = 0
    for file in whole:
        case = held.get(file.case_id) or held.get(by_visit.get(file.visit_id))
        if case is None or not answers[case.pk].signature:
            continue
        if any(one == file.pk.hex for _, one, _ in answers[case.pk].shown):
            continue
        found += _came_after(case, answers[case.pk], file)
    return found


def _came_after(case: Case, answer: Answer, file: Attachment) -> bool:
    key = f"{answer.pk.hex}:{file.pk.hex}"
    if CaseEvent.objects.filter(case_id=case.pk, act="came_after", values__what=key).exists():
        return False
    with writing(None, "case.came_after") as write:
        row = current(case)
        lane = lane_of(row, Lane.ANSWER)
        if not row.came_after:
            row.came_after = True
            write.save(row, lane=lane)
        tell(write, row, "came_after", None, Message(CAME, what=key), lane=lane)
    return True


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
