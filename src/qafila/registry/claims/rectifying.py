"""Something in the record is wrong, says the person: it is put right by a new record, or refused with the reason."""

from __future__ import annotations

from uuid import UUID

from qafila.journal import history
from qafila.journal.history import Entry
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.text import N_, tidy
from qafila.registry.claims.models import Rectification, State
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.refused import ActRefused
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

WHAT = N_("Write what is wrong.")
WHY = N_("Write why.")
OVER = N_("This request was decided already.")
NOTHING = N_(
    "First correct it in the record: the correction is a new entry, and the old one stays. Then choose it here."
)
_MOST = 500


def ask(person: Person, by: Staff, wrong: str, right: str = "") -> Rectification:
    """Note what the person says is wrong. Raises `NotAllowed`, `ActRefused`."""
    require(by, "claim.note", person)
    words, better = _words(wrong), _words(right)
    if not words:
        raise ActRefused(WHAT)
    with writing(by, act="claim.note") as write:
        return write.save(Rectification(person=person, wrong=words, right=better, asked_by=by, asked_at=clock.now()))


def corrections(request: Rectification, limit: int = 50) -> list[Entry]:
    """What was written in the record since it was asked, the latest first: one of these puts it right."""
    since = [
        e
        for person in one_with(request.person_id)
        for e in history.of_patient(person)
        if e.at >= request.asked_at and not e.kind.startswith(("registry.rect", "registry.restr", "registry.eras"))
    ]
    return sorted(since, key=lambda e: e.stamp, reverse=True)[:limit]


def done(request: Rectification, by: Staff, row: UUID, words: str = "") -> Rectification:
    """It was put right: `row` says so now. Raises `NotAllowed`, `ActRefused`."""
    _open(request, by)
    if row not in {e.subject for e in corrections(request)}:
        raise ActRefused(NOTHING)
    return _decide(request, by, State.DONE, _words(words), row, "claim.done")


def refuse(request: Rectification, by: Staff, words: str) -> Rectification:
    """It stays as it is, with the reason beside it. Raises `NotAllowed`, `ActRefused`."""
    _open(request, by)
    said = _words(words)
    if not said:
        raise ActRefused(WHY)
    return _decide(request, by, State.REFUSED, said, None, "claim.refuse")


def _open(request: Rectification, by: Staff) -> None:
    require(by, "claim.decide", request)
    if request.state != State.ASKED:
        raise ActRefused(OVER)


def _decide(request: Rectification, by: Staff, state: State, words: str, row: UUID | None, act: str) -> Rectification:
    with writing(by, act=act) as write:
        request.state, request.words, request.row = state, words, row
        request.decided_by, request.decided_at = by, clock.now()
        return write.save(request)


def _words(text: str) -> str:
    return tidy(text, _MOST, lambda bad: ActRefused(bad.message, **bad.values))
