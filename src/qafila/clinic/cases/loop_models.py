"""What follows an answer: telling the person, in plain words and with a voice; what a closed case spared them."""

from __future__ import annotations

from django.db import models

from qafila.clinic.visits.models import Fact
from qafila.journal.models import Recorded, Ref
from qafila.kernel import clock


class Contact(Fact):
    """One attempt to reach a person about an answer, or the talk in which it was explained."""

    case = Ref("clinic.Case")
    way = models.CharField(max_length=20)
    """`contact_way` of packs/loop.toml: in person, by telephone, a relative, the health centre …"""
    result = models.CharField(max_length=20)
    """`contact_result` of packs/loop.toml."""
    language = models.CharField(max_length=8, default="", blank=True)
    """In which language the person was told: `spoken` of the country."""
    interpreter = models.CharField(max_length=80, default="", blank=True)
    """Who interpreted; empty: nobody."""
    words = models.CharField(max_length=500, default="", blank=True)


class PlainWords(Fact):
    """An answer in words that the person understands, as printed on the sheet they take home."""

    case = Ref("clinic.Case")
    answer = Ref("clinic.Answer", db_index=False)
    language = models.CharField(max_length=5)
    """Of the sheet: ar, fr or en."""
    have = models.TextField(max_length=1000)
    """What the person has."""
    do = models.TextField(max_length=2000)
    """What to do."""
    come_back = models.TextField(max_length=1000, default="", blank=True)
    """When to come back at once."""
    doses = models.JSONField(default=dict, blank=True)
    """Line of a prescription (id, hex) → how much in the morning, at noon, in the evening, at night, as text ("" none).
    A line that is not here is printed with its number of times a day."""


class Saving(Recorded):
    """What a journey that was not made spared a person; each number only where its inputs are known."""

    person = Ref("registry.Person", db_index=False)
    case = Ref("clinic.Case")
    km = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    hours = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    money = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    inputs = models.JSONField(default=list, blank=True)
    """[name, value, unit, source, date] of all that it was computed from."""
    lacking = models.JSONField(default=list, blank=True)
    """Names of the inputs that the place's data does not have."""
    at = models.DateTimeField(default=clock.now)
