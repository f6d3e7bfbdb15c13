"""From a request's bytes to a status and a reply's bytes: the frame is verified, answered by the hub's side, sealed."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from qafila.journal import tables
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.sync import codec, hub, pki, versions
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import FrameError, open_frame, seal
from qafila.sync.hub_store import Desk
from qafila.sync.messages import Mail, Pull
from qafila.sync.models import Peer

LONGEST_HOLD_S = 120
STATUS = {"unknown_sender": 403, "revoked": 403, "too_large": 413}
log = logging.getLogger("qafila.sync")


@dataclass(frozen=True)
class Reply:
    """What goes back. `body`: a signed frame with status 200, else the reason in one word."""

    status: int
    body: bytes
    sender: str = ""
    hold_s: int = 0
    """Nothing waits for the sender, who would like the answer to be held for so long."""
    retry_s: int = 5
    """With status 503: when to come back."""


def handle(data: bytes) -> Reply:
    """Answer a request. Never raises for what is sent."""
    try:
        frame = open_frame(data, here().node, _key_of)
        said = hub.answer(Desk(frame.sender, frame.version), frame)
        body = seal(
            said,
            here().node,
            frame.sender,
            frame.number,
            clock.now_ms(),
            pki.signing_key(keys_folder()),
            frame.dictionary,
            frame.version,
        )
        asked = frame.message
        waits = isinstance(asked, Pull) and isinstance(said, Mail) and not said.numbers and not asked.acks
        hold = min(max(asked.wait_s, 0), LONGEST_HOLD_S) if waits and isinstance(asked, Pull) else 0
        return Reply(200, body, frame.sender, hold)
    except (FrameError, codec.CodecError) as error:
        reason = getattr(error, "reason", "unreadable")
        log.warning("a frame was refused: %s", reason)
        # Whoever speaks another version is told which ones are spoken here.
        words = f"{reason} {versions.told(versions.SPOKEN)}" if reason in ("too_old", "too_new") else reason
        return Reply(STATUS.get(reason, 400), words.encode())
    except (OperationalError, InterfaceError, OSError) as error:
        log.error("a frame could not be taken: %s", type(error).__name__)
        return Reply(503, b"busy")


def _key_of(sender: str) -> bytes:
    rows = tables.among(Peer, "code", [sender], ["revoked", "signing_key"], here().database, upward=False)
    if not rows:
        raise FrameError("unknown_sender")
    revoked, key = rows[0]
    if revoked:
        raise FrameError("revoked")
    return bytes(key)
