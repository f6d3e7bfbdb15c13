"""What the measured hub and its units are made of; each verb runs in a process of the node named by QAFILA_DIR.

python -m bench.hub.make found OUT UNIT=SIGNING_KEY_HEX…   the hub: units, crew, peers; its records go to OUT
python -m bench.hub.make frames OUT IN COUNT A_FRAME SEED  a unit: takes IN, works, leaves signed frames in OUT
"""

from __future__ import annotations

import json
import random
import sys
from decimal import Decimal
from pathlib import Path

import django

PASSWORD = "Mesure-lente-77"
HUB = "H"
READINGS = (
    ("temperature", 36.2, 38.6, "0.1"), ("pulse", 58, 110, "1"), ("respirations", 12, 22, "1"),
    ("systolic", 100, 165, "1"), ("diastolic", 58, 98, "1"), ("spo2", 93, 99, "1"),
    ("glucose", 4.2, 9.8, "0.1"), ("weight", 48, 96, "0.1"),
)  # fmt: skip
WORDS = (
    "patient vu ce jour pour douleur fièvre depuis trois jours sans perte de poids appétit conservé toux sèche "
    "nocturne examen abdomen souple pas de défense auscultation normale tension contrôlée traitement poursuivi revenir "
    "si aggravation conseils donnés famille présente antécédents diabète hypertension asthme allergie aucune connue"
).split()


def found(out: Path, keys: list[str]) -> None:
    """The hub's own records: one medical unit a box; the first two boxes serve the first unit together."""
    from qafila.journal.ingest import parcels_of
    from qafila.journal.models import Record
    from qafila.registry.staff.acts import create_staff
    from qafila.registry.units import acts
    from qafila.sync.codec import ROWS
    from qafila.sync.models import Peer

    boxes = [key.split("=") for key in keys]
    crew = [
        create_staff(None, f"bench-{role}", PASSWORD, f"Bench {role}", [role], interface_language="fr")
        for role in ("assistant", "nurse", "doctor")
    ]
    units = []
    for code, signing in boxes:
        Peer.objects.create(code=code, profile="unit", signing_key=bytes.fromhex(signing))
        unit = acts.create_unit(None, f"M-{code}", f"Unit {code}")
        units.append(unit)
        acts.assign_node(unit, code, None)
        for one in crew:
            acts.assign_staff(unit, one, None, beside=True)
    if len(boxes) > 1:
        acts.assign_node(units[0], boxes[1][0], None, beside=True)
    out.write_bytes(ROWS.pack(parcels_of(Record.objects.order_by("no"))))


def refound(known: Path, keys: list[str]) -> None:
    """A hub with an empty database is what it was in the run before."""
    from qafila.journal.ingest import ingest
    from qafila.sync.codec import ROWS
    from qafila.sync.models import Peer

    for code, signing in (key.split("=") for key in keys):
        Peer.objects.create(code=code, profile="unit", signing_key=bytes.fromhex(signing))
    ingest(ROWS.unpack(known.read_bytes()), HUB)


def frames(out: Path, known: Path, count: int, size: int, seed: int) -> None:
    """Consultations through the unit's own acts, as frames of `size` consultations; what they hold as JSON."""
    from django.db import connection

    from qafila.journal.here import here
    from qafila.journal.ingest import ingest
    from qafila.journal.models import Record
    from qafila.sync import pki
    from qafila.sync.codec import ROWS

    connection.cursor().execute("PRAGMA synchronous=OFF")  # for the making alone
    ingest(ROWS.unpack(known.read_bytes()), HUB)
    last = Record.objects.latest("no").no
    key = pki.signing_key(here().directory / "keys")  # type: ignore[operator]
    dice = random.Random(seed)
    made = records = number = 0
    with out.open("wb") as file:
        while made < count:
            for _ in range(min(size, count - made)):
                _consultation(dice, made)
                made += 1
            rows = list(Record.objects.filter(no__gt=last, node=here().node).order_by("no"))
            last, number, records = rows[-1].no, number + 1, records + len(rows)
            data = _frame(rows, number, key)
            file.write(len(data).to_bytes(4) + data)
    json.dump({"consultations": made, "records": records, "frames": number, "bytes": out.stat().st_size}, sys.stdout)


