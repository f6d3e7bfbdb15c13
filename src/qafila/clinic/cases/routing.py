"""Whom a case goes to and which case goes first: pure, from facts about the cases and the specialists of the moment.

A case goes to somebody on duty who has not as many cases in hand as `LIMITS` allows; where everybody has, it waits in
the specialty's line and is pulled by urgency and promised time as soon as somebody has room. An emergency never waits:
it goes to whoever has the least in hand. Whoever has nothing at all relieves a colleague of a case not begun.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from qafila.clinic.rules.words import N_, Message

EMERGENCY = "emergency"
RANK = {EMERGENCY: 0, "urgent": 1, "routine": 2}
WEIGHT = {EMERGENCY: 4, "urgent": 2, "routine": 1}
"""What a case in hand weighs beside another one."""
LIMITS = {"urgent": 5, "routine": 3}
"""With so many cases in hand nobody is given another one of this urgency; an emergency knows no limit. The difference
keeps room for what is urgent; a few in hand let a specialist go on while one of them waits for its unit."""
NEVER = datetime.max.replace(tzinfo=UTC)

SKILLED = N_("%(name)s is on duty and answers for this sub-specialty (cases in hand: %(load)s).")
WOMAN = N_("%(name)s is on duty and a woman, as the person wishes (cases in hand: %(load)s).")
MAN = N_("%(name)s is on duty and a man, as the person wishes (cases in hand: %(load)s).")
KNOWS = N_("%(name)s answered an earlier case of this person.")
SPEAKS = N_("%(name)s is on duty, speaks the person's language (cases in hand: %(load)s).")
LEAST = N_("%(name)s is on duty and has the least in hand (cases: %(load)s).")
AT_ONCE = N_("An emergency goes at once to whoever has the least in hand: %(name)s (cases: %(load)s).")
ONLY = N_("%(name)s is the only specialist on duty.")
RELIEVES = N_("%(name)s is free, and the case had not been begun.")
NO_WOMAN = N_("The person wishes to be seen by a woman: none could take the case now.")
NO_MAN = N_("The person wishes to be seen by a man: none could take the case now.")
NOBODY = N_("Nobody of this specialty is on duty.")
ALL_DECLINED = N_("Everybody on duty has declined this case.")
ALL_BUSY = N_("Everybody on duty has cases in hand: this one waits in line and is taken by urgency and promised time.")
TAKEN_BACK = N_("The person no longer agrees that the case goes to a specialist: nobody is given it.")
KEPT_HOME = N_("Whoever is on duty works abroad, and this case may not leave the country.")
WISHES = {"female": (WOMAN, NO_WOMAN), "male": (MAN, NO_MAN)}


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a case may go: whether its person still agrees that it goes to a specialist at all, and to which
    countries besides the own one."""

    consented: bool = True
    abroad: frozenset[str] = frozenset()


