"""How many cases a second the real acts give to specialists: one process on PostgreSQL, durable commits, with the
journal, the timeline and the mailboxes of 300 units.

Rounds: in each, cases wait in all seven lines, and every specialist on duty has room again; `route_all` is timed, what
stands between the rounds (cases are answered, others arrive) is not. Beside it the same by the process's own time, as
on a machine that does nothing else meanwhile but run PostgreSQL.
"""

from __future__ import annotations

import random
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.matching.load import databases

SENDER = UUID(int=1)
"""A doctor whom this hub does not know, as while references are on their way."""
UNITS, SPECIALISTS, SEED = 300, 91, 7
ROUNDS, A_ROUND = 12, 280
"""A round's cases wait in line; those of them that the limits allow are given."""


def measure() -> dict[str, Any]:
    """Assignments a second over all rounds, and of each round."""
    from tests.postgres import Cluster

    with tempfile.TemporaryDirectory(prefix="qafila-network-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        databases(folder)
        with Cluster(folder / "postgres") as cluster:
            cluster.create_database("hub")
            return _measured()


def _measured() -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connections

    from qafila.clinic.cases.assigning import route_all
    from qafila.clinic.cases.models import Case
    from qafila.journal.check import problems
    from qafila.journal.here import Here, at
    from qafila.sync import mailbox
    from qafila.sync.models import Mail

    call_command("migrate", database="hub", verbosity=0)
    dice = random.Random(SEED)
    rounds = []
    worked = 0.0
    with at(Here("H", "hub", database="hub")):
        mailbox.connect()
        units, people, codes = _founded(dice)
        for _ in range(ROUNDS):
            _waiting(dice, units, people, codes)
            begun, busy = time.perf_counter(), time.process_time()
            given = route_all()
            rounds.append((given, time.perf_counter() - begun))
            worked += time.process_time() - busy
            _answered()
        sound = not list(problems())
        mailed = Mail.objects.count()
        mailbox.disconnect()
        left = Case.objects.filter(status="received").count()
    connections["hub"].close()
    given, seconds = sum(g for g, _ in rounds), sum(s for _, s in rounds)
    return {
        "a_second": round(given / seconds),
        "a_second_of_the_processs_own_time": round(given / worked),
        "slowest_round": round(min(g / s for g, s in rounds if g)),
        "fastest_round": round(max(g / s for g, s in rounds if g)),
        "given": given,
        "left_in_line": left,
        "seconds": round(seconds, 2),
        "specialists": SPECIALISTS,
        "mailed_records": mailed,
        "journal_sound": sound,
    }


def _founded(dice: random.Random) -> tuple[list[Any], list[Any], list[str]]:
    from qafila.journal.write import writing
    from qafila.kernel import clock
    from qafila.packs import load
    from qafila.registry.people.models import Person
    from qafila.registry.staff.models import Duty, Staff
    from qafila.registry.units.models import Assignment, Unit
    from qafila.sync.models import Peer

    codes = list(load.specialties())
    today = clock.now().date()
    with writing(None, "setup") as write:
        units = [Unit(code=f"U{n}", name=f"Unit {n}") for n in range(UNITS)]
        write.save_many(units, [None] * UNITS)
        write.save_many(
            [Assignment(unit=u, node=u.code, starts=today - timedelta(days=3)) for u in units], [None] * UNITS
        )
        for n in range(SPECIALISTS):
            code = codes[n % len(codes)]
            one = write.save(
                Staff(username=f"s{n}", name=f"Dr {n:03}", roles=["specialist"], specialties=[code],
                      languages=["ary", "fr"], sex=dice.choice(("female", "male")))
            )  # fmt: skip
            write.save(Duty(staff=one, specialty=code, starts=clock.now() - timedelta(hours=1)))
        people = [Person(language=dice.choice(("ary", "tzm"))) for _ in range(A_ROUND * ROUNDS)]
        write.save_many(people, [None] * len(people))
    Peer.objects.bulk_create(Peer(code=u.code, profile="unit") for u in units)
    return units, people, codes


def _waiting(dice: random.Random, units: list[Any], people: list[Any], codes: list[str]) -> None:
    from qafila.clinic.cases.models import Case
    from qafila.journal.write import writing
    from qafila.kernel import clock

    now = clock.now()
    made = []
    for _ in range(A_ROUND):
        urgency = dice.choices(("emergency", "urgent", "routine"), (3, 17, 80))[0]
        made.append(
            Case(person=people.pop(), unit=dice.choice(units), doctor_id=SENDER,
                 specialty=dice.choice(codes), urgency=urgency, status="received", received_at=now, sent_at=now,
                 deadline=now + timedelta(hours=dice.randrange(1, 24)),
                 intake={"seen_by": "female"} if dice.random() < 0.08 else {})
        )  # fmt: skip
    with writing(None, "setup") as write:
        write.save_many(made, [None] * len(made))


def _answered() -> None:
    """What was given is answered, and what is left in line is cancelled."""
    from qafila.clinic.cases.models import Case
    from qafila.journal.write import writing

    with writing(None, "setup") as write:
        rows = list(Case.objects.filter(status__in=("assigned", "received")))
        for row in rows:
            row.status = "answered" if row.status == "assigned" else "cancelled"
        write.save_many(rows, [None] * len(rows))
