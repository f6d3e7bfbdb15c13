"""Reading that a person should look at (`packs/access.toml`): rules over looks. Pure; a hint, never a judgement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from qafila.packs.access import Unusual

OVER_ALL = "all"
"""The basis of whoever routes and merges: they read of whom they do not care for, by their task."""


@dataclass(frozen=True)
class Glance:
    """Somebody looked at a patient's record; `local` is the time at the place of care."""

    staff: UUID
    patient: UUID
    local: datetime
    basis: str
    node: str = ""


@dataclass(frozen=True)
class Known:
    """What the rules have to know beside the looks."""

    cared: Mapping[UUID, Collection[date]] = field(default_factory=dict)
    """Patient → days of visits and of cases' beginnings and ends."""
    open_cases: Collection[UUID] = ()
    """Patients with a case that is open."""
    family_of_staff: Mapping[UUID, Collection[str]] = field(default_factory=dict)
    """Staff → keys of the family name."""
    family_of_patients: Mapping[UUID, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """An emergency access, and when the patient was cared for after it."""

    staff: UUID
    patient: UUID
    local: datetime
    cared: bool
    """A visit or a case began within the rule's time."""
    over: bool
    """The rule's time has passed."""
    node: str = ""


@dataclass(frozen=True)
class Finding:
    """One line of the list. `patients`: whose records, at most 50 of them."""

    rule: str
    staff: UUID
    day: date
    patients: tuple[UUID, ...]
    number: int
    first: datetime

    @property
    def key(self) -> str:
        """What names it, for a person's word about it: reader, day and, where it is about one, the patient."""
        one = f".{self.patients[0].hex}" if len(self.patients) == 1 else ""
        return f"{self.staff.hex}.{self.day:%Y%m%d}{one}"


Rule = Callable[[Unusual, Sequence[Glance], Known], list[Finding]]


def _by_day(glances: Iterable[Glance]) -> dict[tuple[UUID, date], list[Glance]]:
    found: dict[tuple[UUID, date], list[Glance]] = defaultdict(list)
    for one in sorted(glances, key=lambda g: g.local):
        found[one.staff, one.local.date()].append(one)
    return found


def _finding(rule: Unusual, staff: UUID, day: date, of: Sequence[Glance], number: int) -> Finding:
    patients = tuple(dict.fromkeys(one.patient for one in of))
    return Finding(rule.code, staff, day, patients[:50], number, of[0].local)


def many(rule: Unusual, glances: Sequence[Glance], known: Known) -> list[Finding]:
    """More records than `records` within `minutes` by one reader."""
    found = []
    for (staff, day), of in _by_day(glances).items():
        span, start, most = timedelta(minutes=rule.minutes), 0, 0
        for end, one in enumerate(of):
            while one.local - of[start].local > span:
                start += 1
            most = max(most, len({g.patient for g in of[start : end + 1]}))
        if most >= rule.records:
            found.append(_finding(rule, staff, day, of, most))
    return found


def no_care(rule: Unusual, glances: Sequence[Glance], known: Known) -> list[Finding]:
    """A record read `days` away from every visit and case of the patient."""
    far = timedelta(days=rule.days)

    def cared(one: Glance) -> bool:
        if one.basis in (OVER_ALL, "broken") or one.patient in known.open_cases:
            return True
        return any(abs(one.local.date() - day) <= far for day in known.cared.get(one.patient, ()))

    return _of_one(rule, [one for one in glances if not cared(one)])


def family(rule: Unusual, glances: Sequence[Glance], known: Known) -> list[Finding]:
    """The patient bears the reader's family name."""

    def same(one: Glance) -> bool:
        mine = set(known.family_of_staff.get(one.staff, ()))
        return not mine.isdisjoint(known.family_of_patients.get(one.patient, ()))

    return _of_one(rule, [one for one in glances if same(one)])


def _of_one(rule: Unusual, glances: Sequence[Glance]) -> list[Finding]:
    """A line a reader, day and patient."""
    found: dict[tuple[UUID, date, UUID], list[Glance]] = defaultdict(list)
    for one in sorted(glances, key=lambda g: g.local):
        found[one.staff, one.local.date(), one.patient].append(one)
    return [_finding(rule, staff, day, of, len(of)) for (staff, day, _), of in found.items()]


def night(rule: Unusual, glances: Sequence[Glance], known: Known) -> list[Finding]:
    """Read between `from_hour` and `to_hour`, at the place of care."""

    def late(hour: int) -> bool:
        if rule.from_hour <= rule.to_hour:
            return rule.from_hour <= hour < rule.to_hour
        return hour >= rule.from_hour or hour < rule.to_hour

    at_night = _by_day(one for one in glances if late(one.local.hour))
    return [_finding(rule, staff, day, of, len({g.patient for g in of})) for (staff, day), of in at_night.items()]


RULES: Mapping[str, Rule] = {"many": many, "no_care": no_care, "family": family, "night": night}
BROKEN_GLASS = "broken_glass"


def unusual(
    rules: Iterable[Unusual], glances: Sequence[Glance], known: Known, broken: Iterable[Broken] = ()
) -> list[Finding]:
    """The lines of the list, latest first. A rule that this version does not know finds nothing."""
    found: list[Finding] = []
    for rule in rules:
        if rule.code == BROKEN_GLASS:
            found += [
                Finding(rule.code, one.staff, one.local.date(), (one.patient,), 1, one.local)
                for one in broken
                if one.over and not one.cared
            ]
        elif rule.code in RULES:
            found += RULES[rule.code](rule, glances, known)
    return sorted(found, key=lambda f: (f.first, f.rule, f.key), reverse=True)
