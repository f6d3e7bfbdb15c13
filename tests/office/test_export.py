"""What a person is given: everything, encrypted, in the memory of one batch."""

from __future__ import annotations

import hmac
import json
import struct
import zlib
from collections.abc import Iterator
from hashlib import pbkdf2_hmac, sha1, sha256

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.apps import apps
from hypothesis import given, settings
from hypothesis import strategies as st

from qafila.clinic.access.identity import Shown
from qafila.clinic.history import consents
from qafila.clinic.refusal import Refusal
from qafila.clinic.visits import acts as visits
from qafila.journal.models import Label, Recorded
from qafila.journal.write import writing
from qafila.kernel.dates import PartialDate
from qafila.kernel.rights import NotAllowed
from qafila.office.export import giving, record
from qafila.office.export.sealed import Sealed, passphrase
from qafila.registry.people.details import phone_number
from qafila.registry.people.models import Person
from qafila.registry.places import here as place_here
from tests.clinic.cases.test_loop import picture
from tests.clinic.conftest import Crew, make_crew

ABOUT_NOBODY = {"sync.holding", "sync.holdingreceipt", "clinic.teachingcopy"}
"""Recorded kinds that name a person in no field that can be exported: where copies lie, and copies that name nobody."""


@pytest.fixture
def crew(unit: object) -> Iterator[Crew]:
    place_here.use("MA")
    yield make_crew(unit)
    place_here.use(None)


