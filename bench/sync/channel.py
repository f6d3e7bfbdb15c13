"""One direction of a poor link, and what a carrier does to TCP flows: arithmetic alone, no network and no clock."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

_TCP = 6
_SYN, _RST, _ACK = 0x02, 0x04, 0x10


@dataclass(frozen=True)
class Conditions:
    """What a link is like. Rates in bit/s, times in seconds."""

    up: float = 128_000
    down: float = 128_000
    rtt: float = 0.6
    jitter: float = 0.0
    """At most so much is added to the delay of a packet; packets are not reordered."""
    loss: float = 0.01
    """Share of the packets that go missing after they were sent."""
    queue: int = 60_000
    """Bytes that wait for their turn at most; what comes beyond is dropped."""
    seed: int = 1


@dataclass(frozen=True)
class Cuts:
    """The link dies `count` times for `dead` seconds, each time after `every` more bytes went up."""

    every: int
    count: int = 10
    dead: float = 20.0


@dataclass
class Channel:
    """One direction: serialised at `rate`, queued, delayed, sometimes lost; counts what was sent."""

    rate: float
    delay: float
    jitter: float
    loss: float
    queue: int
    dice: random.Random
    bytes: int = 0
    """IP bytes that entered the link: what an operator bills, repetitions and lost packets included."""
    packets: int = 0
    dropped: int = 0
    """Packets for which there was no room in the queue."""
    lost: int = 0
    """Packets that were sent and never arrived."""
    first: float | None = None
    """When the first packet entered."""
    _free: float = 0.0
    _last: float = 0.0

    def offer(self, now: float, size: int) -> float | None:
        """When a packet that comes at `now` arrives at the other end; None where it does not."""
        if (self._free - now) * self.rate / 8 + size > self.queue:
            self.dropped += 1
            return None
        self.bytes += size
        self.packets += 1
        if self.first is None:
            self.first = now
        self._free = max(self._free, now) + size * 8 / self.rate
        if self.dice.random() < self.loss:
            self.lost += 1
            return None
        self._last = max(self._last, self._free + self.delay + self.dice.random() * self.jitter)
        return self._last

    def drain(self) -> None:
        """The queue is gone: the link was cut."""
        self._free = 0.0


def channels(like: Conditions) -> tuple[Channel, Channel]:
    """Both directions, upward first."""

    def one(rate: float, way: str) -> Channel:
        dice = random.Random(f"{like.seed} {way}")
        return Channel(rate, like.rtt / 2, like.jitter, like.loss, like.queue, dice)

    return one(like.up, "up"), one(like.down, "down")


@dataclass
class Carrier:
    """Knows the TCP flows, and forgets those that are older than the last cut: their packets are answered by resets."""

    age: int = 0
    flows: dict[tuple[bytes, bytes], int] = field(default_factory=dict)
    resets: int = 0

    def cut(self) -> None:
        """Flows from before are not known any more."""
        self.age += 1

    def stale(self, packet: bytes) -> bool:
        """Whether an IPv4 packet belongs to a TCP flow from before a cut."""
        if packet[9] != _TCP:
            return False
        start = (packet[0] & 15) * 4
        ends = (packet[12:16] + packet[start : start + 2], packet[16:20] + packet[start + 2 : start + 4])
        flow = (min(ends), max(ends))
        if packet[start + 13] & (_SYN | _ACK) == _SYN:
            self.flows[flow] = self.age
        return self.flows.setdefault(flow, self.age) < self.age

    def refuse(self, packet: bytes) -> tuple[bytes | None, bytes | None]:
        """The resets with which a stale packet is answered: (back to its sender, on to its receiver)."""
        start = (packet[0] & 15) * 4
        ports, seq, ack, flags = packet[start : start + 4], packet[start + 4 : start + 8], packet[start + 8 : start + 12], packet[start + 13]  # fmt: skip # noqa: E501
        if flags & _RST:
            return None, None
        self.resets += 1
        source, target = packet[12:16], packet[16:20]
        back = reset(target, source, ports[2:] + ports[:2], ack) if flags & _ACK else None
        return back, reset(source, target, ports, seq)


def reset(source: bytes, target: bytes, ports: bytes, seq: bytes) -> bytes:
    """An IPv4 packet that resets a TCP flow (RFC 9293, 3.5.2); `ports` and `seq` as they stand on the wire."""
    segment = ports + seq + struct.pack("!IBBHHH", 0, 5 << 4, _RST, 0, 0, 0)
    total = checksum(source + target + struct.pack("!BBH", 0, _TCP, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", total) + segment[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, _TCP, 0) + source + target
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + segment


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
