"""The link's arithmetic: what it counts, how long packets take, what it loses, and whom it resets."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.sync.channel import Carrier, Conditions, channels, checksum, reset

QUIET = Conditions(up=8_000, down=16_000, rtt=1.0, loss=0.0, queue=3_000)
UNIT, HUB = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
SYN, ACK, RST = 0x02, 0x10, 0x04


def test_a_packet_takes_its_bytes_at_the_rate_and_half_the_round_trip() -> None:
    up, down = channels(QUIET)
    assert up.offer(10.0, 1000) == 10.0 + 1.0 + 0.5
    assert down.offer(10.0, 1000) == 10.0 + 0.5 + 0.5


def test_packets_wait_for_those_before_them() -> None:
    up, _ = channels(QUIET)
    assert [up.offer(0.0, 1000), up.offer(0.0, 1000), up.offer(5.0, 1000)] == [1.5, 2.5, 6.5]


def test_a_full_queue_drops_and_does_not_count() -> None:
    up, _ = channels(QUIET)
    arrived = [up.offer(0.0, 1000) for _ in range(5)]
    assert arrived[3:] == [None, None]
    assert (up.bytes, up.packets, up.dropped, up.lost) == (3000, 3, 2, 0)


def test_what_is_lost_on_the_way_is_counted_all_the_same() -> None:
    up, _ = channels(Conditions(up=1e9, loss=0.25, queue=10**9, seed=4))
    arrived = [up.offer(float(n), 100) for n in range(4000)]
    assert up.lost == arrived.count(None)
    assert 0.22 < up.lost / 4000 < 0.28
    assert up.bytes == 400_000


def test_the_same_seed_loses_the_same_packets() -> None:
    def lost(seed: int) -> list[bool]:
        up, _ = channels(Conditions(loss=0.3, queue=10**9, seed=seed))
        return [up.offer(float(n), 100) is None for n in range(200)]

    assert lost(1) == lost(1)
    assert lost(1) != lost(2)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.integers(40, 1400)), max_size=60))
def test_jitter_never_reorders_and_nothing_comes_before_its_delay(steps: list[tuple[float, int]]) -> None:
    up, _ = channels(Conditions(rtt=0.4, jitter=0.3, loss=0.1))
    now, last = 0.0, 0.0
    for pause, size in steps:
        now += pause
        arrives = up.offer(now, size)
        if arrives is not None:
            assert arrives >= max(last, now + 0.2 + size * 8 / 128_000)
            last = arrives


def packet(source: bytes, target: bytes, ports: tuple[int, int], flags: int, seq: int = 7, ack: int = 9) -> bytes:
    segment = struct.pack("!HHIIBBHHH", *ports, seq, ack, 5 << 4, flags, 0, 0, 0)
    return struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + source + target + segment


def test_flows_from_before_a_cut_are_reset_at_both_ends() -> None:
    carrier = Carrier()
    assert not carrier.stale(packet(UNIT, HUB, (5000, 443), SYN))
    assert not carrier.stale(packet(HUB, UNIT, (443, 5000), SYN | ACK))
    carrier.cut()
    data = packet(UNIT, HUB, (5000, 443), ACK, seq=100, ack=200)
    assert carrier.stale(data)
    back, on = carrier.refuse(data)
    assert back is not None and on is not None
    assert (back[12:16], back[16:20], struct.unpack("!HHI", back[20:28])) == (HUB, UNIT, (443, 5000, 200))
    assert (on[12:16], on[16:20], struct.unpack("!HHI", on[20:28])) == (UNIT, HUB, (5000, 443, 100))


def test_a_new_connection_after_a_cut_is_left_alone() -> None:
    carrier = Carrier()
    carrier.stale(packet(UNIT, HUB, (5000, 443), SYN))
    carrier.cut()
    assert not carrier.stale(packet(UNIT, HUB, (5000, 443), SYN))
    assert not carrier.stale(packet(HUB, UNIT, (443, 5000), SYN | ACK))


def test_a_reset_is_not_answered_by_a_reset() -> None:
    assert Carrier().refuse(packet(UNIT, HUB, (5000, 443), RST)) == (None, None)


def test_the_checksums_of_a_reset_are_right() -> None:
    made = reset(UNIT, HUB, struct.pack("!HH", 1, 2), struct.pack("!I", 77))
    assert checksum(made[:20]) == 0
    assert checksum(UNIT + HUB + struct.pack("!BBH", 0, 6, 20) + made[20:]) == 0


@pytest.mark.parametrize(("data", "total"), [(b"", 0xFFFF), (b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 0x220D)])
def test_the_checksum_of_the_rfc(data: bytes, total: int) -> None:
    assert checksum(data) == total
