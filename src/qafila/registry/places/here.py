"""Which country's pack this node works with, and which day it is there."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from qafila.kernel.clock import now
from qafila.packs import load
from qafila.packs.country import Country

_used: str | None = None


def use(code: str | None) -> None:
    """Work with this country's pack (tools and tests, which have no node directory); None: the node's own again."""
    global _used
    _used = code


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
