"""The verbs about staff. `by` None is the node itself, while it is set up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.staff import signing
from qafila.registry.staff.models import Credential, Duty, Staff
from qafila.registry.staff.obligations import hand_over
from qafila.registry.staff.passwords import proved
from qafila.registry.staff.queries import by_username, credential_of
from qafila.registry.staff.rights import grants, require, require_or_node
from qafila.registry.staff.roster.queries import on_shift, shift_ends
from qafila.registry.staff.signing_models import SigningKey


class UsernameTaken(ValueError):
    """Somebody logs in under this name already."""

    message = _("This username is taken.")


class UnknownRole(ValueError):
    """A role that no pack knows."""


class UnknownAbility(ValueError):
    """A sub-specialty of none of the person's specialties, or a language that nobody speaks here."""


def create_staff(
    by: Staff | None,
    username: str,
    password: str,
    name: str,
    roles: Sequence[str],
    *,
    name_arabic: str = "",
    sex: str = "unknown",
    specialties: Sequence[str] = (),
    languages: Sequence[str] = (),
    interface_language: str = "fr",
    licence: str = "",
    phone: str = "",
    country: str = "",
    pk: UUID | None = None,
) -> Staff:
    """Take somebody on, with a password of their own.

    Raises `NotAllowed`, `UsernameTaken`, `UnknownRole`, or Django's `ValidationError` for a weak password.
    """
    require_or_node(by, "staff.manage")
    _may_give(by, roles)
    username = username.strip().lower()
    if by_username(username) is not None:
        raise UsernameTaken(username)
    staff = Staff(
        username=username,
        name=name,
        name_arabic=name_arabic,
        sex=sex,
        roles=list(roles),
        specialties=list(specialties),
        languages=list(languages),
        interface_language=interface_language,
        licence=licence,
        phone=phone,
        country=country,
    )
    if pk is not None:
        staff.id = pk
    validate_password(password, staff)
    with writing(by, act="staff.create") as write:
        write.save(staff)
        _new_key(write, Credential(staff=staff, password=make_password(password)), password)
    return staff


def _may_give(by: Staff | None, roles: Sequence[str]) -> None:
    known = load.roles()
    for role in roles:
        if role not in known:
            raise UnknownRole(role)
        # Whoever manages one unit's crew cannot make themselves an administrator.
        if by is not None and grants(by).scope("staff.manage") != "all" and known[role].works != "unit":
            raise NotAllowed("staff.manage")


def set_password(staff: Staff, new: str, by: Staff | None, old: str = "") -> None:
    """Give a person a new password: their own, or somebody else's with the right to manage staff.

    Where `old` opens the signing key, it is kept; else it is lost with the old password and a new one begins. What
    the lost one signed stays signed. Raises `NotAllowed` or Django's `ValidationError`.
    """
    if by is None or by.pk != staff.pk:
        require_manage(by, staff)
    validate_password(new, staff)
    with writing(by, act="staff.set_password") as write:
        credential = credential_of(staff) or Credential(staff_id=staff.pk)
        credential.password = make_password(new)
        private = signing.unseal(credential.sealed, old)
        if private is None:
            _new_key(write, credential, new)
        else:
            credential.sealed = signing.seal(private, new)
            write.save(credential)
    proved.send(Staff, staff=staff, password=new)


def ensure_key(staff: Staff, password: str) -> None:
    """Give somebody whose password this is, and who has no signing key, one of their own."""
    credential = credential_of(staff)
    if credential is not None and not credential.sealed and check_password(password, credential.password):
        with writing(staff, act="staff.key") as write:
            _new_key(write, credential, password)


def _new_key(write: Writer, credential: Credential, password: str) -> None:
    """Put a new signing key under the password, and end the one before."""
    moment, private = clock.now(), signing.new_private()
    for before in SigningKey.objects.filter(staff_id=credential.staff_id, ends__isnull=True):
        before.ends = moment
        write.save(before)
    made = write.save(SigningKey(staff_id=credential.staff_id, public=signing.public_of(private), starts=moment))
    credential.key_id, credential.sealed = made.pk, signing.seal(private, password)
    write.save(credential)


def _end_key(write: Writer, staff: Staff) -> None:
    """Who departs signs nothing more, and begins with another key when back; what was signed stays signed."""
    for key in SigningKey.objects.filter(staff_id=staff.pk, ends__isnull=True):
        key.ends = clock.now()
        write.save(key)
    credential = credential_of(staff)
    if credential is not None and credential.sealed:
        credential.sealed, credential.key_id = "", None
        write.save(credential)


