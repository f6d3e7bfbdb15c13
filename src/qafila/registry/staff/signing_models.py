"""The keys with which people sign: the public part for everybody, for ever; the private part is with the password."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Recorded, Ref


class SigningKey(Recorded):
    """The public part (Ed25519) of a person's key, and from when until when it signed. Never deleted: what it signed
    is checked with it for ever."""

    staff = Ref("registry.Staff")
    public = models.CharField(max_length=64)
    """32 bytes, hexadecimal."""
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    """When another key took its place; None: it signs today."""
    silent: ClassVar[frozenset[str]] = frozenset({"ends"})
