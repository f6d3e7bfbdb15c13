"""What a specialist does with a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from qafila.clinic.cases import proof, proposal
from qafila.clinic.cases.assigning import REROUTED_BY_ITSELF, assign
from qafila.clinic.cases.models import Answer, Case, Decline
from qafila.clinic.cases.models import Message as CaseMessage
from qafila.clinic.cases.steps import current, lane_of, move, right_of, tell, tidy
from qafila.clinic.cases.transitions import CASE, WITH_ANSWER
from qafila.clinic.forms.context import pack_of
from qafila.clinic.forms.packet import read_item
from qafila.clinic.refusal import Doubtful, Refusal
from qafila.clinic.rules import words
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import Encounter, FactStatus
from qafila.journal.models import Lane
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.rights import NotAllowed
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.staff.signing import OpenKey

COLUMNS = {
    "diagnosis": ("diagnosis", 300),
    "certainty": ("certainty", 12),
    "plan": ("plan", 4000),
    "place_of_care": ("place_of_care", 20),
    "red_flag_advice": ("red_flag_advice", 2000),
    "follow_up_date": ("follow_up", 10),
    "teaching_note": ("teaching", 2000),
}
"""Questions of the pack's answer form that have a column of their own, and its length; others go to `more`."""

NEEDED = N_("This has to be filled in.")
LONG = N_("This text is too long: at most %(most)s characters are kept.")
WHICH_REASON = N_("Choose why the case is declined.")
PAST = N_("The follow-up date is in the past.")


class AnswerIncomplete(Doubtful):
    """The answer lacks something or cannot be read: `errors` is a list of (linkId, `Message`)."""


def accept(case: Case, by: Staff) -> Case:
    """Take the case on: opens the remote encounter. Raises `NotAllowed`, `WrongState`."""
    require(by, right_of("accept"), case)
    with writing(by, "case.accept") as write:
        row = current(case)
        require(by, right_of("accept"), row)
        move(row, "accept")
        _saved(write, row, "accept", by)
        write.save(
            Encounter(
                person_id=row.person_id,
                visit_id=row.visit_id,
                case_id=row.pk,
                encounter_class="VR",
                remote_type="tele_expertise",
                responsible_id=row.doctor_id,
                participants=[by.pk.hex],
                started_at=clock.now(),
            ),
            lane=lane_of(row, Lane.ANSWER),
        )
        return row


def decline(case: Case, by: Staff, reason: str, key: OpenKey, suggestion: str = "") -> Case:
    """Give a case back, signed with the case as it is on the screen; `reason` is a code of the pack. Where the reason
    is the specialist's own (not available, a personal tie) the next one on duty gets it at once, else it waits for the
    coordinator.

    Raises `NotAllowed`, `WrongState`, `Refusal`.
    """
    require(by, right_of("decline"), case)
    if key.staff != by.pk:
        raise NotAllowed(right_of("decline"))
    pack = pack_of(case)
    found = next((one for one in pack.decline_reason if one.code == reason), None)
    if found is None:
        raise Refusal(Message(WHICH_REASON))
    said = tidy(suggestion, 400, needed=False)
    with writing(by, "case.decline") as write:
        row = current(case)
        require(by, right_of("decline"), row)
        move(row, "decline")
        given = Decline(
            person_id=row.person_id,
            visit_id=row.visit_id,
            case_id=row.pk,
            author=by,
            at=clock.now(),
            reason=reason,
            suggestion=said,
            pack_version=f"{pack.version}.{pack.core_version}",
        )
        proof.sign(given, row, by, key)
        write.save(given, lane=lane_of(row, Lane.ANSWER))
        row.specialist = None
        _end_encounters(write, row)
        _saved(write, row, "decline", by, Message("", decline=given.pk.hex))
        return assign(row) if reason in REROUTED_BY_ITSELF else row


