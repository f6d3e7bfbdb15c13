"""What the measured hub holds: its people and their cases. Runs in a process of the node named by QAFILA_DIR.

python -m bench.load.make PEOPLE CASES
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django

PASSWORD = "Charge-mesuree-77"
SHARES = (("coordinator", 8), ("admin", 50))
"""One person in so many holds this role, the others are specialists."""


def role_of(number: int) -> str:
    """The role of somebody."""
    return next((role for role, every in SHARES if number % every == every - 1), "specialist")


def username(number: int) -> str:
    """Under which somebody logs in."""
    return f"load-{number:04}"


def main(people: int, cases: int) -> None:
    """Fill the hub."""
    from bench.load.make import role_of
    from qafila.clinic.cases import acts
    from qafila.journal.here import here
    from qafila.journal.write import writing
    from qafila.kernel import clock
    from qafila.packs import load
    from qafila.registry.places.here import local_day
    from qafila.registry.staff.acts import create_staff
    from qafila.registry.staff.models import Duty
    from tests.clinic.conftest import make_crew, new_person

    specialties = sorted(load.specialties())
    for number in range(people):
        role = role_of(number)
        mine = [specialties[number % len(specialties)]] if role == "specialist" else []
        staff = create_staff(None, username(number), PASSWORD, f"Load {number}", [role], specialties=mine,
                             interface_language=("fr", "ar")[number % 2])  # fmt: skip
        if mine and number % 10 == 0:
            with writing(None, "setup") as write:
                write.save(Duty(staff=staff, specialty=mine[0], starts=clock.now() - timedelta(hours=1)))
    crew = make_crew(here())
    for number in range(cases):
        with writing(None, "setup") as write:
            patient = write.save(new_person(local_day().replace(year=1950 + number % 50, day=1)))
        urgency = ("routine", "routine", "urgent")[number % 3]
        case = acts.receive(acts.send(crew.filled(urgency, patient), crew.doctor))
        with writing(None, "setup") as write:
            case.specialty = specialties[number % len(specialties)]
            write.save(case)


if __name__ == "__main__":
    django.setup()
    main(*map(int, sys.argv[1:]))
