"""Telling the person: the sheet in plain words with its doses, a voice in their language, attempts to reach them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from qafila.clinic.cases import acts, dosing, loop_queries, telling
from qafila.clinic.cases.loop_models import Contact, PlainWords, Saving
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import VOICE
from qafila.clinic.imaging.refused import Refused
from qafila.clinic.prescribing import acts as prescribing
from qafila.clinic.prescribing.models import Prescription, PrescriptionItem
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.journal import blobs
from qafila.packs import load
from qafila.registry.people import queries as people
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.doctor.prescribe import unit_label
from qafila.web.nurse.record import MOST_BYTES
from qafila.web.nurse.sheet import shown
from qafila.web.nurse.views import heading
from qafila.web.once import once
from qafila.web.reception.words import language

SLOT_FIELDS = dosing.SLOTS
COUNTED = ("tablet", "capsule", "suppository", "sachet")
PICTURES = {"mL": "spoon", "drop": "drop", "puff": "puff"}


@dataclass(frozen=True)
class Taking:
    """A medicine on the sheet: how it is called and, for each part of the day, how much of it (None: not then)."""

    item: PrescriptionItem
    times: str
    """Times a day as a number, where the parts of the day were not said."""
    day: tuple[str, ...]
    slots: list[dict[str, Any]]
    once: dict[str, Any]
    """How much at a time, where the parts of the day were not said."""


def medicines_of(case: Case) -> list[PrescriptionItem]:
    """The lines that the unit's doctor signed for this case: a proposal nobody adopted is on no sheet."""
    rows = Prescription.objects.filter(case_id=case.pk, status=FactStatus.FINAL, signed_at__isnull=False)
    return [item for row in rows.order_by("at", "id") for item in prescribing.items_of(row)]


def takings(items: list[PrescriptionItem], doses: dict[str, Any]) -> list[Taking]:
    """Each medicine with its day, as chosen or as its number of times a day says."""
    found = []
    for item in items:
        chosen = doses.get(item.pk.hex)
        day = tuple(chosen) if isinstance(chosen, list) else dosing.usual(item.dose, item.per_day)
        day = tuple(str(one) for one in (day or ("", "", "", "")))[:4]
        once = _slot("noon", f"{item.dose.normalize():f}", item.dose_unit)
        slots = [_slot(name, amount, item.dose_unit) for name, amount in zip(SLOT_FIELDS, day, strict=False)]
        found.append(Taking(item, "" if any(day) else f"{item.per_day.normalize():f}", day, slots, once))
    return found


def slot_words() -> dict[str, str]:
    """The parts of the day."""
    return {
        "morning": gettext("morning"),
        "noon": gettext("noon"),
        "evening": gettext("evening"),
        "night": gettext("night, before sleep"),
    }


def _slot(name: str, amount: str, unit: str) -> dict[str, Any]:
    drawn = dosing.pills(amount) if unit in COUNTED else None
    whole, half = drawn or (0, False)
    return {
        "name": name,
        "words": slot_words()[name],
        "amount": amount,
        "unit": unit_label(unit),
        "pills": range(whole),
        "half": half,
        "picture": "" if drawn else PICTURES.get(unit, "take"),
    }


def plain_of(answer: Answer, tongue: str) -> PlainWords | None:
    """The plain words of an answer in a language, where somebody wrote them."""
    rows = PlainWords.objects.filter(answer_id=answer.pk, language=tongue, status=FactStatus.FINAL)
    found: PlainWords | None = rows.order_by("-at", "-id").first()
    return found


def sheet_language(person: Person) -> str:
    """The language of the sheet that serves a person best: their own where there are sheets in it, Arabic for the
    spoken languages of the country, else that of the reader."""
    if person.language in telling.SHEETS:
        return person.language
    spoken = {one.code for one in load.country(country_code()).spoken}
    return "ar" if person.language in spoken else language()[:2]


@require_http_methods(["GET", "POST"])
@needs("case.explain")
@once
def plain(request: Any, case_id: UUID) -> HttpResponse:
    """Put the answer into plain words, say when each medicine is taken, and print the sheet."""
    case, answer, person, visit = _found(request, case_id)
    said = request.POST if request.method == "POST" else request.GET
    tongue = said.get("lang", "") if said.get("lang") in telling.SHEETS else sheet_language(person)
    items = medicines_of(case)
    problem, status = "", 200
    if request.method == "POST":
        doses = {item.pk.hex: [said.get(f"dose-{item.pk.hex}-{slot}", "") for slot in SLOT_FIELDS] for item in items}
        have, do, come_back = (said.get(name, "") for name in ("have", "do", "come_back"))
        try:
            acts.write_plain(case, answer, request.staff, tongue, have, do, come_back, doses)
        except Refusal as refused:
            problem, status = shown(refused.message), 422
        else:
            messages.success(request, gettext("Saved. The sheet can be printed now."))
            return redirect(f"{request.path}?lang={tongue}")
    kept = plain_of(answer, tongue)
    context = {
        **heading(visit, person),
        "case": case,
        "answer": answer,
        "tongue": tongue,
        "sheets": [(code, name) for code, name in (("ar", "العربية"), ("fr", "Français"), ("en", "English"))],
        "have": said.get("have", kept.have if kept else answer.diagnosis),
        "do": said.get("do", kept.do if kept else answer.plan),
        "come_back": said.get("come_back", kept.come_back if kept else answer.red_flag_advice),
        "takings": takings(items, kept.doses if kept else {}),
        "kept": kept,
        "problem": problem,
    }
    return render(request, "doctor/plain.html", context, status=status)


