"""Cases change hands: taken from the line, handed to a named person when somebody leaves, to another unit when one is
down."""

from __future__ import annotations

from qafila.clinic.cases.assigning import answers_cases, give
from qafila.clinic.cases.models import Case
from qafila.clinic.cases.reach import require_reach
from qafila.clinic.cases.steps import current, lane_of, move, right_of, tell, tidy
from qafila.clinic.cases.telling import TOLD, told
from qafila.clinic.cases.transitions import ANSWERED, DECLINED, DRAFT, ON_UNIT, OPEN, RECEIVED, SENT, UNDER_WAY
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel.transitions import WrongState
from qafila.registry.staff.models import Staff
from qafila.registry.staff.obligations import OBLIGATIONS, Obligation
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Unit

TOOK = N_("%(name)s took the case from the line.")
OTHER_SPECIALTY = N_("%(name)s does not answer this specialty.")
HANDED = N_("%(before)s is away: handed to %(name)s.")
STANDS_IN = N_("%(before)s is down: %(unit)s takes the case over. %(reason)s")
SAME_UNIT = N_("Choose another unit.")
ANSWER_READ = (ANSWERED, ON_UNIT)


def claim(case: Case, by: Staff) -> Case:
    """Take a case that nobody has. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, right_of("claim"))
    if case.specialty not in by.specialties:
        raise Refusal(Message(OTHER_SPECIALTY, name=by.name))
    with writing(by, "case.claim") as write:
        return give(write, current(case), "claim", by, by, Message(TOOK, name=by.name))


def held_by(staff: Staff) -> list[Case]:
    """Every open case for which somebody is responsible, an answer that its unit has not explained among them."""
    return list(Case.objects.filter(specialist_id=staff.pk, status__in=OPEN - {DRAFT}).order_by("deadline", "id"))


def hand_all(staff: Staff, to: Staff, by: Staff | None) -> int:
    """Give every open case and every answer not yet explained to another specialist, in one act; how many.

    A case under way has to be accepted anew; one that is answered keeps its answer, and its questions go to the new
    owner. Raises `Refusal` where the other does not answer one of the specialties: nothing is handed over then.
    """
    cases = held_by(staff)
    if any(not answers_cases(to, c.specialty) for c in cases):
        raise Refusal(Message(OTHER_SPECIALTY, name=to.name))
    with writing(by, "case.hand_over") as write:
        words = Message(HANDED, before=staff.name, name=to.name)
        for case in cases:
            row = current(case)
            if row.specialist_id != staff.pk:
                continue
            if row.status in UNDER_WAY - {SENT, RECEIVED, DECLINED}:
                give(write, row, "reroute", to, by, words, told="hand_over")
                continue
            require_reach(row, [to])
            row.specialist = to
            write.save(row, lane=lane_of(row, Lane.ANSWER))
            tell(write, row, "hand_over", by, words, lane=lane_of(row, Lane.ANSWER))
        return len(cases)


def stand_in(unit: Unit, other: Unit, by: Staff, reason: str) -> int:
    """A unit is down: another one takes its open cases over, and holds these people's records from now on; how many.

    Drafts stay: they are on the unit alone. Raises `NotAllowed`, `Refusal` without a reason or for the same unit.
    """
    require(by, "case.reroute")
    why = tidy(reason, 300)
    if unit.pk == other.pk or not other.active:
        raise Refusal(Message(SAME_UNIT))
    with writing(by, "case.stand_in") as write:
        cases = list(Case.objects.filter(unit_id=unit.pk, status__in=OPEN - {DRAFT}))
        for case in cases:
            row = current(case)
            row.unit_id = other.pk
            write.save(row, lane=lane_of(row, Lane.ANSWER))
            words = Message(STANDS_IN, before=unit.name, unit=other.name, reason=why)
            tell(write, row, "stand_in", by, words, lane=lane_of(row, Lane.ANSWER))
        return len(cases)


def tell_person(
    case: Case, by: Staff, way: str, result: str, words: str, *, language: str = "", interpreter: str = ""
) -> Case:
    """The unit is down and the hub itself reaches the person about an answer: one attempt, or the talk in which it was
    explained (`result` = told). `words`: to whom and what was said. The unit sees both when it is back.

    Codes are those of packs/loop.toml. Raises `NotAllowed`, `WrongState`, `Refusal` (a talk without words).
    """
    require(by, right_of("tell"), case)
    said = tidy(words, 500, needed=result == TOLD)
    with writing(by, "case.tell") as write:
        row = current(case)
        if row.status not in ANSWER_READ:
            raise WrongState("tell", row.status)
        told(write, row, by, way, result, said, language, interpreter)
        act = "tell" if result == TOLD else "contact"
        if act == "tell":
            move(row, "tell")
            write.save(row, lane=lane_of(row, Lane.ANSWER))
        tell(write, row, act, by, said, lane=lane_of(row, Lane.ANSWER))
        return row


def answers_of(unit: Unit) -> list[Case]:
    """A unit's answers that nobody has explained yet, the longest waiting first."""
    return list(Case.objects.filter(unit_id=unit.pk, status__in=ANSWER_READ).order_by("answered_at", "id"))


def connect() -> None:
    """Who goes on leave or departs hands cases over."""
    OBLIGATIONS["cases"] = Obligation("cases", lambda staff: len(held_by(staff)), hand_all)