def ask(case: Case, by: Staff, text: str) -> Case:
    """Ask the unit for more before answering. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, right_of("ask"), case)
    question = tidy(text, 4000)
    with writing(by, "case.ask") as write:
        row = current(case)
        require(by, right_of("ask"), row)
        move(row, "ask")
        _saved(write, row, "ask", by)
        write.save(
            CaseMessage(person_id=row.person_id, case_id=row.pk, author=by, text=question, asks=True, at=clock.now()),
            lane=lane_of(row, Lane.ANSWER),
        )
        return row


Rows = Sequence[Mapping[str, Any]]


def answer(case: Case, by: Staff, fields: Mapping[str, Any], key: OpenKey, medicines: Rows = ()) -> Answer:
    """Answer a case and sign it; `fields` are the answers to the pack's form by linkId, as typed (strings) or as
    values; `medicines` the rows of a proposed prescription (`clinic.cases.proposal`).

    The signature covers the case as it is on the screen; what had not arrived of its files is listed in the answer.
    Raises `NotAllowed`, `WrongState`, `AnswerIncomplete`.
    """
    return _answer(case, by, "answer", fields, key, medicines)


def correct_answer(case: Case, by: Staff, fields: Mapping[str, Any], key: OpenKey, medicines: Rows = ()) -> Answer:
    """Replace the answer by a new one, which has to be explained again. Raises as `answer`."""
    return _answer(case, by, "correct", fields, key, medicines)


def confirm_answer(case: Case, by: Staff, note: str = "") -> Case:
    """The answer holds in spite of what was corrected since. Raises `NotAllowed`, `WrongState`."""
    require(by, "case.answer", case)
    with writing(by, "case.confirm") as write:
        row = current(case)
        require(by, "case.answer", row)
        if row.status not in WITH_ANSWER and row.status != "closed":
            raise WrongState("confirm", row.status)
        if row.reconfirm or row.came_after:
            row.reconfirm = row.came_after = False
            _saved(write, row, "confirm", by, tidy(note, 500, needed=False))
        return row


def _answer(case: Case, by: Staff, act: str, fields: Mapping[str, Any], key: OpenKey, medicines: Rows) -> Answer:
    require(by, right_of(act), case)
    if key.staff != by.pk:
        raise NotAllowed(right_of(act))
    columns, more = read_answer(case, fields, medicines)
    with writing(by, f"case.{act}") as write:
        row = current(case)
        require(by, right_of(act), row)
        CASE.find(act, row.status)
        lane = lane_of(row, Lane.ANSWER)
        before = Answer.objects.filter(case_id=row.pk, status=FactStatus.FINAL).order_by("-at", "-id").first()
        if before is not None:
            before.status = FactStatus.AMENDED
            write.save(before, lane=lane)
        given = _signed(row, by, key, before, more, columns)
        write.save(given, lane=lane)
        move(row, act)
        row.reconfirm = row.came_after = False
        row.answered_at = given.at
        _end_encounters(write, row)
        _saved(write, row, act, by)
        return given


def _signed(
    case: Case, by: Staff, key: OpenKey, before: Answer | None, more: dict[str, Any], columns: dict[str, Any]
) -> Answer:
    """The answer as it will be kept, with its signature; not saved yet."""
    pack = pack_of(case)
    given = Answer(
        person_id=case.person_id,
        visit_id=case.visit_id,
        case_id=case.pk,
        author=by,
        at=clock.now(),
        replaces=before.pk if before else None,
        more=more,
        pack_version=f"{pack.version}.{pack.core_version}",
        **columns,
    )
    proof.sign(given, case, by, key)
    return given


def read_answer(case: Case, fields: Mapping[str, Any], medicines: Rows = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns and further answers from a filled form. Raises `AnswerIncomplete` with every question at fault; a row of
    the proposed prescription is named `medicine.N`."""
    columns: dict[str, Any] = {}
    more: dict[str, Any] = {}
    errors: list[tuple[str, Message]] = []
    for item in pack_of(case).answer:
        value = read_item(item, _texts(fields.get(item.link_id)))
        column, most = COLUMNS.get(item.link_id, ("", 0))
        if isinstance(value, words.Message):
            errors.append((item.link_id, value))
        elif value in (None, "", []):
            if item.required:
                errors.append((item.link_id, Message(NEEDED)))
        elif column and isinstance(value, str) and len(value) > most:
            errors.append((item.link_id, Message(LONG, most=most)))
        elif column == "follow_up":
            day = date.fromisoformat(str(value))
            if day < clock.now().date():
                errors.append((item.link_id, Message(PAST)))
            columns[column] = day
        elif column:
            columns[column] = value
        else:
            more[item.link_id] = value
    columns["proposal"], wrong = proposal.read(medicines, {m.code for m in load.formulary().medicine})
    errors += [(f"medicine.{row}", told) for row, told in wrong]
    if errors:
        raise AnswerIncomplete(errors)
    return columns, more


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    held = value if isinstance(value, (list, tuple)) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in held]


def _end_encounters(write: Writer, case: Case) -> None:
    for encounter in Encounter._base_manager.filter(case_id=case.pk, ended_at__isnull=True):
        encounter.ended_at = clock.now()
        write.save(encounter, lane=lane_of(case, Lane.ANSWER))


def _saved(write: Writer, case: Case, act: str, by: Staff, text: str | Message = "") -> None:
    lane = lane_of(case, Lane.ANSWER)
    write.save(case, lane=lane)
    tell(write, case, act, by, text, lane=lane)
