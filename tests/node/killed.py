"""A writer that is to be killed: registers people in a node and says each one's id after it is acknowledged.

Run as `python killed.py DIR`.
"""

import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src")]
os.environ["QAFILA_DIR"] = sys.argv[1]
os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"

import django  # noqa: E402

django.setup()

from qafila.journal.write import writing  # noqa: E402
from qafila.registry.people.models import Person, PersonName  # noqa: E402

while True:
    with writing(None, "person.register") as write:
        person = write.save(Person(code="MMFE-T48G-2"))
        write.save(PersonName(person=person, script="Latn", given="Test", family="Person"))
    print(person.pk, flush=True)
