"""People: who they are, what they are called, whom they belong to."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref


class Sex(models.TextChoices):
    """Sex for clinical use; unknown is an answer."""

    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    UNKNOWN = "unknown", _("Not known")


class BirthPrecision(models.TextChoices):
    """How much of the birth date is known."""

    DAY = "day", _("exact day")
    MONTH = "month", _("month")
    YEAR = "year", _("year")
    AGE = "age", _("from a stated age")
    UNKNOWN = "unknown", _("not known")


class Circumstance(models.TextChoices):
    """How the person came to be registered."""

    ORDINARY = "ordinary", _("Ordinary")
    NEWBORN = "newborn", _("Newborn without a name yet")
    UNIDENTIFIED = "unidentified", _("Unknown, cannot say who they are")


class Person(Recorded):
    """A person who may receive care."""

    code = models.CharField(max_length=11, db_index=True)
    """The short code printed on the card (`kernel.ids.short_code` of the id)."""
    sex = models.CharField(max_length=8, choices=Sex.choices, default=Sex.UNKNOWN)
    birth_date = models.DateField(null=True, blank=True)
    """Of a date known in part: its first day."""
    birth_precision = models.CharField(max_length=8, choices=BirthPrecision.choices, default=BirthPrecision.UNKNOWN)
    birth_margin = models.SmallIntegerField(default=0)
    """Years by which a birth year taken from a stated age may be wrong, either way."""
    birth_order = models.SmallIntegerField(null=True, blank=True)
    """1, 2… of a multiple birth."""
    circumstance = models.CharField(max_length=12, choices=Circumstance.choices, default=Circumstance.ORDINARY)
    description = models.CharField(max_length=300, default="", blank=True)
    """Of an unidentified person: where found, apparent age, clothing."""
    national_id = models.CharField(max_length=20, default="", blank=True, db_index=True)
    """As written on the paper, capitals, no spaces; empty: has no papers."""
    same_id_reason = models.CharField(max_length=200, default="", blank=True)
    """Why the person was registered although somebody else holds the same national number."""
    phone = models.CharField(max_length=20, default="", blank=True, db_index=True)
    phone_owner = models.CharField(max_length=60, default="", blank=True)
    """Whose phone it is when not the person's own."""
    place = models.CharField(max_length=20, default="", blank=True)
    """Code of the commune in the country pack; empty: not known."""
    address = models.CharField(max_length=200, default="", blank=True)
    no_fixed_address = models.BooleanField(default=False)
    language = models.CharField(max_length=8, default="", blank=True)
    """Code of the language spoken best."""
    home_unit = Ref("registry.Unit", null=True, blank=True)
    died_on = models.DateField(null=True, blank=True)
    died_source = models.CharField(max_length=100, default="", blank=True)

    silent: ClassVar[frozenset[str]] = frozenset({"home_unit"})

    def subject_of_care(self) -> UUID | None:
        """A person's row belongs to that person's record."""
        return self.pk


class PersonName(Recorded):
    """One name of a person in one script, in parts."""

    class Use(models.TextChoices):
        """What the name is for."""

        OFFICIAL = "official", _("official")
        USUAL = "usual", _("usual")
        MAIDEN = "maiden", _("before marriage")

    class Script(models.TextChoices):
        """ISO 15924."""

        ARABIC = "Arab", _("Arabic script")
        LATIN = "Latn", _("Latin script")
        TIFINAGH = "Tfng", _("Tifinagh")

    person = Ref(Person)
    use = models.CharField(max_length=8, choices=Use.choices, default=Use.OFFICIAL)
    script = models.CharField(max_length=4, choices=Script.choices)
    given = models.CharField(max_length=80, default="", blank=True)
    middle = models.CharField(max_length=80, default="", blank=True)
    """Father's, grandfather's name."""
    family = models.CharField(max_length=80, default="", blank=True)
    withdrawn = models.BooleanField(default=False)

    @property
    def text(self) -> str:
        """The whole name as people write it."""
        return " ".join(p for p in (self.given, self.middle, self.family) if p)


class PersonLink(Recorded):
    """`other` is `relation` of `person`: mother, guardian, spouse, twin, member of the same household."""

    class Relation(models.TextChoices):
        """What `other` is to `person`."""

        MOTHER = "mother", _("mother")
        FATHER = "father", _("father")
        GUARDIAN = "guardian", _("guardian")
        SPOUSE = "spouse", _("spouse")
        TWIN = "twin", _("twin")
        HOUSEHOLD = "household", _("same household")
        SAME = "same", _("the same person")

    person = Ref(Person)
    other = Ref(Person)
    relation = models.CharField(max_length=10, choices=Relation.choices)
    withdrawn = models.BooleanField(default=False)


class NameKey(models.Model):
    """Search keys of people on this node, derived from their names; rebuilt at will, never sent."""

    key = models.CharField(max_length=40)
    person = Ref(Person, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "person"], name="name_key_once")]
        indexes = [models.Index(fields=["person"], name="name_key_person")]

    def __str__(self) -> str:
        return self.key
