"""One of several processes of a hub, in a test: takes frames of a file in an order of its own and writes itself.

python -m tests.sync.hub_process FRAMES SEED     in a process of the hub; begins when it hears a line
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import django


def main(frames: Path, seed: int) -> None:
    """Prints what each frame was answered, one status a line, and at last how many acts of its own were written."""
    from qafila.journal.write import writing
    from qafila.node.directory import current
    from qafila.registry.people.models import Person
    from qafila.sync import endpoint

    todo = [bytes.fromhex(line) for line in frames.read_text().split()]
    random.Random(seed).shuffle(todo)
    assert current().code == "H"
    print("ready", flush=True)
    sys.stdin.readline()
    wrote = 0
    for number, frame in enumerate(todo):
        print(endpoint.handle(frame).status)
        if number % 3 == 0:
            with writing(None, "person.register") as write:
                write.save(Person(code="MMFE-T48G-2", phone=str(seed)))
            wrote += 1
    print(wrote)


if __name__ == "__main__":
    django.setup()
    main(Path(sys.argv[1]), int(sys.argv[2]))
