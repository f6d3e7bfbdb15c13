"""Several processes of one hub on PostgreSQL take in the same frames at the same moment, in different orders, and write
themselves: everything is there once, every chain holds, and everybody's mail waits."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from qafila.journal import canon
from qafila.journal.header import CHANGE, CREATE, Header
from qafila.journal.ingest import Parcel
from qafila.journal.stamps import Stamp
from qafila.node.create import create, environment
from qafila.node.directory import NodeDirectory
from qafila.packs import load
from qafila.sync.codec import COLUMNS
from qafila.sync.frames import seal
from qafila.sync.messages import Push
from tests.postgres import Cluster
from tests.shell import Started, run

UNITS = ("U1", "U2", "U3")
FRAMES, ACTS, PROCESSES = 6, 8, 3
PEOPLE = [uuid.uuid5(uuid.NAMESPACE_OID, f"person {n}").hex for n in range(ACTS)]
KEYS = {code: Ed25519PrivateKey.from_private_bytes(code.encode().ljust(32)) for code in UNITS}

LOOK = """
import json
from qafila.journal import check
from qafila.journal.models import Clash, Quarantine, Record, Run
from qafila.registry.people.models import PersonName
from qafila.sync.models import Mail
told = Mail.objects.values_list("to", "record__node", "record__run", "record__seq")
print(json.dumps({
    "problems": list(check.problems()), "quarantine": Quarantine.objects.count(), "clashes": Clash.objects.count(),
    "records": list(Record.objects.exclude(node="H").values_list("node", "run", "seq")),
    "own": Record.objects.filter(node="H").count(),
    "own_runs": Run.objects.filter(node="H").count(), "unapplied": Record.objects.filter(applied=False).count(),
    "mail": [list(m) for m in told if m[1] != "H"], "names": PersonName.objects.count(),
}))
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[NodeDirectory]:
    tmp_path.chmod(0o755)
    with Cluster(tmp_path / "pg") as cluster:
        cluster.create_database("hub")
        database = {"engine": "postgresql", "name": "hub", "user": "qafila", "host": str(cluster.socket)}
        yield create("hub", tmp_path / "hub", code="H", country=load.countries()[0], port=8443, database=database)


def frames() -> list[bytes]:
    """Of three units: the first makes people; all of them name them again and again, in opposite orders."""
    found, state = [], dict.fromkeys(UNITS, (0, b""))
    for number in range(FRAMES):
        for place, code in enumerate(UNITS):
            parcels = []
            people = PEOPLE if place % 2 else PEOPLE[::-1]
            for person in people:
                if code == "U1" and number == 0:
                    fields = {"code": "MMFE-T48G-2", "sex": "female"}
                    parcels.append(parcel(code, state, "registry.person", CREATE, person, person, fields))
                elif code == "U1" and number == 1:
                    fields = {"address": "by the well"}
                    parcels.append(parcel(code, state, "registry.person", CHANGE, person, person, fields))
                name = uuid.uuid5(uuid.NAMESPACE_OID, f"{code} {number} {person}").hex
                fields = {"person": person, "script": "Latn", "given": f"Name{number}", "family": code}
                parcels.append(parcel(code, state, "registry.personname", CREATE, name, person, fields))
            found.append(seal(Push(COLUMNS.pack(parcels)), code, "H", number + 1, 1_800_000_000_000, KEYS[code]))
    return found


def parcel(
    code: str,
    state: dict[str, tuple[int, bytes]],
    kind: str,
    op: str,
    subject: str,
    patient: str,
    fields: dict[str, str],
) -> Parcel:
    seq, prev = state[code][0] + 1, state[code][1]
    data, salt = canon.dumps(fields), bytes(16)
    base = {"": [created(subject)]} if op == CHANGE else {}
    header = Header(
        node=code, run=7, seq=seq, hlc=hlc(seq), actor="", act="person.register", kind=kind, schema=1, op=op,
        subject=subject, patient=patient, base=base, refs=[], custodian="MS", programme="P",
        digest=canon.digest(salt, data).hex(),
    ).encode()  # fmt: skip
    state[code] = seq, canon.link(prev, header)
    return Parcel(header, data, salt, 2, prev)


def hlc(seq: int) -> int:
    return (1_700_000_000_000 << 16) + seq


def created(person: str) -> str:
    """The stamp of the record that made a person: in the first unit's first frame, where each has two records."""
    return str(Stamp(hlc(PEOPLE[::-1].index(person) * 2 + 1), "U1", 7))


def test_three_processes_of_a_hub_at_once(hub: NodeDirectory, tmp_path: Path) -> None:
    keys = {code: key.public_key().public_bytes_raw().hex() for code, key in KEYS.items()}
    run(hub, f"from qafila.sync.models import Peer\nfor c, k in {keys!r}.items():\n"
             "    Peer.objects.create(code=c, profile='unit', signing_key=bytes.fromhex(k))")  # fmt: skip
    sent = frames()
    (tmp_path / "frames").write_text("\n".join(f.hex() for f in sent))
    started = [
        Started(environment(hub), module="tests.sync.hub_process", arguments=[str(tmp_path / "frames"), str(seed)])
        for seed in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    heard = []
    for process in started:
        with process:
            assert process.stdout is not None
            heard.append(process.stdout.read().split())
    assert [h[:-1] for h in heard] == [["200"] * len(sent)] * PROCESSES
    found = json.loads(run(hub, LOOK))
    assert found["problems"] == [] and not found["quarantine"] and not found["unapplied"]
    # Each process has a chain of its own: a record that opens it, and its acts.
    assert found["own_runs"] == PROCESSES and found["own"] == PROCESSES + sum(int(h[-1]) for h in heard)
    records = {tuple(r) for r in found["records"]}
    assert len(records) == len(found["records"]) == len(UNITS) * FRAMES * ACTS + 2 * ACTS
    # Each unit has written about each person, so each gets what the two others wrote.
    mail = [tuple(m) for m in found["mail"]]
    assert len(mail) == len(set(mail))
    assert set(mail) == {(to, *record) for record in records for to in UNITS if to != record[0]}
    assert found["names"] == len(UNITS) * FRAMES * ACTS
