"""A person's page: who they are, whom they belong to, when they came; and what reception changes of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qafila.clinic.cases.models import Case
from qafila.clinic.visits import growth
from qafila.clinic.visits.models import Visit
from qafila.clinic.visits.queries import visit_today
from qafila.journal import history, resolve
from qafila.journal.models import Clash
from qafila.kernel.text import N_, Bad
from qafila.registry.people import acts, queries
from qafila.registry.people.acts import SameIdentity
from qafila.registry.people.births import age_of, birth_of
from qafila.registry.people.details import BadDetails
from qafila.registry.people.matching import compare
from qafila.registry.people.models import Circumstance, Person, PersonLink, PersonName, Sex
from qafila.registry.people.scanned import PREFIX
from qafila.registry.people.search import search
from qafila.registry.places import lookup
from qafila.registry.places.here import country, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may
from qafila.web import entrance
from qafila.web.access import needs
from qafila.web.once import once
from qafila.web.reception import sameness, words
from qafila.web.reception.births import written
from qafila.web.reception.forms import DECIDED, DeathForm, EditForm, LinkForm, NameForm
from qafila.web.records.words import field_words
from qafila.web.staff_names import staff_names

FIELD_WORDS = {
    "sex": _("Sex"),
    "birth_date": _("Date of birth"),
    "birth_precision": _("Date of birth: how exact"),
    "birth_margin": _("Date of birth: years either way"),
    "national_id": _("National number"),
    "phone": _("Telephone"),
    "phone_owner": _("Whose telephone"),
    "place": _("Commune"),
    "address": _("Address"),
    "language": _("Language spoken best"),
    "given": _("Given name"),
    "middle": _("Father’s name"),
    "family": _("Family name"),
    "died_on": _("Day of death"),
}
SEX_FIRST = N_("Record the sex first: it says whether this is the mother or the father.")
REVERSED = {
    "mother": _("child"),
    "father": _("child"),
    "guardian": _("is guardian of"),
}


def _found(person_id: UUID) -> Person:
    person = queries.get(person_id)
    if person is None:
        raise Http404
    return person


@require_GET
@needs("person.read")
def person_page(request: Any, person_id: UUID) -> HttpResponse:
    """All that reception has to know of a person; looking is noted."""
    person = _found(person_id)
    if person.pk != person_id:
        return redirect("reception:person", person.pk)
    return _page(request, person)


def _page(request: Any, person: Person, status: int = 200, **forms: Any) -> HttpResponse:
    entrance.read(request, person.pk, "reception.person")
    names = queries.names_of([person.pk])[person.pk]
    name, other = words.name_words(person, names)
    ids = queries.one_with(person.pk)
    visits = list(Visit.objects.filter(person_id__in=ids).exclude(status="error").order_by("-opened_at")[:10])
    context = {
        "person": person,
        "name": name,
        "other": other,
        "names": names,
        "age": words.age_words(age_of(person, local_day())),
        "birth": written(birth_of(person)),
        "sex": words.sex_words(person),
        "place": lookup.label(person.place, words.language()),
        "spoken": _spoken(person.language),
        "id_label": country().national_id.label.text(words.language()),
        "links": _links(person),
        "joined": _joined(person, ids[1:]),
        "visits": [(v, words.status_words(v), words.triage_words(v)) for v in visits],
        "today": visit_today(person.pk, request.unit) if request.unit else None,
        "cases": _cases(person) if may(request.staff, "case.read") else [],
        "clashes": [_clash(c) for c in queries.open_clashes(person.pk)],
        "treats": may(request.staff, "vitals.record") or may(request.staff, "case.answer"),
        "merges": may(request.staff, "person.merge"),
        "settles": may(request.staff, "clash.resolve", person),
        "edits": may(request.staff, "person.edit", person),
        "claims": may(request.staff, "claim.note", person),
        "child": growth.is_child(person, local_day()),
        "opens": bool(request.unit) and may(request.staff, "visit.open", request.unit),
        "name_form": forms.get("name_form") or NameForm(),
        "link_form": forms.get("link_form") or LinkForm(),
        "death_form": forms.get("death_form") or DeathForm(),
        "open_form": next(iter(forms), ""),
        "changes": _changes(person, names) if may(request.staff, "journal.read") else [],
        "unnamed": not names,
        "newborn": person.circumstance == Circumstance.NEWBORN,
    }
    return render(request, "reception/person.html", context, status=status)


def _spoken(code: str) -> str:
    return next((s.label.text(words.language()) for s in country().spoken if s.code == code), "")


def _links(person: Person) -> list[dict[str, Any]]:
    linked = queries.links_of(person)
    names = queries.names_of(x.other_id for x in linked)
    found = []
    for one in linked:
        label = str(PersonLink.Relation(one.relation).label)
        if one.reverse:
            label = str(REVERSED.get(one.relation, label))
        name, _other = words.name_words(one.other, names[one.other_id])
        found.append({"link": one.link, "label": label, "name": name, "other": one.other})
    return found


def _joined(person: Person, others: list[UUID]) -> list[dict[str, Any]]:
    """The records that were joined to this one, each with what it says otherwise: an edit made on it is seen here."""
    known, names = queries.known_of([person.pk, *others]), queries.own_names([person.pk, *others])
    mine = sameness.written_of(person, names[person.pk])
    found = []
    for other in Person.objects.filter(pk__in=others).order_by("pk"):
        theirs = sameness.written_of(other, names[other.pk])
        rows = sameness.rows(compare(known[person.pk], known[other.pk]), mine, theirs)
        differing = [row for row in rows if row.other and row.one != row.other]
        found.append(sameness.shown(other, names[other.pk]) | {"rows": differing})
    return found


def _cases(person: Person) -> list[tuple[Case, str]]:
    rows = Case.objects.filter(person_id__in=queries.one_with(person.pk)).order_by("-opened_at")[:10]
    return [(c, str(words.CASE_STATES.get(c.status, c.status))) for c in rows]


def _clash(clash: Clash) -> dict[str, Any]:
    return {
        "id": clash.pk,
        "field": FIELD_WORDS.get(clash.field) or field_words(clash.kind, clash.field),
        "sides": [(_value(clash.field, side.value), side.node) for side in resolve.sides(clash)],
    }


def _value(field: str, value: Any) -> str:
    if field == "place":
        return lookup.label(str(value or ""), words.language()) or "—"
    if field == "language":
        return _spoken(str(value or "")) or "—"
    return "—" if value in (None, "") else str(value)


def _changes(person: Person, names: list[PersonName]) -> list[dict[str, Any]]:
    entries = [e for pk in (person.pk, *(n.pk for n in names)) for e in history.of_subject(pk)]
    staff = staff_names(e.actor for e in entries)
    found = []
    for entry in sorted(entries, key=lambda e: e.stamp, reverse=True)[:30]:
        fields = {k: v for k, v in (entry.fields or {}).items() if k in FIELD_WORDS}
        who = staff.get(entry.actor, "") if entry.actor else ""
        told = [(FIELD_WORDS[k], _value(k, v)) for k, v in fields.items()]
        found.append({"at": entry.at, "who": who, "node": entry.node, "fields": told, "created": entry.created})
    return found


@require_http_methods(["GET", "POST"])
@needs("person.edit")
@once
def edit(request: Any, person_id: UUID) -> HttpResponse:
    """Change a person's data; what somebody else changed meanwhile is shown as two values."""
    person = _found(person_id)
    if request.method == "GET":
        return _edit_page(request, person, EditForm(person=person), person.heads)
    form, seen = EditForm(request.POST), request.POST.get("seen", "")
    if not form.is_valid():
        return _edit_page(request, person, form, seen, status=422)
    try:
        open_now = acts.edit(person, request.staff, form.changes(), seen)
    except SameIdentity as same:
        form.add_error("national_id", gettext("Somebody else holds this number: say why, or correct it."))
        return _edit_page(request, person, form, seen, status=409, same=same.person)
    except BadDetails as wrong:
        form.refused(wrong)
        return _edit_page(request, person, form, seen, status=422)
    if open_now:
        messages.warning(request, gettext("Somebody else changed the same data: both values are kept. Choose one."))
    else:
        messages.success(request, gettext("Saved."))
    return redirect("reception:person", person_id)


