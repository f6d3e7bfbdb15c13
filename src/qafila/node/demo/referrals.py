"""The cases of the demonstration: what the unit does with them, and what the hub does, up to where the story ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

from qafila.clinic.cases import acts as cases
from qafila.clinic.cases.models import Case
from qafila.clinic.forms.context import pack_of
from qafila.clinic.history import consents
from qafila.clinic.imaging import teaching
from qafila.clinic.visits import acts as visits
from qafila.clinic.visits.models import Visit
from qafila.node.demo.past import Past, opening, this_morning
from qafila.node.demo.stories import UNSENT, Referral, outcome, stories
from qafila.node.demo.unit_life import UnitLife
from qafila.packs import load
from qafila.registry.people.models import Person
from qafila.registry.places.here import country_code, local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import open_by_password
from qafila.registry.staff.signing import OpenKey

HOUR = 11
ARRIVES, ACCEPTS, ANSWERS, DELIVERED, EXPLAINS, CLOSES = 25, 40, 95, 130, 170, 1500
"""Minutes after sending: a plausible day with a link that comes and goes."""
LATE_HOURS = 20


def electrocardiogram(number: int) -> bytes:
    """The anonymous twelve-lead recording that comes with pydicom, as an instance of its own for each person."""
    import pydicom
    from pydicom.data import get_testdata_file
    from pydicom.uid import UID

    file = get_testdata_file("waveform_ecg.dcm", download=False)
    if file is None:
        raise FileNotFoundError("waveform_ecg.dcm of pydicom's test files")
    recording = pydicom.dcmread(str(file))
    recording.SOPInstanceUID = UID(f"2.25.{2_000_000 + number}")
    recording.file_meta.MediaStorageSOPInstanceUID = recording.SOPInstanceUID
    recording.PatientName, recording.PatientID, recording.PatientBirthDate = "", "", ""
    out = BytesIO()
    recording.save_as(out)
    return out.getvalue()


class Referrals:
    """The unit's side."""

    def __init__(self, life: UnitLife, place: int, now: datetime) -> None:
        self.life, self.now, self.past = life, now, life.past
        self.mine = [(n, r) for n, r in enumerate(stories().case) if r.unit == place]
        self.cases: dict[int, Case] = {}

    def begin(self) -> None:
        """Everything up to the sending of what the hub is to know."""
        for number, referral in self.mine:
            if referral.ending != "waiting":
                self._refer(number, referral)

    def last(self) -> None:
        """What is sent while there is no link: it is still here when the demonstration begins."""
        for number, referral in self.mine:
            if referral.ending == "waiting":
                self._refer(number, referral)

    def _refer(self, number: int, referral: Referral) -> None:
        life, day = self.life, local_day(self.now) - timedelta(days=referral.day)
        who = life.somebody(referral.age, referral.sex, day)
        if who is None:
            return
        life.seen.add(who)
        hurry = 1.0
        if referral.day:
            self.past.go(opening(day, HOUR + number % 3, number * 7 % 60))
        else:
            start = this_morning(self.now)
            hurry = min(1.0, (self.now - start).total_seconds() / 60 / 120)
            self.past.go(start + (self.now - start) * 0.4)
        visit = life.arrive(who, referral.complaint, day)
        self.past.wait(6 * hurry)
        visit = visits.start_nurse(visit, life.nurse, life.nursing)
        self.past.wait(5 * hurry)
        life.measure(visit, who, day, referral.readings, pregnant=referral.pregnant)
        self.past.wait(6 * hurry)
        visit = visits.start_doctor(visit, life.doctor, life.consulting)
        life.consult(visit, referral)
        self.cases[number] = self._fill(visit, referral, number)
        self.past.wait(9 * hurry)
        if referral.ending != "draft":
            self.cases[number] = cases.send(self.cases[number], life.doctor)
        if referral.ending == "cancelled":
            self.past.wait(30)
            cases.cancel(self.cases[number], life.doctor, referral.note[life.doctor.interface_language])
        if referral.day or referral.ending == "waiting":
            visits.finish(visit, life.doctor)
        life.told()

    def _fill(self, visit: Visit, referral: Referral, number: int) -> Case:
        life, language = self.life, self.life.doctor.interface_language
        if referral.ending != "draft":
            self._agree(visit, referral)
        for kind in referral.files:
            if kind == "ecg":
                visits.add_attachment(visit, life.nurse, electrocardiogram(number), "ecg.dcm", view="ecg12")
            else:
                visits.add_attachment(visit, life.nurse, teaching.skin(seed=number), "photo.jpg")
        for place, view in enumerate(referral.views):
            picture = teaching.skin(seed=100 * number + place)
            visits.add_attachment(visit, life.nurse, picture, "photo.jpg", view=view)
        case = cases.draft_case(visit, referral.specialty, life.doctor)
        usual = stories().intake if referral.ending != "draft" else {}
        asked = {item.link_id for item in pack_of(case).items()}
        intake = {**{name: said for name, said in usual.items() if name in asked}, **referral.intake}
        return cases.save_packet(case, intake, referral.question[language], referral.urgency, life.doctor)

    def _agree(self, visit: Visit, referral: Referral) -> None:
        person = Person.objects.get(pk=visit.person_id)
        name, relation = referral.guardian or ("", "")
        consents.give(visit, self.life.nurse, "referral", "permit", "spoken", language=person.language,
                      given_by=relation or "self", guardian_name=name)  # fmt: skip

    def go_on(self) -> None:
        """After the hub's part: what was answered is explained, what was asked is given, some are closed."""
        doctor = self.life.doctor
        for number, referral in self.mine:
            case = self._now(number)
            if case is None or referral.ending in UNSENT:
                continue
            sent = case.sent_at or self.now
            if referral.ending == "supplied" and case.status == "more_asked":
                self._at(sent, CLOSES)
                cases.supply(case, doctor, referral.supplies[doctor.interface_language])
            if case.status == "answered" and referral.ending != "answered":
                self._at(sent, DELIVERED)
                case = cases.deliver(case)
            closed = outcome(referral)
            if case.status == "on_unit" and (closed or referral.ending == "explained"):
                self._at(sent, EXPLAINS)
                cases.mark_read(case, doctor)
                case = cases.explain(case, doctor)
            if case.status == "explained" and closed:
                self._at(sent, CLOSES)
                cases.close(case, doctor, closed, referral.note[doctor.interface_language])

    def _now(self, number: int) -> Case | None:
        known = self.cases.get(number)
        return Case.objects.filter(pk=known.pk).first() if known is not None else None

    def _at(self, sent: datetime, minutes: float) -> None:
        self.past.go(min(sent + timedelta(minutes=minutes), self.now))


