"""What the reception types. Reading happens here, what may be kept is decided by the registry's acts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.kernel.dates import Confirm, PartialDate, WhichDate
from qafila.kernel.text import Bad, fold
from qafila.registry.people.births import birth_of
from qafila.registry.people.details import BadDetails, NameParts
from qafila.registry.people.models import Circumstance, Person, PersonLink, PersonName, Sex
from qafila.registry.people.names import script_of
from qafila.registry.places import lookup
from qafila.registry.places.here import country, local_day
from qafila.web.reception.births import read_birth, written
from qafila.web.reception.words import language, said

PERSON_FIELDS = (
    "sex", "national_id", "phone", "phone_owner", "mother_name", "place", "address", "no_fixed_address", "language",
    "description",
)  # fmt: skip


class Typed(forms.CharField):
    """A line of text, as typed: the acts tidy it."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("max_length", 400)
        super().__init__(**options)


def line(**attrs: str) -> forms.TextInput:
    """A text input that offers nothing of its own."""
    return forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs})


class BirthField(Typed):
    """A birth in whatever form it is known; its cleaned value is a `PartialDate` or None."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Date of birth, year or age"))
        options.setdefault("help_text", _("12/03/1984, 1984, or an age: 34, 8 m, 5 d"))
        options.setdefault("widget", line(inputmode="text"))
        super().__init__(**options)


class PlaceField(Typed):
    """A place of the country's pack, typed by name; its cleaned value is the code, "" for none."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Commune"))
        options.setdefault("widget", line(list="places"))
        super().__init__(**options)

    def clean(self, value: str) -> str:
        """The code meant. Raises `ValidationError` with the likeliest places where none is meant clearly."""
        text = super().clean(value)
        if not text:
            return ""
        if lookup.known(text):
            return text
        code = place_code(text)
        if code:
            return code
        near = [lookup.label(p.code, language()) for p in lookup.search(text, limit=4)]
        message = (
            gettext("No such place.") if not near else gettext("Which one? %(places)s") % {"places": " · ".join(near)}
        )
        raise forms.ValidationError(message)


def place_code(text: str) -> str:
    """The one place whose label or name is `text`; "" for none or several."""
    typed = fold(text)
    near = lookup.search(text.split(",")[0].split("،")[0], limit=30)
    labelled = [p for p in near for tongue in ("ar", "fr", "en") if fold(lookup.label(p.code, tongue)) == typed]
    if labelled:
        return labelled[0].code
    named = [p for p in near if typed in {fold(p.name.ar), fold(p.name.fr), fold(p.name.en)}]
    return named[0].code if len({p.code for p in named}) == 1 else ""


class PersonForm(forms.Form):
    """What is known of a person beside names and birth."""

    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, required=False, widget=forms.RadioSelect)
    birth = BirthField()
    phone = Typed(label=_("Telephone"), widget=line(inputmode="tel"))
    phone_owner = Typed(
        label=_("Whose telephone"), help_text=_("When it is not their own: son, neighbour…"), widget=line()
    )
    mother_name = Typed(label=_("Mother’s name"), widget=line())
    national_id = Typed(label=_("National number"), widget=line(autocapitalize="characters"))
    place = PlaceField()
    address = Typed(label=_("Address"), widget=line())
    no_fixed_address = forms.BooleanField(label=_("No fixed address (nomad)"), required=False)
    language = forms.ChoiceField(label=_("Language spoken best"), required=False)
    description = Typed(
        label=_("Description"), help_text=_("Of an unknown person: where found, apparent age, clothing.")
    )
    same_id_reason = Typed(label=_("Why the number is held by two"), widget=line())

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        spoken = [(s.code, s.label.text(language())) for s in country().spoken]
        self.fields["language"].choices = [("", "—"), *spoken]  # type: ignore[attr-defined]
        self.fields["language"].widget.attrs["class"] = "form-select"
        self.fields["no_fixed_address"].widget.attrs["class"] = "form-check-input"
        self.fields["description"].widget = forms.Textarea(attrs={"class": "form-control", "rows": 2})
        self.fields["national_id"].label = country().national_id.label.text(language())
        self.choices_of_birth: list[tuple[str, str]] = []
        self.asks_birth = False
        self.today: date = local_day()

    def clean_sex(self) -> str:
        """Not chosen is not known."""
        return self.cleaned_data["sex"] or Sex.UNKNOWN.value

    def clean_birth(self) -> PartialDate | None:
        """A birth, or a question about it."""
        text = str(self.cleaned_data["birth"])
        chosen = self.data.get("birth_choice", "")
        if not text:
            return None
        found = read_birth(text, self.today, confirmed=self.data.get("birth_confirm") == text)
        if isinstance(found, WhichDate):
            self.choices_of_birth = [(str(d), written(d)) for d in found.readings]
            meant = [d for d in found.readings if str(d) == chosen]
            if meant:
                return meant[0]
            raise forms.ValidationError(gettext(found.message))
        if isinstance(found, Confirm):
            self.asks_birth = True
            raise forms.ValidationError(gettext(found.message))
        if isinstance(found, Bad):
            raise forms.ValidationError(said(found))
        return found

    def refused(self, error: BadDetails) -> None:
        """Show what the registry refused, each at its field."""
        for name, problem in error.problems.items():
            self.add_error(name if name in self.fields else None, said(problem))


