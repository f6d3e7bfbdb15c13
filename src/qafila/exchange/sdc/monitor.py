"""One patient monitor, followed as an IEEE 11073 SDC consumer (library sdc11073, imported here alone, in the process of
`serve`). What it reports is gathered; who follows it takes the latest state when they like."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qafila.devices.measurement import Measurement
from qafila.exchange.sdc.metrics import Metric, measured

log = logging.getLogger("qafila.sdc")
MOST_METRICS = 500
TIMEOUT_S = 10


class Away(Exception):
    """The monitor is not reached, or does not speak SDC."""


@dataclass(frozen=True)
class Plate:
    """What the monitor says of itself."""

    maker: str
    model: str
    serial: str


@dataclass(frozen=True)
class Peer:
    """A monitor of `node.toml`: `[[sdc]]` with `name`, `address` (its URL) and, for TLS, `certificates` (a folder)."""

    name: str
    address: str
    certificates: Path | None = None


def peers_of(facts: Mapping[str, Any], directory: Path) -> list[Peer]:
    """The monitors that `node.toml` names. Raises `KeyError`, `TypeError` where one lacks a name or an address."""
    found = []
    for one in facts.get("sdc", ()):
        folder = one.get("certificates")
        found.append(Peer(str(one["name"])[:40], str(one["address"]), directory / folder if folder else None))
    return found


class Monitor:
    """A connection to one monitor."""

    def __init__(self, peer: Peer) -> None:
        from lxml.etree import LxmlError
        from sdc11073.consumer.consumerimpl import SdcConsumer
        from sdc11073.definitions_sdc import SdcV1Definitions
        from sdc11073.exceptions import ApiUsageError
        from sdc11073.mdib.consumermdib import ConsumerMdib
        from sdc11073.observableproperties import bind
        from sdc11073.pysoap.soapclient import HTTPReturnCodeError

        self._lock = threading.Lock()
        self._latest: dict[str, Metric] = {}
        self._changed = threading.Event()
        try:
            self._consumer = SdcConsumer(peer.address, SdcV1Definitions, _tls(peer), socket_timeout=TIMEOUT_S)
            self._consumer.start_all()
            self._mdib = ConsumerMdib(self._consumer)
            self._mdib.init_mdib()
        except (OSError, ValueError, RuntimeError, LxmlError, ApiUsageError, HTTPReturnCodeError) as error:
            raise Away(type(error).__name__) from None
        bind(self._mdib, metrics_by_handle=self._reported)

    @property
    def plate(self) -> Plate:
        """Maker, model and serial number."""
        said = self._consumer.host_description
        model, device = getattr(said, "this_model", None), getattr(said, "this_device", None)
        return Plate(_first(getattr(model, "Manufacturer", None)), _first(getattr(model, "ModelName", None)),
                     str(getattr(device, "SerialNumber", None) or "")[:40])  # fmt: skip

    @property
    def connected(self) -> bool:
        """The subscription holds."""
        return bool(self._consumer.is_connected)

    def _reported(self, states: Mapping[str, Any]) -> None:
        """A report, in a thread of the library."""
        with self._lock:
            for handle, state in list(states.items())[:MOST_METRICS]:
                found = _metric(state)
                if found is not None and (handle in self._latest or len(self._latest) < MOST_METRICS):
                    self._latest[handle] = found
        self._changed.set()

    def wait(self, seconds: float) -> bool:
        """Wait until something was reported since the last `take`."""
        return self._changed.wait(seconds)

    def take(self) -> Measurement | None:
        """All that it last reported, as one measurement; None where nothing is known of it here."""
        self._changed.clear()
        with self._lock:
            return measured(self._latest.values())

    def stop(self) -> None:
        """End the connection."""
        try:
            self._consumer.stop_all()
        except OSError:
            log.info("a monitor was gone before the connection ended")


def _metric(state: Any) -> Metric | None:
    descriptor = state.descriptor_container
    held: Any = getattr(state, "MetricValue", None)
    kind, unit = getattr(descriptor, "Type", None), getattr(descriptor, "Unit", None)
    if kind is None or unit is None or not hasattr(held, "Value") or isinstance(held.Value, str):
        return None
    validity = getattr(held.MetricQuality.Validity, "value", held.MetricQuality.Validity)
    return Metric(str(kind.Code), str(unit.Code), held.Value, str(validity or ""))


def _first(texts: Any) -> str:
    return str(next((t.text for t in texts if t.text), ""))[:40] if texts else ""


def _tls(peer: Peer) -> Any:
    if peer.certificates is None:
        return None
    from sdc11073.certloader import mk_ssl_contexts_from_folder

    return mk_ssl_contexts_from_folder(peer.certificates)
