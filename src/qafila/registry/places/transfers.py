"""Authorisations for transfers abroad: entered, ended, and which are in force."""

from __future__ import annotations

import re
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.places.here import CONSENTED, country, local_day, residency
from qafila.registry.places.transfer_models import Transfer
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

RIGHT = "transfer.manage"


class BadTransfer(ValueError):
    """The entry cannot be kept: `message` says why."""

    def __init__(self, message: object) -> None:
        super().__init__(str(message))
        self.message = message


def authorise(
    by: Staff, code: str, number: str, authority: str, granted: date, until: date | None = None,
    *, partner: str = "", words: str = "",
) -> Transfer:  # fmt: skip
    """Keep an authorisation for transfers to the country `code`. Raises `NotAllowed`, `BadTransfer`."""
    require(by, RIGHT)
    code, number, authority = code.strip().upper(), number.strip(), authority.strip()
    for wrong, told in (
        (not re.fullmatch("[A-Z]{2}", code), _("Write the two letters of the country.")),
        (code == country().code, _("This is the country of the network itself.")),
        (not number or len(number) > 60, _("Write the number of the authorisation.")),
        (not authority or len(authority) > 120, _("Write which authority gave it.")),
        (until is not None and until < granted, _("It ends before it begins.")),
        (len(partner) > 120 or len(words) > 300, _("This is too long.")),
    ):
        if wrong:
            raise BadTransfer(told)
    with writing(by, "transfer.authorise") as write:
        return write.save(
            Transfer(country=code, number=number, authority=authority, granted=granted, until=until,
                     partner=partner.strip(), words=words.strip())
        )  # fmt: skip


def end(transfer: Transfer, by: Staff, words: str) -> Transfer:
    """It does not hold any more, from now on. Raises `NotAllowed`, `BadTransfer` without a reason."""
    require(by, RIGHT)
    if not words.strip() or len(words) > 300:
        raise BadTransfer(_("Write a reason."))
    with writing(by, "transfer.end") as write:
        row = Transfer._base_manager.select_for_update().get(pk=transfer.pk)
        if row.ended_at is None:
            row.ended_at, row.words = clock.now(), words.strip()
            write.save(row)
        return row


def in_force(day: date | None = None) -> list[Transfer]:
    """The authorisations that hold on a day, today unless said."""
    day = day or local_day()
    rows = Transfer.objects.filter(granted__lte=day, ended_at__isnull=True)
    return list(rows.filter(Q(until__isnull=True) | Q(until__gte=day)).order_by("country", "granted", "id"))


def reachable() -> frozenset[str]:
    """Countries to which a record may go from here with its person's consent: none where residency is national."""
    if residency() != CONSENTED:
        return frozenset()
    return frozenset(one.country for one in in_force())


def abroad(staff: Staff) -> str:
    """The country from which somebody works, "" where it is the network's own."""
    return "" if staff.country == country().code else staff.country
