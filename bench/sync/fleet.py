"""A fleet of invented units: their keys, their enrolment at the hub, and the frames that each would send.

python -m bench.sync.fleet COUNT SEED FOLDER     in a process of the hub: enrols them, writes what a driver needs
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RECORDS = 5
"""That each unit has waiting when the network comes back."""


def code(number: int) -> str:
    """The code of a unit of the fleet."""
    return f"S{number:05d}"


def key(number: int, seed: int) -> Ed25519PrivateKey:
    """Its signing key."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"fleet {seed} {number}".encode()).digest())


def enrol(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """On the hub: know these units, and sign one certificate that all of them show. They have joined long ago: each has
    been sent the keys by which the others sign prints, so nothing waits for them."""
    from qafila.clinic.papers import keys
    from qafila.sync import mailbox, pki
    from qafila.sync.enrolment import keys_folder
    from qafila.sync.models import Peer

    mailbox.disconnect()
    Peer.objects.bulk_create(
        [
            Peer(code=code(n), profile="unit", signing_key=key(n, seed).public_key().public_bytes_raw())
            for n in range(count)
        ],
        batch_size=2000,
    )
    keys.review()
    folder.mkdir(parents=True)
    certificate, _ = pki.sign_request(keys_folder(), pki.client_request(folder, "fleet"), "fleet")
    (folder / "client.crt").write_bytes(certificate)
    shutil.copy(keys_folder() / "ca.crt", folder / "hub-ca.crt")
    return {"hub_key": pki.signing_public(keys_folder()).hex()}


def thanks(number: int, seed: int, numbers: list[int], ack_no: int, life: int) -> bytes:
    """The question of a unit that confirms mail."""
    from qafila.kernel import clock
    from qafila.sync.agent import HOLD_S
    from qafila.sync.frames import seal
    from qafila.sync.messages import Pull

    said = Pull(numbers, wait_s=HOLD_S, ack_no=ack_no, life=life)
    return seal(said, code(number), "H", number * 3 + 3, clock.now_ms(), key(number, seed))


@dataclass(frozen=True)
class Words:
    """What a unit says, sealed beforehand: that it is there, that it is there with records, and its held question."""

    hello: bytes
    hello_again: bytes
    pull: bytes


def words(number: int, seed: int) -> Words:
    """The frames of a unit, as its agent would send them."""
    from qafila.journal.ranges import digest
    from qafila.kernel import clock
    from qafila.sync.agent import HOLD_S
    from qafila.sync.codec import COLUMNS
    from qafila.sync.frames import seal
    from qafila.sync.messages import Hello, Message, Pull

    signing, held = key(number, seed), digest({}, {})

    def sealed(message: Message, which: int) -> bytes:
        return seal(message, code(number), "H", number * 3 + which, clock.now_ms(), signing)

    again = Hello(0, held, COLUMNS.pack(waiting(number, seed)))
    return Words(sealed(Hello(0, held), 1), sealed(again, 2), sealed(Pull([], wait_s=HOLD_S), 3))


def waiting(number: int, seed: int) -> list[Any]:
    """The records of a unit that wait: notes of nobody in particular, chained as its journal would."""
    from qafila.journal import canon
    from qafila.journal.header import CREATE, Header
    from qafila.journal.ingest import Parcel
    from qafila.kernel import clock

    dice = random.Random(f"fleet {seed} {number}")
    run, prev, parcels = dice.getrandbits(42) | 1, b"\0" * 32, []
    for seq in range(1, RECORDS + 1):
        salt = dice.randbytes(16)
        person = uuid.UUID(int=dice.getrandbits(128), version=4).hex
        fields = canon.dumps({"code": f"{dice.getrandbits(40):010x}", "sex": "female", "phone": f"06{number:08d}"})
        header = Header(
            node=code(number), run=run, seq=seq, hlc=clock.now_ms() << clock.COUNTER_BITS, actor="",
            act="person.register", kind="registry.person", schema=1, op=CREATE, subject=person, patient=person, base={},
            refs=[], custodian="MS", programme="UMMC", digest=canon.digest(salt, fields).hex(),
        ).encode()  # fmt: skip
        parcels.append(Parcel(header, fields, salt, 2, prev))
        prev = canon.link(prev, header)
    return parcels


if __name__ == "__main__":
    django.setup()
    json.dump(enrol(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])), sys.stdout)
