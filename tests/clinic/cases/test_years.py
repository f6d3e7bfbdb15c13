"""What was signed is verified for years: after a person's key is rotated, after they leave, after their password is
lost, and after the node has another key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from qafila.clinic.cases import acts
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import proof_of
from qafila.clinic.papers import acts as papers
from qafila.clinic.papers import keys, trust
from qafila.clinic.papers.models import Kind
from qafila.clinic.papers.verify import Outcome, by_key_id, verify
from qafila.journal.here import Here, at
from qafila.kernel import clock, ids
from qafila.registry.staff.acts import ensure_key, set_active, set_password
from qafila.registry.staff.queries import credential_of, open_by_password
from qafila.registry.staff.signing_models import SigningKey
from tests.clinic.conftest import ANSWER, PASSWORD, Crew, carry, key_of, on_duty

YEARS = timedelta(days=3 * 365)


@pytest.fixture
def given(crew: Crew) -> Answer:
    on_duty(crew.heart)
    case: Case = acts.accept(acts.receive(acts.send(crew.filled(), crew.doctor)), crew.heart)
    return Answer.objects.get(pk=acts.answer(case, crew.heart, ANSWER, key_of(crew.heart)).pk)


def test_a_key_that_is_rotated_each_year_and_lost_and_ended_keeps_what_it_signed(
    crew: Crew, given: Answer, hub: Here
) -> None:
    start = clock.now().timestamp()
    for year in range(1, 6):
        with clock.reading_from(lambda: start + year * 365 * 86400):  # noqa: B023 - called inside the block
            set_password(crew.heart, f"Another-pass-{year}8", None)
            assert proof_of(Answer.objects.get(pk=given.pk)).good
    assert SigningKey.objects.filter(staff=crew.heart).count() == 6
    assert SigningKey.objects.filter(staff=crew.heart, ends=None).count() == 1
    with clock.reading_from(lambda: start + 6 * 365 * 86400):
        set_active(crew.heart, False, None, crew.other_heart)
        assert proof_of(Answer.objects.get(pk=given.pk)).good
        carry(crew.node, hub)
        with at(hub):
            assert proof_of(Answer.objects.get(pk=given.pk)).good


def test_who_leaves_signs_no_more_and_begins_anew_when_back(crew: Crew, given: Answer) -> None:
    set_active(crew.heart, False, None, crew.other_heart)
    assert not SigningKey.objects.filter(staff=crew.heart, ends=None).exists()
    assert open_by_password(crew.heart, PASSWORD) is None
    crew.heart = set_active(crew.heart, True, None)
    ensure_key(crew.heart, PASSWORD)
    assert SigningKey.objects.filter(staff=crew.heart, ends=None).count() == 1
    held, fresh = credential_of(crew.heart), open_by_password(crew.heart, PASSWORD)
    assert held is not None and fresh is not None and held.key_id == fresh.id != given.key_id
    assert proof_of(Answer.objects.get(pk=given.pk)).good


def test_a_print_is_verified_after_its_node_has_other_keys(crew: Crew, given: Answer) -> None:
    assert crew.node.directory
    file = crew.node.directory / "keys" / "signing.pem"
    keys.note(crew.node.node, keys.signer().public_key().public_bytes_raw(), clock.now())
    facts = {"day": "2026-01-05", "lines": ["rest"]}
    code = papers.issue(Kind.VISIT, given.person_id, ids.new(), facts, crew.doctor).paper.token
    first = verify(code, keys.trusted(), clock.now())
    for year in (1, 2, 3):
        moment = datetime.now(UTC) + year * YEARS
        with clock.reading_from(lambda: moment.timestamp()):  # noqa: B023 - called inside the block
            _another(file)
            keys.note(crew.node.node, keys.signer().public_key().public_bytes_raw(), clock.now())
            on_screen = verify(code, keys.trusted(), clock.now())
            list_of_the_hub = trust.publish("H", keys.known(), keys.signer(), clock.now())
            offline = verify(code, by_key_id(trust.read(list_of_the_hub).keys), clock.now())
        assert first.outcome is on_screen.outcome is offline.outcome is Outcome.GENUINE
        assert offline.key is not None and offline.key.until is not None
        assert first.claims == offline.claims and isinstance(first.claims and first.claims.id, UUID)
    assert len(keys.known()) == 4


def _another(file: Path) -> None:
    """The node is given another signing key."""
    file.unlink()
