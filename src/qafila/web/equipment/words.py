"""Instruments in words: kinds, states, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from qafila.packs import bedside
from qafila.registry.equipment.due import Due, Trust
from qafila.registry.equipment.models import Instrument, InstrumentEvent
from qafila.registry.equipment.queries import State
from qafila.web.reception.words import language
from qafila.web.templatetags.qafila import day

STATES = ("broken", "over", "fault", "dirty", "soon", "good", "retired")
"""The worst first."""
LOOKS = {
    "broken": ("x-octagon", _("Must not be used"), "s-out"),
    "over": ("exclamation-triangle", _("Calibration or maintenance is over"), "s-out"),
    "fault": ("tools", _("Has a fault"), "s-low"),
    "dirty": ("droplet", _("To be cleaned"), "s-low"),
    "soon": ("hourglass-split", _("Due soon"), "s-soon"),
    "good": ("check-circle", _("In order"), "s-good"),
    "retired": ("archive", _("Out of service"), ""),
}
CARE = {
    "calibration": _("Calibration"),
    "maintenance": _("Maintenance"),
    "cleaning": _("Cleaning"),
}


@dataclass(frozen=True)
class Line:
    """An instrument of the list."""

    state: State
    sort: str
    icon: str
    code: str
    sign: str
    word: str
    look: str
    due: list[tuple[str, str, bool]]
    """(what, words, it is over)."""


def sort_words(code: str) -> str:
    """The kind in the reader's language."""
    found = bedside.equipment().find(code)
    return found.label.text(language()) if found else code


def line(one: State) -> Line:
    """An instrument as lists and its page show it."""
    kind = bedside.equipment().find(one.instrument.sort)
    sign, word, look = LOOKS[one.state]
    cares = (("calibration", one.calibration), ("maintenance", one.maintenance), ("cleaning", one.cleaning))
    due = [(str(CARE[what]), due_words(d), d.state in ("over", "failed")) for what, d in cares if d.state != "none"]
    name = sort_words(one.instrument.sort)
    return Line(one, name, kind.icon if kind else "tools", one.state, sign, str(word), look, due)


def due_words(one: Due) -> str:
    """When a kind of care is due."""
    if one.state == "failed":
        return gettext("did not pass on %(day)s") % {"day": day(one.last)}
    if one.state == "over":
        return gettext("over since %(day)s") % {"day": day(one.by)}
    return gettext("until %(day)s") % {"day": day(one.by)}


def trust_words(instrument: Instrument, found: Trust) -> str:
    """What has to be said beside a reading; "" when there is nothing to say."""
    if found.state == "over":
        return gettext("out of calibration since %(day)s") % {"day": day(found.since)}
    if found.state == "failed":
        return gettext("calibration failed on %(day)s") % {"day": day(found.since)}
    if found.state == "broken":
        return gettext("reported as faulty since %(day)s") % {"day": day(found.since)}
    return ""


def event_words(event: InstrumentEvent) -> str:
    """What happened."""
    words = str(event.get_what_display())
    if event.what == InstrumentEvent.What.CALIBRATION and not event.good:
        return gettext("calibration: did not pass")
    if event.what == InstrumentEvent.What.FAULT and not event.good:
        return gettext("fault reported: must not be used")
    return words


def every(days: int) -> str:
    """An interval."""
    if not days:
        return gettext("not done")
    return ngettext("every day", "every %(n)s days", days) % {"n": days}


def day_typed(text: str, default: date) -> date | None:
    """The day of a form: empty is today; None for what is no day."""
    if not text.strip():
        return default
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
