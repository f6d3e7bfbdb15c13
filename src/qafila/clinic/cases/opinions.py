"""A second opinion, and a board of several specialists on one case. Who asked stays responsible: what the others say
is attached, and the answer is still theirs to write."""

from __future__ import annotations

from collections.abc import Iterable

from qafila.clinic.cases.assigning import is_specialist
from qafila.clinic.cases.duty_models import Opinion
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.reach import require_reach
from qafila.clinic.cases.steps import current, lane_of, tell, tidy
from qafila.clinic.cases.transitions import OPEN, UNDER_WAY
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

WHOM = N_("Choose a specialist who is not responsible for the case already.")
ASKED_ALREADY = N_("%(name)s is asked about this case already.")
SECOND = N_("%(name)s is asked for a second opinion.")
BOARD = N_("%(name)s is asked to join the board on this case.")
GIVEN = N_("%(name)s has given an opinion.")
OVER = N_("This case is over.")


def ask_opinion(case: Case, of: Staff, by: Staff, question: str) -> Opinion:
    """Ask another specialist, of any specialty. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    return _ask(case, [of], by, question, Opinion.Capacity.SECOND)[0]


def open_board(case: Case, members: Iterable[Staff], by: Staff, question: str) -> list[Opinion]:
    """Ask several at once; each sees what the others say. Raises as `ask_opinion`."""
    return _ask(case, list(members), by, question, Opinion.Capacity.BOARD)


def _ask(case: Case, of: list[Staff], by: Staff, question: str, capacity: Opinion.Capacity) -> list[Opinion]:
    require(by, "case.consult", case)
    words = tidy(question, 2000)
    if not of or any(not is_specialist(one) or one.pk in (case.specialist_id, by.pk) for one in of):
        raise Refusal(Message(WHOM))
    with writing(by, f"case.{capacity}") as write:
        row = current(case)
        require(by, "case.consult", row)
        if row.status not in UNDER_WAY:
            raise WrongState("opinion", row.status)
        require_reach(row, of)
        lane = lane_of(row, Lane.ANSWER)
        made = []
        for one in of:
            if Opinion.objects.filter(case_id=row.pk, staff=one, withdrawn=False, given_at__isnull=True).exists():
                raise Refusal(Message(ASKED_ALREADY, name=one.name))
            opinion = Opinion(person_id=row.person_id, case_id=row.pk, capacity=capacity, asker=by, staff=one,
                              question=words, asked_at=clock.now())  # fmt: skip
            opinion.label = row.label
            made.append(write.save(opinion, lane=lane))
            text = Message(SECOND if capacity == Opinion.Capacity.SECOND else BOARD, name=one.name)
            tell(write, row, "opinion_asked", by, text, lane=lane)
        return made


def give_opinion(opinion: Opinion, by: Staff, text: str) -> Opinion:
    """Say what one thinks; the case stays with who asked. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, "case.opine")
    if opinion.staff_id != by.pk:
        raise NotAllowed("case.opine")
    said = tidy(text, 4000)
    with writing(by, "case.opine") as write:
        row = Opinion._base_manager.select_for_update().get(pk=opinion.pk)
        case = current(row.case)
        if row.given_at is not None or row.withdrawn:
            raise WrongState("opine", "given")
        if case.status not in OPEN:
            raise Refusal(Message(OVER))
        row.text, row.given_at = said, clock.now()
        write.save(row, lane=lane_of(case, Lane.ANSWER))
        tell(write, case, "opinion", by, Message(GIVEN, name=by.name), lane=lane_of(case, Lane.ANSWER))
        return row


def opinions_of(case: Case) -> list[Opinion]:
    """What was asked and said about a case, oldest first."""
    return list(Opinion.objects.filter(case_id=case.pk, withdrawn=False).order_by("asked_at", "id"))


def asked_of(staff: Staff) -> list[Opinion]:
    """What somebody has been asked and has not said yet, about open cases, oldest first."""
    rows = Opinion.objects.filter(staff_id=staff.pk, withdrawn=False, given_at__isnull=True)
    asked = list(rows.order_by("asked_at", "id"))
    if not asked:
        return []
    held = Case.objects.filter(pk__in=[one.case_id for one in asked], status__in=OPEN)
    open_cases = set(held.values_list("pk", flat=True))
    return [one for one in asked if one.case_id in open_cases]