def _edit_page(request: Any, person: Person, form: EditForm, seen: str, status: int = 200, **more: Any) -> HttpResponse:
    entrance.read(request, person.pk, "reception.edit")
    name, other = words.name_words(person, queries.names_of([person.pk])[person.pk])
    home = [request.unit.home] if request.unit else []
    near = lookup.labels_near([person.place, *home], words.language())
    context = {"person": person, "name": name, "other": other, "form": form, "seen": seen, "near": near, **more}
    return render(request, "reception/edit.html", context, status=status)


@require_POST
@needs("person.edit")
@once
def add_name(request: Any, person_id: UUID) -> HttpResponse:
    """Add a name; to a newborn it is the name it gets, to an unknown person who they are."""
    person, form = _found(person_id), NameForm(request.POST)
    if not form.is_valid():
        return _page(request, person, 422, name_form=form)
    try:
        if person.circumstance == Circumstance.NEWBORN:
            acts.name_newborn(person, request.staff, [form.parts()])
        elif person.circumstance == Circumstance.UNIDENTIFIED:
            acts.identify(person, request.staff, names=[form.parts()])
        else:
            acts.add_name(person, request.staff, form.parts())
    except BadDetails as wrong:
        form.refused(wrong)
        return _page(request, person, 422, name_form=form)
    messages.success(request, gettext("Saved."))
    return redirect("reception:person", person_id)


