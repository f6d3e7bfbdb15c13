"""The one journey: a person is registered on a unit, referred with the cable out, answered at the hub, and sent home.

Each step finds its buttons by where they lead, so that the same steps are taken in every language.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect
from pydicom.data import get_testdata_file

from qafila.packs.country import Member
from tests.browser.desk import Desk
from tests.browser.stories import CARDIOLOGY, Story
from tests.world import World

LONG = 45_000
"""Milliseconds until something has come over the link: a contact every few seconds, and the pages' own renewal."""


SAID = """() => {
  const chosen = {}, written = {};
  for (const one of document.querySelectorAll('[name]')) {
    if (one.type !== 'radio' && one.type !== 'checkbox') written[one.name] ??= one.value;
    else (chosen[one.name] ??= []).push(...(one.checked ? [one.value] : []));
  }
  return [chosen, written];
}"""
"""What is chosen, by the names of what can be; what is written in fields, by their names."""
SEEN: dict[tuple[str, str], str] = {}
"""Pages and languages that some journey has looked over: but for a case's own pages, which its specialty draws, they
are the same in all."""


def picture() -> FilePayload:
    """A made-up photograph, sharp enough to be kept without a word."""
    held = io.BytesIO()
    Image.effect_noise((800, 600), 80).convert("RGB").save(held, "JPEG", quality=90)
    return {"name": "skin.jpg", "mimeType": "image/jpeg", "buffer": held.getvalue()}