class HubSide:
    """The hub's side: it takes cases in as if each had arrived when the link came."""

    def __init__(self, past: Past, now: datetime) -> None:
        self.past, self.now = past, now
        self.keys: dict[UUID, OpenKey] = {}

    def receive(self, known: Iterable[UUID]) -> None:
        """Take in and bring each case to where its story leaves it; one is answered only in `afterwards`."""
        for case in Case.objects.filter(pk__in=list(known)).order_by("sent_at"):
            referral = _story(case)
            if referral is None or case.status != "sent":
                continue
            sent = case.sent_at or self.now
            self._at(sent, ARRIVES)
            case = cases.receive(case)
            if case.status == "assigned" and referral.ending not in ("assigned", "late"):
                self._treat(case, referral, sent)

    def _treat(self, case: Case, referral: Referral, sent: datetime) -> None:
        by = Staff.objects.get(pk=case.specialist_id)
        language = by.interface_language
        self._at(sent, ACCEPTS)
        if referral.ending == "declined":
            cases.decline(case, by, "needs_in_person", self._key(by), referral.note[language])
            return
        case = cases.accept(case, by)
        self._at(sent, ANSWERS)
        if referral.asks:
            cases.ask(case, by, referral.asks[language])
        elif referral.answer is not None and referral.ending not in ("accepted", "answered"):
            self._answer(case, referral, by)

    def afterwards(self) -> None:
        """What the hub writes after the last contact with the units."""
        for case in Case.objects.filter(status="accepted"):
            referral = _story(case)
            if referral is not None and referral.ending == "answered":
                self._at(case.sent_at or self.now, ANSWERS)
                self._answer(case, referral, Staff.objects.get(pk=case.specialist_id))

    def _answer(self, case: Case, referral: Referral, by: Staff) -> None:
        reply, language = referral.answer, by.interface_language
        if reply is None:
            return
        given = {
            "diagnosis": reply.diagnosis[language],
            "certainty": reply.certainty,
            "plan": reply.plan[language],
            "place_of_care": reply.place,
            "red_flag_advice": reply.advice[language],
        }
        asked = {item.link_id for item in pack_of(case).answer}
        told = {name: value for name, value in given.items() if name in asked}
        cases.answer(case, by, told, self._key(by))

    def _key(self, by: Staff) -> OpenKey:
        if by.pk not in self.keys:
            self.keys[by.pk] = _opened(by)
        return self.keys[by.pk]

    def _at(self, sent: datetime, minutes: float) -> None:
        self.past.go(min(sent + timedelta(minutes=minutes), self.now))


def _opened(by: Staff) -> OpenKey:
    """The signing key of somebody of the cast, whose password is public."""
    member = next(m for m in load.cast(country_code()).member if m.username == by.username)
    key = open_by_password(by, member.password)
    if key is None:
        raise LookupError("a specialist of the demonstration has no key")
    return key


def _story(case: Case) -> Referral | None:
    """The story behind a case: its question says which, in whatever language it was asked."""
    return next((r for r in stories().case if case.question and case.question in r.question.values()), None)
