"""Whatever a stranger or a confused unit sends: a clear refusal, nothing raised, nothing half-written."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qafila.journal.here import Here, at
from qafila.journal.ingest import Parcel
from qafila.journal.models import Blob, Quarantine, Record, Recorded
from qafila.sync import asgi, codec, endpoint, enrolment, enrolment_endpoint, scope
from qafila.sync.enrolment import Reply, Request
from qafila.sync.messages import Chunk, File, Get, Hello, Message, Offer, Pull, Push, Taken
from qafila.sync.models import EnrolmentCode, Peer
from tests.sync.pair import Pair, register

FUZZ = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBER = st.integers(-(2**63), 2**63 - 1)
NAME = st.text(max_size=70) | st.sampled_from(["a" * 64, "0" * 64, "../../keys/ca.pem"])
RANGES = st.dictionaries(st.text(max_size=5), st.lists(st.lists(NUMBER, max_size=3), max_size=3), max_size=3)
MESSAGE = st.one_of(
    st.builds(Hello, NUMBER, st.binary(max_size=9), st.binary(max_size=50), st.none() | RANGES),
    st.builds(Push, st.binary(max_size=200)),
    st.builds(Pull, st.lists(NUMBER, max_size=5), NUMBER, NUMBER),
    st.builds(
        Offer,
        st.lists(st.builds(File, NAME, NUMBER, st.text(max_size=80), NUMBER, st.text(max_size=40)), max_size=4),
    ),
    st.builds(Chunk, NAME, NUMBER, st.binary(max_size=100)),
    st.builds(Get, NAME, NUMBER),
    st.builds(Taken),
)


@FUZZ
@given(st.binary(max_size=300))
def test_the_endpoint_refuses_any_bytes(pair: Pair, data: bytes) -> None:
    status, word = pair.ask(data)
    assert 400 <= status < 500 and word.decode("ascii")


@FUZZ
@given(MESSAGE)
def test_the_endpoint_stands_whatever_an_enrolled_unit_says(pair: Pair, message: Message) -> None:
    status, _ = pair.ask(pair.seal(message))
    assert status in (200, 400)
    with at(pair.hub):
        assert not Record.objects.exists() and not Blob.objects.filter(complete=True, size__gt=0).exists()


@FUZZ
@given(st.lists(st.tuples(st.binary(max_size=80), st.none() | st.binary(max_size=40), st.binary(max_size=40),
                          st.integers(-3, 9), st.binary(max_size=40)), max_size=4))  # fmt: skip
def test_records_that_are_none_are_kept_aside_and_confirmed(
    pair: Pair, rows: list[tuple[bytes, bytes | None, bytes, int, bytes]]
) -> None:
    packed = codec.COLUMNS.pack([Parcel(*row) for row in rows])
    status, data = pair.ask(pair.seal(Push(packed)))
    assert status == 200
    reply = pair.open_reply(data).message
    assert isinstance(reply, Taken) and sorted(reply.aside) == list(range(len(rows)))
    with at(pair.hub):
        assert not Record.objects.exists() and Quarantine.objects.exists() >= bool(rows)


def test_a_frame_altered_on_its_way_changes_nothing(pair: Pair) -> None:
    register(pair.unit)
    with at(pair.unit):
        first = pair.session().next()
    assert first
    request = first.data
    for place in range(0, len(request), 7):
        status, _ = pair.ask(request[:place] + bytes([request[place] ^ 4]) + request[place + 1 :])
        assert 400 <= status < 500
        assert 400 <= pair.ask(request[:place])[0] < 500
    with at(pair.hub):
        assert not Record.objects.exists() and not Quarantine.objects.exists()
        peer = Peer.objects.get()
        assert peer.last_contact is None


def test_who_is_not_or_no_longer_enrolled_is_refused(pair: Pair) -> None:
    stranger = Pair(Here("U2", "unit", directory=pair.unit.directory), pair.hub)
    assert pair.ask(stranger.seal(Pull())) == (403, b"unknown_sender")
    with at(pair.hub):
        Peer.objects.update(revoked=True)
    assert pair.ask(pair.seal(Pull())) == (403, b"revoked")


@FUZZ
@given(st.binary(max_size=300))
def test_enrolment_refuses_any_bytes(hub: Here, data: bytes) -> None:
    with at(hub):
        status, body = enrolment_endpoint.handle(data)
    reply = msgspec.msgpack.decode(body, type=Reply)
    assert (status == 400 and reply.error == "bad") or (status == 200 and not reply.certificate)


@FUZZ
@given(st.text(max_size=40), st.text(max_size=20), st.binary(max_size=80), st.binary(max_size=40),
       st.binary(max_size=70), st.booleans())  # fmt: skip
def test_enrolment_gives_nothing_for_a_broken_request(
    hub: Here, secret: str, node: str, csr: bytes, key: bytes, proof: bytes, right: bool
) -> None:
    with at(hub):
        code = enrolment.read_code(enrolment.issue_code("U1", "unit", "", "https://hub:1", "https://hub:2"))
        request = Request(code.secret if right else secret, "U1" if right else node, csr, key, proof)
        reply = msgspec.msgpack.decode(enrolment_endpoint.handle(msgspec.msgpack.encode(request))[1], type=Reply)
        assert not reply.certificate and not Peer.objects.exists()
        # A request that failed half-way has not used the code up.
        assert not EnrolmentCode.objects.filter(used_at__isnull=False).exists()


@given(st.text(max_size=200))
def test_any_text_is_no_code(text: str) -> None:
    for shown in (text, enrolment.MARK + text):
        with pytest.raises(enrolment.EnrolmentFailed) as failed:
            enrolment.read_code(shown)
        assert failed.value.reason == "not_a_code" and str(failed.value)


@pytest.mark.parametrize(
    ("length", "parts", "status"),
    [
        (b"10", [b"QFLA"], 400),
        (b"9999999999", [b"QFLA"], 413),
        (b"", [], 411),
        (b"x", [], 411),
        (b"-4", [], 411),
    ],
)
def test_a_request_that_is_longer_than_it_says_or_shorter_is_refused(
    pair: Pair, length: bytes, parts: list[bytes], status: int
) -> None:
    said: list[dict[str, object]] = []
    coming = [{"type": "http.request", "body": p, "more_body": p is not parts[-1]} for p in parts]

    async def receive() -> dict[str, object]:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def send(event: dict[str, object]) -> None:
        said.append(event)

    scope_ = {"type": "http", "path": "/sync", "method": "POST", "headers": [(b"content-length", length)]}
    with at(pair.hub):
        asyncio.run(asgi.application(scope_, receive, send))
    assert said[0]["status"] == status


def test_every_recorded_kind_is_someones(unit: Here) -> None:
    """A new kind must say where it travels: with its person, to every node, by a rule, or it stays (said here)."""
    # A receipt is for the hub; the word that it answers goes to the one node that it names.
    stays = {"sync.holdingreceipt", "sync.holding"}
    # The roster is made where its specialists sit; units see the shifts that come of it.
    stays |= {"registry.need", "registry.preference", "registry.leave", "registry.swap"}
    # A teaching copy names nobody, and stays where it was made.
    stays |= {"clinic.teachingcopy"}
    # What a node says to its hub, and what the hub keeps of a telephone call. Orders and certificates go to the node
    # that they name, where a hub is wired (`orders.connect`, `renewal.connect`).
    stays |= {"sync.leaseopening", "sync.leasecode", "sync.nodeorderdone", "sync.certificaterequest"}
    stays |= {"sync.nodeorder", "sync.certificate"}
    # A witness of a unit goes there, where the hub is wired (`anchors.connect`); receipts and a unit's version go up.
    stays |= {"sync.witness", "sync.erasurereceipt", "registry.installed"}
    # The office's, and a way in that has changed: known where it is dealt with.
    stays |= {"registry.transfer", "registry.factorevent", "office.breach"}
    ruled = scope.REFERENCE | {scope.CREDENTIAL, *scope._rules, *scope.OF_UNITS}
    for model in apps.get_models():
        if issubclass(model, Recorded):
            about_a_person = any(f.name == "person" for f in model._meta.fields) or model.kind() == "registry.person"
            assert about_a_person or model.kind() in ruled | stays, model.kind()
    for kind in (*scope.REFERENCE, *scope.GROWS, *scope.ALSO, *scope.FILES, scope.ASSIGNMENT, scope.CREDENTIAL):
        assert apps.get_model(kind)


def test_every_reason_has_words() -> None:
    from qafila.sync import frames, state

    assert set(frames.REASONS) <= set(state.REASONS)
    assert endpoint.STATUS.keys() <= frames.REASONS.keys()
    assert codec.CODECS[2] is codec.COLUMNS


@pytest.mark.parametrize("name", ["\0", "0" * 63 + "\0", "\ud800".encode("utf-8", "replace").decode()])
def test_a_name_that_no_database_holds_is_refused(pair: Pair, name: str) -> None:
    file = File(name, 5, "image/\0jpeg", 3, "\0")
    named = File("0" * 64, 5, "image/\0jpeg", 3, "\0")
    for message in (Get(name, 0), Chunk(name, 0, b"x"), Offer([file]), Offer([named])):
        status, _ = pair.ask(pair.seal(message))
        assert status == 200
