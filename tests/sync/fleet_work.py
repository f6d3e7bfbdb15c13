"""What a process of a node does in the fleet test.

python -m tests.sync.fleet_work work SEED     random acts; each is said once it is acknowledged
python -m tests.sync.fleet_work rows FILE     write every row and record by its hash, and what is not whole
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "qafila.node.settings"
django.setup()

from django.apps import apps  # noqa: E402

from qafila.journal import blobs, canon, check, header  # noqa: E402
from qafila.journal.models import Blob, Record, Recorded  # noqa: E402
from qafila.journal.write import writing  # noqa: E402
from qafila.registry.people.models import Person, PersonName  # noqa: E402


def work(seed: int) -> None:
    """As many acts as each line of the input says: register, change, photograph."""
    dice = random.Random(seed)
    print("ready", flush=True)
    for line in sys.stdin:
        known = [str(p) for p in Person.objects.values_list("pk", flat=True)[:500]]
        for _ in range(int(line)):
            act(dice, known)


def act(dice: random.Random, known: list[str]) -> None:
    """One of them; said when it is durable."""
    what = dice.random()
    if not known and os.environ["QAFILA_FLEET"] == "hub":
        return
    if (what < 0.5 and os.environ["QAFILA_FLEET"] == "unit") or not known:
        with writing(None, "person.register") as write:
            person = write.save(Person(code="MMFE-T48G-2", phone=f"06{dice.randrange(10**8):08}"))
            write.save(PersonName(person=person, script="Latn", given="Test", family=f"F{dice.randrange(999)}"))
        known.append(str(person.pk))
        print("person", person.pk.hex, flush=True)
    elif what < 0.85:
        phone = f"05{dice.randrange(10**8):08}"
        row = Person.objects.get(pk=dice.choice(known))
        row.phone = phone
        with writing(None, "person.edit") as write:
            write.save(row)
        print("edit", f"{row.pk.hex} {phone}", flush=True)
    else:
        print("file", blobs.put(dice.randbytes(dice.randrange(1, 90_000)), "x/y").sha256, flush=True)


def rows(file: Path) -> None:
    """`{"rows": {key: hash}, "records": {key: hash}, "edits": […], "files": […], "problems": […]}`"""
    held: dict[str, str] = {}
    for model in apps.get_models():
        if not issubclass(model, Recorded):
            continue
        for row in model._base_manager.all().iterator(500):
            said = {f.name: canon.plain(f, getattr(row, f.attname)) for f in canon.payload_fields(model)}
            text = json.dumps([said, row.heads], sort_keys=True, default=str)
            held[f"{model.kind()} {row.pk.hex}"] = hashlib.sha256(text.encode()).hexdigest()
    records: dict[str, str] = {}
    edits = []
    for one in Record.objects.iterator(500):
        records[f"{one.node} {one.run} {one.seq}"] = bytes(one.hash).hex()
        if header.decode(bytes(one.header)).act == "person.edit":
            edits.append(f"{one.subject.hex} {json.loads(bytes(one.fields or b'{}')).get('phone')}")
    files = list(Blob.objects.filter(complete=True).values_list("sha256", flat=True))
    told = {"rows": held, "records": records, "edits": edits, "files": files,
            "problems": [str(p) for p in (*check.problems(), *blobs.problems())]}  # fmt: skip
    file.write_text(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "work":
        work(int(sys.argv[2]))
    else:
        rows(Path(sys.argv[2]))
