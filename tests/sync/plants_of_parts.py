"""Bugs that somebody could write where interrupted frames go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qafila.journal.ingest import Parcel
from qafila.sync.interrupted import Interrupted
from qafila.sync.messages import Message, Welcome
from qafila.sync.session import UnitSession
from tests.sync.sim.parts import Parts
from tests.sync.sim.world import Plant


class _Plant(Plant):
    breaks_off = True


class AnotherFramesPart(_Plant):
    """The hub joins the rest of a frame to the beginning of another one."""

    def part_of(self, parts: Parts, named: bytes) -> bytes:
        return next(iter(parts.kept), named)


class BegunTakenForConfirmed(_Plant):
    """A frame of which the hub has a part is taken for received."""

    def session(self) -> type[Any]:
        class Sure(UnitSession):
            def _welcome(self, sent: Any, message: Message) -> None:
                super()._welcome(sent, message)
                assert isinstance(message, Welcome)
                if any(message.parts):
                    self.store.confirm(sorted(self.interrupted.records()), [])

        return Sure


class NeverGivenUp(_Plant):
    """The records of a frame of which the hub has nothing wait for it all the same."""

    def interrupted(self) -> type[Any]:
        class Faithful(Interrupted):
            def told(self, asked: Sequence[bytes], sizes: Sequence[int], version: int) -> None:
                frames = list(self._frames)
                super().told(asked, sizes, version)
                self._frames = [frame for frame in frames if frame not in self._ready]

        return Faithful


class UrgentWaits(_Plant):
    """What became urgent waits for the frame that it was in to go on."""

    def session(self) -> type[Any]:
        class Rigid(UnitSession):
            def _rows(self, lanes: range) -> list[tuple[int, Parcel]]:
                skip = {n for s in self._out.values() for n in s.records}
                return self.store.pending(lanes, self._raw, skip | self.interrupted.records())

        return Rigid


class OffByOne(_Plant):
    """The unit goes on one byte late."""

    def interrupted(self) -> type[Any]:
        class Hasty(Interrupted):
            def next(self) -> Any:
                sent = super().next()
                if sent is not None:
                    sent.begun -= 1
                    sent.data = sent.data[:64] + sent.data[65:]
                return sent

        return Hasty


PLANTS = [AnotherFramesPart, BegunTakenForConfirmed, NeverGivenUp, UrgentWaits, OffByOne]
