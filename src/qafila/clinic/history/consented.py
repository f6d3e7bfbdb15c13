"""Consent at the point of use: the one question that every act asks which needs a person's consent.

`POINTS` says which act asks for which purpose; a test holds that each purpose of the packs has such an act, and that
each of these acts refuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from qafila.clinic.history.purposes import Said, holds, refused
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Consent, FactStatus
from qafila.kernel import clock
from qafila.kernel.looks import looked
from qafila.packs import load
from qafila.packs.encounter import Purpose
from qafila.registry.people.queries import groups_of, one_with

CARE, REFERRAL, PICTURE, MESSAGE = "care", "referral", "picture", "message"
TEACHING, RESEARCH, ABROAD = "teaching", "research", "abroad"

POINTS: Mapping[str, tuple[str, ...]] = {
    CARE: ("clinic.visits.acts.open_visit",),
    REFERRAL: ("clinic.cases.acts.send", "clinic.cases.assigning.route", "clinic.cases.assigning.give"),
    PICTURE: ("clinic.imaging.taking.keep_photo", "clinic.visits.facts.add_attachment"),
    MESSAGE: ("clinic.cases.telling.told",),
    TEACHING: ("clinic.imaging.copies.make", "clinic.imaging.copies.usable"),
    RESEARCH: ("office.statistics.counting.counted",),
    ABROAD: ("clinic.cases.assigning.route", "clinic.cases.assigning.give", "clinic.cases.opinions.ask_opinion"),
}
"""Purpose → the acts that ask for it."""

NOT_GIVEN: Mapping[str, str] = {
    CARE: N_("The person has refused care and a record. Record a new consent first, or why they cannot be asked."),
    REFERRAL: N_("The person does not agree, or no longer agrees, that the case goes to a specialist."),
    PICTURE: N_("The person does not want to be photographed."),
    MESSAGE: N_("The person does not want to be reached in this way: tell them in person."),
    TEACHING: N_("The person has not agreed to teaching."),
    RESEARCH: N_("The person does not want to be counted."),
    ABROAD: N_("The person has not agreed that the record goes abroad."),
}
"""Purpose → what an act says that refuses."""


def purpose_of(code: str) -> Purpose:
    """The purpose as the packs have it. Raises `KeyError` for one that they do not know."""
    return {one.code: one for one in load.encounter().consent_purpose}[code]


def consented(people: Iterable[UUID], purpose: str, visit: UUID | None = None) -> frozenset[UUID]:
    """Those of the people for whom the purpose may be followed now. Two or three queries for any number."""
    asked, rule, now = set(people), purpose_of(purpose), clock.now()
    said = _said(asked, purpose)
    return frozenset(one for one in asked if holds(rule, said.get(one, ()), now, visit))


def taken_back(
    people: Iterable[UUID], purpose: str, groups: Mapping[UUID, tuple[UUID, ...]] | None = None
) -> frozenset[UUID]:
    """Those of the people whose last word, as far as known here, is no. `groups`: their `groups_of`, where known."""
    asked = set(people)
    said = _said(asked, purpose, groups)
    return frozenset(one for one in asked if refused(said.get(one, ())))


def agreed(person: UUID, purpose: str, visit: UUID | None = None) -> bool:
    """Whether the purpose may be followed now for one person."""
    return holds(purpose_of(purpose), map(_words, rows_of(person, purpose)), clock.now(), visit)


@looked
def rows_of(person: UUID, purpose: str) -> tuple[Consent, ...]:
    """What one person said to a purpose, under whichever of their records, oldest first."""
    rows = Consent.objects.filter(person_id__in=one_with(person), purpose=purpose, status=FactStatus.FINAL)
    return tuple(rows.order_by("at", "id"))


def _words(row: Consent) -> Said:
    return Said(row.decision, row.at, row.visit_id, row.reason, row.withdrawn_at is not None)


def require_consent(person: UUID, purpose: str, visit: UUID | None = None) -> None:
    """Raises `Refusal` unless `agreed`."""
    if not agreed(person, purpose, visit):
        raise Refusal(Message(NOT_GIVEN[purpose]))


def _said(
    people: set[UUID], purpose: str, known: Mapping[UUID, tuple[UUID, ...]] | None = None
) -> dict[UUID, list[Said]]:
    """What each of the people said, under whichever of their records it stands."""
    if not people:
        return {}
    groups = groups_of(people) if known is None else known
    whose: dict[UUID, set[UUID]] = defaultdict(set)
    for one in people:
        for same in groups.get(one, (one,)):
            whose[same].add(one)
    rows = Consent.objects.filter(person_id__in=list(whose), purpose=purpose, status=FactStatus.FINAL)
    found: dict[UUID, list[Said]] = defaultdict(list)
    for row in rows.only("person_id", "decision", "at", "visit_id", "reason", "withdrawn_at", "heads"):
        for one in whose[row.person_id]:
            found[one].append(_words(row))
    return found
