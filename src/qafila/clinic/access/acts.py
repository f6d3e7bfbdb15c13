"""The verbs of access: the patient is present, emergency access is taken or given back, an access is looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from qafila.clinic.access import identity, queries, rules
from qafila.clinic.access.identity import Shown
from qafila.clinic.access.models import AccessGrant, AccessReview
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import grants, require, units_of
from qafila.registry.units.models import Unit

BREAK_GLASS = "break_glass"
SAY_WHY = N_("Say why, in at least %(n)s letters: it is kept in the record, and a supervisor reads it.")
WHICH = N_("Choose what you found.")
SAY_WHAT = N_("Say what is to be pursued.")


def present(person: Person, by: Staff, unit: Unit | None, shown: Shown) -> AccessGrant:
    """The patient stands here: their card was scanned, or two identifiers fit and none does not.

    Raises `NotAllowed` for whom no patients come to, `Refusal`.
    """
    if grants(by).scope("person.read") != "own_unit":
        raise NotAllowed("person.read")
    by_card = identity.known(person, by, shown) == identity.CARD
    return _granted(person, by, unit, AccessGrant.Way.CARD if by_card else AccessGrant.Way.IDENTIFIERS)


def looked_up(person: Person, by: Staff, unit: Unit | None) -> AccessGrant:
    """The hub gave the record to this unit, for two identifiers or a card. Raises `NotAllowed`."""
    require(by, "person.register")
    return _granted(person, by, unit, AccessGrant.Way.LOOKED_UP)


def _granted(person: Person, by: Staff, unit: Unit | None, way: AccessGrant.Way) -> AccessGrant:
    held = [one for one in queries.grants_for(by, person.pk) if one.staff_id == by.pk and one.way == way]
    if held:
        return held[0]
    now = clock.now()
    until = now + timedelta(hours=load.access().presence_hours)
    with writing(by, "access.present") as write:
        return write.save(
            AccessGrant(person_id=person.pk, staff=by, unit_id=_unit_of(by, unit), way=way, at=now, until=until)
        )


def break_glass(person: Person, by: Staff, reason: str, unit: Unit | None = None) -> AccessGrant:
    """Open a record in an emergency, for a short time, with a reason that is kept. Works without a link.

    Raises `NotAllowed`, `Refusal`.
    """
    # Whose roles read nobody's record have nothing to open: emergency access replaces the tie, not the right.
    for right in (BREAK_GLASS, "person.read"):
        if not grants(by).has(right):
            raise NotAllowed(right)
    words, terms = " ".join(reason.split())[:300], load.access().break_glass
    if len(words) < terms.reason_letters:
        raise Refusal(Message(SAY_WHY, n=terms.reason_letters))
    now = clock.now()
    until = now + timedelta(hours=terms.hours)
    with writing(by, "access.break_glass") as write:
        row = AccessGrant(person_id=person.pk, staff=by, unit_id=_unit_of(by, unit), way=AccessGrant.Way.BROKEN,
                          reason=words, at=now, until=until)  # fmt: skip
        # Before the logs: a supervisor elsewhere is told soon. It is rare, and small.
        return write.save(row, lane=Lane.RECORD)


def _unit_of(by: Staff, unit: Unit | None) -> UUID | None:
    mine = units_of(by)
    if unit is not None and unit.pk in mine:
        return unit.pk
    return min(mine) if len(mine) == 1 else None


def end(grant: AccessGrant, by: Staff) -> AccessGrant:
    """Give an access back before its time. Raises `NotAllowed` for somebody else's."""
    if grant.staff_id != by.pk:
        raise NotAllowed(BREAK_GLASS)
    with writing(by, "access.end") as write:
        row = AccessGrant._base_manager.select_for_update().get(pk=grant.pk)
        now = clock.now()
        if not rules.holds(row.at, row.until, row.ended_at, now):
            return row
        row.ended_at = now
        return write.save(row)


def review(by: Staff, rule: str, about: str, verdict: str, words: str = "", person: UUID | None = None) -> AccessReview:
    """Say what one found on looking at an access; a later word replaces an earlier one, and both stay.

    Raises `NotAllowed`, also for one's own access; `Refusal`.
    """
    require(by, "access.review")
    if queries.is_own(by, rule, about):
        raise NotAllowed("access.review")
    if verdict not in AccessReview.Verdict.values:
        raise Refusal(Message(WHICH))
    said = " ".join(words.split())[:300]
    if verdict == AccessReview.Verdict.PURSUE and not said:
        raise Refusal(Message(SAY_WHAT))
    with writing(by, "access.review") as write:
        return write.save(
            AccessReview(person_id=person, rule=rule, about=about, verdict=verdict, words=said, by=by, at=clock.now())
        )


def minutes_left(grant: AccessGrant, now: datetime) -> int:
    """Whole minutes until an access ends, never less than 0."""
    return max(0, int((grant.until - now).total_seconds() // 60))
