"""The units of the storm speak as a hub of today understands them."""

from __future__ import annotations

from pathlib import Path

from bench.sync.fleet import RECORDS, code, enrol, words
from qafila.journal.here import Here, at
from qafila.journal.models import Record
from qafila.sync import endpoint, pki
from qafila.sync.enrolment import keys_folder
from qafila.sync.frames import open_frame
from qafila.sync.messages import Mail, Welcome


def test_a_hub_answers_each_word_of_a_unit_and_takes_its_records(hub: Here, tmp_path: Path) -> None:
    with at(hub):
        pki.make_authority(keys_folder(), "Qafila test")
        key = bytes.fromhex(enrol(2, 1, tmp_path / "fleet")["hub_key"])
        for unit in range(2):
            said = words(unit, 1)
            for frame, answer in ((said.hello, Welcome), (said.hello_again, Welcome), (said.pull, Mail)):
                reply = endpoint.handle(frame)
                assert reply.status == 200, reply.body
                assert isinstance(open_frame(reply.body, code(unit), lambda _: key).message, answer)
            assert Record.objects.filter(node=code(unit)).count() == RECORDS
