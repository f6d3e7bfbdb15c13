"""Whether the person of a record is the one who stands here: their card, or two identifiers that both fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.journal import history
from qafila.journal.models import Read
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.packs import load
from qafila.packs.national_id import normalised
from qafila.registry.people.births import birth_of
from qafila.registry.people.details import phone_number
from qafila.registry.people.models import Person
from qafila.registry.people.queries import names_of_one, one_with
from qafila.registry.people.scanned import code_of
from qafila.registry.people.search import likeness
from qafila.registry.staff.models import Staff

FAILED = "access.failed"
"""The page under which a card or an identifier that did not fit is noted."""
CARD = "card"
ALIKE = 85
"""Names less alike than this (0-100) are somebody else's."""
NOT_THEIRS = N_("This does not fit the person of this record. Scan the card, or give two identifiers that both fit.")
TOO_OFTEN = N_("Too many wrong tries for this record. Wait %(minutes)s minutes, or use emergency access.")


@dataclass(frozen=True)
class Shown:
    """What somebody shows or says; empty where they do not. With a card nothing else counts."""

    card: str = ""
    name: str = ""
    birth: PartialDate | None = None
    identity: str = ""
    phone: str = ""


def known(person: Person, by: Staff, shown: Shown) -> str:
    """By what they are known: `card`, or the identifiers joined by `+`.

    Raises `Refusal` where too little fits, or anything does not; it is noted, and who tries too often has to wait.
    """
    _require_patience(person, by)
    if shown.card.strip():
        codes = Person.objects.filter(pk__in=one_with(person.pk)).values_list("code", flat=True)
        fits, least = {CARD: code_of(shown.card) in set(codes)}, 1
    else:
        fits, least = _fits(person, shown), 2
    if not all(fits.values()) or len(fits) < least:
        history.log_read(by.pk, person.pk, FAILED)
        raise Refusal(Message(NOT_THEIRS))
    return "+".join(fits)


def _fits(person: Person, shown: Shown) -> dict[str, bool]:
    """Of what was given: whether each fits."""
    fits = {}
    if shown.name.strip():
        own = [one.text for one in names_of_one(person.pk)]
        whole = len(shown.name.split()) > 1
        fits["name"] = whole and any(likeness(shown.name, one) >= ALIKE for one in own)
    if shown.birth is not None:
        held = birth_of(person)
        fits["birth"] = isinstance(held, PartialDate) and held == shown.birth
    if shown.identity.strip():
        fits["identity"] = bool(person.national_id) and normalised(shown.identity) == person.national_id
    if shown.phone.strip():
        fits["phone"] = bool(person.phone) and phone_number(shown.phone) == person.phone
    return fits


def _require_patience(person: Person, by: Staff) -> None:
    terms = load.access()
    since = clock.now() - timedelta(minutes=terms.presence_tries_minutes)
    tried = Read.objects.filter(patient=person.pk, actor=by.pk, page=FAILED, at__gt=since)
    if tried.count() >= terms.presence_tries:
        raise Refusal(Message(TOO_OFTEN, minutes=terms.presence_tries_minutes))
