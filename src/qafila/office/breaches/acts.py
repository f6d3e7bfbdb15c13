"""The verbs about breaches: right, rule, write. Nothing is removed; each change stays in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.office.breaches.models import Breach, Kind
from qafila.packs import load
from qafila.registry.places.here import country_code
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

RIGHT = "breach.manage"
MOST_PEOPLE = 100_000_000

WHICH_KIND = N_("Choose what it began with.")
WHAT = N_("Write what happened.")
FUTURE = N_("This moment is in the future.")
NOT_BEFORE = N_("This moment is before the breach was noticed.")
WHICH_CATEGORY = N_("There is no such category.")
HOW_MANY = N_("Write how many, as a whole number.")
HOW_TOLD = N_("Write how the people were told.")
TOLD_ALREADY = N_("This is written down already.")
HOW_ENDED = N_("Write how it ended, or why nobody has to be told.")
CLOSED = N_("This breach is closed.")


def enter(by: Staff, kind: str, what: str, noticed_at: datetime, *, cause: str = "",
          happened_at: datetime | None = None) -> Breach:  # fmt: skip
    """Enter a breach; its clock runs from `noticed_at`. Raises `NotAllowed`, `Refusal`."""
    require(by, RIGHT)
    words, now = tidy(what, 4000, lines=True), clock.now()
    for wrong, text in (
        (kind not in Kind.values, WHICH_KIND),
        (not words, WHAT),
        (noticed_at > now or (happened_at is not None and happened_at > now), FUTURE),
    ):
        if wrong:
            raise Refusal(Message(text))
    with writing(by, "breach.enter") as write:
        return write.save(
            Breach(kind_of_breach=kind, cause=tidy(cause, 80), happened_at=happened_at, noticed_at=noticed_at,
                   noticed_by=by, entered_at=now, country=country_code(), what=words)
        )  # fmt: skip


def describe(
    breach: Breach, by: Staff, *, what: str, people: int | None, records: int | None, categories: Iterable[str],
    effects: str, measures: str, contact: str,
) -> Breach:  # fmt: skip
    """Write what is known by now. Raises `NotAllowed`, `Refusal`."""
    chosen = sorted(set(categories))
    known = {one.code for one in load.privacy(breach.country).breach.category}
    for wrong, text in (
        (not what.strip(), WHAT),
        (not known.issuperset(chosen), WHICH_CATEGORY),
        (any(n is not None and not 0 <= n <= MOST_PEOPLE for n in (people, records)), HOW_MANY),
    ):
        if wrong:
            raise Refusal(Message(text))
    return _change(
        breach, by, "breach.describe", what=tidy(what, 4000, lines=True), people=people, records=records,
        categories=chosen, effects=tidy(effects, 4000, lines=True), measures=tidy(measures, 4000, lines=True),
        contact=tidy(contact, 200),
    )  # fmt: skip


def told_authority(breach: Breach, by: Staff, at: datetime, reference: str = "") -> Breach:
    """The authority was told. Raises `NotAllowed`, `Refusal`."""
    _check_told(breach, at, breach.authority_told_at)
    return _change(breach, by, "breach.authority", authority_told_at=at, authority_reference=tidy(reference, 80))


def told_people(breach: Breach, by: Staff, at: datetime, how: str) -> Breach:
    """The people were told. Raises `NotAllowed`, `Refusal`."""
    _check_told(breach, at, breach.people_told_at)
    words = tidy(how, 300)
    if not words:
        raise Refusal(Message(HOW_TOLD))
    return _change(breach, by, "breach.people", people_told_at=at, people_told_how=words)


def close(breach: Breach, by: Staff, words: str) -> Breach:
    """It is over. Raises `NotAllowed`, `Refusal` without a word on how."""
    said = tidy(words, 1000, lines=True)
    if not said:
        raise Refusal(Message(HOW_ENDED))
    return _change(breach, by, "breach.close", closed_at=clock.now(), closing=said)


def _check_told(breach: Breach, at: datetime, before: datetime | None) -> None:
    for wrong, text in (
        (before is not None, TOLD_ALREADY),
        (at > clock.now(), FUTURE),
        (at < breach.noticed_at, NOT_BEFORE),
    ):
        if wrong:
            raise Refusal(Message(text))


def _change(breach: Breach, by: Staff, act: str, **values: Any) -> Breach:
    require(by, RIGHT)
    with writing(by, act) as write:
        row = Breach._base_manager.select_for_update().get(pk=breach.pk)
        if row.closed_at is not None:
            raise Refusal(Message(CLOSED))
        for name, value in values.items():
            setattr(row, name, value)
        return write.save(row)
