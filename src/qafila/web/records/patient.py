"""The page that a doctor reads in ten seconds: who, allergies, problems, medication, last readings, what is open."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from qafila.clinic.history import acts, consents
from qafila.clinic.history.models import HistoryEntry, Section, State
from qafila.clinic.history.queries import Due, List, Patient, patient
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.observations import KINDS
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits import corrections
from qafila.clinic.visits.queries import Trend, visit_today
from qafila.kernel.dates import PartialDate, parse_birth
from qafila.packs import load
from qafila.registry.claims import restricting
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person, PersonLink, Sex
from qafila.registry.places.here import local_day
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.lines import specialty_label
from qafila.web.doctor.medicines import unit_label
from qafila.web.nurse.record import reading
from qafila.web.nurse.sheet import shown
from qafila.web.once import once
from qafila.web.reception import words
from qafila.web.records.words import decision_words

BAD_DATE = N_("Write a year, a month and a year, or a day: 2019, 03/2019, 12/03/2019.")
CHANGES = {"up": _("higher than before"), "down": _("lower than before"), "same": _("as before")}
ICONS = {"up": "arrow-up", "down": "arrow-down", "same": "arrow-right"}
DUE_WORDS = {"follow_up": _("Follow-up the specialist asked for"), "birth": _("Expected day of birth")}
ASKS = {
    Section.PROBLEM: (_("Add a problem"), _("Problem"), _("More")),
    Section.MEDICATION: (_("Add a medicine"), _("Medicine"), _("Dose, how often")),
    Section.PREGNANCY: (_("Add a pregnancy"), _("In a few words"), _("What happened")),
    Section.FAMILY: (_("Add an illness"), _("Illness"), _("Who in the family")),
}
"""Of each list: what to add, the label of its words, and of its detail."""


def found(person_id: UUID) -> Person:
    """The person, by the record that survives. Raises `Http404`."""
    person = people.get(person_id)
    if person is None:
        raise Http404
    return person


@require_GET
@needs("vitals.record", "case.answer")
def page(request: Any, person_id: UUID) -> HttpResponse:
    """The patient page; looking is noted."""
    person = found(person_id)
    if person.pk != person_id:
        return redirect("records:patient", person.pk)
    return show(request, person)


def show(request: Any, person: Person, status: int = 200, **more: Any) -> HttpResponse:
    """The page, after a refusal with its words: `problem`, `of` (the list or form it is about)."""
    require(request.staff, "visit.read", person)
    opened = entrance.read(request, person.pk, "records.patient")
    told = patient(person)
    held = [row for one in told.lists.values() for row in (*one.open, *one.past)]
    name, other = words.name_words(person, told.summary.names)
    context = {
        "person": person,
        "aside": restricting.of(person.pk),
        "name": name,
        "other": other,
        "age": words.age_words(told.summary.age),
        "sex": words.sex_words(person),
        "summary": told.summary,
        "prescribed": [(line, unit_label(line.dose_unit)) for line in told.prescribed],
        "vitals": [_vital(trend) for trend in told.summary.vitals.values() if trend.latest.code in KINDS],
        "cases": [
            (c, specialty_label(c.specialty), str(words.CASE_STATES.get(c.status, c.status)))
            for c in told.summary.open_cases
        ],
        "due": [_due(one) for one in told.due],
        "diagnoses": opened.shown(_diagnoses(told)),
        "kept_back": opened.kept_back([*held, *told.summary.problems]),
        "lists": [_list(request, told.lists[s.value], person) for s in Section if _fits(s, person, told)],
        "family": _family(person),
        "consents": [_standing(one) for one in consents.standing(person)],
        "methods": [m for m in load.encounter().consent_method if m.code != "emergency_unable"],
        "givers": load.encounter().consent_giver,
        "export": may(request.staff, "export.give", person),
        "consents_write": may(request.staff, "consent.record"),
        "today": visit_today(person.pk, request.unit) if request.unit else None,
        **more,
    }
    return render(request, "records/patient.html", context, status=status)


def _fits(section: Section, person: Person, told: Patient) -> bool:
    return section != Section.PREGNANCY or person.sex != Sex.MALE or told.lists[section.value].known == "some"


def _vital(trend: Trend) -> dict[str, Any]:
    return reading(trend.latest, {}) | {
        "at": trend.latest.at,
        "change": str(CHANGES.get(trend.change, "")),
        "icon": ICONS.get(trend.change, ""),
        "before": reading(trend.before, {})["value"] if trend.before else "",
    }


def _due(one: Due) -> dict[str, Any]:
    return {"words": str(DUE_WORDS[one.what]), "day": one.day, "over": one.over}


def _diagnoses(told: Patient) -> list[Any]:
    """Diagnoses of visits that are on no problem list yet."""
    listed = {entry.code for entry in told.lists[Section.PROBLEM].open if entry.code}
    past = {entry.code for entry in told.lists[Section.PROBLEM].past if entry.code}
    return [one for one in told.summary.problems if one.code not in listed | past][:8]


def _list(request: Any, one: List, person: Person) -> dict[str, Any]:
    section = one.section
    add_words, label, detail = ASKS[section]
    return {
        "section": section.value,
        "title": str(section.label),
        "known": one.known,
        "open": [_entry(e) for e in request.opened.shown(one.open)],
        "past": [_entry(e) for e in request.opened.shown(one.past)],
        "writes": may(request.staff, acts.right_for(section), person),
        "add": add_words,
        "label": label,
        "detail": detail,
        "states": [(s.value, s.label) for s in acts.STATES[section]] if len(acts.STATES[section]) > 1 else [],
    }


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    after = [(s.value, s.label) for s in acts.STATES[Section(entry.section)] if s not in acts.OPEN and s != State.KNOWN]
    return {
        "row": entry,
        "since": _partial(entry.since),
        "until": _partial(entry.until),
        "state": entry.get_state_display(),
        "ends": after if entry.state in acts.OPEN else [],
    }


def _partial(text: str) -> str:
    return "/".join(reversed(text.split("-"))) if text else ""


def _family(person: Person) -> list[dict[str, Any]]:
    linked = people.links_of(person)
    names = people.names_of(x.other_id for x in linked)
    turned = {"mother": gettext("child"), "father": gettext("child"), "guardian": gettext("is guardian of")}
    return [
        {
            "label": turned.get(x.relation, "") if x.reverse and x.relation in turned else _relation(x.relation),
            "name": words.name_words(x.other, names[x.other_id])[0],
            "other": x.other,
        }
        for x in linked
    ]


def _relation(code: str) -> str:
    return str(PersonLink.Relation(code).label)


def _standing(one: consents.Standing) -> dict[str, Any]:
    icons = {"permit": "check-lg", "deny": "x-lg", "withdrawn": "x-lg", "not_asked": "question-lg"}
    return {
        "code": one.purpose.code,
        "purpose": one.purpose.label.text(words.language()),
        "state": one.state,
        "said": decision_words(one.state),
        "icon": icons.get(one.state, "dash-lg"),
        "consent": one.consent,
        "scan": one.scan,
    }


@require_POST
@needs("vitals.record")
@once
def add(request: Any, person_id: UUID, section: str) -> HttpResponse:
    """Put an entry on a list, or (`none`) say that the person was asked and knows of none."""
    person = found(person_id)
    said = request.POST.get
    visit = visit_today(person.pk, request.unit) if request.unit else None
    try:
        if "none" in request.POST:
            acts.none_known(person, section, request.staff, visit)
        else:
            acts.add(
                person, section, request.staff, said("words", ""), state=said("state", ""), detail=said("detail", ""),
                code=said("code", ""), since=_when(said("since", "")), until=_when(said("until", "")),
                due=_day(said("lmp", "")), visit=visit,
            )  # fmt: skip
    except Refusal as refused:
        return show(request, person, 422, problem=shown(refused.message), of=section, typed=request.POST)
    messages.success(request, gettext("Saved."))
    return redirect("records:patient", person.pk)


@require_POST
@needs("vitals.record")
@once
def change(request: Any, person_id: UUID, entry_id: UUID) -> HttpResponse:
    """An entry is over, stopped, born (`state`), or was entered in error (`error`, with why)."""
    person = found(person_id)
    entry = get_object_or_404(HistoryEntry, pk=entry_id, person_id__in=people.one_with(person.pk))
    try:
        if "error" in request.POST:
            corrections.mark_error(entry, request.staff, request.POST.get("reason", ""))
        else:
            until = _when(request.POST.get("until", ""))
            acts.change(entry, request.staff, request.POST.get("state", ""), until)
    except Refusal as refused:
        return show(request, person, 422, problem=shown(refused.message), of=entry.section)
    messages.success(request, gettext("Saved."))
    return redirect("records:patient", person.pk)


def _when(text: str) -> PartialDate | None:
    """A date as far as it is known. Raises `Refusal`."""
    if not text.strip():
        return None
    read = parse_birth(text[:40], local_day())
    if not isinstance(read, PartialDate):
        raise Refusal(Message(BAD_DATE))
    return read


def _day(last_period: str) -> date | None:
    """The expected day of birth from a typed last period. Raises `Refusal`."""
    if not last_period:
        return None
    try:
        day = parse_date(last_period)
    except ValueError:
        day = None
    if day is None or day > local_day() or day < local_day() - timedelta(days=3660):
        raise Refusal(Message(BAD_DATE))
    return acts.due_of(day)