def _found(request: Any, case_id: UUID) -> tuple[Case, Answer, Person, Visit]:
    case = Case.objects.filter(pk=case_id).first()
    answer = acts.latest_answer(case) if case is not None else None
    person = people.get(case.person_id) if case is not None else None
    visit = Visit.objects.filter(pk=case.visit_id).first() if case is not None and case.visit_id else None
    if case is None or answer is None or person is None or visit is None:
        raise Http404
    require(request.staff, "case.read", case)
    entrance.read(request, case.person_id, "doctor.plain")
    return case, answer, person, visit


@require_POST
@needs("case.read")
@once
def voice(request: Any, case_id: UUID) -> HttpResponse:
    """Keep a recorded explanation."""
    case = _found(request, case_id)[0]
    file = request.FILES.get("file")
    if file is None or file.size > MOST_BYTES:
        messages.error(request, gettext("Record something first."))
        return redirect("doctor:case", case.pk)
    try:
        acts.add_voice(case, request.staff, file.read(), request.POST.get("language", ""))
    except Refused as refused:
        messages.error(request, gettext(refused.reason) % (refused.values or {}))
    except Refusal as told:
        messages.error(request, shown(told.message))
    else:
        messages.success(request, gettext("The recording is kept with the case."))
    return redirect("doctor:case", case.pk)


def section(case: Case, answer: Answer | None, by: Staff, person: Person) -> dict[str, Any]:
    """What the case's page shows of the telling: owner, attempts, voices, what was spared."""
    if answer is None:
        return {}
    rules, tongue = load.loop(), language()
    spoken = {one.code: one.label.text(tongue) for one in load.country(country_code()).spoken}
    ways = {one.code: one.label.text(tongue) for one in rules.contact_way}
    results = {one.code: one.label.text(tongue) for one in rules.contact_result}
    held = loop_queries.contacts_of(case)
    names = {s.pk: s for s in Staff.objects.filter(pk__in={c.author_id for c in held})} if held else {}
    return {
        "owner": loop_queries.owner_of(case),
        "tells": may(by, "case.explain", case),
        "ways": [(code, words) for code, words in ways.items() if code != telling.IN_PERSON],
        "all_ways": list(ways.items()),
        "results": [(code, words) for code, words in results.items() if code != telling.TOLD],
        "spoken": list(spoken.items()),
        "spoken_first": person.language if person.language in spoken else "",
        "contacts": [_contact(c, ways, results, spoken, names) for c in held],
        "voices": [
            (file, spoken.get(file.view.removeprefix(VOICE), file.view), blobs.have(file.sha256))
            for file in telling.voices(case.pk)
        ],
        "saving": spared_lines(loop_queries.saving_of(case)),
    }


def _contact(
    one: Contact, ways: dict[str, str], results: dict[str, str], spoken: dict[str, str], names: dict[UUID, Staff]
) -> dict[str, Any]:
    by = names.get(one.author_id) if one.author_id else None
    return {
        "at": one.at,
        "way": ways.get(one.way, one.way),
        "result": results.get(one.result, one.result),
        "language": spoken.get(one.language, one.language),
        "interpreter": one.interpreter,
        "words": one.words,
        "by": by,
    }


def input_words(name: str) -> str:
    """What an input of a saving is."""
    return {
        "distance": gettext("distance to the nearest facility of the specialty"),
        "minutes": gettext("time by road"),
        "speed": gettext("speed by road"),
        "fare": gettext("fare"),
    }.get(name, name)


def spared_lines(saving: Saving | None) -> dict[str, Any] | None:
    """A saving for a page: its three numbers, the inputs in words, what was lacking."""
    if saving is None:
        return None
    return {
        "row": saving,
        "inputs": [
            {"name": input_words(str(one[0])), "value": one[1], "unit": one[2], "source": one[3], "date": one[4]}
            for one in saving.inputs
            if isinstance(one, list) and len(one) == 5
        ],
        "lacking": [input_words(str(one)) for one in saving.lacking],
    }