def opened(data: bytes, phrase: str) -> dict[str, bytes]:
    """An AE-2 zip read by its directory, as another program would."""
    end = data.rindex(b"PK\x05\x06")
    count, _size, at = struct.unpack("<HII", data[end + 10 : end + 20])
    found = {}
    for _ in range(count):
        head = struct.unpack("<4sHHHHHHIIIHHHHHII", data[at : at + 46])
        size, plain, names, extras, start = head[8], head[9], head[10], head[11], head[16]
        name = data[at + 46 : at + 46 + names].decode()
        method = struct.unpack("<H", data[at + 46 + names + 9 : at + 46 + names + 11])[0]
        at += 46 + names + extras
        skip = 30 + sum(struct.unpack("<HH", data[start + 26 : start + 30]))
        body = data[start + skip : start + skip + size]
        keys = pbkdf2_hmac("sha1", phrase.encode(), body[:16], 1000, 66)
        assert body[16:18] == keys[64:]
        sealed = body[18:-10]
        assert hmac.new(keys[32:64], sealed, sha1).digest()[:10] == body[-10:]
        cipher = Cipher(algorithms.AES(keys[:32]), modes.ECB()).encryptor()
        stream = cipher.update(b"".join((n + 1).to_bytes(16, "little") for n in range(-(-len(sealed) // 16))))
        clear = bytes(a ^ b for a, b in zip(sealed, stream, strict=False))
        found[name] = zlib.decompress(clear, -15) if method == 8 else clear
        assert len(found[name]) == plain
    return found


@settings(max_examples=30)
@given(st.lists(st.tuples(st.lists(st.binary(max_size=200), max_size=4), st.booleans()), max_size=4))
def test_what_is_sealed_is_opened_whole(entries: list[tuple[list[bytes], bool]]) -> None:
    phrase = passphrase()
    zip_ = Sealed(phrase)
    made = b"".join(b for n, (data, packed) in enumerate(entries) for b in zip_.entry(f"é{n}", data, packed=packed))
    found = opened(made + zip_.end(), phrase)
    assert found == {f"é{n}": b"".join(data) for n, (data, _) in enumerate(entries)}


def test_a_large_entry_takes_the_memory_of_a_piece() -> None:
    zip_ = Sealed("x")

    def long() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a" * 100_000

    assert max(len(piece) for piece in zip_.entry("long", long(), packed=False)) <= 100_000
    assert zip_.digests == [("long", 4_000_000, sha256(b"a" * 4_000_000).hexdigest())]


def test_every_recorded_kind_that_names_a_person_is_given() -> None:
    for model in apps.get_models():
        if not issubclass(model, Recorded) or model.kind() in ABOUT_NOBODY:
            continue
        names = {f.name for f in model._meta.fields}
        refers = any(f.is_relation and f.related_model is Person for f in model._meta.fields)
        hinted = bool(names & {"person", "patient", "subject", "mother", "child"}) or "subject_of_care" in vars(model)
        assert (model.kind() in record.kinds()) == (refers or hinted), model.kind()


def test_a_person_gets_all_of_it_and_others_not_what_is_restricted(crew: Crew) -> None:
    visit = crew.visit()
    row = visits.add_attachment(visit, crew.nurse, picture(), "a.png", title="Arm")
    consents.give(crew.patient, crew.nurse, "teaching", "deny", "spoken")
    visits.record_note(visits.start_doctor(visit, crew.doctor), "complaint", "<b>Headache & cough</b>", crew.doctor)
    with writing(None, "setup") as write:
        secret = visits.record_note(visit, "history", "SECRET WORD", crew.doctor)
        secret.label = Label.RESTRICTED
        write.save(secret)
    phrase = passphrase()

    def shown(kind: str, one: Recorded) -> list[tuple[str, str]]:
        return [("", kind), *((name, str(getattr(one, name))) for name in ("text",) if hasattr(one, name))]

    data = b"".join(giving.zipped(crew.patient, phrase, shown, ("<p>", "</p>")))
    assert b"Headache" not in data
    found = opened(data, phrase)
    lines = [json.loads(line) for line in found["record.jsonl"].splitlines()]
    kinds = {line["kind"] for line in lines}
    assert {"registry.person", "registry.personname", "clinic.visit", "clinic.attachment", "clinic.note"} <= kinds
    held = {kind for kind, count in record.counts(crew.patient.pk).items() if count}
    assert kinds == held and len(lines) == sum(record.counts(crew.patient.pk).values())
    assert any(name.startswith(f"files/{row.sha256}") for name in found)
    index = json.loads(found["index.json"])
    for entry in index["entries"]:
        assert sha256(found[entry["name"]]).hexdigest() == entry["sha256"]
    page = found["record.html"].decode()
    assert "&lt;b&gt;Headache &amp; cough" in page and "<b>Head" not in page and "SECRET" in page
    other = opened(b"".join(giving.zipped(crew.patient, phrase, shown, ("", ""), whole=False)), phrase)
    assert all(b"SECRET" not in part for part in other.values())


def test_who_asks_is_known_by_the_card_or_two_identifiers(crew: Crew) -> None:
    with writing(None, "setup") as write:
        crew.doctor.roles = ["doctor", "supervisor"]
        write.save(crew.doctor)
        crew.patient.national_id, crew.patient.phone = "AB123456", phone_number("0600000001")
        write.save(crew.patient)
    person, by = crew.patient, crew.doctor
    with pytest.raises(NotAllowed):
        giving.identify(person, crew.nurse, "Salma", Shown(person.code))
    with pytest.raises(Refusal):
        giving.identify(person, by, " ", Shown(person.code))
    assert giving.identify(person, by, "Salma", Shown(person.code)).how == "card"
    said = {"identity": "ab 123456", "phone": "٠٦٠٠٠٠٠٠٠١"}
    assert giving.identify(person, by, "Salma", Shown(**said)).how == "identity+phone"
    for bad in (
        Shown(), Shown("QF-0000"), Shown(birth=PartialDate(1900, 1, 1), phone="0600000001"), Shown(phone="0600000001"),
        Shown(birth=PartialDate(1900, 1, 1), **said),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            giving.identify(person, by, "Salma", bad)
    # Who guesses has to wait, also with what is right.
    with pytest.raises(Refusal) as refused:
        giving.identify(person, by, "Salma", Shown(person.code))
    assert "Too many" in str(refused.value.message.text)