HOME = Reach()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A specialist as routing sees one."""

    staff: UUID
    name: str
    specialties: frozenset[str]
    on_duty: bool
    languages: frozenset[str] = frozenset()
    hands: int = 0
    """Cases in hand: given and not yet answered; those that wait for their unit do not count."""
    load: int = 0
    """The same, each weighed by its urgency (`WEIGHT`)."""
    sex: str = ""
    skills: frozenset[str] = frozenset()
    """Sub-specialties."""
    country: str = ""
    """ISO 3166 code of where they work, "" = at home."""

    def with_one(self, urgency: str, count: int = 1) -> Candidate:
        """With one case more (or fewer) in hand."""
        load = max(0, self.load + count * WEIGHT.get(urgency, 1))
        return Candidate(
            self.staff, self.name, self.specialties, self.on_duty, self.languages, self.hands + count, load, self.sex,
            self.skills, self.country,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What routing looks at of a case."""

    specialty: str
    language: str = ""
    """Spoken by the person or, failing that, used by the unit; "" = not known."""
    known_by: frozenset[UUID] = frozenset()
    """Who answered this person before."""
    declined_by: frozenset[UUID] = frozenset()
    urgency: str = "routine"
    skill: str = ""
    """The sub-specialty asked for; "" = any."""
    wish: str = ""
    """`female` or `male`: by whom the person wishes to be seen; "" = no wish."""
    reach: Reach = HOME


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets the case and why, in words."""

    staff: UUID
    reason: Message
    unmet: Message | None = None
    """The person's wish, where it could not be met."""


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nobody can have the case now, and why."""

    reason: Message
    kind: Literal["off_duty", "declined", "busy", "consent", "abroad"] = "off_duty"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case in the line of its specialty."""

    case: UUID
    facts: Facts
    deadline: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A case that somebody was given and has not begun."""

    waiting: Waiting
    staff: UUID


def order(one: Waiting) -> tuple[int, datetime, datetime, str]:
    """The place in the line: urgency, promised time, arrival; never arrival alone."""
    return RANK.get(one.facts.urgency, 9), one.deadline or NEVER, one.since, one.case.hex


def reaches(case: Facts, candidate: Candidate) -> bool:
    """Whether the case may be seen by somebody at all."""
    return case.reach.consented and (not candidate.country or candidate.country in case.reach.abroad)


def has_room(candidate: Candidate, urgency: str) -> bool:
    """Whether one more case of this urgency may be given."""
    limit = LIMITS.get(urgency)
    return limit is None or candidate.hands < limit


def choose(candidates: Iterable[Candidate], case: Facts) -> Choice | Nobody:
    """Of those on duty for the specialty, who have not declined and have room: sub-specialty, the person's wish,
    continuity, language, load. An emergency: load, and these only between equals. Whom the case may not reach is not
    there. Any order of `candidates` gives the same."""
    if not case.reach.consented:
        return Nobody(Message(TAKEN_BACK), "consent")
    on_duty = [c for c in candidates if c.on_duty and case.specialty in c.specialties]
    if not on_duty:
        return Nobody(Message(NOBODY))
    able = [c for c in on_duty if reaches(case, c)]
    if not able:
        return Nobody(Message(KEPT_HOME), "abroad")
    willing = [c for c in able if c.staff not in case.declined_by]
    if not willing:
        return Nobody(Message(ALL_DECLINED), "declined")
    urgency = case.urgency
    free = [c for c in willing if has_room(c, urgency)]
    if not free:
        return Nobody(Message(ALL_BUSY), "busy")
    best = min(free, key=lambda c: _key(c, case))
    return Choice(best.staff, _reason(best, willing, case), _unmet(best, case))


def _fits(one: Candidate, case: Facts) -> tuple[bool, bool, bool, bool]:
    return (
        bool(case.skill) and case.skill in one.skills,
        bool(case.wish) and one.sex == case.wish,
        one.staff in case.known_by,
        bool(case.language) and case.language in one.languages,
    )


def _key(one: Candidate, case: Facts) -> tuple[int, int, int, int, int, int, str, str]:
    skill, wish, known, speaks = (int(not fits) for fits in _fits(one, case))
    first = one.load if case.urgency == EMERGENCY else 0
    return first, skill, wish, known, speaks, one.load, one.name, one.staff.hex


def _reason(best: Candidate, willing: Sequence[Candidate], case: Facts) -> Message:
    """The first thing in which the chosen one stands out."""
    if len(willing) == 1:
        return Message(ONLY, name=best.name)
    told: dict[str, str | int | float] = {"name": best.name, "load": best.hands}
    if case.urgency == EMERGENCY:
        return Message(AT_ONCE, **told)
    others = [_fits(c, case) for c in willing if c.staff != best.staff]
    wished = WISHES.get(case.wish, (LEAST, ""))[0]
    for place, (fits, words) in enumerate(zip(_fits(best, case), (SKILLED, wished, KNOWS, SPEAKS), strict=True)):
        if fits and not all(other[place] for other in others):
            return Message(words, name=best.name) if words is KNOWS else Message(words, **told)
    return Message(LEAST, **told)


def _unmet(best: Candidate, case: Facts) -> Message | None:
    return Message(WISHES[case.wish][1]) if case.wish in WISHES and best.sex != case.wish else None


def distribute(line: Iterable[Waiting], candidates: Iterable[Candidate]) -> Iterator[tuple[Waiting, Choice | Nobody]]:
    """What becomes of each case of a line, which must come in `order`; who was given a case has it in hand for the
    next ones. Lazy: who wants no more than the first answer takes no more."""
    crews: dict[str, dict[UUID, Candidate]] = defaultdict(dict)
    held = {c.staff: c for c in candidates if c.on_duty}
    for one in held.values():
        for specialty in one.specialties:
            crews[specialty][one.staff] = one
    for case in line:
        facts = case.facts
        found = choose(crews[facts.specialty].values(), facts)
        if isinstance(found, Choice):
            fuller = held[found.staff].with_one(facts.urgency)
            held[found.staff] = fuller
            for specialty in fuller.specialties:
                crews[specialty][fuller.staff] = fuller
        yield case, found


def relieve(candidates: Iterable[Candidate], held: Iterable[Held]) -> list[tuple[Held, Choice]]:
    """Whoever is on duty with nothing in hand takes, of cases not begun, the first in `order` that they may have, from
    a colleague who has another one besides. The lines must have been distributed before."""
    crew = {c.staff: c for c in candidates}
    rest = sorted(held, key=lambda h: order(h.waiting))
    moved: list[tuple[Held, Choice]] = []
    for idle in sorted((c for c in crew.values() if c.on_duty and c.hands == 0), key=lambda c: (c.name, c.staff.hex)):
        for one in rest:
            facts, giver = one.waiting.facts, crew.get(one.staff)
            if facts.specialty in idle.specialties and idle.staff not in facts.declined_by and giver is not None:
                if giver.hands < 2 or not reaches(facts, idle):
                    continue
                moved.append((one, Choice(idle.staff, Message(RELIEVES, name=idle.name), _unmet(idle, facts))))
                crew[giver.staff] = giver.with_one(facts.urgency, -1)
                crew[idle.staff] = idle.with_one(facts.urgency)
                rest.remove(one)
                break
    return moved
