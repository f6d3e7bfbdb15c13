"""Storage commitment (PS3.4 annex J): a device asks which of its objects are safe here before it deletes its own."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from functools import partial
from typing import Any

from pydicom import Dataset
from pydicom.sequence import Sequence

from qafila.clinic.imaging.models import ImagingInstance
from qafila.exchange.dicom.desk import Desk
from qafila.exchange.dicom.models import Arrived, Commitment, Peer
from qafila.exchange.dicom.reactor import STEADY
from qafila.exchange.dicom.reading import is_uid
from qafila.journal import blobs
from qafila.kernel import clock

MODEL, WELL_KNOWN = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
ALL_SAFE, SOME_NOT = 1, 2
NO_SUCH_INSTANCE, CLASS_CONFLICT = 0x0112, 0x0119
NO_SUCH_ACTION, INVALID, UNKNOWN_INSTANCE = 0x0123, 0x0115, 0x0112
MOST = 20_000
GIVEN_UP = 30
"""Tries, the last ones an hour apart."""
LOOK_S = 1.0
QUIET_S = 0.5
"""A report on the device's own association waits for a pause: pynetdicom would take its next request for the answer."""
log = logging.getLogger("qafila.dicom")


def outcome(asked: list[list[str]], transaction: str) -> tuple[int, Dataset]:
    """Event type and information: which objects are on this node's disk, which are not and why."""
    known = {uid: (cls, sha) for uid, cls, sha in _known([uid for _, uid in asked])}
    whole = blobs.whole({sha for _, sha in known.values() if sha})
    safe, failed = [], []
    for sop_class, uid in asked:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, uid
        held_class, sha = known.get(uid, ("", None))
        if held_class == sop_class and (sha == "" or sha in whole):
            safe.append(item)
        else:
            item.FailureReason = CLASS_CONFLICT if held_class and held_class != sop_class else NO_SUCH_INSTANCE
            failed.append(item)
    found = Dataset()
    found.TransactionUID = transaction
    found.ReferencedSOPSequence = Sequence(safe)
    if failed:
        found.FailedSOPSequence = Sequence(failed)
    return (SOME_NOT if failed else ALL_SAFE), found


def _known(uids: list[str]) -> list[tuple[str, str, str]]:
    """UID, class and blob of objects that came; no blob while the bytes lie in their row."""
    found: list[tuple[str, str, str]] = []
    for start in range(0, len(uids), 500):
        some = uids[start : start + 500]
        found += ImagingInstance.objects.filter(sop_uid__in=some).values_list("sop_uid", "sop_class", "sha256")
        waiting = Arrived.objects.filter(sop_uid__in=some, data__isnull=False)
        found += [(uid, cls, "") for uid, cls in waiting.values_list("sop_uid", "sop_class")]
    return found


class Answers:
    """Sends what was asked for, over the association of the question or one of its own, until it is taken."""

    def __init__(self, desk: Desk, title: str) -> None:
        self.desk, self.title = desk, title
        self._open: dict[tuple[str, str], Any] = {}
        self._wake, self._stop = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="dicom-commitment", daemon=True)

    def start(self, server: Any) -> None:
        """Begin to answer, what is left of an earlier life included."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was not taken is sent after the next start."""
        self._stop = True
        self._wake.set()
        self._thread.join(10)

    def take(self, event: Any, peer: Peer) -> int:
        """Note a question; the status of the N-ACTION."""
        request, asked = event.request, event.action_information
        if str(request.RequestedSOPInstanceUID) != WELL_KNOWN:
            return UNKNOWN_INSTANCE
        if request.ActionTypeID != 1:
            return NO_SUCH_ACTION
        transaction = str(asked.get("TransactionUID") or "")
        items = [[str(i.ReferencedSOPClassUID), str(i.ReferencedSOPInstanceUID)] for i in
                 asked.get("ReferencedSOPSequence") or []]  # fmt: skip
        if not is_uid(transaction) or not items or len(items) > MOST or not all(is_uid(u) for i in items for u in i):
            return INVALID
        self.desk.ask(lambda: _note(transaction, peer.title, items))
        self._open[(transaction, peer.title)] = event.assoc
        self._wake.set()
        return 0x0000

    def _run(self) -> None:
        while not self._stop:
            self._wake.wait(LOOK_S)
            self._wake.clear()
            if self._stop:
                return
            try:
                for row, peer, kind, said in self.desk.ask(_due):
                    if self._speaks(row, peer):
                        continue
                    taken = self._send(row, peer, kind, said)
                    self.desk.ask(partial(_sent, row, taken))
            except Exception as error:  # noqa: BLE001 - the next look tries again
                log.error("a commitment was not answered: %s", type(error).__name__)

    def _speaks(self, row: Commitment, peer: Peer | None) -> bool:
        """Whether the device is still saying something on the association on which it will be answered."""
        mine = self._open.get((row.transaction, row.peer))
        if mine is None or not mine.is_established or (peer is not None and peer.host and peer.port):
            return False
        return clock.monotonic() - mine.qafila_heard < QUIET_S

    def _send(self, row: Commitment, peer: Peer | None, kind: int, said: Dataset) -> bool:
        mine = self._open.pop((row.transaction, row.peer), None)
        if peer is not None and peer.host and peer.port:
            return self._call(peer, kind, said)
        if mine is None or not mine.is_established:
            return False
        status, _ = mine.send_n_event_report(said, kind, MODEL, WELL_KNOWN)
        return bool(status) and status.Status == 0x0000

    def _call(self, peer: Peer, kind: int, said: Dataset) -> bool:
        from pynetdicom import AE
        from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

        entity = AE(self.title)
        entity.add_requested_context(MODEL)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = 10
        role = SCP_SCU_RoleSelectionNegotiation()
        role.sop_class_uid, role.scu_role, role.scp_role = MODEL, False, True
        association = entity.associate(
            peer.host, peer.port or 0, ae_title=peer.title, ext_neg=[role], evt_handlers=[STEADY]
        )
        if not association.is_established:
            return False
        try:
            status, _ = association.send_n_event_report(said, kind, MODEL, WELL_KNOWN)
        finally:
            association.release()
        return bool(status) and status.Status == 0x0000


def _note(transaction: str, peer: str, items: list[list[str]]) -> None:
    values = {"asked": json.dumps(items), "answered": False, "tries": 0, "due": clock.now()}
    Commitment.objects.update_or_create(transaction=transaction, peer=peer, defaults=values)


def _due() -> list[tuple[Commitment, Peer | None, int, Dataset]]:
    rows = Commitment.objects.filter(answered=False, due__lte=clock.now(), tries__lt=GIVEN_UP).order_by("due")[:20]
    found = []
    for row in rows:
        peer = Peer.objects.filter(title=row.peer, active=True).first()
        found.append((row, peer, *outcome(json.loads(row.asked), row.transaction)))
    return found


def _sent(row: Commitment, taken: bool) -> None:
    row.answered, row.tries = taken, row.tries + 1
    row.due = clock.now() + timedelta(seconds=min(3600, 5 * 2**row.tries))
    row.save(update_fields=["answered", "tries", "due"])
