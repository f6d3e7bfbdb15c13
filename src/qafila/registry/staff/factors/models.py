"""What a person has besides the password: an authenticator app, passkeys, recovery codes, a log-in elsewhere.

The secrets belong to this node and never leave it. That something was added, taken away or reset is recorded.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from qafila.journal.models import Lane, Recorded, Ref
from qafila.kernel import clock, ids
from qafila.registry.staff.models import Staff


class SecondFactor(models.Model):
    """One factor of one person on this node; `sealed` is opened by the node's own key alone. Never sent."""

    class Kind(models.TextChoices):
        """What it is."""

        TOTP = "totp", _("authenticator app")
        PASSKEY = "passkey", _("passkey")
        CODES = "codes", _("recovery codes")

    id = models.UUIDField(primary_key=True, default=ids.new)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=40, default="", blank=True)
    """What its owner calls it."""
    sealed = models.TextField()
    """As `sealing.seal` writes it."""
    used = models.BigIntegerField(default=0)
    """App: the last time step that was used (none is good twice). Passkey: its counter. Codes: how many are left."""
    key = models.UUIDField(null=True, blank=True)
    """Passkey: the signing key that it opens."""
    opens = models.TextField(default="", blank=True)
    """Passkey: that key's private part, sealed under the secret that the device alone makes (`signing.seal`)."""
    made_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "kind"], condition=~models.Q(kind="passkey"), name="one_factor_of_a_kind"
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.get_kind_display())


class Identity(models.Model):
    """Who of an identity provider a person is: bound at the first log-in, because names may be given anew and the
    subject never (OpenID Connect Core 1.0, section 5.7). Never sent."""

    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)
    """At most 255 characters (OpenID Connect Core 1.0, section 2)."""
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, db_constraint=False, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_a_subject"),
            models.UniqueConstraint(fields=["issuer", "staff"], name="one_subject_a_person"),
        ]

    def __str__(self) -> str:
        return self.issuer


class FactorEvent(Recorded):
    """That a person's way in has changed, on which node and by whom; never the secret itself."""

    lane = Lane.LOG

    class What(models.TextChoices):
        """What happened."""

        ADDED = "added", _("added")
        REMOVED = "removed", _("taken away")
        RESET = "reset", _("reset by somebody else")
        BOUND = "bound", _("bound to the identity provider")
        SIGNS = "signs", _("signs from now on")

    staff = Ref(Staff)
    what = models.CharField(max_length=8, choices=What.choices)
    factor = models.CharField(max_length=8, default="", blank=True)
    """Of `SecondFactor.Kind`; empty: all of them."""
    at = models.DateTimeField(default=clock.now)
