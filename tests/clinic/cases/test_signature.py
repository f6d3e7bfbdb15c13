"""An answer's signature: what it covers, and everything that must break it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from qafila.clinic.cases import acts, proposal
from qafila.clinic.cases.answering import AnswerIncomplete
from qafila.clinic.cases.models import Answer, Case, Decline
from qafila.clinic.cases.proof import content_of, proof_of, state_of
from qafila.clinic.cases.signature import ANSWER as DOCUMENT
from qafila.clinic.cases.signature import DECLINE, PublicKey, message, verify
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Observation
from qafila.journal.here import at
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.registry.staff import signing
from qafila.registry.staff.acts import set_password
from qafila.registry.staff.queries import key_of as public_key
from qafila.registry.staff.queries import open_by_password
from qafila.registry.staff.signing_models import SigningKey
from tests.clinic.conftest import ANSWER, PASSWORD, Crew, carry, key_of, on_duty

MEDICINE = {"words": "Bisoprolol 2.5 mg tablet", "dose": "١", "dose_unit": "tablet", "route": "oral", "per_day": "1",
            "days": "30", "instructions": "In the morning"}  # fmt: skip


@pytest.fixture
def accepted(crew: Crew) -> Any:
    def make() -> Case:
        on_duty(crew.heart)
        return acts.accept(acts.receive(acts.send(crew.filled(), crew.doctor)), crew.heart)

    return crew.begun("accepted", make)


def answered(crew: Crew, case: Case) -> Answer:
    return acts.answer(case, crew.heart, {**ANSWER, "ecg_report": "Sinus rhythm"}, key_of(crew.heart), [MEDICINE])


def test_it_covers_the_answer_and_the_case_on_the_screen(crew: Crew, accepted: Case) -> None:
    given = Answer.objects.get(pk=answered(crew, accepted).pk)
    proof = proof_of(given)
    assert proof.good and proof.state == "good" and proof.author == crew.heart and proof.changed == 0
    kinds = {kind for kind, _, _ in given.shown}
    assert {"clinic.case", "clinic.observation", "clinic.note", "clinic.condition", "clinic.consent"} <= kinds
    assert proof.facts == len(given.shown) >= 10
    assert given.proposal[0]["dose"] == "1" and given.proposal[0]["words"] == MEDICINE["words"]


@pytest.mark.parametrize("name", [n for n in DOCUMENT.fields if n != "id"])
def test_any_altered_field_breaks_it(crew: Crew, accepted: Case, name: str) -> None:
    given = answered(crew, accepted)
    content, key = content_of(given), public_key(given.key_id)
    assert key is not None
    public = PublicKey(key.pk.hex, key.staff_id.hex, key.public, key.starts, key.ends)
    assert verify(DOCUMENT, content, given.signature, public, given.at) == "good"
    held = content[name]
    other: Any = {"changed": 1} if isinstance(held, dict) else [["x", "y", "z"]] if name == "shown" else ["changed"]
    other = other if isinstance(held, (dict, list)) else f"{held}x"
    assert verify(DOCUMENT, content | {name: other}, given.signature, public, given.at) in (
        "altered",
        "others",
        "no_key",
    )


def test_an_altered_list_of_files_breaks_it(crew: Crew, accepted: Case) -> None:
    given = answered(crew, accepted)
    given.missing_attachments = ["0" * 32]
    assert state_of(given, public_key(given.key_id)) == "altered"
    given.refresh_from_db()
    given.shown = given.shown[1:]
    assert state_of(given, public_key(given.key_id)) == "altered"


def test_an_old_signature_holds_after_the_password_was_set_again(crew: Crew, accepted: Case) -> None:
    given = answered(crew, accepted)
    set_password(crew.heart, "Another-pass-88", None)
    assert proof_of(given).good
    old, new = SigningKey.objects.filter(staff=crew.heart).order_by("starts", "id")
    assert old.ends is not None and new.ends is None and old.public != new.public
    assert open_by_password(crew.heart, PASSWORD) is None
    later = acts.correct_answer(accepted, crew.heart, ANSWER, open_by_password(crew.heart, "Another-pass-88"))
    assert later.key_id == new.pk and later.replaces == given.pk and proof_of(later).good
    # What is signed with the old key from now on was not signed by its owner.
    content = content_of(given)
    public = PublicKey(old.pk.hex, old.staff_id.hex, old.public, old.starts, old.ends)
    assert verify(DOCUMENT, content, given.signature, public, clock.now() + timedelta(minutes=1)) == "not_then"


def test_a_password_changed_by_its_owner_keeps_the_key(crew: Crew) -> None:
    before = key_of(crew.heart)
    set_password(crew.heart, "Another-pass-88", crew.heart, old=PASSWORD)
    assert open_by_password(crew.heart, "Another-pass-88") == before


def test_nobody_signs_for_another(crew: Crew, accepted: Case) -> None:
    with pytest.raises(NotAllowed):
        acts.answer(accepted, crew.heart, ANSWER, key_of(crew.other_heart))
    given = answered(crew, accepted)
    key = SigningKey.objects.get(staff=crew.other_heart, ends__isnull=True)
    assert state_of(given, key) == "no_key"
    content, theirs = content_of(given) | {"key": key.pk.hex}, key_of(crew.other_heart)
    public = PublicKey(key.pk.hex, key.staff_id.hex, key.public, key.starts, key.ends)
    assert verify(DOCUMENT, content, theirs.sign(message(DOCUMENT, content)), public, given.at) == "others"


def test_what_is_corrected_later_is_counted(crew: Crew, accepted: Case) -> None:
    given = answered(crew, accepted)
    visits.mark_error(Observation.objects.get(code="weight"), crew.nurse, "another person on the scale")
    proof = proof_of(given)
    assert proof.good and proof.changed == 1


def test_it_is_checked_on_another_node(crew: Crew, hub: Any, accepted: Case) -> None:
    given = answered(crew, accepted)
    carry(crew.node, hub)
    with at(hub):
        proof = proof_of(Answer.objects.get(pk=given.pk))
    assert proof.good and proof.changed == proof.unseen == 0


def test_a_proposal_that_cannot_be_read_says_in_which_row(crew: Crew, accepted: Case) -> None:
    rows = [{}, {"words": "", "dose": "two"}, {"words": "Aspirin", "per_day": "99", "days": "0"}]
    with pytest.raises(AnswerIncomplete) as wrong:
        acts.answer(accepted, crew.heart, ANSWER, key_of(crew.heart), rows)
    assert [name for name, _ in wrong.value.errors] == ["medicine.1", "medicine.1", "medicine.2", "medicine.2"]
    assert not Answer.objects.exists()


@example(st.lists(st.dictionaries(st.sampled_from(proposal.FIELDS), st.text(max_size=400) | st.none()), max_size=14))
def test_whatever_is_typed_is_kept_in_the_shape_or_refused(rows: list[dict[str, Any]]) -> None:
    lines, _ = proposal.read(rows, {"aspirin"})
    assert all(set(line) == set(proposal.FIELDS) and all(isinstance(v, str) for v in line.values()) for line in lines)
    assert proposal.tidy(lines) == [line for line in lines if line["words"]]


@example(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_came_over_the_link_is_shown_in_the_shape(held: Any) -> None:
    for line in proposal.tidy(held):
        assert set(line) == set(proposal.FIELDS)


@example(st.text(max_size=300), st.text(max_size=300), st.binary(max_size=40))
def test_what_is_no_signature_is_none(public: str, signature: str, said: bytes) -> None:
    assert not signing.signed_by(public, said, signature)


@example(st.text(max_size=80))
def test_what_is_no_sealed_key_opens_to_nobody(sealed: str) -> None:
    assert signing.unseal(sealed, "") is None and signing.unseal("2" + sealed, "secret") is None


def test_a_sealed_key_opens_to_its_secret_alone() -> None:
    private = signing.new_private()
    sealed = signing.seal(private, "secret")
    assert len(sealed) <= 200 and signing.unseal(sealed, "secret") == private
    assert signing.unseal(sealed, "Secret") is None and signing.unseal(sealed[:-4] + "AAAA", "secret") is None


@pytest.mark.parametrize("name", [n for n in DECLINE.fields if n != "id"])
def test_any_altered_field_breaks_a_refusal(crew: Crew, accepted: Case, name: str) -> None:
    acts.decline(accepted, crew.heart, "needs_in_person", key_of(crew.heart), "Send her to the hospital")
    given = Decline.objects.get()
    assert proof_of(given).good
    content, key = content_of(given), public_key(given.key_id)
    assert key is not None
    public = PublicKey(key.pk.hex, key.staff_id.hex, key.public, key.starts, key.ends)
    held = content[name]
    other: Any = ["changed"] if isinstance(held, list) and name != "shown" else [["x", "y", "z"]]
    other = other if isinstance(held, list) else f"{held}x"
    assert verify(DECLINE, content | {name: other}, given.signature, public, given.at) != "good"
    # A signature under a refusal is none under an answer.
    more = dict.fromkeys(DOCUMENT.fields, "")
    assert verify(DOCUMENT, more | content, given.signature, public, given.at) == "altered"
