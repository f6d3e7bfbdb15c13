"""All models of the office, gathered for Django."""

from qafila.office.breaches.models import Breach
from qafila.office.statistics.models import Release

__all__ = ["Breach", "Release"]
