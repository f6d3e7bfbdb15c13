"""Who works here, who they are when they log in, who is on duty."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Q, QuerySet

from qafila.kernel.clock import now
from qafila.registry.staff.models import Credential, Duty, Staff


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


def roster(at: datetime | None = None) -> QuerySet[Duty]:
    """Duties that cover an instant (now), in every status but off."""
    moment = at or now()
    running = Q(ends__isnull=True) | Q(ends__gt=moment)
    rows: QuerySet[Duty] = Duty.objects.filter(running, starts__lte=moment).exclude(status=Duty.Status.OFF)
    return rows.order_by("specialty", "starts")


def serving(at: datetime, *, breaks: bool = False) -> set[tuple[UUID, str]]:
    """Who is on duty at an instant, for which specialty: (staff, specialty); with `breaks`, who is on a break, too."""
    rows = roster(at) if breaks else roster(at).filter(status=Duty.Status.ON)
    return set(rows.values_list("staff_id", "specialty"))


def on_duty(specialty: str, at: datetime | None = None) -> list[Staff]:
    """Active staff on duty (not on a break) for a specialty at an instant (now), by name."""
    rows = roster(at).filter(specialty=specialty, status=Duty.Status.ON)
    ids = rows.values_list("staff_id", flat=True)
    return list(Staff.objects.filter(pk__in=list(ids), active=True).order_by("name", "id"))


def duties_of(staff: Staff, at: datetime | None = None) -> list[Duty]:
    """A person's duties that cover an instant (now)."""
    return list(roster(at).filter(staff=staff))


def has_role(role: str) -> list[Staff]:
    """Active staff who hold a role, by name."""
    return [s for s in Staff.objects.filter(active=True).order_by("name", "id") if role in s.roles]
