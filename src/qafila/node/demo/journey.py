"""The journey of the demonstration's check, over HTTPS as the cast would walk it: register, vitals, consult, refer with
the link cut; received, answered; explained, printed, closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin

from qafila.node.demo.layout import HUB, Layout
from qafila.node.demo.running import Running
from qafila.node.demo.waiting import until
from qafila.node.demo.walker import Browser, Page, Stuck
from qafila.packs import load
from qafila.packs.country import Member

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
SPECIALTY = "cardiology"
ARRIVES_S = 40
QUESTION = "Demonstration check: may this person be treated here until the next round?"
ASKS = "Demonstration check: since when, and does it come at rest?"
SUPPLIES = "Demonstration check: since twelve days, never at rest"
ANSWER = "Demonstration check: stable angina of effort"
REASON = "The person stands before me with chest pain"
OUTCOME = "Demonstration check: treated here, seen again on the next round"
FILES = 2
VITALS = {"temperature": "36.8", "pulse": "84", "respirations": "16", "systolic": "138", "diastolic": "84",
          "spo2": "97", "glucose": "5.6", "weight": "74", "height": "171", "breathes": "air", "pain": "3",
          "consciousness": "A"}  # fmt: skip
INTAKE: dict[str, str | list[str]] = {
    "duration_days": "12", "course": "stable", "allergy": "none", "pain": "true", "pain_now": "false",
    "pain_type": "tight", "pain_minutes": "8", "pain_effort": "effort", "dyspnoea_class": "nyha2", "syncope": "false",
    "palpitations": "none", "stroke_signs": ["none"], "risk_factors": ["smoking"], "known_heart": ["none"],
    "rheumatic_fever": "no", "ecg_quality": "good", "ecg_reading": ["normal"],
}  # fmt: skip


@dataclass
class Step:
    """One step: what is done, and what is to be seen for it to count."""

    title: str
    do: Callable[[], None]


class Journey:
    """Walks it. Each method is a step and raises `Stuck` (or `NeverCame`) unless it saw what it should."""

    def __init__(self, layout: Layout, running: Running) -> None:
        self.layout, self.running = layout, running
        self.unit = layout.units[0]
        cast = load.cast(layout.country).member
        crew = {one.role: one for one in cast if one.unit == self.unit}
        self.assistant, self.nurse, self.doctor = crew["assistant"], crew["nurse"], crew["doctor"]
        self.specialists = [one for one in cast if one.specialty == SPECIALTY]
        self.coordinator = next(one for one in cast if one.role == "coordinator")
        self.stranger = next(one for one in cast if one.role == "specialist" and one.specialty != SPECIALTY)
        self.browsers: list[Browser] = []
        self.visit = self.case = ""

    def steps(self) -> list[Step]:
        """All steps in order."""
        return [
            Step("cut the unit's link on the start page", self.cut),
            Step("the assistant logs in and sets a PIN", self.assistant_logs_in),
            Step("registers a person, who is in the queue", self.register),
            Step("the nurse takes the tablet over by PIN", self.switch_to_nurse),
            Step("records vitals", self.vitals),
            Step("keeps an ECG and a photograph", self.files),
            Step("the doctor writes the consultation", self.consult),
            Step("finds the diagnosis and records it", self.diagnose),
            Step("fills in the case packet for cardiology", self.packet),
            Step("records the consent", self.consent),
            Step("sends the case; it waits on the unit", self.send),
            Step("the hub has heard nothing of it", self.hub_knows_nothing),
            Step("restore the link; the hub has the case", self.restore),
            Step("it is assigned to a specialist on duty", self.assigned),
            Step("the files have come too", self.files_arrived),
            Step("the specialist accepts and asks for more", self.ask),
            Step("the question is on the unit; the doctor answers it", self.supply),
            Step("the specialist answers", self.answer),
            Step("the answer is on the unit", self.answer_arrives),
            Step("the doctor explains it", self.explain),
            Step("prints the answer", self.print),
            Step("closes the case with an outcome", self.close),
            Step("the hub shows it closed", self.closed_on_hub),
            Step("a specialist without a part in it is kept out, and breaks the glass", self.break_glass),
            Step("the coordinator sees who did, and the sheet for the patient says it", self.told_who_looked),
        ]

    # --- doors ----------------------------------------------------------------------------

    def browser(self, code: str) -> Browser:
        """A fresh browser at a node."""
        fresh = Browser(self.layout.url(code), self.layout.authority)
        self.browsers.append(fresh)
        return fresh

    def end(self) -> None:
        """Close all browsers."""
        for one in self.browsers:
            one.close()

    def log_in(self, who: Member, code: str) -> Browser:
        """Log in, and on a unit set the PIN."""
        at = self.browser(code)
        page = at.send(at.get("/login/"), {"username": who.username, "password": who.password}, has="password")
        if code != HUB:
            page = at.get("/pin/")
            page = at.send(page, {"pin": who.pin, "again": who.pin}, has="again")
        if page.path.startswith(("/login", "/pin")):
            raise Stuck("the door did not open")
        return at

    # --- on the unit, link cut --------------------------------------------------------------

    def cut(self) -> None:
        """On the start page, by its own switch."""
        start = Browser(self.layout.start_url, self.layout.authority)
        self.browsers.append(start)
        page = start.get("/")
        form = next(f for f in page.forms if any(one.values == [self.unit] for one in f.fields))
        page.forms = [form]
        start.send(page, button=("link", "cut"))
        if self.running.links[self.unit].whole:
            raise Stuck("the link is still whole")

    def assistant_logs_in(self) -> None:
        """Login, PIN, the queue."""
        self.tablet = self.log_in(self.assistant, self.unit)
        self.tablet.get("/reception/queue/")

    def register(self) -> None:
        """One screen; the person stands in the queue afterwards."""
        before = set(ID.findall(self.tablet.get("/reception/queue/").answer.text))
        page = self.tablet.get("/reception/people/register/")
        given = {"given": "Check", "family": "Demonstration", "sex": "male", "birth": "58", "reason": "Chest pain"}
        page = self.tablet.send(page, given, has="family", expect=(200, 409))
        if page.status == 409:
            page = self.tablet.send(page, has="family", button=("new", "yes"))
        fresh = [one for one in ID.findall(page.answer.text) if one not in before]
        visits = [one for one in fresh if f"/record/{one}/" in page.answer.text]
        if not visits:
            raise Stuck("the person is not in the queue")
        self.visit = visits[0]

    def switch_to_nurse(self) -> None:
        """The nurse has set a PIN on another tablet; this one changes hands by it."""
        self.log_in(self.nurse, self.unit)
        page = self.tablet.send(self.tablet.get("/reception/queue/"), action="/lock/")
        page = self.tablet.get(page.path)
        given, family = self.nurse.given, self.nurse.family
        names = (f"{given.latin[0]} {family.latin[0]}", f"{given.ar} {family.ar}")
        page = self.tablet.get(page.link(said=names))
        page = self.tablet.send(page, {"pin": self.nurse.pin}, has="pin")
        if page.path.startswith("/switch"):
            raise Stuck("the PIN did not open the tablet")

    def vitals(self) -> None:
        """All nine; signs that are asked for are answered."""
        page = self.tablet.get("/reception/queue/")
        page = self.tablet.send(page, action=f"/{self.visit}/start/")
        page = self.tablet.send(page, VITALS, has="temperature")
        page = self.tablet.get(f"/nurse/record/{self.visit}/")
        if "138" not in page.text:
            raise Stuck("the readings are not on the record")

    def files(self) -> None:
        """Real files, uploaded."""
        from qafila.clinic.imaging import teaching
        from qafila.node.demo.referrals import electrocardiogram

        files = (
            ("ecg.dcm", electrocardiogram(999), "application/dicom"),
            ("photo.jpg", teaching.retina(), "image/jpeg"),
        )
        for name, data, media in files:
            page = self.tablet.get(f"/nurse/record/{self.visit}/")
            page = self.tablet.send(page, action=f"/{self.visit}/files/", files={"file": (name, data, media)})
        if len(set(re.findall(r"/nurse/files/([0-9a-f-]{36})/", page.answer.text))) < 1:
            raise Stuck("the files are not on the record")

    def consult(self) -> None:
        """Complaint, history, examination."""
        self.desk = self.log_in(self.doctor, self.unit)
        page = self.desk.get("/doctor/")
        page = self.desk.send(page, action=f"/{self.visit}/start/")
        notes = {
            "complaint": "Chest pain on effort",
            "history": "Smokes; goes within minutes at rest",
            "exam": "Normal",
        }
        page = self.desk.send(page, notes, has="complaint")
        if notes["history"] not in page.answer.text:
            raise Stuck("the notes are not there")

    def diagnose(self) -> None:
        """ICD-10 by its words."""
        page = self.desk.get(f"/doctor/visit/{self.visit}/")
        found = self.desk.send(page, {"q": "I20.9"}, action="/diagnoses/", has="q")
        page.insert(found, f"/{self.visit}/diagnoses/")
        page = self.desk.send(page, action=f"/{self.visit}/diagnoses/", button=("code", "I20.9"))
        if "I20.9" not in page.text:
            raise Stuck("the diagnosis is not there")

    def packet(self) -> None:
        """What cardiology asks for, in as many rounds as answers open further questions."""
        page = self.desk.get(f"/doctor/visit/{self.visit}/")
        page = self.desk.send(page, action=f"/refer/{SPECIALTY}/")
        self.case = next(iter(ID.findall(page.path)), "")
        for _ in range(3):
            page = self.desk.get(f"/doctor/case/{self.case}/packet/")
            form = page.form(has="question")
            given = {name: value for name, value in INTAKE.items() if name in form.names}
            page = self.desk.send(page, {**given, "question": QUESTION, "urgency": "urgent"}, has="question")

    def consent(self) -> None:
        """Spoken, by the person."""
        page = self.desk.get(f"/doctor/case/{self.case}/")
        if not any("decision" in form.names for form in page.forms):
            page = self.desk.get(f"/doctor/case/{self.case}/packet/")
        page.form(has="decision")
        self.desk.send(page, {"decision": "permit", "method": "spoken"}, has="decision")

    def send(self) -> None:
        """Off it goes, as far as the cut."""
        page = self.desk.get(f"/doctor/case/{self.case}/")
        self.desk.send(page, action=f"/{self.case}/send/")
        self.must_be(self.unit, "sent")

    # --- what stands in a database: for waiting, beside what the pages show ------------------

    def status(self, code: str) -> str:
        """The case's state on a node, "" where it is not."""
        from dataclasses import replace

        from qafila.clinic.cases.models import Case
        from qafila.journal.here import at

        with at(replace(self.layout.node(code).here(), database=code)):
            case = Case.objects.filter(pk=self.case).first()
            return str(case.status) if case else ""

    def must_be(self, code: str, *states: str) -> None:
        """Raises `Stuck` unless the case is in one of those states there."""
        found = self.status(code)
        if found not in states:
            raise Stuck(f"on {code} the case is {found or 'absent'}, not {' or '.join(states)}")

    def hub_knows_nothing(self) -> None:
        """Neither in its database nor on its pages."""
        if self.status(HUB):
            raise Stuck("the case is on the hub although the link is cut")
        self.experts = [self.log_in(one, HUB) for one in self.specialists]
        for at in self.experts:
            if self.case in at.get("/").answer.text:
                raise Stuck("a specialist sees a case that cannot have come")

    def restore(self) -> None:
        """The case leaves by itself."""
        self.running.switch(self.unit, whole=True)
        until(lambda: self.status(HUB), ARRIVES_S, "the case on the hub")

    def assigned(self) -> None:
        """Somebody has it on their list."""
        until(lambda: self.status(HUB) == "assigned", ARRIVES_S, "a specialist for the case")
        for at in self.experts:
            if self.case in at.get("/").answer.text:
                self.expert = at
                return
        raise Stuck("no specialist has the case on the list")

    # --- at the hub -------------------------------------------------------------------------

    def case_page(self) -> Page:
        """The specialist's page of the case, by the link on the list."""
        return self.expert.get(self.expert.get("/").link(self.case))

    def files_arrived(self) -> None:
        """The ECG is drawn and the photograph is shown."""
        until(self._files_here, ARRIVES_S, "the files on the hub", pause=0.3)

    def _files_here(self) -> bool:
        page = self.case_page()
        pictures = [one for one in page.pictures if ID.search(one)]
        answers = [self.expert.client.get(urljoin(page.url, one)) for one in pictures]
        kinds = [one.headers.get("content-type", "") for one in answers if one.status_code == 200]
        return QUESTION in page.answer.text and sum(kind.startswith("image/") for kind in kinds) >= FILES

    def ask(self) -> None:
        """Accept, then a question."""
        self.expert.send(self.case_page(), action="/accept/")
        self.must_be(HUB, "accepted")
        self.expert.send(self.case_page(), {"text": ASKS}, action="/ask/")
        self.must_be(HUB, "more_asked")

    def supply(self) -> None:
        """The question has come down; the doctor answers it and the answer goes up."""
        until(lambda: ASKS in self._on_unit().answer.text, ARRIVES_S, "the question on the unit", pause=0.3)
        self.desk.send(self._on_unit(), {"text": SUPPLIES}, action="/supply/")
        until(lambda: self.status(HUB) == "accepted", ARRIVES_S, "the doctor's words on the hub")
        if SUPPLIES not in self.case_page().answer.text:
            raise Stuck("the specialist does not see what was supplied")

    def answer(self) -> None:
        """The answer's form of cardiology."""
        given = {
            "diagnosis": ANSWER,
            "certainty": "probable",
            "plan": "Aspirin 100 mg; angiogram within two weeks",
            "place_of_care": "outpatient",
            "red_flag_advice": "Come back if the pain lasts 15 minutes",
            "secret": self.specialists[self.experts.index(self.expert)].password,
        }
        self.expert.send(self.case_page(), given, has="red_flag_advice")
        # The unit may have fetched it by the time that somebody looks.
        self.must_be(HUB, "answered", "on_unit")

    # --- back on the unit ---------------------------------------------------------------------

    def _on_unit(self) -> Page:
        return self.desk.get(f"/doctor/case/{self.case}/")

    def answer_arrives(self) -> None:
        """On the doctor's page of the case, and among what has come back."""
        until(lambda: ANSWER in self._on_unit().answer.text, ARRIVES_S, "the answer on the unit", pause=0.3)
        self.must_be(self.unit, "on_unit")
        if self.case not in self.desk.get("/doctor/").answer.text:
            raise Stuck("the doctor's queue does not show that an answer has come")

    def explain(self) -> None:
        """With a note of who was told."""
        self.desk.send(self._on_unit(), {"note": "Explained to the person"}, action="/explain/")
        self.must_be(self.unit, "explained")

    def print(self) -> None:
        """A real PDF."""
        printed = self.desk.client.get(self._on_unit().link("/prints/answer/"))
        if printed.status_code != HTTPStatus.OK or not printed.content.startswith(b"%PDF"):
            raise Stuck(f"the print answered {printed.status_code}")

    def close(self) -> None:
        """The way the pack offers it: the note first, then the outcome."""
        note = {"note": OUTCOME}
        self.desk.send(self._on_unit(), note, action="/close/", button=("outcome", "treated_here"))
        self.must_be(self.unit, "closed")

    def closed_on_hub(self) -> None:
        """What became of the person is known where the answer was written."""
        until(lambda: self.status(HUB) == "closed", ARRIVES_S, "the outcome on the hub")
        centre = self.log_in(self.coordinator, HUB)
        if OUTCOME not in centre.get(f"/specialist/case/{self.case}/").answer.text:
            raise Stuck("the coordinator's page of the case does not show it")

    # --- who looks ----------------------------------------------------------------------------

    def break_glass(self) -> None:
        """Closed to whoever has no part in the case; open with a reason, and the page says so."""
        curious = self.log_in(self.stranger, HUB)
        path = f"/specialist/case/{self.case}/"
        page = curious.send(curious.get(path, status=HTTPStatus.FORBIDDEN), {"reason": REASON}, has="reason")
        if page.path != path or REASON not in page.answer.text:
            raise Stuck("the record did not open, or does not say on what terms")

    def told_who_looked(self) -> None:
        """On the list of emergency access, and on paper."""
        centre = self.log_in(self.coordinator, HUB)
        found = centre.get("/watch/emergency/")
        if REASON not in found.answer.text:
            raise Stuck("the list of emergency access does not show it")
        looks = centre.get(found.link("/looks/"))
        printed = centre.client.get(looks.link("/looks/print/"))
        if REASON not in looks.answer.text or not printed.content.startswith(b"%PDF"):
            raise Stuck("the page or the sheet of who looked does not say it")
