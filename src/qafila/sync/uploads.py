"""Files on their way to the hub within one conversation: what is offered, which chunks are missing, what goes first."""

from __future__ import annotations

from collections.abc import Collection

from qafila.sync import chunks, samples
from qafila.sync.asked import Sent
from qafila.sync.messages import Chunk, Kept, Offer, Wanted
from qafila.sync.node_store import Store

OFFERED = 20
"""Files in one offer."""


class Uploads:
    """Chunks are asked of it lane by lane; it writes down how far each file is."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.done: set[str] = set()
        """Whole on the hub, or refused, or not to be read: for this contact, or until they are looked at again."""
        self._missing: dict[str, list[int]] = {}
        self._total: dict[str, int] = {}
        self._lanes: dict[str, int] = {}

    def look_again(self, under_way: set[str]) -> None:
        """Offer anew what was refused or could not be read, and all that is not under way."""
        self._missing = {name: todo for name, todo in self._missing.items() if name in under_way}
        self.done.clear()

    def next(self, lanes: range, out: Collection[Sent]) -> Sent | None:
        """The next chunk of a file of those lanes; a new offer where none of them is on its way. `out`: what waits for
        an answer."""
        return self._urgent(out) if 0 in lanes else self._chunk(lanes, out) or self._offer(lanes, out)

    @staticmethod
    def awaited(out: Collection[Sent]) -> bool:
        """Whether an urgent file was offered and the hub has not said yet what of it is missing: what is begun now
        would be before it."""
        return any(isinstance(sent.message, Offer) and sent.urgent for sent in out)

    def _urgent(self, out: Collection[Sent]) -> Sent | None:
        files = [file for file in self.store.files(self.done) if file.lane == 0]
        # A file that was offered before its case became urgent is urgent from now on.
        self._lanes |= {file.sha256: 0 for file in files}
        if (sent := self._chunk(range(1), out)) is not None:
            return sent
        offered = {name for sent in out if isinstance(sent.message, Offer) for name in sent.names}
        fresh = [file for file in files if file.sha256 not in self._missing and file.sha256 not in offered]
        return Sent(Offer(fresh), names=[file.sha256 for file in fresh], urgent=True) if fresh else None

    def _chunk(self, lanes: range, out: Collection[Sent]) -> Sent | None:
        for name, todo in list(self._missing.items()):
            if self._lanes.get(name, 3) not in lanes:
                continue
            while todo:
                index = todo.pop(0)
                if (data := self.store.chunk(name, index)) is not None:
                    lag, packed = samples.pack(data)
                    return Sent(Chunk(name, index, packed, lag), names=[name], raw=len(data), urgent=0 in lanes)
                self.done.add(name)
                todo.clear()
            if not any(name in sent.names for sent in out):
                del self._missing[name]
                self.done.add(name)
        return None

    def _offer(self, lanes: range, out: Collection[Sent]) -> Sent | None:
        under_way = any(isinstance(sent.message, Offer) for sent in out)
        if under_way or any(self._lanes.get(name, 3) in lanes for name in self._missing):
            return None
        files = [file for file in self.store.files(self.done | set(self._missing)) if file.lane in lanes][:OFFERED]
        self._lanes |= {file.sha256: file.lane for file in files}
        return Sent(Offer(files), names=[file.sha256 for file in files]) if files else None

    def wanted(self, sent: Sent, message: Wanted) -> None:
        """The hub has said which chunks of the offered files it lacks."""
        assert isinstance(sent.message, Offer)
        for file, bits in zip(sent.message.files, message.missing, strict=False):
            if bits is None:
                self.done.add(file.sha256)
                continue
            self._missing[file.sha256] = todo = chunks.missing(bits, file.size)
            self._total[file.sha256] = total = chunks.count(file.size)
            self.store.progress(file.sha256, total - len(todo), total)

    def kept(self, sent: Sent, message: Kept, out: Collection[Sent]) -> None:
        """The hub has a chunk; `out` still holds its request."""
        assert isinstance(sent.message, Chunk)
        name = sent.message.sha256
        total = self._total.get(name, 0)
        if message.again or message.whole:
            # Once a contact, where it has to come again: a file that never fits its name must not hold the link.
            self._missing.pop(name, None)
            self.done.add(name)
            self.store.progress(name, 0 if message.again else total, total)
        elif name in self._missing:
            # Answers overtake each other: one from before the file was whole says nothing any more.
            left = len(self._missing[name]) + sum(name in one.names for one in out) - 1
            self.store.progress(name, min(total - left, total - 1), total)
