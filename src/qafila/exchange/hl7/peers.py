"""Who may send results to this node, from its `node.toml`:

[hl7]
port = 2575                    # where the node listens
listen = "192.168.8.1"         # default: every address of the node
most_kb = 1024                 # largest message

[[hl7.peer]]
name = "haematology"
address = "192.168.8.20"       # an address or a network; who is in no peer is not served
application = "ANALYSER"       # MSH-3, where it has to be that
device = "Maker Model"         # shown beside each result
serial = "SN-1"                # its serial number in the inventory
orders = "192.168.8.20:2576"   # where it takes orders (OML^O21), if it does
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qafila.clinic.lab.filing import Source
from qafila.registry.equipment.queries import by_serial
from qafila.registry.units.queries import unit_of_node

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SORTS = ("analyser", "monitor")


class BadSettings(ValueError):
    """`[hl7]` of `node.toml` cannot be used; the message says what to mend."""


@dataclass(frozen=True)
class Peer:
    """A sender that is served."""

    name: str
    network: Network
    application: str = ""
    device: str = ""
    serial: str = ""
    orders: tuple[str, int] | None = None


@dataclass(frozen=True)
class Settings:
    """`[hl7]` of a node."""

    port: int
    listen: str
    most: int
    peers: tuple[Peer, ...]

    def peer(self, address: str) -> Peer | None:
        """The sender at an address."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return next((p for p in self.peers if p.network.version == found.version and found in p.network), None)

    def named(self, name: str) -> Peer | None:
        """The sender of a name."""
        return next((p for p in self.peers if p.name == name), None)


def settings_of(facts: Mapping[str, Any]) -> Settings | None:
    """The settings in `node.toml`; None where the node takes no messages. Raises `BadSettings`."""
    held = facts.get("hl7")
    if held is None:
        return None
    try:
        return Settings(
            port=int(held.get("port", 2575)),
            listen=str(held.get("listen", "")),
            most=int(held.get("most_kb", 1024)) * 1024,
            peers=tuple(_peer(one) for one in held.get("peer", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadSettings(f"[hl7] in node.toml: {error}") from None


def _peer(said: Mapping[str, Any]) -> Peer:
    host, _, port = str(said.get("orders", "")).rpartition(":")
    return Peer(
        name=str(said["name"])[:40],
        network=ipaddress.ip_network(str(said["address"]), strict=False),
        application=str(said.get("application", "")),
        device=str(said.get("device", "")),
        serial=str(said.get("serial", "")),
        orders=(host, int(port)) if host else None,
    )


def source_of(settings: Settings | None, peer: str, node: str) -> Source:
    """What a sender's results were measured by, as its settings and the inventory of the unit say."""
    found = settings.named(peer) if settings else None
    if found is None:
        return Source()
    unit = unit_of_node(node)
    rows = (by_serial(unit, sort, found.serial) for sort in SORTS) if unit and found.serial else iter(())
    row = next((r for r in rows if r is not None), None)
    return Source(found.device or (row.named if row else ""), found.serial, row.pk if row else None)
