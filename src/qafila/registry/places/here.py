"""Which country's pack this node works with, and which day it is there."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from qafila.journal import doubt
from qafila.journal.here import nobody_or_here
from qafila.kernel.clock import hlc_time, now
from qafila.packs import load
from qafila.packs.country import Country

NATIONAL, CONSENTED = "national", "consented"
"""Where records may be: in the country alone, or abroad too with consent and authorisation."""
_used: str | None = None
_residency: str | None = None


def use(code: str | None, residency: str | None = None) -> None:
    """Work with this country's pack (tools and tests, which have no node directory); None: the node's own again."""
    global _used, _residency
    _used, _residency = code, residency


def residency() -> str:
    """Where this node lets records go: `NATIONAL` unless its `node.toml` says otherwise."""
    if _residency is not None:
        return _residency
    directory = getattr(settings, "DIRECTORY", None)
    return directory.residency if directory else NATIONAL


def country_code() -> str:
    """ISO code or folder of the country; without a node the first pack there is."""
    if _used is not None:
        return _used
    directory = getattr(settings, "DIRECTORY", None)
    return directory.country if directory else load.countries()[0]


def country() -> Country:
    """The country's pack."""
    return load.country(country_code())


def local_day(at: datetime | None = None) -> date:
    """The civil date at the place of care: today's, or that of an instant."""
    return timezone.localtime(at or now()).date()


def begun_by() -> date:
    """The day by which an assignment has to have begun that is in force today.

    A clock that was set back takes no unit its crew and no crew its patients: what had begun by the latest time that
    this node has seen is under way, and whatever is planned while the clock is in doubt.
    """
    if not doubt.trusted():
        return date.max
    node = nobody_or_here()
    return max(local_day(), local_day(hlc_time(node.clock.last))) if node is not None else local_day()
