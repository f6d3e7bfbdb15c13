"""One node's part in building the demonstration's world: `python -m qafila.node.demo.populate PART`.

Runs as a process of that node (`QAFILA_DIR`). Orders come as JSON lines on standard input, news go as JSON lines to
standard output: `{"done": 3, "of": 120}` while it works, `{"ready": …}` when an order is carried out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from qafila.node.directory import current

SEED = 20
CONTACT_S = 60
VISITS_PER_PERSON = 0.62
"""Visits of the week for each person who lives there."""


def say(**news: Any) -> None:
    """Tell the process that builds."""
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def orders() -> Iterator[dict[str, Any]]:
    """What there is to do, one after the other; ends when the builder closes the line."""
    for line in sys.stdin:
        yield json.loads(line)


class Counted:
    """Says how far the work is."""

    def __init__(self, of: int) -> None:
        self.done, self.of = 0, of

    def __call__(self) -> None:
        """One more is done."""
        self.done += 1
        say(done=min(self.done, self.of), of=self.of)


def hub() -> None:
    """Founds the programme, issues the units' codes; later takes the cases in."""
    from qafila.clinic.cases.jobs import overdue_watch
    from qafila.clinic.cases.models import Case
    from qafila.node.demo.founding import found
    from qafila.node.demo.past import Past
    from qafila.node.demo.referrals import HubSide
    from qafila.sync.enrolment import issue_code

    first = next(orders())
    now = datetime.fromisoformat(first["now"])
    found(current().country, now, tuple(first["units"]))
    codes = {
        unit: issue_code(unit, "unit", unit, first["pages_url"], sync_url)
        for unit, sync_url in first["sync_urls"].items()
    }
    say(ready=codes)
    past = Past(now)
    side = HubSide(past, now)
    for order in orders():
        with past.lived():
            if order["do"] == "receive":
                side.receive(Case.objects.filter(status="sent").values_list("pk", flat=True))
            else:
                side.afterwards()
                past.go(now)
                overdue_watch(current().profile)
        say(ready=True)


def unit() -> None:
    """Joins the hub, lives a week, and after the hub's part goes on."""
    from qafila.clinic.cases import wiring
    from qafila.clinic.cases.jobs import overdue_watch
    from qafila.node.demo.equipment import fill as equip
    from qafila.node.demo.past import Past
    from qafila.node.demo.referrals import Referrals
    from qafila.node.demo.stock import fill
    from qafila.node.demo.unit_life import TODAY
    from qafila.registry.places.here import local_day
    from qafila.sync.enrolment import enrol

    # Answers are delivered by the story, at its own times.
    wiring.disconnect()
    first = next(orders())
    enrol(first["code"])
    contact()
    now, place, count = datetime.fromisoformat(first["now"]), int(first["place"]), int(first["people"])
    past = Past(now)
    daily = max(2, round(count * VISITS_PER_PERSON / 6))
    today = TODAY if count >= 100 else TODAY[::2]
    told = Counted(6 * daily + len(today) + 7)
    life = a_life(past, now, place, count, told)
    referrals = Referrals(life, place, now)
    with ExitStack() as stack:
        stack.enter_context(past.lived())
        referrals.begin()
        fill(life.unit, life.nurse, local_day(now))
        equip(life.unit, life.nurse)
        for ago in range(6, 0, -1):
            life.day(local_day(now) - timedelta(days=ago), daily)
        life.today(now, today)
        life.rest(now)
    contact()
    say(ready=True)
    next(orders())
    contact()
    with past.lived():
        referrals.go_on()
    contact()
    with past.lived():
        referrals.last()
        past.go(now)
        overdue_watch(current().profile)
    say(ready=True)


def morning() -> None:
    """Another day has begun since the world was built: people whom the unit knows are in today's queue."""
    from qafila.kernel import clock
    from qafila.node.demo.past import Past
    from qafila.node.demo.people import Invented
    from qafila.node.demo.unit_life import TODAY, UnitLife
    from qafila.registry.people.models import Person
    from qafila.registry.units.queries import unit_of_node

    next(orders())
    served, now = unit_of_node(current().code), clock.now()
    if served is None:
        raise RuntimeError("this box serves no unit")
    known = Person.objects.filter(circumstance="ordinary", died_on=None, birth_date__isnull=False, home_unit=served)
    rows = list(known.exclude(sex="unknown").order_by("id"))
    past = Past(now)
    people = [Invented("female" if p.sex == "female" else "male", p.birth_date, "day") for p in rows]
    life = UnitLife(served, people, past, now.toordinal(), lambda: None)
    life.registered = dict(enumerate(rows))
    with past.lived():
        life.today(now, TODAY[::2])
    say(ready=True)


def a_life(past: Any, now: datetime, place: int, count: int, told: Any) -> Any:
    """The life of this node's unit, with its invented people."""
    from qafila.node.demo.people import Inventor
    from qafila.node.demo.unit_life import UnitLife
    from qafila.packs import load
    from qafila.registry.places.here import local_day
    from qafila.registry.units.models import Stop
    from qafila.registry.units.queries import unit_of_node

    directory = current()
    served = unit_of_node(directory.code)
    if served is None:
        raise RuntimeError("the unit's own records have not come from the hub")
    places = sorted(set(Stop.objects.filter(unit=served).values_list("place", flat=True)))
    pack, names = load.country(directory.country), load.people(directory.country)
    invented = Inventor(pack, names, places, local_day(now), SEED + place).people(count)
    return UnitLife(served, invented, past, SEED * place, told)


def contact() -> None:
    """Exchange with the hub until nothing is left either way; a hub that is busy with the other unit is asked again."""
    from qafila.node.demo.waiting import until
    from qafila.sync.agent import run_once

    until(lambda: run_once(current().path).reached, CONTACT_S, "contact with the hub")


if __name__ == "__main__":
    import django

    django.setup()
    {"hub": hub, "unit": unit, "morning": morning}[sys.argv[1]]()