@dataclass
class Journey:
    """The people at their screens, and what was seen on the way."""

    world: World
    browser: Browser
    language: str
    unit: int
    name: tuple[str, str]
    size: dict[str, int] | None = None
    story: Story = CARDIOLOGY
    files: int = 0
    """How many files the case has got."""
    faults: list[str] = field(default_factory=list)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    """Pages of this journey's case that were looked over."""
    desks: list[Desk] = field(default_factory=list)

    def desk(self, role: str, *, specialty: str = "") -> Desk:
        """A person of the unit, or of the hub, at a screen of their own."""
        at_hub = role in ("specialist", "coordinator")
        member = self.world.cast.who(role, "" if at_hub else self.world.unit(self.unit), specialty)
        url = self.world.hub_url if at_hub else self.world.unit_url(self.unit)
        return self._at(url, member, None if at_hub else self.size)

    def at_hub(self, member: Member) -> Desk:
        """A named person of the hub, at a screen of their own."""
        return self._at(self.world.hub_url, member, None)

    def _at(self, url: str, member: Member, size: dict[str, int] | None) -> Desk:
        desk = Desk.of(self.browser, url, member, size, self.language)
        self.desks.append(desk)
        return desk

    def look(self, desk: Desk) -> None:
        """Look the open page over, once for each kind of page: a case's own in each journey, others in one of them."""
        self.faults += desk.look_over(self.seen if "/case/" in desk.where else SEEN)

    @staticmethod
    def asked(desk: Desk, path: str) -> str:
        """A page as it is now, without drawing it: what is waited for is asked for often."""
        return desk.context.request.get(desk.url + path).text()

    def end(self) -> None:
        """Everybody leaves; what was wrong on the way fails the test."""
        for desk in self.desks:
            self.faults += desk.faults
            desk.go("about:blank")
        assert not self.faults, "\n".join(self.faults)

    @staticmethod
    def press(page: Page, button: str) -> None:
        """Press a button and wait for the page that follows."""
        with page.expect_navigation():
            page.locator(button).first.click()

    # --- on the unit ----------------------------------------------------------------------

    def register(self, clerk: Desk) -> None:
        """A new person, in one screen, into the queue."""
        page = clerk.go("/reception/queue/").page
        self.look(clerk)
        page.locator("a[href$='/people/register/']").first.click()
        form = page.locator("#register")
        for name, text in zip(("given", "family"), self.name, strict=True):
            form.locator(f"input[name={name}]").fill(text)
        form.locator(f"label:has(input[name=sex][value={self.story.sex}])").click()
        form.locator("input[name=birth]").fill(self.story.birth)
        form.locator("input[name=reason]").fill(f"Synthetic: {self.story.specialty}")
        self.look(clerk)
        form.locator(".q-save button").click()
        new = page.locator("button[name=new]")
        expect(new.or_(self.in_queue(page))).to_be_visible()
        if new.count():
            self.look(clerk)
            new.click()
        expect(self.in_queue(page)).to_be_visible()
        clerk.go("about:blank")

    def in_queue(self, page: Page) -> Locator:
        """The person's line in the queue."""
        return page.locator("li", has_text=" ".join(self.name)).first

    def measure(self, nurse: Desk) -> None:
        """Vitals, from the queue page."""
        page = nurse.go("/reception/queue/").page
        self.in_queue(page).locator("[formaction$='/start/'], form[action$='/start/'] button").first.click()
        for name, text in self.story.vitals.items():
            page.locator(f"input[name={name}]").fill(text)
        for group in ("breathes", "consciousness"):
            page.locator(f"label:has(input[name={group}])").first.click()
        if self.story.pregnant:
            page.locator(f"label:has(input[name=pregnant][value={self.story.pregnant}])").click()
        self.look(nurse)
        page.locator("form:has(input[name=temperature]) .q-save button").first.click()
        expect(self.in_queue(page)).to_be_visible()
        nurse.go("about:blank")

    def consult(self, doctor: Desk) -> None:
        """Notes and a diagnosis."""
        page = doctor.go("/doctor/").page
        self.look(doctor)
        start = "/doctor/visit/'][{0}$='/start/']"
        start = f"[formaction*='{start.format('formaction')}, form[action*='{start.format('action')} button"
        self.in_queue(page).locator(start).first.click()
        page.locator("textarea[name=complaint]").fill("Synthetic: pain on pressing the ribs for a week")
        page.locator("textarea[name=exam]").fill("Synthetic: ribs hurt on palpation, heart regular")
        self.press(page, "form:has(textarea[name=complaint]) button.btn-primary")
        page.locator("form[data-htmx-powered] #dx").fill(self.story.diagnosis)
        self.press(page, "#dx-found button[name=code]")
        expect(page.locator("section[aria-labelledby=h-dx] li")).to_have_count(1)
        self.look(doctor)

    def attach(self, doctor: Desk) -> None:
        """The anonymous twelve-lead recording that comes with pydicom."""
        file = get_testdata_file("waveform_ecg.dcm", download=False)
        assert file is not None
        page, consultation = doctor.page, doctor.page.url
        self.files += 1
        page.locator("#id_file").set_input_files(Path(str(file)))
        self.press(page, "form:has(#id_file) button:last-of-type")
        page.goto(consultation)
        expect(page.locator("section[aria-labelledby=h-files] li a").first).to_be_visible()

    def refer(self, doctor: Desk) -> str:
        """The packet, consent and sending; the path of the case's page."""
        page = doctor.page
        page.locator(f"form[action$='/refer/{self.story.specialty}/'] button").click()
        expect(page.locator("textarea[name=question]")).to_be_visible()
        page.locator("textarea[name=question]").fill("Synthetic: what should be done, and where?")
        page.locator(f"label:has(input[name=urgency][value={self.story.urgency}])").click()
        self.look(doctor)
        for _ in range(4):
            if not self.fill(page):
                break
            self.press(page, ".d-sticky button:not([name])")
        for view in self.story.views:
            form = f"form[action$='/packet/view/{view}/']"
            page.locator(f"{form} input[type=file]").set_input_files(picture())
            self.press(page, f"{form} button")
            expect(page.locator(f"#f-{view} .badge-state")).to_be_visible()
            self.files += 1
        self.press(page, "button[name=done]")
        expect(page.locator("form[action$='/consent/']").first).to_be_visible()
        self.look(doctor)
        if self.story.guardian:
            page.locator(f"label:has(input[name=given_by][value={self.story.guardian}])").click()
            page.locator("#c-name").fill("Synthetic guardian")
        self.press(page, "form[action$='/consent/'] button.btn-primary")
        expect(page.locator("form[action$='/send/'] button")).to_be_enabled()
        # With a fragment the browser would stay on the page that it has.
        path = page.url.removeprefix(doctor.url).split("#")[0]
        self.press(page, "form[action$='/send/'] button")
        expect(page.locator("form[action$='/send/']")).to_have_count(0)
        self.look(doctor)
        return path

    def fill(self, page: Page) -> int:
        """Answer the questions that are shown and not answered yet; how many were."""
        filled = 0
        chosen, written = page.evaluate(SAID)
        for name, value in self.story.intake.items():
            if name in chosen:
                said = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
                for code in said if isinstance(said, list) else [said]:
                    if code not in chosen[name]:
                        page.locator(f"[name='{name}'][value='{code}']").check()
                        filled += 1
            elif written.get(name) == "":
                page.locator(f"[name='{name}']").first.fill(str(value))
                filled += 1
        return filled

    def has_not_left(self, doctor: Desk, path: str) -> None:
        """Without a link the case waits on the unit, and the screen says so; everything else works on."""
        page = doctor.page
        expect(page.locator(".link-state")).to_be_visible()
        self.world.until(lambda: "bars-0" in self.asked(doctor, path), "no link")
        doctor.go(path)
        expect(page.locator(".link-state .bars-0")).to_have_count(1)
        expect(page.locator(".link-state .waiting")).to_be_visible()
        self.look(doctor.go("/link/"))
        doctor.go(path)

    # --- at the hub, and back -------------------------------------------------------------

    def rest(self, specialist: Desk) -> None:
        """A specialist goes off duty, so that the other one gets what comes."""
        page = specialist.go("/specialist/").page
        off = page.locator("button[name=status][value=off]").first
        if off.get_attribute("aria-pressed") != "true":
            self.press(page, "button[name=status][value=off]")

    def accept(self, specialist: Desk) -> None:
        """The case comes up by itself in the list of whoever is on duty, who takes it."""
        page = specialist.page
        line = page.locator(".h-case a", has_text=" ".join(self.name)).first
        expect(line).to_be_visible(timeout=LONG)
        self.look(specialist)
        line.click()
        expect(page.locator("form[action$='/accept/'] button")).to_be_visible()
        if self.files:
            expect(page.locator("section[aria-labelledby=h-files]")).to_be_visible(timeout=LONG)
        self.look(specialist)
        self.press(page, "form[action$='/accept/'] button")

    def ask(self, specialist: Desk, words: str) -> None:
        """More is wanted before an answer."""
        page = specialist.page
        page.locator("details:has(form[action$='/ask/']) summary").click()
        page.locator("#ask-text").fill(words)
        self.press(page, "form[action$='/ask/'] button")

    def supply(self, doctor: Desk, asked: str, words: str) -> None:
        """The unit reads on the case's page, which follows by itself, what is asked, and gives it."""
        page = doctor.page
        expect(page.locator("[data-live=messages]", has_text=asked)).to_be_visible(timeout=LONG)
        form = page.locator("form[action$='/act/supply/']")
        # The words travel before the case's new state.
        expect(form).to_be_visible(timeout=LONG)
        form.locator("textarea").fill(words)
        self.look(doctor)
        self.press(page, "form[action$='/act/supply/'] button")

    def answer(self, specialist: Desk, told: str, words: str) -> None:
        """What was asked has come; the answer is signed."""
        page = specialist.page
        expect(page.locator("[data-live=talk]", has_text=told)).to_be_visible(timeout=LONG)
        page.reload()
        self.write_answer(specialist, words)

    def write_answer(self, specialist: Desk, words: str) -> None:
        """Fill in what the answer needs, and sign it."""
        page = specialist.page
        form = page.locator("form[action$='/answer/']")
        for wanted in form.locator(".field:has(.must)").all():
            if wanted.locator("textarea").count():
                wanted.locator("textarea").fill(words)
            elif wanted.locator("input[type=radio], input[type=checkbox]").count():
                wanted.locator("input").first.check()
            else:
                wanted.locator("input").first.fill(words)
        assert specialist.member is not None
        page.locator("#sign-secret").fill(specialist.member.password)
        self.look(specialist)
        self.press(page, "form[action$='/answer/'] button.btn-primary")
        self.look(specialist)

    def explain(self, doctor: Desk, path: str, words: str) -> None:
        """The answer is there, is printed, explained, and the case ends with an outcome."""
        page = doctor.page
        expect(page.locator(".d-steps")).to_be_visible()
        answer = page.locator("section[aria-labelledby=h-ans]", has_text=words)
        expect(page.locator("form[action$='/act/explain/']")).to_be_visible(timeout=LONG)
        expect(answer).to_be_visible()
        self.look(doctor)
        link = page.locator("a[href*='/prints/answer/']").first.get_attribute("href")
        case = path.rstrip("/").rsplit("/", 1)[-1]
        self.look(doctor.go(f"{path}plain/"))
        page.locator("textarea[name=do]").fill(f"{words}, in plain words")
        self.press(page, "form:has(textarea[name=do]) button.btn-primary")
        self.look(doctor.go("/loop/round/"))
        for print_ in (link, f"/prints/sheet/{case}/"):
            printed = doctor.context.request.get(f"{doctor.url}{print_}")
            assert printed.status == 200
            assert printed.body().startswith(b"%PDF")
        doctor.go(path)
        self.press(page, "form[action$='/act/explain/'] button")
        page.locator("#o-note").fill("Synthetic: walks home without pain")
        self.look(doctor)
        self.press(page, "form[action$='/act/close/'] button[name=outcome]")
        expect(page.locator("form[action$='/act/close/']")).to_have_count(0)
        self.look(doctor)

    def outcome_at_hub(self, specialist: Desk) -> None:
        """The specialist hears what became of the person."""
        done = "/specialist/done/"
        self.world.until(lambda: all(part in self.asked(specialist, done) for part in self.name), "the outcome")
        expect(specialist.go(done).page.get_by_text(" ".join(self.name)).first).to_be_visible()
        self.look(specialist)
