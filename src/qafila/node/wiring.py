"""Puts the node together: the profile decides which side effects are wired."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from qafila.journal.here import be
from qafila.node.disk import require_room


def connect() -> None:
    """Called once, when Django has loaded the models."""
    from qafila.clinic.cases import wiring as cases
    from qafila.clinic.imaging import measuring, originals
    from qafila.clinic.papers import keys as paper_keys
    from qafila.clinic.visits import forgetting
    from qafila.registry.people import keys, watch
    from qafila.registry.places.here import use

    directory = settings.DIRECTORY
    if directory is None:
        return
    here = directory.here()
    here.before_writing = require_room
    be(here)
    use(directory.country)
    keys.connect()
    forgetting.connect()
    measuring.connect()
    cases.connect(directory.profile)
    originals.connect(directory.profile)
    paper_keys.connect(directory.profile)
    if directory.profile.keeps_register:
        watch.connect()
    if directory.profile.serves_sync:
        from qafila.registry.people import lookup
        from qafila.sync import leaving, mailbox, restored

        mailbox.connect()
        lookup.connect()
        leaving.connect()
        if restored.backed_up not in leaving.backed_up:
            leaving.backed_up.append(restored.backed_up)
        terms = directory.profile.holding
        leaving.TERMS.visited = timedelta(days=terms.visited_days)
        leaving.TERMS.copied = timedelta(hours=terms.copied_hours)
