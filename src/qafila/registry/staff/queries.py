"""Who works here, who they are when they log in, who is on duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Literal
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Q

from qafila.journal.topics import until_changed
from qafila.kernel import clock
from qafila.registry.staff.models import Credential, Duty, Staff
from qafila.registry.staff.roster import hours
from qafila.registry.staff.roster.queries import away_since, on_shift
from qafila.registry.staff.signing import OpenKey, unseal
from qafila.registry.staff.signing_models import SigningKey


def by_username(username: str) -> Staff | None:
    """The person who logs in under this name, active or not; case does not matter."""
    found: Staff | None = Staff.objects.filter(username=username.strip().lower()[:40]).first()
    return found


def authenticate(username: str, password: str) -> Staff | None:
    """The active person whose password this is. Takes as long for a name that nobody has."""
    staff = by_username(username)
    credential = credential_of(staff) if staff is not None else None
    if staff is None or credential is None:
        make_password(password)
        return None
    right = check_password(password, credential.password)
    return staff if right and staff.active else None


def credential_of(staff: Staff) -> Credential | None:
    """The person's password hash, where this node has it."""
    found: Credential | None = Credential.objects.filter(staff=staff).order_by("id").first()
    return found


def open_by_password(staff: Staff, password: str) -> OpenKey | None:
    """The person's signing key, opened by the password; None for a wrong one, or where there is no key here."""
    credential = credential_of(staff)
    if credential is None or credential.key_id is None:
        return None
    private = unseal(credential.sealed, password)
    return OpenKey(credential.key_id, staff.pk, private) if private is not None else None


def has_key(staff: Staff) -> bool:
    """Whether the person has a signing key on this node."""
    return Credential.objects.filter(staff=staff, key__isnull=False).exists()


def key_of(key_id: UUID | None) -> SigningKey | None:
    """The public part of a key, where this node has it."""
    found: SigningKey | None = SigningKey.objects.filter(pk=key_id).first() if key_id else None
    return found


@until_changed
def _said_since(day: date) -> tuple[tuple[datetime | None, hours.Said], ...]:
    """What people said of themselves that held on a day or later, each with its end; who began first stands first."""
    running = Q(ends__isnull=True) | Q(ends__gte=datetime.combine(day, time(), UTC))
    rows = Duty.objects.filter(running).order_by("starts", "id")
    return tuple(
        (row[0], hours.Said(*row[1:])) for row in rows.values_list("ends", "staff_id", "specialty", "status", "starts")
    )


def _said(moment: datetime) -> list[hours.Said]:
    """What people said of themselves that holds at an instant."""
    said = _said_since(moment.astimezone(UTC).date())
    return [one for ends, one in said if one.since <= moment and (ends is None or ends > moment)]


def duty_now(at: datetime | None = None) -> dict[tuple[UUID, str], Literal["on", "break"]]:
    """(staff, specialty) → on duty or on a break at an instant (now), by the roster and what each said. 3 queries, none
    where nothing of these has changed."""
    moment = at or clock.now()
    return hours.serving(on_shift(moment), _said(moment), away_since(moment))


def serving(at: datetime, *, breaks: bool = False) -> set[tuple[UUID, str]]:
    """Who is on duty at an instant, for which specialty: (staff, specialty); with `breaks`, who is on a break, too."""
    return {key for key, status in duty_now(at).items() if breaks or status == hours.ON}


def on_duty(specialty: str, at: datetime | None = None) -> list[Staff]:
    """Active staff on duty (not on a break) for a specialty at an instant (now), by name."""
    ids = [staff for staff, code in serving(at or clock.now()) if code == specialty]
    return list(Staff.objects.filter(pk__in=ids, active=True).order_by("name", "id"))


def duties_of(staff: Staff, at: datetime | None = None) -> dict[str, Literal["on", "break"]]:
    """Specialty → whether a person is on duty or on a break for it at an instant (now)."""
    return {code: status for (who, code), status in duty_now(at).items() if who == staff.pk}


@until_changed
def everybody() -> dict[UUID, Staff]:
    """All staff by id, in the order of their names; to be shown and not to be written."""
    return {one.pk: one for one in Staff.objects.order_by("name", "id")}


def known(ids: Iterable[UUID | None]) -> dict[UUID, Staff]:
    """Staff by their ids; to be shown and not to be written."""
    every = everybody()
    return {one: every[one] for one in ids if one is not None and one in every}


def specialists() -> list[Staff]:
    """Active staff with a specialty, by name; to be shown and not to be written."""
    return [one for one in everybody().values() if one.active and one.specialties]


def has_role(role: str) -> list[Staff]:
    """Active staff who hold a role, by name."""
    return [s for s in Staff.objects.filter(active=True).order_by("name", "id") if role in s.roles]
