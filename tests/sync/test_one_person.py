"""A person merged at the hub: every node that holds one of the records gets all of them, and the decision."""

from __future__ import annotations

from qafila.journal.here import Here, at
from qafila.registry.people import acts, merging, queries
from qafila.registry.people.details import NameParts
from qafila.registry.people.models import Person
from qafila.registry.staff.acts import create_staff
from tests.sync.pair import join


def test_a_merge_and_its_end_reach_the_unit(unit: Here, hub: Here) -> None:
    pair = join(unit, hub)
    with at(unit):
        here = acts.register(None, None, names=[NameParts("Latn", "Fatima", "", "Benali")])
    pair.sync()
    with at(hub):
        by = create_staff(None, "amal", "Chevre-montagne-11", "Amal", ["coordinator"])
        other = acts.register(None, None, names=[NameParts("Latn", "Fatma", "", "Ben Ali")])
    pair.sync()
    with at(unit):
        assert not Person.objects.filter(pk=other.pk).exists()
    with at(hub):
        link = merging.merge(here, other, by)
    with at(unit):
        # Meanwhile the unit, which knows of nothing, changes the record that goes on no more.
        acts.edit(Person.objects.get(pk=here.pk), None, {"phone": "0612345678"})
    pair.sync()
    with at(unit):
        assert queries.one_with(here.pk) == [other.pk, here.pk]
        assert queries.get(here.pk).code == other.code  # type: ignore[union-attr]
        assert queries.names_of([here.pk])[here.pk][0].text == "Fatma Ben Ali"
    with at(hub):
        assert Person.objects.get(pk=here.pk).phone == "0612345678"
        acts.edit(Person.objects.get(pk=other.pk), None, {"address": "Rue 4"})
    pair.sync()
    with at(unit):
        assert Person.objects.get(pk=other.pk).address == "Rue 4"
    with at(hub):
        merging.unmerge(link, by, "two cousins")
    pair.sync()
    with at(unit):
        assert queries.one_with(here.pk) == [here.pk]
        assert queries.get(here.pk).phone == "0612345678"  # type: ignore[union-attr]
