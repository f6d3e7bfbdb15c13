"""Staff: who works here, in which roles; their credentials apart, which travel only where they log in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.guard import GuardedQuerySet
from qafila.journal.models import Recorded, Ref
from qafila.journal.upcast import Upcast


class StaffManager(BaseUserManager.from_queryset(GuardedQuerySet)):  # type: ignore[misc, unused-ignore]
    """Reads only; `registry.staff.acts` writes."""


class Staff(Recorded, AbstractBaseUser):
    """A person who works with Qafila. Names and roles are known on every node, the password is not."""

    schema: ClassVar[int] = 3
    upcasts: ClassVar[dict[int, Upcast]] = {1: Upcast(), 2: Upcast()}
    """3: `country`; who left it out works in the network's own."""
    password = None  # type: ignore[assignment]
    last_login = None
    username = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    """In Latin script."""
    name_arabic = models.CharField(max_length=120, default="", blank=True)
    sex = models.CharField(max_length=8, default="unknown")
    roles = models.JSONField(default=list)
    """Codes of `roles.toml`."""
    specialties = models.JSONField(default=list, blank=True)
    """Codes of specialty packs that a specialist answers for."""
    subspecialties = models.JSONField(default=list, blank=True)
    """Codes of sub-specialties (options of a pack's question `subspecialty`)."""
    languages = models.JSONField(default=list, blank=True)
    """Codes of languages spoken with patients."""
    interface_language = models.CharField(max_length=5, default="fr")
    licence = models.CharField(max_length=40, default="", blank=True)
    country = models.CharField(max_length=2, default="", blank=True)
    """ISO 3166 code of where the person works from; empty: the country of the network."""
    phone = models.CharField(max_length=20, default="", blank=True)
    active = models.BooleanField(default=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[StaffManager] = StaffManager()

    class Meta:
        base_manager_name = "objects"

    silent: ClassVar[frozenset[str]] = frozenset({"interface_language"})

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether the person still works here."""
        return self.active

    def __str__(self) -> str:
        return self.name


class Credential(Recorded):
    """A person's password hash (argon2) and the private signing key that the password opens. Sent only to the units
    of the person's crew assignments."""

    schema = 2
    upcasts: ClassVar[Mapping[int, Upcast]] = {1: Upcast()}

    staff = Ref(Staff)
    password = models.CharField(max_length=200)
    key = Ref("registry.SigningKey", null=True, blank=True, db_index=False)
    """The key in `sealed`; None: the person has not got one yet."""
    sealed = models.CharField(max_length=200, default="", blank=True)
    """As `signing.seal` writes it."""
    silent: ClassVar[frozenset[str]] = frozenset({"password", "key", "sealed"})


class Duty(Recorded):
    """A specialist's time on duty: from `starts` until `ends` (None: until further notice)."""

    class Status(models.TextChoices):
        """What the person is doing within the duty."""

        ON = "on", _("on duty")
        BREAK = "break", _("on a break")
        OFF = "off", _("off duty")

    staff = Ref(Staff)
    specialty = models.CharField(max_length=30)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=5, choices=Status.choices, default=Status.ON)

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["specialty", "starts"], name="duty_specialty")]


class Pin(models.Model):
    """This shift's PIN of a person on this node: bound to the node's key, gone when the shift ends; never sent.
    It opens the signing key too, where the password was at hand when it was set."""

    staff = models.OneToOneField(Staff, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    digest = models.CharField(max_length=200)
    key = models.UUIDField(null=True, blank=True)
    """The signing key in `sealed`."""
    sealed = models.CharField(max_length=200, default="", blank=True)
    until = models.DateTimeField()
    failures = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.until)
