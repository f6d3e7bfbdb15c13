"""The verbs about people: right, rule, write. `by` None is the node itself, while it is set up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from qafila.journal.models import Clash
from qafila.journal.stamps import Heads
from qafila.journal.write import Writer, writing
from qafila.kernel.dates import PartialDate
from qafila.kernel.ids import short_code
from qafila.kernel.text import N_, Bad, parse_text
from qafila.registry.people import details, signals
from qafila.registry.people.births import birth_of
from qafila.registry.people.details import BadDetails, NameParts, NewLink, checked, checked_name
from qafila.registry.people.models import Circumstance, Person, PersonLink, PersonName, Sex
from qafila.registry.people.queries import holders_of, one_with, open_clashes
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require_or_node
from qafila.registry.units.models import Unit

Relation = PersonLink.Relation
EDITABLE = frozenset(details.CHECKS) | {"birth"}


class SameIdentity(ValueError):
    """The national number is held by `person` already: open their record, or go on with a reason."""

    def __init__(self, person: Person) -> None:
        super().__init__("the national number is held already")
        self.person = person


class DoesNotFit(ValueError):
    """What was to be done does not fit this person: naming somebody who is no newborn, identifying a known one."""


def register(
    by: Staff | None,
    unit: Unit | None,
    *,
    names: Sequence[NameParts] = (),
    birth: PartialDate | None = None,
    links: Sequence[NewLink] = (),
    pk: UUID | None = None,
    **values: Any,
) -> Person:
    """Register a person with names and links, all or nothing.

    `values` are fields of `Person`: sex, national_id, same_id_reason, phone, phone_owner, place, address,
    no_fixed_address, language, circumstance, description, birth_order. Raises `NotAllowed`, `BadDetails`, or
    `SameIdentity` unless a `same_id_reason` is given.
    """
    require_or_node(by, "person.register", unit)
    person = Person(**checked({"birth": birth, **values}), home_unit=unit)
    if pk is not None:
        person.id = pk
    person.code = short_code(person.id)
    details.complete(person, len(names), [link.relation for link in links])
    tidy = [checked_name(n) for n in names]
    _unique(person)
    with writing(by, act="person.register") as write:
        write.save(person)
        for parts in tidy:
            write.save(_name(person, parts))
        for new in links:
            write.save(PersonLink(person=person, other=new.other, relation=Relation(new.relation)))
        _link_twins(write, person, links)
    return person


def _unique(person: Person) -> None:
    others = holders_of(person.national_id, besides=person.pk)
    if others and not person.same_id_reason:
        raise SameIdentity(others[0])


def _name(person: Person, parts: NameParts) -> PersonName:
    return PersonName(
        person=person, use=parts.use, script=parts.script, given=parts.given, middle=parts.middle, family=parts.family
    )


def _link_twins(write: Writer, person: Person, links: Sequence[NewLink]) -> None:
    """Children of one mother and one day, registered with an order of birth, are each other's twins."""
    mothers = [link.other for link in links if link.relation == Relation.MOTHER]
    if not mothers or person.birth_order is None:
        return
    said = {link.other.pk for link in links if link.relation == Relation.TWIN}
    children = PersonLink.objects.filter(other=mothers[0], relation=Relation.MOTHER, withdrawn=False)
    twins = Person.objects.filter(pk__in=list(children.values_list("person_id", flat=True)), birth_order__isnull=False)
    for twin in twins.order_by("birth_order"):
        if twin.pk not in {person.pk, *said} and birth_of(twin) == birth_of(person):
            write.save(PersonLink(person=person, other=twin, relation=Relation.TWIN))


def edit(person: Person, by: Staff | None, changes: Mapping[str, Any], seen: str = "") -> list[Clash]:
    """Change what is known of a person; returns the clashes that are open on their data now.

    `changes` holds only what the author changed, `seen` the row's `heads` as they stood on the page: where
    somebody else, here or on another node, changed the same field meanwhile, both values are kept for a person to
    settle. Raises `NotAllowed`, `BadDetails`, `SameIdentity`, `KeyError` for a field that is not editable.
    """
    require_or_node(by, "person.edit", person)
    unknown = set(changes) - EDITABLE
    if unknown:
        raise KeyError(", ".join(sorted(unknown)))
    saw = heads_seen(seen)
    for name, value in checked(changes).items():
        setattr(person, name, value)
    if "national_id" in changes:
        _unique(person)
    if person.circumstance == Circumstance.UNIDENTIFIED and not person.description:
        raise BadDetails({"description": Bad(details.NO_DESCRIPTION)})
    with writing(by, act="person.edit") as write:
        person.heads = saw or person.heads
        write.save(person)
    return open_clashes(person.pk)


def heads_seen(seen: str) -> str:
    """The heads a page carried, empty for none. Raises `BadDetails` for what is none."""
    try:
        return Heads.load(seen).dump() if seen else ""
    except (ValueError, TypeError, AttributeError):
        raise BadDetails({"": Bad(details.NO_SUCH_CHOICE)}) from None


def add_name(person: Person, by: Staff | None, parts: NameParts) -> PersonName:
    """Add a name, in another script or of another use."""
    require_or_node(by, "person.edit", person)
    tidy = checked_name(parts)
    with writing(by, act="person.add_name") as write:
        return write.save(_name(person, tidy))


def change_name(name: PersonName, by: Staff | None, parts: NameParts, seen: str = "") -> PersonName:
    """Correct the spelling of a name; `seen` as in `edit`."""
    require_or_node(by, "person.edit", name)
    tidy = checked_name(parts)
    saw = heads_seen(seen)
    name.given, name.middle, name.family, name.use = tidy.given, tidy.middle, tidy.family, tidy.use
    with writing(by, act="person.change_name") as write:
        name.heads = saw or name.heads
        return write.save(name)


