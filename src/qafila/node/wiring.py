"""Puts the node together: the profile decides which side effects are wired."""

from __future__ import annotations

from django.conf import settings

from qafila.journal.here import be


def connect() -> None:
    """Called once, when Django has loaded the models."""
    directory = settings.DIRECTORY
    if directory is None:
        return
    be(directory.here())
