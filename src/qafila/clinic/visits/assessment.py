"""From readings to a triage level: which inputs the rules get, and what is kept of their answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.rules.inputs import InputError
from qafila.clinic.rules.observations import KINDS, rule_inputs
from qafila.clinic.rules.rule import Result
from qafila.clinic.rules.triage import DEFAULT_EDITION, LEVELS, TABLE_NAMES, triage
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Observation, Visit
from qafila.journal import doubt
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day

SIGNS: frozenset[str] = frozenset(
    f.name for f in triage.fields if f.schema.get("type") == "boolean" and f.name != "on_oxygen" and f.name not in KINDS
)
"""Yes-or-no signs that triage may ask for, beside the readings."""
REASSESS_MINUTES = {"red": 10, "orange": 30, "yellow": 60, "green": 120}
"""How long somebody may wait before being looked at again. General knowledge, to be approved by a clinician."""
CLOCK = N_("Not computed from the age: the clock is in doubt. Confirm date and time.")
READINGS_COUNT = timedelta(hours=6)
"""Readings of a visit older than that do not enter a triage."""


@dataclass(frozen=True)
class Assessment:
    """A computed triage: `level` "" when not computed and nothing is certain yet."""

    level: str
    basis: dict[str, Any] = field(default_factory=dict)


def known_sex(person: Person) -> str | None:
    """female, male, or None when not known."""
    return person.sex if person.sex in ("female", "male") else None


def value_of(observation: Observation) -> float | str | bool | None:
    """A stored reading as a plain value in its kind's own unit."""
    kind = KINDS.get(observation.code)
    if kind is None or kind.type == "boolean":
        return {"true": True, "false": False}.get(observation.choice)
    if kind.type in ("choice", "date"):
        return observation.choice or None
    return None if observation.number is None else float(observation.number)


def newest(observations: list[Observation]) -> dict[str, Observation]:
    """The newest reading of each kind."""
    found: dict[str, Observation] = {}
    for one in sorted(observations, key=lambda o: (o.at, o.pk)):
        found[one.code] = one
    return found


def assess(person: Person, values: Mapping[str, object], at: datetime) -> Assessment:
    """Triage from readings (by key, in base units) and signs. Never raises for what the readings hold."""
    known = rule_inputs({k: v for k, v in values.items() if k in KINDS})
    signs = {k: v for k, v in values.items() if k in SIGNS}
    taken = {f.name for f in triage.fields}
    inputs = {k: v for k, v in {**known, **signs}.items() if k in taken}
    inputs |= {"age_days": age_days(person, local_day(at)), "sex": known_sex(person)}
    try:
        result = triage.compute({k: v for k, v in inputs.items() if v is not None})
    except InputError as wrong:
        return Assessment("", {"rule": "triage", "reasons": [_plain(m) for m in wrong.errors.values()]})
    basis = _basis(result)
    if not doubt.trusted():
        basis["reasons"] = [_plain(Message(CLOCK)), *basis["reasons"]]
    return Assessment(str(result.values.get("level") or result.values.get("at_least") or ""), basis)


def _basis(result: Result) -> dict[str, Any]:
    raw = result.values.get("reasons") or result.notes
    reasons = [m for m in raw if isinstance(m, Message)] if isinstance(raw, (list, tuple)) else []
    if result.reason is not None and not reasons:
        reasons = [result.reason]
    return {
        "rule": result.rule,
        "version": result.version,
        "table": str(result.values.get("table", "")),
        "level": str(result.values.get("level", "")),
        "at_least": str(result.values.get("at_least", "")),
        "reasons": [_plain(m) for m in reasons],
        "inputs": dict(result.inputs),
        "missing": list(result.missing),
    }


def _plain(message: Message) -> list[Any]:
    return [message.text, dict(message.params)]


def reasons(visit: Visit) -> list[str]:
    """Why the visit has its level, in the reader's language; a person's own words first."""
    computed = [gettext(text) % values for text, values in visit.triage_basis.get("reasons", ())]
    return [visit.triage_reason, *computed] if visit.triage_reason else computed


def table(visit: Visit) -> str:
    """The table that the level was taken from, with its edition, in the reader's language; "" before any."""
    text = TABLE_NAMES.get(str(visit.triage_basis.get("table", "")), "")
    edition = visit.triage_basis.get("inputs", {}).get("edition") or DEFAULT_EDITION
    return gettext(text) % {"edition": edition} if text else ""


def missing(visit: Visit) -> list[str]:
    """Keys of the readings and signs without which the level is only "at least"."""
    return [str(name) for name in visit.triage_basis.get("missing", ())]


def due(level: str, at: datetime) -> datetime | None:
    """When a waiting person of that level is to be looked at again."""
    minutes = REASSESS_MINUTES.get(level)
    return None if minutes is None else at + timedelta(minutes=minutes)


def rank(level: str) -> int:
    """Order in the queue: red first, then orange, not assessed like yellow, green last."""
    return -LEVELS.index(level) if level in LEVELS else -LEVELS.index("yellow")
