"""Deciding that two records are one person, or are not. The hub keeps who is who; each decision can be taken back."""

from __future__ import annotations

from uuid import UUID

from qafila.journal.here import here
from qafila.journal.write import writing
from qafila.kernel.text import N_, Bad, tidy
from qafila.packs import load
from qafila.registry.people.details import BadDetails
from qafila.registry.people.models import Pair, Person, PersonLink
from qafila.registry.people.queries import decided_of, groups_of
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

SAME, DIFFERENT = PersonLink.Relation.SAME, PersonLink.Relation.DIFFERENT
NOT_HERE = N_("Who is who is decided at the hub.")
WHY = N_("Write why.")


class NotHere(Exception):
    """Who is who is decided on the node that keeps the register of people."""


def decides() -> bool:
    """Whether this node keeps the register of people."""
    return load.profile(here().kind).keeps_register


def merge(one: Person, into: Person, by: Staff, note: str = "") -> PersonLink:
    """Say that `one` is the same person as `into`, whose record goes on. Nothing of either is rewritten.

    Of records merged before, the surviving ones are joined. Two that are one already stay so. Raises `NotAllowed`,
    `NotHere`, `BadDetails` for one and the same record.
    """
    words = _begin(one, into, by, note)
    held = groups_of([one.pk, into.pk])
    first, second = held.get(one.pk, (one.pk,)), held.get(into.pk, (into.pk,))
    with writing(by, act="person.merge") as write:
        if second[0] in first:
            return next(x for x in decided_of(first) if x.relation == SAME)
        for said in decided_of([*first, *second]):
            if said.relation == DIFFERENT and {said.person_id, said.other_id} <= {*first, *second}:
                said.withdrawn = True
                write.save(said)
        link = write.save(PersonLink(person_id=first[0], other_id=second[0], relation=SAME, note=words))
        _settled([*first, *second])
        return link


def unmerge(link: PersonLink, by: Staff, why: str) -> PersonLink:
    """Take a merge back: both records are again as they were, with all that came to either meanwhile.

    Raises `NotAllowed`, `NotHere`, `BadDetails` without a reason.
    """
    require(by, "person.merge")
    if not decides():
        raise NotHere
    words = _note(why)
    if not words:
        raise BadDetails({"note": Bad(WHY)})
    with writing(by, act="person.unmerge") as write:
        link.withdrawn, link.note = True, words
        return write.save(link)


def tell_apart(one: Person, other: Person, by: Staff, note: str = "") -> PersonLink:
    """Say that two records are two people: they are not proposed again. Raises as `merge`."""
    words = _begin(one, other, by, note)
    known = [x for x in decided_of([one.pk, other.pk]) if {x.person_id, x.other_id} == {one.pk, other.pk}]
    apart = [x for x in known if x.relation == DIFFERENT]
    if apart:
        return apart[0]
    with writing(by, act="person.tell_apart") as write:
        link = write.save(PersonLink(person=one, other=other, relation=DIFFERENT, note=words))
        low, high = sorted((one.pk, other.pk))
        Pair.objects.filter(one=low, other=high).delete()
        return link


def _begin(one: Person, other: Person, by: Staff, note: str) -> str:
    require(by, "person.merge")
    if not decides():
        raise NotHere
    if one.pk == other.pk:
        raise BadDetails({"other": Bad(N_("This is one and the same record."))})
    return _note(note)


def _note(text: str) -> str:
    return tidy(text, 200, lambda bad: BadDetails({"note": bad}))


def _settled(group: list[UUID]) -> None:
    """Pairs within a group wait for nobody any more."""
    Pair.objects.filter(one__in=group, other__in=group).delete()
