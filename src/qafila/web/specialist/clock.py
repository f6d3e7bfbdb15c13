"""Where the time of a case went, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext

from qafila.clinic.cases.escalation import clock_of
from qafila.clinic.cases.models import CaseEvent
from qafila.kernel import clock
from qafila.web.reception.words import minutes_words


def spent(events: Iterable[CaseEvent]) -> list[tuple[str, str]]:
    """What was the link, what was waiting, by a case's events: (part, time); less than a minute is left out."""
    in_order = sorted((one.at, one.pk, one.act) for one in events)
    told = clock_of([(act, at) for at, _, act in in_order], clock.now())
    parts = (
        (gettext("on the link"), told.link),
        (gettext("in line"), told.line),
        (gettext("with the specialist"), told.specialist),
        (gettext("waiting for the unit"), told.unit),
    )
    return [(words, minutes_words(int(n.total_seconds() // 60))) for words, n in parts if n.total_seconds() >= 60]
