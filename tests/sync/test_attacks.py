"""A hub among people who mean it ill: replayed frames, records in another's name, a forged and a shuffled chain.
Nothing of it takes effect, and what was tried is shown."""

from __future__ import annotations

from msgspec.structs import replace

from qafila.journal.check import problems
from qafila.journal.header import decode
from qafila.journal.here import at
from qafila.journal.ingest import Parcel, parcels_of
from qafila.journal.models import Quarantine, Record
from qafila.sync import codec
from qafila.sync.messages import Push, Taken
from tests.sync.pair import Pair, keys_of, register


def captured(pair: Pair) -> list[bytes]:
    """Everything that the unit says in one contact, as somebody on the way hears it."""
    heard = []
    with at(pair.unit):
        session = pair.session()
        while (request := session.next()) is not None:
            heard.append(request.data)
            session.receive(pair.ask(request.data)[1])
    return heard


def own(pair: Pair) -> list[Parcel]:
    with at(pair.unit):
        return parcels_of(list(Record.objects.filter(node="U1").order_by("seq")))


def pushed(pair: Pair, parcels: list[Parcel]) -> Taken:
    status, data = pair.ask(pair.seal(Push(codec.COLUMNS.pack(parcels))))
    assert status == 200
    said = pair.open_reply(data).message
    assert isinstance(said, Taken)
    return said


def test_replayed_frames_change_nothing(pair: Pair) -> None:
    for _ in range(3):
        register(pair.unit)
    heard = captured(pair)
    before = keys_of(pair.hub)
    register(pair.unit)
    heard += captured(pair)
    after = keys_of(pair.hub)
    assert len(after) == len(before) + 1
    for data in (*reversed(heard), *heard):
        assert pair.ask(data)[0] in (200, 400)
    assert keys_of(pair.hub) == after
    with at(pair.hub):
        assert not Quarantine.objects.exists() and list(problems()) == []


def test_a_frame_for_another_hub_is_refused(pair: Pair) -> None:
    register(pair.unit)
    pair.hub.node, real = "H2", pair.hub.node
    data = pair.seal(Push(codec.COLUMNS.pack(own(pair))))
    pair.hub.node = real
    assert pair.ask(data) == (400, b"other_receiver")


def test_nobody_writes_in_anothers_name(pair: Pair) -> None:
    register(pair.unit)
    forged = [replace_header(p, node="H") for p in own(pair)]
    said = pushed(pair, forged)
    assert said.aside == list(range(len(forged)))
    with at(pair.hub):
        assert not Record.objects.exists()
        assert all("another node" in row.reason for row in Quarantine.objects.all())


def replace_header(parcel: Parcel, **changed: object) -> Parcel:
    return replace(parcel, header=replace(decode(parcel.header), **changed).encode())


def test_a_record_written_anew_under_its_old_number_is_an_alarm(pair: Pair) -> None:
    register(pair.unit)
    pair.sync()
    whole = keys_of(pair.hub)
    with at(pair.hub):
        hashes = set(Record.objects.values_list("hash", flat=True))
    said = pushed(pair, [replace_header(own(pair)[-1], act="person.edit")])
    assert said.alarms == 1 and keys_of(pair.hub) == whole
    with at(pair.hub):
        assert set(Record.objects.values_list("hash", flat=True)) == hashes


def test_a_shuffled_chain_is_an_alarm_and_the_check_names_it(pair: Pair) -> None:
    for _ in range(3):
        register(pair.unit)
    parcels = own(pair)
    prevs = [p.prev for p in parcels]
    prevs[2], prevs[3] = prevs[3], prevs[2]
    said = pushed(pair, [replace(p, prev=prev) for p, prev in zip(parcels, prevs, strict=True)])
    assert said.alarms
    with at(pair.hub):
        assert list(problems())