def require_manage(by: Staff | None, staff: Staff) -> None:
    """Raises `NotAllowed` unless `by` may manage this person: the right, and every role that the person holds."""
    require_or_node(by, "staff.manage")
    _may_give(by, staff.roles)


def set_roles(staff: Staff, roles: Sequence[str], by: Staff | None) -> Staff:
    """Change what a person may do."""
    require_manage(by, staff)
    _may_give(by, roles)
    row = Staff.objects.get(pk=staff.pk)
    row.roles = list(roles)
    with writing(by, act="staff.set_roles") as write:
        return write.save(row)


def set_active(staff: Staff, active: bool, by: Staff | None, to: Staff | None = None) -> Staff:
    """Let a person in again, or keep them out; `to` takes over what somebody who departs still owes.

    Raises `NotAllowed`, `NobodyNamed`.
    """
    require_manage(by, staff)
    with writing(by, act="staff.set_active") as write:
        if not active:
            hand_over(staff, to, by)
            _end_key(write, staff)
        row = Staff.objects.get(pk=staff.pk)
        row.active = active
        return write.save(row)


def set_language(staff: Staff, language: str, by: Staff | None) -> Staff:
    """Choose the language of a person's screens: `ar`, `fr` or `en`. Raises `ValueError` for another."""
    if language not in ("ar", "fr", "en"):
        raise ValueError(language)
    if by is None or by.pk != staff.pk:
        require_manage(by, staff)
    row = Staff.objects.get(pk=staff.pk)
    row.interface_language = language
    with writing(by, act="staff.set_language") as write:
        return write.save(row)


def set_abilities(staff: Staff, subspecialties: Sequence[str], languages: Sequence[str], by: Staff | None) -> Staff:
    """Say which sub-specialties somebody answers for and which languages they speak with patients.

    Codes that no pack on this node knows are left as they are. Raises `NotAllowed`, `UnknownAbility`.
    """
    require_or_node(by, "roster.manage")
    fields, spoken = fields_of(staff), spoken_here()
    if not set(subspecialties) <= fields or not set(languages) <= spoken:
        raise UnknownAbility
    with writing(by, act="staff.set_abilities") as write:
        row = Staff._base_manager.select_for_update().get(pk=staff.pk)
        row.subspecialties = [*(c for c in row.subspecialties if c not in fields), *dict.fromkeys(subspecialties)]
        row.languages = [*(c for c in row.languages if c not in spoken), *dict.fromkeys(languages)]
        return write.save(row)


def fields_of(staff: Staff) -> set[str]:
    """The sub-specialties of somebody's specialties, as far as this node has their packs."""
    known = set(load.specialties())
    packs = [load.load_specialty(code) for code in staff.specialties if code in known]
    return {one.code for pack in packs for one in pack.subspecialties()}


def spoken_here() -> set[str]:
    """The languages that the country's patients speak."""
    return {one.code for one in load.country(country_code()).spoken}


def set_duty(staff: Staff, specialty: str, status: str, by: Staff | None, until: datetime | None = None) -> Duty | None:
    """Go on duty for a specialty, on a break, or off; for oneself, or for others with the right `roster.manage`.

    One running duty a specialty; None where somebody goes off who was not on. Whoever goes off, or on a break, during
    a shift of the roster is so until it ends.
    """
    if by is not None and by.pk != staff.pk:
        require(by, "roster.manage")
    moment = clock.now()
    running = Duty.objects.filter(staff=staff, specialty=specialty, starts__lte=moment)
    open_now = [d for d in running.order_by("starts") if d.ends is None or d.ends > moment]
    rostered = (staff.pk, specialty) in on_shift(moment)
    if status == Duty.Status.OFF and not open_now and not rostered:
        return None
    duty = open_now[-1] if open_now else Duty(staff_id=staff.pk, specialty=specialty, starts=moment)
    duty.status = Duty.Status(status)
    with writing(by, act="staff.set_duty") as write:
        if rostered and (status == Duty.Status.OFF or not open_now):
            duty.ends = shift_ends(moment)
        elif status == Duty.Status.OFF:
            duty.ends = moment
        elif until is not None:
            duty.ends = until
        for other in open_now[:-1]:
            other.ends = moment
            write.save(other)
        return write.save(duty)
