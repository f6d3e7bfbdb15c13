"""What arrives damaged, endless or in masses is refused, and the services stay up."""

from __future__ import annotations

import socket
import struct
import threading
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.exchange.dicom import bounds
from qafila.exchange.dicom.models import Arrived
from qafila.exchange.dicom.reading import OUT_OF_RESOURCES, Claim, NotKept, claim
from tests.exchange.dicom.conftest import Station
from tests.exchange.dicom.objects import file_of, sample
from tests.exchange.dicom.peer import dcmtk, send

WHOLE = [file_of(sample(name)) for name in ("CT_small.dcm", "JPEG2000.dcm", "image_dfl.dcm", "rtplan.dcm")]
LOOSE = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def kept(data: bytes) -> Claim | None:
    try:
        return claim(data)
    except NotKept:
        return None


@LOOSE
@given(st.sampled_from(WHOLE), st.floats(0, 1), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), max_size=12))
def test_a_cut_or_damaged_file_is_read_or_refused_and_nothing_else(whole: bytes, cut: float, flips: list) -> None:
    data = bytearray(whole[: int(len(whole) * cut)] if not flips else whole)
    for place, bit in flips:
        data[int(place * (len(data) - 1))] ^= 1 << bit
    found = kept(bytes(data))
    if found is not None:
        assert len(found.sop_uid) <= 64 and len(found.patient_name) <= 200 and "\0" not in found.patient_name


def test_every_cut_of_a_picture_is_refused() -> None:
    whole = WHOLE[0]
    assert kept(whole) is not None
    assert not any(kept(whole[:n]) for n in range(0, len(whole), 1711))


def test_what_is_larger_than_a_message_may_be_is_counted_but_not_kept() -> None:
    budget = bounds.Budget(1000)
    held = bounds.Bounded(budget, most=600)
    held.write(b"x" * 500)
    other = bounds.Bounded(budget, most=600)
    other.write(b"x" * 501)
    assert other.over and not held.over and budget.taken == 500
    held.write(b"x" * 500)
    assert held.over and held.getvalue() == b"" and budget.taken == 0


def test_an_object_too_large_and_a_full_disk_are_said_with_the_standard_s_status(
    station: Station, tmp_path: Path
) -> None:
    large = sample(Rows=5700, Columns=5700, PixelData=bytes(5700 * 5700 * 2))
    large.save_as(tmp_path / "large.dcm")
    assert send(station.port, tmp_path / "large.dcm") == OUT_OF_RESOURCES
    assert bounds.MESSAGES.taken == 0
    sample().save_as(tmp_path / "small.dcm")

    def full() -> None:
        raise OSError("no room")

    station.crew.node.before_writing = full
    assert send(station.port, tmp_path / "small.dcm") == OUT_OF_RESOURCES
    station.crew.node.before_writing = None
    assert send(station.port, tmp_path / "small.dcm") == 0
    assert Arrived.objects.count() == 1


def test_a_pdu_of_four_gigabytes_and_a_flood_leave_the_services_up(station: Station) -> None:
    bomb = socket.create_connection(("127.0.0.1", station.port), 10)
    bomb.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFF0))
    assert bomb.recv(1) in (b"", b"\x07")
    bomb.close()
    calls = [socket.create_connection(("127.0.0.1", station.port), 10) for _ in range(bounds.CONNECTIONS + 20)]
    told = 0
    for call in calls[bounds.CONNECTIONS :]:
        call.settimeout(60)
        told += call.recv(10) == bounds.BUSY
    assert told == 20
    for call in calls:
        call.close()
    patience = time.monotonic() + 60
    while station.node.server.carried:
        assert time.monotonic() < patience, "callers who hung up are still counted"
        threading.Event().wait(0.01)
    answer = dcmtk("echoscu", station.port)
    assert answer.returncode == 0, answer.stderr
    assert not Arrived.objects.exists()
