"""Looking a person up on the hub: somebody stands before the crew and is not held on this unit.

The unit's pages write a `Look`; the agent carries it to the hub at once (`messages.Lookup`), which answers at once
(`messages.Found`): a handful of people with little data, or a word why not. Choosing one brings a copy through the
mailbox for a limited time (`Scope.copied_at`). Both sides keep that the record was opened, by whom and why. Who asks
too often is told to wait, so that nobody reads the whole register this way.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from qafila.journal import history
from qafila.journal.changed import mark
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.sync import mailbox
from qafila.sync.messages import Candidate, Found, Lookup
from qafila.sync.models import Asked, Look, Scope

PURPOSE = "patient present"
"""What stands in the log of looks on both sides."""
PAGE = "lookup"
MOST_FOUND = 5
"""With more people the crew has to say more."""
AN_HOUR, A_DAY = 30, 150
"""Questions of one node; a crew sees some sixty people a day, most of them its own."""
CHOSEN_WITHIN = timedelta(hours=1)
"""After an answer; the unit forgets what was typed after the same time."""
UNANSWERED = timedelta(minutes=2)
"""A question that found no link in that time is not asked any more: the person may be gone."""
matchers: list[Callable[[Lookup], list[Candidate]]] = []
"""Who knows people by their identifiers puts a function here (`node.wiring`)."""


def enough(said: Lookup) -> bool:
    """Whether at least two identifiers are given: a name with the date of birth, an official number, or a card."""
    return bool((said.name.strip() and said.birth) or said.identity.strip() or said.code.strip())


# --- on the hub -----------------------------------------------------------------------------------


def answer(node: str, said: Lookup) -> Found:
    """The hub's answer; the caller holds the node's row, so that its questions come one after the other."""
    try:
        asker, request = UUID(said.actor), UUID(said.number)
    except ValueError:
        return Found("unclear")
    if said.choose:
        return _grant(node, asker, request, said.choose)
    # Nobody's name has a NUL, and PostgreSQL cannot look for one.
    if not enough(said) or any("\0" in text for text in (said.name, said.identity, said.code)):
        return Found("unclear")
    if not matchers:
        return Found("unable")
    if _too_often(node):
        since = clock.now() - timedelta(hours=1)
        if not Asked.objects.filter(node=node, outcome="limit", at__gt=since).exists():
            Asked.objects.create(node=node, request=request, actor=asker, outcome="limit")
        return Found("limit")
    people = {c.person: c for match in matchers for c in match(said)}
    outcome = "none" if not people else "many" if len(people) > MOST_FOUND else "found"
    shown = list(people.values()) if outcome == "found" else []
    Asked.objects.create(node=node, request=request, actor=asker, outcome=outcome, offered=[c.person for c in shown])
    return Found(outcome, shown)


def _too_often(node: str) -> bool:
    now = clock.now()
    asked = Asked.objects.filter(node=node).exclude(outcome="limit")
    hour = asked.filter(at__gt=now - timedelta(hours=1)).count()
    return bool(hour >= AN_HOUR) or bool(asked.filter(at__gt=now - timedelta(days=1)).count() >= A_DAY)


def _grant(node: str, asker: UUID, request: UUID, chosen: str) -> Found:
    """Only somebody who was offered, and not long ago."""
    since = clock.now() - CHOSEN_WITHIN
    asked = Asked.objects.filter(node=node, request=request, outcome="found", at__gt=since).order_by("-at").first()
    if asked is None or chosen not in asked.offered:
        return Found("refused")
    person = UUID(chosen)
    now = clock.now()
    if asked.chosen != person:
        history.log_read(asker, person, PAGE, f"{PURPOSE} ({node})")
        asked.chosen = person
        asked.save(update_fields=["chosen"])
    mailbox.admit([(person, node)], copied_at=now)
    # Asked for again: the time begins anew. One who is held in his own right goes on being so.
    Scope.objects.filter(person=person, node=node, copied_at__isnull=False).update(copied_at=now)
    return Found("granted")


# --- on the unit ----------------------------------------------------------------------------------


def ask(actor: UUID, *, name: str = "", birth: str = "", identity: str = "", code: str = "") -> Look:
    """Ask the hub at the next moment with a link. `birth`: ISO date. What is older than an hour is deleted."""
    Look.objects.filter(asked_at__lt=clock.now() - CHOSEN_WITHIN).delete()
    row = Look(actor=actor, name=name[:100], birth=birth[:10], identity=identity[:30], code=code[:30])
    row.save()
    mark(here())
    return row


def choose(row: Look, person: str, actor: UUID) -> bool:
    """This one stands before us: have the record sent. False where nobody like that was offered."""
    if person not in {c["person"] for c in row.people}:
        return False
    with transaction.atomic(using=here().database):
        history.log_read(actor, UUID(person), PAGE, PURPOSE)
        values = {"chosen": UUID(person), "actor": actor, "outcome": "", "asked_at": clock.now()}
        Look.objects.filter(pk=row.pk).update(**values)
        mark(here())
    return True


def waiting() -> Lookup | None:
    """The next question for the hub."""
    rows = Look.objects.filter(outcome="", asked_at__gt=clock.now() - UNANSWERED)
    row = rows.order_by("asked_at").first()
    if row is None:
        return None
    chosen = row.chosen.hex if row.chosen else ""
    return Lookup(row.pk.hex, row.actor.hex, row.name, row.birth, row.identity, row.code, chosen)


def given_up(row: Look) -> bool:
    """Whether the question found no link in time, and is not asked any more."""
    return row.outcome == "" and row.asked_at <= clock.now() - UNANSWERED


def take(asked: Lookup, found: Found) -> None:
    """Keep the hub's answer for the page that waits for it."""
    people = [
        {"person": c.person, "name": c.name, "other": c.other, "sex": c.sex, "birth": c.birth, "place": c.place}
        for c in found.people[:MOST_FOUND]
    ]
    with transaction.atomic(using=here().database):
        row = Look.objects.select_for_update().filter(pk=UUID(asked.number)).first()
        if row is None or (row.chosen.hex if row.chosen else "") != asked.choose:
            return  # An answer to what is not the question any more.
        row.outcome, row.answered_at = found.outcome[:10], clock.now()
        if not asked.choose:
            row.people = people
        row.save(update_fields=["outcome", "answered_at", "people"])
        mark(here())
