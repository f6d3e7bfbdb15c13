"""The units of the storm speak as a hub of today understands them."""

from __future__ import annotations

from pathlib import Path

from bench.sync.fleet import RECORDS, code, enrol, thanks, words
from qafila.clinic.papers import keys
from qafila.journal.here import Here, at
from qafila.journal.models import Record
from qafila.kernel import clock
from qafila.sync import endpoint, pki
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import open_frame
from qafila.sync.mailbox import fan_out
from qafila.sync.messages import Mail, Message, Welcome


def test_a_hub_answers_each_word_of_a_unit_and_takes_its_records(hub: Here, tmp_path: Path) -> None:
    with at(hub):
        pki.make_authority(keys_folder(), "Qafila test")
        key = bytes.fromhex(enrol(2, 1, tmp_path / "fleet")["hub_key"])

        def told(unit: int, frame: bytes) -> Message:
            reply = endpoint.handle(frame)
            assert reply.status == 200, reply.body
            return open_frame(reply.body, code(unit), lambda _: key).message

        for unit in range(2):
            said = words(unit, 1)
            for frame in (said.hello, said.hello_again):
                welcome = told(unit, frame)
                assert isinstance(welcome, Welcome)
            assert Record.objects.filter(node=code(unit)).count() == RECORDS
            before = told(unit, said.pull)
            assert isinstance(before, Mail) and not before.numbers, "it joined long ago"
        keys.note("N", b"k" * 32, clock.now())
        fan_out(list(Record.objects.filter(kind="clinic.nodekey").order_by("-no")[:1]))
        for unit in range(2):
            mail = told(unit, words(unit, 1).pull)
            assert isinstance(mail, Mail) and len(mail.numbers) == 1
            after = told(unit, thanks(unit, 1, mail.numbers, mail.ack_no, welcome.life))
            assert isinstance(after, Mail) and not after.numbers
