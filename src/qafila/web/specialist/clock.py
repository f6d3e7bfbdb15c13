"""Where the time of a case went, in words."""

from __future__ import annotations

from django.utils.translation import gettext

from qafila.clinic.cases.escalation import clock_of
from qafila.clinic.cases.models import Case, CaseEvent
from qafila.kernel import clock
from qafila.web.reception.words import minutes_words


def spent(case: Case) -> list[tuple[str, str]]:
    """What was the link, what was waiting: (part, time); parts of less than a minute are left out."""
    events = CaseEvent.objects.filter(case_id=case.pk).order_by("at", "id").values_list("act", "at")
    told = clock_of(events, clock.now())
    parts = (
        (gettext("on the link"), told.link),
        (gettext("in line"), told.line),
        (gettext("with the specialist"), told.specialist),
        (gettext("waiting for the unit"), told.unit),
    )
    return [(words, minutes_words(int(n.total_seconds() // 60))) for words, n in parts if n.total_seconds() >= 60]