@require_http_methods(["GET", "POST"])
@needs("person.edit")
@once
def change_name(request: Any, person_id: UUID, name_id: UUID) -> HttpResponse:
    """Correct the spelling of a name."""
    person = _found(person_id)
    entrance.read(request, person.pk, "reception.edit")
    name = get_object_or_404(PersonName, pk=name_id, person_id=person_id, withdrawn=False)
    initial = {"given": name.given, "middle": name.middle, "family": name.family, "use": name.use}
    form = NameForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                acts.change_name(name, request.staff, form.parts(), request.POST.get("seen", ""))
                messages.success(request, gettext("Saved."))
                return redirect("reception:person", person_id)
            except BadDetails as wrong:
                form.refused(wrong)
    seen = request.POST.get("seen", name.heads)
    context = {"person": person, "name": name.text, "row": name, "form": form, "seen": seen}
    return render(request, "reception/name.html", context, status=status)


@require_POST
@needs("person.edit")
@once
def withdraw_name(request: Any, person_id: UUID, name_id: UUID) -> HttpResponse:
    """Take a name back; the last one stays."""
    name = get_object_or_404(PersonName, pk=name_id, person_id=person_id, withdrawn=False)
    try:
        acts.withdraw_name(name, request.staff)
    except BadDetails:
        messages.error(request, gettext("This is the only name: add the right one first."))
    return redirect("reception:person", person_id)


@require_POST
@needs("person.edit")
@once
def add_link(request: Any, person_id: UUID) -> HttpResponse:
    """Link somebody to the person: mother, guardian, household."""
    person, form = _found(person_id), LinkForm(request.POST)
    if form.is_valid():
        found = [f.person for f in search(form.cleaned_data["other"]) if f.why != "name"]
        if len(found) == 1 and found[0].pk != person.pk:
            try:
                _link(person, form.cleaned_data["relation"], found[0], request.staff)
                messages.success(request, gettext("Saved."))
                return redirect("reception:person", person_id)
            except BadDetails as wrong:
                form.refused(wrong)
        else:
            form.add_error("other", gettext("Nobody, or more than one, is found by this: use the code on the card."))
    return _page(request, person, 422, link_form=form)


def _link(person: Person, relation: str, other: Person, by: Staff) -> None:
    """Link them; a child or ward is linked from its own side."""
    if relation == LinkForm.CHILD:
        parent = {Sex.FEMALE: "mother", Sex.MALE: "father"}.get(Sex(person.sex))
        if parent is None:
            raise BadDetails({"relation": Bad(SEX_FIRST)})
        acts.link(other, parent, person, by)
    elif relation == LinkForm.WARD:
        acts.link(other, "guardian", person, by)
    else:
        acts.link(person, relation, other, by)


@require_POST
@needs("person.edit")
@once
def remove_link(request: Any, person_id: UUID, link_id: UUID) -> HttpResponse:
    """Take a link back."""
    row = get_object_or_404(PersonLink, pk=link_id, withdrawn=False)
    if {row.person_id, row.other_id}.isdisjoint(queries.one_with(person_id)) or row.relation in DECIDED:
        raise Http404
    acts.unlink(row, request.staff)
    return redirect("reception:person", person_id)


@require_POST
@needs("person.edit")
@once
def death(request: Any, person_id: UUID) -> HttpResponse:
    """Record a death with its source."""
    person, form = _found(person_id), DeathForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            acts.record_death(person, data["died_on"], data["died_source"], request.staff)
            messages.success(request, gettext("The death is recorded. Reminders stop; open cases come up for review."))
            return redirect("reception:person", person_id)
        except BadDetails as wrong:
            for name, problem in wrong.problems.items():
                form.add_error(name, words.said(problem))
    return _page(request, person, 422, death_form=form)


@require_GET
@needs("print")
def card(request: Any, person_id: UUID) -> HttpResponse:
    """The card to print: name, code, and a QR that holds the code alone."""
    person = _found(person_id)
    entrance.read(request, person.pk, "reception.card")
    name, other = words.name_words(person, queries.names_of([person.pk])[person.pk])
    picture = segno.make(PREFIX + person.code, error="m", micro=False).svg_inline(scale=6, border=4, omitsize=True)
    context = {
        "person": person,
        "name": name,
        "other": other,
        "birth": written(birth_of(person)),
        "qr": mark_safe(picture),  # noqa: S308  drawn from the code alone
    }
    return render(request, "reception/card.html", context)
