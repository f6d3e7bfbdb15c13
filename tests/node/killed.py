"""A writer that is to be killed: registers people in a node and says each one's id after it is acknowledged.

Run as `python -m tests.node.killed` in the environment of the node.
"""

import django

django.setup()

from qafila.journal.write import writing  # noqa: E402
from qafila.registry.people.models import Person, PersonName  # noqa: E402

while True:
    with writing(None, "person.register") as write:
        person = write.save(Person(code="MMFE-T48G-2"))
        write.save(PersonName(person=person, script="Latn", given="Test", family="Person"))
    print(person.pk, flush=True)
