"""Telling the person: attempts to reach them, plain words, a recorded voice; what a journey not made spared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from qafila.clinic.cases import dosing, savings
from qafila.clinic.cases.loop_models import Contact, PlainWords, Saving
from qafila.clinic.cases.models import Answer, Case
from qafila.clinic.cases.proof import VOICE
from qafila.clinic.cases.steps import EMERGENCY, current, lane_of, tell, tidy
from qafila.clinic.cases.transitions import CLOSED, WITH_ANSWER
from qafila.clinic.history.consented import MESSAGE, require_consent
from qafila.clinic.refusal import Refusal
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.facts import add_attachment
from qafila.clinic.visits.models import Attachment, FactStatus, Visit
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.kernel.transitions import WrongState
from qafila.packs import load
from qafila.packs.specialty import Outcome
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code
from qafila.registry.places.reaching import nearest_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require
from qafila.registry.units.models import Stop

WHICH_WAY = N_("Say how you tried to reach the person.")
WHICH_RESULT = N_("Say how it ended.")
WHICH_LANGUAGE = N_("Choose the language.")
SHEETS = ("ar", "fr", "en")
TOLD, IN_PERSON = "told", "in_person"


def record_contact(
    case: Case, by: Staff, way: str, result: str, words: str = "", *, language: str = "", interpreter: str = ""
) -> Contact:
    """Record an attempt to reach the person about an answer. Raises `NotAllowed`, `WrongState`, `Refusal`."""
    require(by, "case.read", case)
    with writing(by, "case.contact") as write:
        row = current(case)
        if row.status not in WITH_ANSWER:
            raise WrongState("contact", row.status)
        made = told(write, row, by, way, result, words, language, interpreter)
        tell(write, row, "contact", by, made.words)
        return made


def told(
    write: Writer, case: Case, by: Staff, way: str, result: str, words: str, language: str, interpreter: str
) -> Contact:
    """The fact of a talk or an attempt. Raises `Refusal` for a code that the packs do not know, or a way in which the
    person does not want to be reached."""
    rules = load.loop()
    if way not in {one.code for one in rules.contact_way}:
        raise Refusal(Message(WHICH_WAY))
    if result not in {one.code for one in rules.contact_result}:
        raise Refusal(Message(WHICH_RESULT))
    if language and language not in {one.code for one in load.country(country_code()).spoken}:
        raise Refusal(Message(WHICH_LANGUAGE))
    # An emergency is told in whichever way there is; the words say why.
    if way != IN_PERSON and not (case.urgency == EMERGENCY and words.strip()):
        require_consent(case.person_id, MESSAGE)
    return write.save(
        Contact(
            person_id=case.person_id,
            visit_id=case.visit_id,
            case_id=case.pk,
            author=by,
            at=clock.now(),
            way=way,
            result=result,
            language=language,
            interpreter=tidy(interpreter, 80, needed=False),
            words=tidy(words, 500, needed=False),
        )
    )


def write_plain(
    case: Case,
    answer: Answer,
    by: Staff,
    language: str,
    have: str,
    do: str,
    come_back: str,
    doses: Mapping[str, Sequence[str]] | None = None,
) -> PlainWords:
    """Put an answer into words for the person; an earlier version in that language is replaced. `doses`: line of a
    prescription → the four amounts of a day.

    Raises `NotAllowed`, `WrongState`, `Refusal`.
    """
    require(by, "case.explain", case)
    if language not in SHEETS:
        raise Refusal(Message(WHICH_LANGUAGE))
    values: dict[str, Any] = {
        "have": tidy(have, 1000),
        "do": tidy(do, 2000),
        "come_back": tidy(come_back, 1000, needed=False),
        "doses": dosing.read(doses or {}),
    }
    with writing(by, "case.plain_words") as write:
        row = current(case)
        if row.status not in WITH_ANSWER | {CLOSED}:
            raise WrongState("plain", row.status)
        before = PlainWords.objects.filter(answer_id=answer.pk, language=language, status=FactStatus.FINAL).first()
        if before is not None:
            if all(getattr(before, name) == value for name, value in values.items()):
                return before
            before.status = FactStatus.AMENDED
            write.save(before)
        return write.save(
            PlainWords(
                person_id=row.person_id,
                visit_id=row.visit_id,
                case_id=row.pk,
                answer_id=answer.pk,
                author=by,
                at=clock.now(),
                language=language,
                replaces=before.pk if before else None,
                **values,
            )
        )


def add_voice(case: Case, by: Staff, data: bytes, language: str) -> Attachment:
    """Keep a recorded explanation in a language that the country's patients speak.

    Raises `NotAllowed`, `imaging.refused.Refused`, `Refusal`.
    """
    require(by, "case.read", case)
    spoken = next((one for one in load.country(country_code()).spoken if one.code == language), None)
    visit = Visit.objects.filter(pk=case.visit_id).first() if case.visit_id else None
    if spoken is None or visit is None:
        raise Refusal(Message(WHICH_LANGUAGE))
    return add_attachment(visit, by, data, "voice.wav", view=f"{VOICE}{language}", case_id=case.pk, speech=True)


def spare(write: Writer, case: Case, outcome: Outcome, answer: Answer | None) -> Saving | None:
    """Keep what the journey that was not made would have taken: where the outcome and the answer say that there was
    none."""
    if not outcome.spares_journey or answer is None or answer.place_of_care not in ("", "unit"):
        return None
    country = load.country(country_code())
    held = load.savings(country_code())
    costs: dict[str, savings.Input] = {
        one.name: savings.Input(one.value, one.unit, one.source, one.date) for one in held.cost
    }
    found = savings.saved(_distance(case), costs)
    return write.save(
        Saving(
            person_id=case.person_id,
            case_id=case.pk,
            km=found.km,
            hours=found.hours,
            money=found.money,
            currency=country.currency.code if found.money is not None else "",
            inputs=found.inputs,
            lacking=found.lacking,
            at=clock.now(),
        ),
        lane=lane_of(case),
    )


def _distance(case: Case) -> savings.Distance | None:
    """From where the person was seen, else lives, to the nearest facility of the specialty."""
    far = next((found for place in _places(case) if (found := nearest_with(place, case.specialty))), None)
    if far is None:
        return None
    name = far.facility.name
    source = load.facilities(country_code()).source
    return savings.Distance(name.en, far.km, far.by_road, far.minutes, f"{source}: {name.en}", far.data_from)


def _places(case: Case) -> list[str]:
    visit = Visit.objects.filter(pk=case.visit_id).first() if case.visit_id else None
    stop_id = visit.stop_id if visit is not None else None
    stop = Stop.objects.filter(pk=stop_id).first() if stop_id is not None else None
    lives = Person.objects.filter(pk=case.person_id).values_list("place", flat=True).first()
    return [place for place in (stop.place if stop is not None else "", lives or "") if place]


def voices(case_id: UUID) -> list[Attachment]:
    """The recorded explanations of a case, newest first."""
    rows = Attachment.objects.filter(case_id=case_id, status=FactStatus.FINAL, view__startswith=VOICE)
    return list(rows.order_by("-at", "-id"))
