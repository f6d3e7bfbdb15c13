"""What the queue and a person's page say in words: ages, waiting times, states."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from qafila.clinic.rules.triage import LABELS
from qafila.clinic.visits.models import Visit
from qafila.journal import doubt
from qafila.kernel.dates import Age, Precision
from qafila.kernel.text import Bad
from qafila.registry.people.models import Person, PersonName, Sex
from qafila.registry.people.names import both, unnamed
from qafila.registry.units.models import Unit

CASE_STATES: dict[str, str | Promise] = {
    "draft": _("case begun"),
    "sent": _("case on its way"),
    "received": _("case at the hub"),
    "assigned": _("case with a specialist"),
    "accepted": _("specialist is working on it"),
    "more_asked": _("specialist asks for more"),
    "declined": _("declined: read why"),
    "answered": _("answer on its way"),
    "on_unit": _("answer is here"),
    "explained": _("answer explained"),
    "closed": _("case closed"),
    "cancelled": _("case cancelled"),
    "died": _("case ended: person died"),
}
NEEDS_SOMEBODY = frozenset({"on_unit", "more_asked", "declined"})
"""States of a case in which somebody on the unit has something to do."""


def language() -> str:
    """The language of the page."""
    return get_language() or "en"


def listed(parts: Iterable[str]) -> str:
    """Several words in a row, with the comma of the page's language."""
    return ("، " if language().startswith("ar") else ", ").join(parts)


def name_words(person: Person | None, names: list[PersonName]) -> tuple[str, str]:
    """The name for the page, and the same in another script, "" where there is none."""
    main, other = both(names, language())
    if main:
        return main, other
    return str(unnamed(person)) if person else gettext("Record not on this node yet"), ""


def unit_name(unit: Unit) -> str:
    """The unit's name in the script of the page."""
    return unit.name_arabic if language().startswith("ar") and unit.name_arabic else unit.name


def age_words(age: Age | None) -> str:
    """An age as people say it: days, months under two years, then years; "about" where it is not exact."""
    if age is None:
        return gettext("age not known") if doubt.trusted() else gettext("age not computed: the clock is in doubt")
    if age.precision in (Precision.ABOUT, Precision.YEAR):
        return ngettext("about %(n)s year", "about %(n)s years", age.years) % {"n": age.years}
    months = age.total_months
    if age.years == 0 and months == 0 and age.days is not None:
        return ngettext("%(n)s day", "%(n)s days", age.days) % {"n": age.days}
    if age.years < 2 and months is not None:
        return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}
    return ngettext("%(n)s year", "%(n)s years", age.years) % {"n": age.years}


def sex_words(person: Person) -> str:
    """Female, male, not known."""
    return str(Sex(person.sex).label) if person.sex in Sex.values else ""


def minutes_words(minutes: int) -> str:
    """A waiting time: minutes, from an hour on hours and minutes."""
    if minutes < 60:
        return ngettext("%(n)s min", "%(n)s min", minutes) % {"n": minutes}
    return gettext("%(h)s h %(m)s min") % {"h": minutes // 60, "m": f"{minutes % 60:02}"}


def triage_words(visit: Visit) -> str:
    """The level in a word; "at least …" while readings are missing; "Not assessed" before any."""
    if not visit.triage:
        return gettext("Not assessed")
    word = gettext(LABELS.get(visit.triage, visit.triage))
    certain = visit.triage_reason or visit.triage_basis.get("level")
    return word if certain else gettext("At least: %(level)s") % {"level": word}


def status_words(visit: Visit) -> str:
    """Where the person is."""
    return str(Visit.Status(visit.status).label) if visit.status in Visit.Status.values else visit.status


def said(problem: Bad) -> str:
    """The words of refused input, in the page's language."""
    return gettext(problem.message) % problem.values if problem.values else gettext(problem.message)


def short(of: UUID) -> str:
    """An id for a page's element names."""
    return of.hex
