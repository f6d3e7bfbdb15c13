"""Puts the node together: the profile decides which side effects are wired."""

from __future__ import annotations

import os
from datetime import timedelta

from django.conf import settings

from qafila.journal import wall
from qafila.journal.here import be
from qafila.node.disk import require_room


def connect() -> None:
    """Called once, when Django has loaded the models."""
    from qafila.clinic.cases import wiring as cases
    from qafila.clinic.imaging import measuring, originals
    from qafila.clinic.papers import keys as paper_keys
    from qafila.clinic.visits import forgetting
    from qafila.node import crew
    from qafila.registry.people import keys, watch
    from qafila.registry.places.here import use
    from qafila.sync import lease
    from qafila.web import leavers

    directory = settings.DIRECTORY
    if directory is None:
        return
    here = directory.here()
    here.before_writing = require_room
    be(here)
    use(directory.country)
    if directory.pages_role and os.environ.get("QAFILA_PART") == "web":
        wall.stand_behind(bytes.fromhex(directory.secret("wall")))
    keys.connect()
    leavers.connect()
    crew.connect()
    forgetting.connect()
    measuring.connect()
    cases.connect(directory.profile)
    originals.connect(directory.profile)
    paper_keys.connect(directory.profile)
    if directory.profile.keeps_register:
        watch.connect()
    lease.TERMS.warn_days = directory.profile.lease.warn_days
    lease.TERMS.close_days = directory.profile.lease.close_days
    if directory.profile.serves_sync:
        from qafila.registry.people import lookup
        from qafila.sync import anchors, leaving, mailbox, orders, pki, renewal, restored

        mailbox.connect()
        orders.connect()
        renewal.connect()
        lookup.connect()
        leaving.connect()
        anchors.connect()
        if restored.backed_up not in leaving.backed_up:
            leaving.backed_up.append(restored.backed_up)
        pki.CLIENT.days = directory.profile.certificates.client_days
        terms = directory.profile.holding
        leaving.TERMS.visited = timedelta(days=terms.visited_days)
        leaving.TERMS.copied = timedelta(hours=terms.copied_hours)
