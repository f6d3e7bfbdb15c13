"""How far a case may go: to nobody where its person has taken the consent back, abroad only with consent, where the hub
lets records leave the country, and under an authorisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from qafila.clinic.cases.models import Case
from qafila.clinic.cases.routing import HOME, Reach
from qafila.clinic.history.consented import ABROAD, NOT_GIVEN, REFERRAL, consented, taken_back
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.registry.places.here import CONSENTED, residency
from qafila.registry.places.transfers import abroad, reachable
from qafila.registry.staff.models import Staff

NATIONAL_ONLY = N_("This hub lets no record leave the country.")
NOT_AUTHORISED = N_("There is no authorisation in force for transfers to the country of %(name)s.")


def reach_of(cases: Iterable[Case], groups: Mapping[UUID, tuple[UUID, ...]] | None = None) -> Mapping[UUID, Reach]:
    """How far each case may go now. A fixed number of queries. `groups`: their people's `groups_of`, where known."""
    held = list(cases)
    people = {one.person_id for one in held}
    back, countries = taken_back(people, REFERRAL, groups), reachable()
    willing = consented(people, ABROAD) if countries else frozenset()
    return {
        one.pk: Reach(one.person_id not in back, countries if one.person_id in willing else frozenset())
        if one.person_id in back or countries
        else HOME
        for one in held
    }


def require_reach(case: Case, to: Iterable[Staff]) -> None:
    """Raises `Refusal` where the case may not go to one of them, with the reason."""
    reach = reach_of([case])[case.pk]
    if not reach.consented:
        raise Refusal(Message(NOT_GIVEN[REFERRAL]))
    for one in to:
        if (where := abroad(one)) and where not in reach.abroad:
            raise Refusal(_why_not(case, one, where))


def _why_not(case: Case, to: Staff, where: str) -> Message:
    if residency() != CONSENTED:
        return Message(NATIONAL_ONLY)
    return Message(NOT_AUTHORISED, name=to.name) if where not in reachable() else Message(NOT_GIVEN[ABROAD])
