"""All that a specialist has to see of a case, gathered for one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.translation import gettext, ngettext

from qafila.clinic.access.door import Opened
from qafila.clinic.cases.models import Case
from qafila.clinic.forms import gate, packet, redflags
from qafila.clinic.forms.context import conditions_of, consent_of, notes_of
from qafila.clinic.rules.inputs import InputError
from qafila.clinic.rules.news2 import news2
from qafila.clinic.rules.observations import KINDS, rule_inputs
from qafila.clinic.rules.rule import Result
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import Note, Observation
from qafila.packs import load
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.web.reception.words import language, listed
from qafila.web.templatetags.qafila import day

POINTS = {"oxygen": "oxygen", "respirations": "respirations", "spo2": "spo2", "systolic": "systolic", "pulse": "pulse",
          "consciousness": "consciousness", "temperature": "temperature"}  # fmt: skip
NOTE_KINDS = ("complaint", "history", "exam", "plan", "note", "notice")


@dataclass(frozen=True)
class Vital:
    """One reading of the visit, with the one before it and what it adds to the score."""

    label: str
    value: Any
    unit: str
    before: Any
    change: str
    points: int | None
    observation: Observation


@dataclass(frozen=True)
class Score:
    """NEWS2 of the visit's readings, or why there is none."""

    result: Result | None
    score: int | None
    risk: str
    why: str
    lacking: list[str]


@dataclass(frozen=True)
class Answered:
    """A question of the intake and what was answered."""

    label: str
    value: str
    unit: str


def vitals(case: Case, person: Person | None) -> tuple[list[Vital], Score]:
    """The readings of the case's visit, each beside the one before, and their score."""
    series = queries.vitals_of(case.person_id)
    held: dict[str, tuple[Observation, Observation | None]] = {}
    for key, rows in series.items():
        of_visit = [o for o in rows if o.visit_id == case.visit_id]
        if key in KINDS and of_visit:
            last = of_visit[-1]
            earlier = [o for o in rows if (o.at, o.pk) < (last.at, last.pk) and o.site == last.site]
            held[key] = last, earlier[-1] if earlier else None
    score = _score({k: assessment.value_of(o) for k, (o, _) in held.items()}, person, case)
    parts = score.result.values.get("parts", {}) if score.result else {}
    points = parts if isinstance(parts, Mapping) else {}
    return [_vital(k, *held[k], points.get(POINTS.get(k, ""))) for k in KINDS if k in held], score


def _vital(key: str, last: Observation, before: Observation | None, points: Any) -> Vital:
    kind = KINDS[key]
    change = ""
    if before is not None and last.number is not None and before.number is not None:
        change = "up" if last.number > before.number else "down" if last.number < before.number else ""
    label = gettext(kind.label)
    if last.site:
        site = {"left": gettext("left arm"), "right": gettext("right arm")}.get(last.site, last.site)
        label = f"{label}, {site}"
    unit = kind.units[0].shown if kind.units else ""
    return Vital(label, _said(last), unit, _said(before) if before else None, change, points, last)


def _said(one: Observation) -> Any:
    kind = KINDS[one.code]
    value = assessment.value_of(one)
    if kind.type == "boolean":
        return {True: gettext("Yes"), False: gettext("No")}.get(value, "")  # type: ignore[arg-type]
    if kind.type == "choice":
        return next((gettext(c.label) for c in kind.choices if c.code == value), value)
    if kind.type == "date":
        return day(parse_date(one.choice))
    return one.number


def _score(values: Mapping[str, object], person: Person | None, case: Case) -> Score:
    inputs = rule_inputs({k: v for k, v in values.items() if v is not None})
    days = age_days(person, local_day(case.opened_at)) if person else None
    if days is not None:
        inputs["age_years"] = int(days / 365.25)
    try:
        result = news2.on(inputs)
    except InputError:
        return Score(None, None, "", gettext("A reading is outside of what the score takes."), [])
    if not result.computed:
        lacking = [gettext(news2.labels.get(name, name)) for name in result.missing]
        why = "" if lacking or result.reason is None else gettext(result.reason.text) % result.reason.params
        return Score(None, None, "", why, lacking)
    risk = {
        "low": gettext("low risk"),
        "low-medium": gettext("low to medium risk"),
        "medium": gettext("medium risk"),
        "high": gettext("high risk"),
    }
    level = str(result.values.get("risk", ""))
    return Score(result, int(str(result.values["score"])), level, risk.get(level, level), [])


def intake(case: Case) -> list[tuple[str, list[Answered]]]:
    """What was answered of the pack's questions, by group; what was left open is left out."""
    found = []
    for section in packet.describe(case, language()):
        answered = [_answered(field) for field in section.fields if field.value not in (None, "", [])]
        if answered:
            found.append((section.label, answered))
    return found


def _answered(field: packet.Field) -> Answered:
    if field.type == "choice":
        return Answered(field.label, listed(c.label for c in field.choices if c.chosen), "")
    if isinstance(field.value, bool):
        return Answered(field.label, gettext("Yes") if field.value else gettext("No"), "")
    if field.unit == "d" and isinstance(field.value, int):
        return Answered(field.label, ngettext("%(n)s day", "%(n)s days", field.value) % {"n": field.value}, "")
    return Answered(field.label, str(field.value), field.unit_words)


def story(case: Case, opened: Opened) -> dict[str, Any]:
    """Flags, gaps, notes, diagnoses, allergies, consent: the words of the record, as far as the reader sees them."""
    notes: dict[str, Note] = {note.kind_of_note: note for note in opened.shown(notes_of(case))}
    consent = consent_of(case)
    return {
        "flags": redflags.fired(case),
        "gaps": gate.missing(case),
        "notes": [(note_words(k), notes[k]) for k in NOTE_KINDS if k in notes],
        "conditions": [(c, certainty_words(c.certainty)) for c in opened.shown(conditions_of(case))],
        "summary": queries.known(case.person_id),
        "consent": consent,
        "consent_method": method_words(consent.method) if consent else "",
    }


def method_words(code: str) -> str:
    """How consent was given."""
    return next((m.label.text(language()) for m in load.encounter().consent_method if m.code == code), code)


def note_words(kind: str) -> str:
    """What a note is about."""
    return {
        "complaint": gettext("Complaint"),
        "history": gettext("History"),
        "exam": gettext("Examination"),
        "plan": gettext("Plan"),
        "note": gettext("Note"),
        "notice": gettext("Notice"),
    }.get(kind, kind)


def certainty_words(code: str) -> str:
    """How sure a diagnosis is."""
    return {
        "confirmed": gettext("confirmed"),
        "provisional": gettext("provisional"),
        "differential": gettext("possible"),
        "refuted": gettext("refuted"),
    }.get(code, code)
