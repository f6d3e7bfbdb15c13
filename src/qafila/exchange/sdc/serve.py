"""The process that follows patient monitors: `python -m qafila.exchange.sdc.serve`, started by the node where its
`node.toml` has `[[sdc]]`. Their numbers wait beside the sheet of vitals, like those of every instrument."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qafila.exchange.sdc.monitor import Monitor, Peer

log = logging.getLogger("qafila.sdc")
AGAIN_S = 10.0
EVERY_S = 2.0
KIND = "monitor"


def follow(peer: Peer, node: str, stop: threading.Event) -> None:
    """Follow one monitor until told to stop; where it is away, try again."""
    from django.db import close_old_connections

    from qafila.exchange.sdc.monitor import Away, Monitor

    while not stop.is_set():
        close_old_connections()
        try:
            monitor = Monitor(peer)
        except Away as away:
            log.info("monitor %s is away: %s", peer.name, away)
            stop.wait(AGAIN_S)
            continue
        try:
            introduce(peer, monitor, node)
            while monitor.connected and not stop.wait(EVERY_S):
                close_old_connections()
                hand_over(peer, monitor)
        finally:
            monitor.stop()


def introduce(peer: Peer, monitor: Monitor, node: str) -> None:
    """Enter a monitor among the instruments that are read here."""
    from qafila.clinic.bedside import acts
    from qafila.clinic.bedside.models import Pairing
    from qafila.registry.units.queries import unit_of_node

    row, _new = Pairing.objects.get_or_create(address=f"sdc:{peer.name}", defaults={"device": KIND, "name": peer.name})
    plate = monitor.plate
    acts.identify(row, unit_of_node(node), plate.maker, plate.model, plate.serial)


def hand_over(peer: Peer, monitor: Monitor) -> None:
    """Store what was reported since the last time."""
    from qafila.clinic.bedside import acts
    from qafila.clinic.bedside.models import Pairing

    row = Pairing.objects.filter(address=f"sdc:{peer.name}", active=True).first()
    found = monitor.take() if row is not None and monitor.wait(0) else None
    if row is not None and found is not None:
        acts.receive(row, found)


def main() -> int:
    """Follow the monitors of the node that the environment names."""
    import django

    django.setup()
    from django.conf import settings

    from qafila.exchange.sdc.monitor import peers_of

    directory = settings.DIRECTORY
    if directory is None:
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    peers = peers_of(directory.facts, directory.path)
    threads = [threading.Thread(target=follow, args=(peer, directory.code, stop), name=peer.name) for peer in peers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
