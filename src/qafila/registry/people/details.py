"""What may be written about a person: each value tidied, or refused with the words for its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qafila.kernel.dates import FUTURE, PartialDate
from qafila.kernel.text import N_, Bad, latin_digits, parse_text
from qafila.packs.national_id import normalised
from qafila.registry.people.births import to_fields
from qafila.registry.people.models import Circumstance, Person, PersonLink, PersonName, Sex
from qafila.registry.places import lookup
from qafila.registry.places.here import country, local_day

NO_NAME = N_("Enter at least one name.")
NO_MOTHER = N_("A newborn without a name needs its mother: choose her, or register the child as unknown.")
NO_DESCRIPTION = N_("Describe an unknown person: where found, apparent age, clothing.")
BAD_PHONE = N_("“%(text)s” is not a telephone number.")
BAD_ID = N_("“%(text)s” is too long for an identity number.")
NO_SUCH_CHOICE = N_("Choose one of the answers.")
NO_SUCH_PLACE = N_("Choose a place from the list.")
NO_SUCH_LANGUAGE = N_("Choose a language from the list.")
BAD_ORDER = N_("The order of birth is a number from 1 to 9.")
TOO_LATE = N_("This date is in the future.")
BEFORE_BIRTH = N_("This is before the date of birth.")
NO_SOURCE = N_("Say who reported it, or which paper says so.")


class BadDetails(ValueError):
    """Values that cannot be kept: field → what is wrong with it (a msgid with its values)."""

    def __init__(self, problems: Mapping[str, Bad]) -> None:
        super().__init__(", ".join(sorted(problems)))
        self.problems = dict(problems)


@dataclass(frozen=True)
class NameParts:
    """One name in one script."""

    script: str
    given: str = ""
    middle: str = ""
    family: str = ""
    use: str = "official"


@dataclass(frozen=True)
class NewLink:
    """`other` is `relation` of the person who is being registered."""

    relation: str
    other: Person


def phone_number(text: str) -> str | Bad:
    """A number in the country's own form, digits only (`0612345678`); a foreign one with its `+`. "" stays."""
    typed = latin_digits(text).strip()
    digits = re.sub(r"[\s().\-/\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", typed)
    if not digits:
        return "" if not typed else Bad(BAD_PHONE, {"text": text[:20]})
    digits = re.sub("^00", "+", digits)
    if not re.fullmatch(r"\+?[0-9]{3,15}", digits):
        return Bad(BAD_PHONE, {"text": text[:20]})
    phone = country().phone
    return phone.trunk + digits.removeprefix(phone.prefix) if digits.startswith(phone.prefix) else digits


def _id_number(text: str) -> str | Bad:
    number = normalised(text.strip())
    return number if len(number) <= 20 else Bad(BAD_ID, {"text": text[:20]})


def _one_of(*codes: str) -> Callable[[str], str | Bad]:
    return lambda text: text if text in codes else Bad(NO_SUCH_CHOICE)


def _place(code: str) -> str | Bad:
    return code if not code or lookup.known(code) else Bad(NO_SUCH_PLACE)


def _language(code: str) -> str | Bad:
    return code if not code or code in {s.code for s in country().spoken} else Bad(NO_SUCH_LANGUAGE)


def _text(limit: int) -> Callable[[str], str | Bad]:
    return lambda text: parse_text(text, limit)


CHECKS: dict[str, Callable[[Any], Any]] = {
    "sex": _one_of(*Sex.values),
    "national_id": _id_number,
    "same_id_reason": _text(200),
    "phone": phone_number,
    "phone_owner": _text(60),
    "mother_name": _text(120),
    "place": _place,
    "address": _text(200),
    "no_fixed_address": bool,
    "language": _language,
    "circumstance": _one_of(*Circumstance.values),
    "description": _text(300),
    "birth_order": lambda n: n if n is None or 1 <= n <= 9 else Bad(BAD_ORDER),
}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Field values of a person, tidied; `birth` becomes its three fields. Raises `BadDetails`, `KeyError`."""
    fine: dict[str, Any] = {}
    problems: dict[str, Bad] = {}
    for name, value in values.items():
        if name == "birth":
            if isinstance(value, PartialDate) and value.earliest > local_day():
                problems[name] = Bad(FUTURE)
            fine.update(to_fields(value))
            continue
        found = CHECKS[name](value)
        if isinstance(found, Bad):
            problems[name] = found
        fine[name] = found
    if problems:
        raise BadDetails(problems)
    return fine


def checked_name(parts: NameParts) -> NameParts:
    """A name, tidied. Raises `BadDetails`."""
    fine: dict[str, str] = {}
    problems: dict[str, Bad] = {}
    for name in ("given", "middle", "family"):
        found = parse_text(getattr(parts, name), 80)
        if isinstance(found, Bad):
            problems[name] = found
        else:
            fine[name] = found
    known = parts.script in PersonName.Script.values and parts.use in PersonName.Use.values
    if not known:
        problems["script"] = Bad(NO_SUCH_CHOICE)
    if not any(fine.values()):
        problems.setdefault("given", Bad(NO_NAME))
    if problems:
        raise BadDetails(problems)
    return NameParts(parts.script, **fine, use=parts.use)


def complete(person: Person, names: int, links: list[str]) -> None:
    """Whether enough is known to find the person again. Raises `BadDetails`."""
    if person.circumstance == Circumstance.NEWBORN and not names and PersonLink.Relation.MOTHER not in links:
        raise BadDetails({"mother": Bad(NO_MOTHER)})
    if person.circumstance == Circumstance.UNIDENTIFIED and not person.description:
        raise BadDetails({"description": Bad(NO_DESCRIPTION)})
    if person.circumstance == Circumstance.ORDINARY and not names:
        raise BadDetails({"given": Bad(NO_NAME)})