def withdraw_name(name: PersonName, by: Staff | None) -> PersonName:
    """Take a name back; it stays in the history. Raises `BadDetails` for the last name of a person."""
    require_or_node(by, "person.edit", name)
    others = PersonName.objects.filter(person=name.person_id, withdrawn=False).exclude(pk=name.pk)
    if not others.exists():
        raise BadDetails({"given": Bad(details.NO_NAME)})
    name.withdrawn = True
    with writing(by, act="person.withdraw_name") as write:
        return write.save(name)


SYMMETRIC = frozenset({Relation.SPOUSE, Relation.TWIN, Relation.HOUSEHOLD, Relation.SAME, Relation.DIFFERENT})
ONE_PARENT = N_("Another person is on record as that parent: remove that link first.")
TURNED_ROUND = N_("The link is on record the other way round: remove that one first.")


def link(person: Person, relation: str, other: Person, by: Staff | None) -> PersonLink:
    """Say that `other` is `relation` of `person`; the same link twice, of spouses and twins from either side, is one.

    Raises `NotAllowed`, `BadDetails`: somebody to themselves, a second mother or father, parent and child turned round.
    """
    require_or_node(by, "person.edit", person)
    mine, theirs = one_with(person.pk), one_with(other.pk)
    if other.pk in mine or relation not in Relation.values:
        raise BadDetails({"relation": Bad(details.NO_SUCH_CHOICE)})
    live = PersonLink.objects.filter(relation=relation, withdrawn=False)
    there = live.filter(person_id__in=mine, other_id__in=theirs).order_by("id").first()
    back = live.filter(person_id__in=theirs, other_id__in=mine).order_by("id").first()
    known: PersonLink | None = there or (back if relation in SYMMETRIC else None)
    if known is not None:
        return known
    if back is not None:
        raise BadDetails({"relation": Bad(TURNED_ROUND)})
    if relation in (Relation.MOTHER, Relation.FATHER) and live.filter(person_id__in=mine).exists():
        raise BadDetails({"relation": Bad(ONE_PARENT)})
    with writing(by, act="person.link") as write:
        return write.save(PersonLink(person=person, other=other, relation=relation))


def unlink(link: PersonLink, by: Staff | None) -> PersonLink:
    """Take a link back."""
    require_or_node(by, "person.edit", link)
    link.withdrawn = True
    with writing(by, act="person.unlink") as write:
        return write.save(link)


def name_newborn(person: Person, by: Staff | None, names: Sequence[NameParts]) -> Person:
    """Give a newborn its name. Raises `DoesNotFit` for anybody else."""
    require_or_node(by, "person.edit", person)
    if person.circumstance != Circumstance.NEWBORN:
        raise DoesNotFit("not a newborn without a name")
    if not names:
        raise BadDetails({"given": Bad(details.NO_NAME)})
    tidy = [checked_name(n) for n in names]
    person.circumstance = Circumstance.ORDINARY
    with writing(by, act="person.name_newborn") as write:
        for parts in tidy:
            write.save(_name(person, parts))
        return write.save(person)


def identify(
    person: Person,
    by: Staff | None,
    *,
    names: Sequence[NameParts] = (),
    sex: str = Sex.UNKNOWN,
    birth: PartialDate | None = None,
    national_id: str = "",
    same_as: Person | None = None,
) -> Person:
    """Say who an unidentified person is: by their names, or `same_as` somebody who is registered (a link; both
    records stay). Raises `DoesNotFit`, `BadDetails`, `SameIdentity`."""
    require_or_node(by, "person.edit", person)
    if person.circumstance != Circumstance.UNIDENTIFIED:
        raise DoesNotFit("not an unidentified person")
    if not names and same_as is None:
        raise BadDetails({"given": Bad(details.NO_NAME)})
    tidy = [checked_name(n) for n in names]
    values: dict[str, Any] = {"national_id": national_id} if national_id else {}
    values |= {"sex": sex} if sex != Sex.UNKNOWN else {}
    values |= {"birth": birth} if birth is not None else {}
    for field, value in checked(values).items():
        setattr(person, field, value)
    person.circumstance = Circumstance.ORDINARY
    if same_as is None:
        _unique(person)
    with writing(by, act="person.identify") as write:
        for parts in tidy:
            write.save(_name(person, parts))
        if same_as is not None:
            link(person, Relation.SAME, same_as, by)
        return write.save(person)


def record_death(person: Person, on: date, source: str, by: Staff | None) -> Person:
    """Note a death and who said so. Reminders stop and open cases come up for review. Raises `BadDetails`."""
    require_or_node(by, "person.edit", person)
    told = parse_text(source, 100)
    birth = birth_of(person)
    problems: dict[str, Bad] = {}
    if on > local_day():
        problems["died_on"] = Bad(details.TOO_LATE)
    elif birth is not None and on < birth.earliest:
        problems["died_on"] = Bad(details.BEFORE_BIRTH)
    if isinstance(told, Bad):
        problems["died_source"] = told
    elif not told:
        problems["died_source"] = Bad(details.NO_SOURCE)
    if problems or isinstance(told, Bad):
        raise BadDetails(problems)
    person.died_on, person.died_source = on, told
    with writing(by, act="person.record_death") as write:
        write.save(person)
        signals.died.send(sender=Person, person=person, by=by)
    return person
