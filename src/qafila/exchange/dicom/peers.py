"""The devices that may call this node: kept by its administrator."""

from __future__ import annotations

import re

from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.exchange.dicom.models import Peer
from qafila.journal.here import here
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

TITLE = re.compile(r"[A-Za-z0-9_.\-][A-Za-z0-9_.\- ]{0,15}")
MODALITY = re.compile(r"[A-Z0-9_]{2,16}")
BAD_TITLE = N_("An AE title has 1 to 16 letters without accents, digits, hyphens or dots.")
TAKEN = N_("A device of that AE title is on the list already.")
NO_NAME = N_("Name the device.")
BAD_PORT = N_("A port is a number from 1 to 65535.")
BAD_MODALITY = N_("The kind is a DICOM code such as US, DX, CR, ECG or CT.")


def save(
    by: Staff,
    title: str,
    name: str,
    host: str = "",
    port: str = "",
    modality: str = "",
    *,
    may_store: bool = True,
    may_query: bool = True,
    peer: Peer | None = None,
) -> Peer:
    """Enter a device, or change one. Raises `NotAllowed`, `Refusal`."""
    require(by, "image.manage")
    title, name, modality = title.strip(), tidy(name, 60), modality.strip().upper()
    number = int(port) if port.strip().isdecimal() and len(port.strip()) < 6 else 0
    taken = any(one.pk != (peer.pk if peer else None) for one in Peer.objects.filter(title=title))
    for wrong, words in (
        (not TITLE.fullmatch(title), BAD_TITLE),
        (taken, TAKEN),
        (not name, NO_NAME),
        (bool(port.strip()) and not 0 < number < 65536, BAD_PORT),
        (bool(modality) and not MODALITY.fullmatch(modality), BAD_MODALITY),
    ):
        if wrong:
            raise Refusal(Message(words))
    row = peer or Peer()
    row.title, row.name, row.host, row.port, row.modality = title, name, tidy(host, 100), number or None, modality
    row.may_store, row.may_query = may_store, may_query
    row.save()
    wake()
    return row


def switch(by: Staff, peer: Peer, *, active: bool) -> None:
    """Let a device call, or no more. Raises `NotAllowed`."""
    require(by, "image.manage")
    peer.active = active
    peer.save(update_fields=["active"])
    wake()


def wake() -> None:
    """Tell the process that listens that somebody may call now."""
    directory = here().directory
    if directory is not None:
        (directory / "dicom").touch()
