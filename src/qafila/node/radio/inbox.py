"""The collector's store: this node's own tables."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import close_old_connections

from qafila.clinic.bedside import acts
from qafila.clinic.bedside.models import Nearby, Pairing
from qafila.devices.measurement import Measurement
from qafila.journal.here import here
from qafila.kernel import clock
from qafila.node.radio.collector import Paired
from qafila.node.radio.port import Seen
from qafila.registry.units.queries import unit_of_node

MOST_NEAR = 30


class Inbox:
    """Readings into the inbox, states into the lists of the pages."""

    def paired(self) -> list[Paired]:
        """The instruments to follow."""
        close_old_connections()
        rows = Pairing.objects.filter(active=True).order_by("pk")
        return [Paired(r.pk, r.address, r.device, r.last_number) for r in rows]

    def searching(self) -> bool:
        """A person wants to see what is near."""
        until = acts.radio().search_until
        return until is not None and until > clock.now()

    def near(self, found: Iterable[tuple[Seen, str]]) -> None:
        """What a search saw, but for what is paired."""
        known = set(Pairing.objects.filter(active=True).values_list("address", flat=True))
        for seen, device in list(found)[:MOST_NEAR]:
            name = "".join(c for c in seen.name if c.isprintable())[:60]
            if seen.address not in known:
                facts = {"device": device, "name": name, "at": clock.now()}
                Nearby.objects.update_or_create(address=seen.address[:64], defaults=facts)

    def identified(self, key: int, maker: str, model: str, serial: str) -> None:
        """What an instrument says of itself."""
        acts.identify(Pairing.objects.get(pk=key), unit_of_node(here().node), maker, model, serial)

    def received(self, key: int, found: Measurement) -> None:
        """A measurement: durable when this returns."""
        acts.receive(Pairing.objects.get(pk=key), found)

    def troubled(self, key: int, why: str) -> None:
        """An instrument cannot be read just now."""
        Pairing.objects.filter(pk=key).exclude(trouble=why).update(trouble=why)

    def radio(self, why: str) -> None:
        """The state of the radio itself."""
        row = acts.radio()
        row.present, row.trouble, row.heard_at = why != "none", why, clock.now()
        row.save()
