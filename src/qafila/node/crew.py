"""Who of the crew opens the node at its start, kept in step with who works here: whoever leaves loses it when the
record arrives, and a password that was changed has to be shown once before it opens.

`qafila vault admit` says who; from their first change of password on, the password for the start is that of the log-in.
Whose assignment to the node's units is over opens it no more from the next day on; when they serve again, their first
log-in opens it again. Whoever was admitted and was never of a crew stays.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from uuid import UUID

from qafila.journal.here import Here, here
from qafila.node import device
from qafila.node.directory import NodeDirectory, NodeError
from qafila.registry.staff.models import Staff
from qafila.registry.staff.passwords import proved
from qafila.registry.units.queries import left_crew, units_of_node
from qafila.sync import vault
from qafila.web.leavers import turned_away

log = logging.getLogger("qafila.vault")


def connect() -> None:
    """Follow departures and passwords from now on."""
    turned_away.connect(_turned_away, dispatch_uid="crew-turned-away")
    proved.connect(_proved, dispatch_uid="crew-proved")


def _with_vault(node: Here) -> Path | None:
    return node.directory if node.directory is not None and vault.exists(node.directory) else None


def _turned_away(sender: Any, gone: set[UUID], changed: set[UUID], node: Here, **_: Any) -> None:
    directory = _with_vault(node)
    if directory is None:
        return
    # Before the record is safe, not after: a machine that is cut off between the two keeps no key for whoever left.
    for pk, username in Staff.objects.using(node.database).filter(pk__in=gone | changed).values_list("pk", "username"):
        _close(directory, username, for_good=pk in gone)


def _close(directory: Path, username: str, *, for_good: bool) -> None:
    try:
        closed = (vault.shut_out if for_good else vault.suspend)(directory, username)
    except (vault.Shut, OSError) as error:
        # The record has to be taken in whatever becomes of the file; `review` comes back to it.
        log.error("the vault's slots could not be changed: %s", type(error).__name__)
        return
    if closed:
        log.warning("one of the crew opens this node no more%s", "" if for_good else " until they log in again")


def _proved(sender: Any, staff: Staff, password: str, **_: Any) -> None:
    directory = _with_vault(here())
    if directory is None:
        return
    try:
        if vault.suspended(directory, staff.username) and staff not in _over():
            vault.let_in(directory, staff.username, password, device.key(NodeDirectory(directory)))
    except (vault.Shut, NodeError, OSError) as error:
        log.error("a new password does not open the vault yet: %s", type(error).__name__)


def _over() -> list[Staff]:
    return left_crew(units_of_node(here().node))


def review() -> None:
    """Job: nobody who has left opens the node, whatever was missed, nor whose assignment to it is over."""
    directory = _with_vault(here())
    if directory is None:
        return
    for username in Staff.objects.filter(active=False).values_list("username", flat=True):
        _close(directory, username, for_good=True)
    try:
        over, others = vault.openers(directory, [staff.username for staff in _over()])
    except (vault.Shut, OSError) as error:
        log.error("the vault's slots could not be read: %s", type(error).__name__)
        return
    if over and not others:
        # A vehicle that nobody of its crew can open cares for nobody: rather yesterday's crew than none.
        log.warning("only whoever is of the crew no more opens this node: admit somebody of it")
        return
    for username in over:
        _close(directory, username, for_good=False)
