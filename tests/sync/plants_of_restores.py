"""Bugs around a hub that went back to a backup older than the one on whose word a unit forgot somebody."""

from __future__ import annotations

from typing import Any

from tests.sync.sim.hub_store import Desk
from tests.sync.sim.world import Plant


class HeaderTakenForTheRecord(Plant):
    """What its author sends of a record that he has forgotten stands for it: nobody else is asked."""

    breaks_off = True

    def desk(self) -> type[Any]:
        class Content(Desk):
            def _emptied(self, node: str, run: int) -> list[int]:
                return []

        return Content


class AuthorGetsNothingBack(Plant):
    """What another unit gives back is not mailed to its author, who has forgotten it."""

    breaks_off = True

    def desk(self) -> type[Any]:
        class Stingy(Desk):
            def fan_out(self, records: list[Any], sender: str) -> None:
                super().fan_out(records, "")

        return Stingy


PLANTS = [HeaderTakenForTheRecord, AuthorGetsNothingBack]