class RegisterForm(PersonForm):
    """A new person in one screen."""

    given = Typed(label=_("Given name"), widget=line(autofocus="autofocus"))
    family = Typed(label=_("Family name"), widget=line())
    middle = Typed(label=_("Father’s name"), widget=line())
    given_other = Typed(label=_("Given name in the other script"), widget=line())
    family_other = Typed(label=_("Family name in the other script"), widget=line())
    circumstance = forms.ChoiceField(
        label=_("Circumstance"), choices=Circumstance.choices, required=False, widget=forms.RadioSelect
    )
    birth_order = forms.TypedChoiceField(
        label=_("Twin or more: order of birth"),
        choices=[("", _("single")), ("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")],
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    mother_code = Typed(label=_("Mother: code on her card"), widget=line())
    reason = Typed(label=_("Why they come"), widget=line())
    here = forms.BooleanField(required=False)

    def names(self) -> list[NameParts]:
        """The names typed, each in the script it is written in."""
        data = self.cleaned_data
        found = []
        for given, middle, family in (
            (data.get("given"), data.get("middle"), data.get("family")),
            (data.get("given_other"), "", data.get("family_other")),
        ):
            text = " ".join(p for p in (given, middle, family) if p)
            if text:
                found.append(NameParts(script_of(text), given or "", middle or "", family or ""))
        return found

    def values(self) -> dict[str, Any]:
        """The fields of a person for `people.acts.register`."""
        data = self.cleaned_data
        values = {name: data[name] for name in (*PERSON_FIELDS, "birth", "same_id_reason", "birth_order")}
        return values | {"circumstance": data["circumstance"] or Circumstance.ORDINARY.value}


class EditForm(PersonForm):
    """What is known of a person, to be changed; knows what the page showed."""

    def __init__(self, *args: Any, person: Person | None = None, **options: Any) -> None:
        if person is not None:
            options["initial"] = {name: getattr(person, name) for name in PERSON_FIELDS}
            options["initial"]["place"] = lookup.label(person.place, language())
            options["initial"]["birth"] = written(birth_of(person))
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.show_hidden_initial = True

    def changes(self) -> dict[str, Any]:
        """What the author changed against what the page showed."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in self.cleaned_data}


class NameForm(forms.Form):
    """One name."""

    given = Typed(label=_("Given name"), widget=line())
    middle = Typed(label=_("Father’s name"), widget=line())
    family = Typed(label=_("Family name"), widget=line())
    use = forms.ChoiceField(
        label=_("Use"), choices=PersonName.Use.choices, widget=forms.Select(attrs={"class": "form-select"})
    )

    def parts(self) -> NameParts:
        """The name, in the script it is written in."""
        data = self.cleaned_data
        text = f"{data['given']}{data['middle']}{data['family']}"
        return NameParts(script_of(text), data["given"], data["middle"], data["family"], data["use"])

    def refused(self, error: BadDetails) -> None:
        """Show what the registry refused."""
        for name, problem in error.problems.items():
            self.add_error(name if name in self.fields else None, said(problem))


DECIDED = (PersonLink.Relation.SAME, PersonLink.Relation.DIFFERENT)
"""Not said in passing: the hub's register decides."""


class LinkForm(forms.Form):
    """A link to somebody, by the code on their card."""

    CHILD, WARD = "child", "ward"
    relation = forms.ChoiceField(
        label=_("Who is it"),
        choices=[
            *(c for c in PersonLink.Relation.choices if c[0] not in DECIDED),
            (CHILD, _("child")),
            (WARD, _("under this person’s guardianship")),
        ],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    other = Typed(label=_("Code, national number or telephone"), widget=line(), required=True)

    def refused(self, error: BadDetails) -> None:
        """Show what the registry refused."""
        for name, problem in error.problems.items():
            self.add_error(name if name in self.fields else None, said(problem))


class DeathForm(forms.Form):
    """A death and who told of it."""

    died_on = forms.DateField(
        label=_("Day of death"), widget=forms.DateInput(attrs={"class": "form-control", "type": "date"})
    )
    died_source = Typed(label=_("Who reported it, or which paper"), widget=line(), required=True)


class RoundForm(forms.Form):
    """A round."""

    name = Typed(label=_("Name of the round"), widget=line(), required=True, max_length=100)
    starts = forms.DateField(
        label=_("First day"), widget=forms.DateInput(attrs={"class": "form-control", "type": "date"})
    )
    ends = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"class": "form-control", "type": "date"}))


class StopForm(forms.Form):
    """A stop of a round."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"class": "form-control", "type": "date"}))
    place = PlaceField(required=True)
    locality = Typed(label=_("Locality"), help_text=_("Market, school, health post…"), widget=line(), max_length=100)