def frames_in(file: Path) -> list[bytes]:
    """The frames that a unit made."""
    data, at, found = file.read_bytes(), 0, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4])
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def feed(paths: list[Path]) -> None:
    """Hand the frames to the hub's port in this process; how long each took, and where the time goes."""
    import cProfile
    import io
    import pstats
    import time

    from qafila.sync import endpoint

    todo = [frame for group in zip(*map(frames_in, paths), strict=True) for frame in group]
    endpoint.handle(todo.pop(0))
    half, taken = len(todo) // 2, []
    busy = time.process_time()
    for frame in todo[:half]:
        begun = time.perf_counter()
        assert endpoint.handle(frame).status == 200
        taken.append((time.perf_counter() - begun) * 1000)
    busy = (time.process_time() - busy) * 1000 / len(taken)
    taken.sort()
    print(f"median {taken[len(taken) // 2]:.1f} ms, longest {taken[-1]:.1f} ms, of it busy here {busy:.1f} ms a frame")
    profile = cProfile.Profile()
    profile.enable()
    for frame in todo[half:]:
        endpoint.handle(frame)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(45)
    pstats.Stats(profile, stream=text).sort_stats("cumtime").print_stats(60)
    print(f"{len(todo) - half} frames under the profile\n{text.getvalue()}")


def settle() -> None:
    """Vacuumed, with statistics and a checkpoint, as a hub is that grew slowly: otherwise PostgreSQL does all of it for
    years of records while the next hundred frames are timed."""
    from django.db import connection

    cursor = connection.cursor()
    cursor.execute("VACUUM ANALYZE")
    cursor.execute("CHECKPOINT")
    cursor.execute("SELECT pg_database_size(current_database())")
    print(f"{cursor.fetchone()[0] / 1e9:.1f} GB", file=sys.stderr)


def count() -> None:
    """What the hub holds."""
    from qafila.journal.models import Quarantine, Record
    from qafila.registry.people.models import NameKey, Person
    from qafila.sync.models import Mail

    models = (Record, Person, NameKey, Mail, Quarantine)
    json.dump({model.__name__: model._base_manager.count() for model in models}, sys.stdout)


def _frame(rows, number, key):  # type: ignore[no-untyped-def]
    from qafila.journal.here import here
    from qafila.journal.ingest import parcels_of
    from qafila.kernel import clock
    from qafila.sync.codec import COLUMNS
    from qafila.sync.frames import seal
    from qafila.sync.messages import Push

    return seal(Push(COLUMNS.pack(parcels_of(rows))), here().node, HUB, number, clock.now_ms(), key)


def _consultation(dice: random.Random, number: int) -> None:
    from qafila.clinic.visits import acts
    from qafila.clinic.visits.vitals import Reading
    from qafila.journal.here import here
    from qafila.registry.people.acts import register
    from qafila.registry.people.details import NameParts
    from qafila.registry.staff.models import Staff
    from qafila.registry.units.models import Unit

    unit = Unit.objects.get(code=f"M-{here().node}")
    staff = {role: Staff.objects.get(username=f"bench-{role}") for role in ("assistant", "nurse", "doctor")}
    name = NameParts("Latn", _word(dice), family=_word(dice))
    person = register(staff["assistant"], unit, names=[name], sex=dice.choice(("female", "male")))
    visit = acts.open_visit(person, unit, staff["assistant"], "toux")
    taken = [
        Reading(key, Decimal(dice.uniform(low, high)).quantize(Decimal(step)), confirmed=True)
        for key, low, high, step in READINGS
    ]
    acts.record_vitals(visit, staff["nurse"], taken)
    acts.record_note(visit, "exam", " ".join(dice.choices(WORDS, k=dice.randint(45, 100))), staff["doctor"])


def _word(dice: random.Random) -> str:
    return "".join(dice.choice("bdfklmnrst") + dice.choice("aeiou") for _ in range(dice.randint(2, 4))).capitalize()


if __name__ == "__main__":
    django.setup()
    verb, path, *words = [*sys.argv[1:], ""] if len(sys.argv) == 2 else sys.argv[1:]
    if verb == "found":
        found(Path(path), words)
    elif verb == "refound":
        refound(Path(path), words)
    elif verb == "feed":
        feed([Path(path), *map(Path, words)])
    elif verb == "settle":
        settle()
    elif verb == "count":
        count()
    else:
        frames(Path(path), Path(words[0]), *map(int, words[1:]))
