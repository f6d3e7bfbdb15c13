"""People: who they are, what they are called, whom they belong to."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


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
    mother_name = models.CharField(max_length=120, default="", blank=True)
    """As told; a mother who is registered herself is a link beside it."""
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
        DIFFERENT = "different", _("not the same person")

    person = Ref(Person)
    other = Ref(Person)
    relation = models.CharField(max_length=10, choices=Relation.choices)
    note = models.CharField(max_length=200, default="", blank=True)
    """Of *the same* or *not the same*: how it was decided."""
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


class MatchKey(models.Model):
    """The blocks in which a person's record stands when duplicates are looked for; derived as `NameKey` is."""

    key = models.BigIntegerField()
    """64 bits of a hash of the block's words."""
    person = Ref(Person, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "person"], name="match_key_once")]
        indexes = [models.Index(fields=["person"], name="match_key_person")]

    def __str__(self) -> str:
        return str(self.key)


class NameShare(models.Model):
    """How common a name is among the people of this node, counted now and then; rare names have no row."""

    key = models.CharField(max_length=40, primary_key=True)
    """Of `NameKey`; empty: all people, counted in `people`."""
    people = models.IntegerField()

    def __str__(self) -> str:
        return self.key


class Newcomer(models.Model):
    """Somebody who came to this node from another, or was changed there, and has not been compared yet."""

    person = models.UUIDField(primary_key=True)

    def __str__(self) -> str:
        return self.person.hex


class Pair(models.Model):
    """Two people of this node who may be one, for somebody to decide; derived, never sent. `one` has the lower id."""

    one = models.UUIDField()
    other = models.UUIDField()
    bits = models.FloatField()
    """The evidence (`matching.weigh`)."""
    found = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="pair_once")]
        indexes = [models.Index(fields=["-bits", "id"], name="pair_likeliest")]

    def __str__(self) -> str:
        return f"{self.one.hex} {self.other.hex}"
