"""The DICOM services of a node, each answered by the standard's status: verification, storage, worklist, performed
procedure steps, storage commitment."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE, _config, evt
from pynetdicom.presentation import build_context

from qafila.exchange.dicom import bounds, commitment, reactor, steps, worklist
from qafila.exchange.dicom.arriving import arrived, with_meta
from qafila.exchange.dicom.desk import Desk
from qafila.exchange.dicom.filing import settle
from qafila.exchange.dicom.models import Peer
from qafila.exchange.dicom.reading import NOT_UNDERSTOOD, OUT_OF_RESOURCES, NotKept
from qafila.journal.here import Here

log = logging.getLogger("qafila.dicom")
# pynetdicom's log names peers and quotes what it complains of
logging.getLogger("pynetdicom").disabled = True
for child in ("acse", "ae", "association", "dimse", "dul", "events", "fsm", "pdu", "service-c", "transport", "status"):
    logging.getLogger(f"pynetdicom.{child}").disabled = True

SUCCESS, REFUSED, FAILED = 0x0000, 0x0124, 0x0110
CALLING_UNKNOWN, CALLED_UNKNOWN, TOO_MANY = (1, 1, 3), (1, 1, 7), (2, 3, 2)
REFUSALS = {CALLING_UNKNOWN: "not on the list", CALLED_UNKNOWN: "wrong title", TOO_MANY: "too many at once"}
"""Result, source and reason of A-ASSOCIATE-RJ (PS3.8 section 9.3.4)."""
OFFERED = (
    "1.2.840.10008.1.1",  # verification
    "1.2.840.10008.5.1.4.31",  # modality worklist
    "1.2.840.10008.3.1.2.3.3",  # modality performed procedure step
    "1.2.840.10008.1.20.1",  # storage commitment push model
)


@dataclass(frozen=True)
class Service:
    """How a node is reached."""

    title: str
    address: str
    port: int
    tls: Any = None
    """An `ssl.SSLContext`, or None for the plain protocol."""


class Node:
    """The services, started and stopped as one."""

    def __init__(self, here: Here, service: Service) -> None:
        self.here, self.service = here, service
        self.desk = Desk(here, settle)
        self.answers = commitment.Answers(self.desk, service.title)
        self.server: Any = None

    def start(self) -> None:
        """Listen. Raises `OSError` where the port is taken."""
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        _config.LOG_HANDLER_LEVEL = "none"
        _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
        entity = AE(self.service.title)
        # Counted here, because pynetdicom counts callers who have hung up.
        entity.maximum_associations = 2 * bounds.THREADS
        entity.maximum_pdu_size = bounds.MAX_PDU
        entity.acse_timeout = bounds.GREETING_S
        entity.dimse_timeout = bounds.TOO_LONG_S
        entity.network_timeout = 2 * bounds.TOO_LONG_S
        entity.supported_contexts = [build_context(uid) for uid in OFFERED]
        for context in entity.supported_contexts:
            if context.abstract_syntax == OFFERED[3]:
                context.scu_role = context.scp_role = True
        self.server = entity.make_server(
            (self.service.address, self.service.port),
            evt_handlers=self._handlers(),
            ssl_context=self.service.tls,
            server_class=bounds.Server,
        )
        entity._servers.append(self.server)
        self.desk.start()
        self.answers.start(self.server)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server.server_address[1])

    def serve(self) -> None:
        """Answer until `stop`."""
        self.server.serve_forever(0.1)

    def stop(self) -> None:
        """Take no more calls, end what is begun."""
        self.server.shutdown()
        for association in self.server.active_associations:
            association.abort()
        self.answers.stop()
        self.desk.stop()

    def _handlers(self) -> list[Any]:
        return [
            *bounds.HANDLERS,
            reactor.STEADY,
            (evt.EVT_REQUESTED, self._admit),
            (evt.EVT_C_ECHO, lambda event: SUCCESS),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_N_CREATE, self._step(steps.create)),
            (evt.EVT_N_SET, self._step(steps.change)),
            (evt.EVT_N_ACTION, self._commit),
        ]

    def _admit(self, event: Any) -> None:
        """Refuse who is not on the list, or who calls somebody else (event handler: before negotiation)."""
        asked, association = event.assoc.requestor.primitive, event.assoc
        calling, called = str(asked.calling_ae_title).strip(), str(asked.called_ae_title).strip()
        refusal = None
        open_now = [one for one in self.server.active_associations if one.is_established and bounds.alive(one)]
        if len(open_now) >= bounds.ASSOCIATIONS:
            refusal = TOO_MANY
        elif called != self.service.title:
            refusal = CALLED_UNKNOWN
        else:
            peer = self.desk.ask(lambda: Peer.objects.filter(title=calling, active=True).first())
            address = association.requestor.address_info.address
            if peer is None or (peer.host and not _same_host(peer.host, address)):
                refusal = CALLING_UNKNOWN
            association.qafila_peer = peer
        if refusal is not None:
            log.warning("a caller was refused: %s", REFUSALS[refusal])
            association.is_rejected = True
            association.acse.send_reject(*refusal)
            association.kill()

    def _store(self, event: Any) -> int:
        """C-STORE: success means that the object is on the disk."""
        peer: Peer = event.assoc.qafila_peer
        data = event.request.DataSet
        try:
            if not peer.may_store:
                raise NotKept(REFUSED, "not allowed to send")
            if getattr(data, "over", False):
                raise NotKept(OUT_OF_RESOURCES, "larger than this node keeps")
            self.desk.keep(arrived(_file(event), peer.title, event.request))
        except NotKept as error:
            log.warning("an object was refused: %s", error.why)
            return error.status
        except Exception as error:  # noqa: BLE001 - the device has to hear that it was not kept
            log.error("an object was not kept: %s", type(error).__name__)
            return OUT_OF_RESOURCES
        finally:
            if isinstance(data, bounds.Bounded):
                data.release()
        return SUCCESS

    def _find(self, event: Any) -> Iterator[tuple[int, Any]]:
        """C-FIND on the worklist."""
        peer: Peer = event.assoc.qafila_peer
        if not peer.may_query:
            yield REFUSED, None
            return
        try:
            asked = event.identifier
            found = self.desk.ask(lambda: worklist.answers(asked, peer))
        except Exception as error:  # noqa: BLE001 - damaged questions raise a dozen kinds
            log.warning("a question was not understood: %s", type(error).__name__)
            yield NOT_UNDERSTOOD, None
            return
        for one in found:
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, one

    def _step(self, act: Any) -> Any:
        def serve(event: Any) -> tuple[int, Any]:
            peer: Peer = event.assoc.qafila_peer
            if not peer.may_store:
                return REFUSED, None
            try:
                asked = steps.asked_of(event)
                return self.desk.ask(lambda: act(asked, peer.title))
            except Exception as error:  # noqa: BLE001 - damaged messages raise a dozen kinds
                log.warning("a performed step was not taken: %s", type(error).__name__)
                return FAILED, None

        return serve

    def _commit(self, event: Any) -> tuple[int, Any]:
        """N-ACTION: which objects are safe here? The answer follows as an N-EVENT-REPORT."""
        peer: Peer = event.assoc.qafila_peer
        if not peer.may_store:
            return REFUSED, None
        try:
            status = self.answers.take(event, peer)
        except Exception as error:  # noqa: BLE001 - damaged messages raise a dozen kinds
            log.warning("a commitment was not taken: %s", type(error).__name__)
            return FAILED, None
        return status, None


def _file(event: Any) -> bytes:
    """What a C-STORE brought, as a file, its bytes untouched."""
    asked, context = event.request, event.context
    names = str(asked.AffectedSOPClassUID), str(asked.AffectedSOPInstanceUID), str(context.transfer_syntax)
    return with_meta(*names, asked.DataSet.getvalue())


def _same_host(named: str, address: str) -> bool:
    import socket

    try:
        return address in {found[4][0] for found in socket.getaddrinfo(named, None)}
    except OSError:
        return False
