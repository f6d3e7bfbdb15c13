"""The one journey: a person is registered on a unit, referred with the cable out, answered at the hub, and sent home.

Each step finds its buttons by where they lead, so that the same steps are taken in every language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect
from pydicom.data import get_testdata_file

from tests.browser.desk import Desk
from tests.world import World

VITALS = {
    "temperature": "37.1", "pulse": "76", "respirations": "16", "systolic": "132", "diastolic": "82", "spo2": "97",
    "glucose": "5.8", "weight": "71.5", "height": "168",
}  # fmt: skip
INTAKE: dict[str, Any] = {
    "duration_days": 7, "course": "stable", "allergy": "unknown", "pain": True, "pain_now": False,
    "pain_type": "pressed", "pain_minutes": 2, "dyspnoea_class": "nyha1", "syncope": False, "palpitations": "none",
    "ecg_quality": "good", "ecg_reading": ["normal"], "risk_factors": ["none"], "known_heart": ["none"],
    "rheumatic_fever": "no", "stroke_signs": ["none"],
}  # fmt: skip
LONG = 45_000
"""Milliseconds until something has come over the link: a contact every few seconds, and the pages' own renewal."""


@dataclass
class Journey:
    """The people at their screens, and what was seen on the way."""

    world: World
    browser: Browser
    language: str
    unit: int
    name: tuple[str, str]
    size: dict[str, int] | None = None
    faults: list[str] = field(default_factory=list)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)
    desks: list[Desk] = field(default_factory=list)

    def desk(self, role: str, *, specialty: str = "") -> Desk:
        """A person of the unit, or of the hub, who has just logged in."""
        at_hub = role in ("specialist", "coordinator")
        member = self.world.cast.who(role, "" if at_hub else self.world.unit(self.unit), specialty)
        url = self.world.hub_url if at_hub else self.world.unit_url(self.unit)
        desk = Desk(self.browser, url, None if at_hub else self.size, self.language).log_in(member)
        self.desks.append(desk)
        return desk

    def look(self, desk: Desk) -> None:
        """Look the open page over, once for each kind of page."""
        self.faults += desk.look_over(self.seen)

    def end(self) -> None:
        """Everybody leaves; what was wrong on the way fails the test."""
        for desk in self.desks:
            self.faults += desk.faults
            desk.context.close()
        assert self.faults == []

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
        form.locator("label:has(input[name=sex][value=male])").click()
        form.locator("input[name=birth]").fill("1971")
        form.locator("input[name=reason]").fill("Synthetic: chest pain")
        self.look(clerk)
        form.locator(".q-save button").click()
        new = page.locator("button[name=new]")
        expect(new.or_(self.in_queue(page))).to_be_visible()
        if new.count():
            self.look(clerk)
            new.click()
        expect(self.in_queue(page)).to_be_visible()

    def in_queue(self, page: Page) -> Locator:
        """The person's line in the queue."""
        return page.locator("li", has_text=" ".join(self.name)).first

    def measure(self, nurse: Desk) -> None:
        """Vitals, from the queue page."""
        page = nurse.go("/reception/queue/").page
        self.in_queue(page).locator("[formaction$='/start/'], form[action$='/start/'] button").first.click()
        for name, text in VITALS.items():
            page.locator(f"input[name={name}]").fill(text)
        for group in ("breathes", "consciousness"):
            page.locator(f"label:has(input[name={group}])").first.click()
        self.look(nurse)
        page.locator("form:has(input[name=temperature]) .q-save button").first.click()
        expect(self.in_queue(page)).to_be_visible()

    def consult(self, doctor: Desk) -> None:
        """Notes and a diagnosis."""
        page = doctor.go("/doctor/").page
        self.look(doctor)
        button = self.in_queue(page).locator(
            "[formaction*='/doctor/visit/'][formaction$='/start/'], form[action*='/doctor/visit/'][action$='/start/'] button"
        )
        button.first.click()
        page.locator("textarea[name=complaint]").fill("Synthetic: pain on pressing the ribs for a week")
        page.locator("textarea[name=exam]").fill("Synthetic: ribs hurt on palpation, heart regular")
        self.press(page, "form:has(textarea[name=complaint]) button.btn-primary")
        page.locator("form[data-htmx-powered] #dx").fill("R07.4")
        self.press(page, "#dx-found button[name=code]")
        expect(page.locator("section[aria-labelledby=h-dx] li")).to_have_count(1)
        self.look(doctor)

    def attach(self, doctor: Desk) -> None:
        """The anonymous twelve-lead recording that comes with pydicom."""
        file = get_testdata_file("waveform_ecg.dcm", download=False)
        assert file is not None
        page, consultation = doctor.page, doctor.page.url
        page.locator("#id_file").set_input_files(Path(str(file)))
        self.press(page, "form:has(#id_file) button:last-of-type")
        page.goto(consultation)
        expect(page.locator("section[aria-labelledby=h-files] li a").first).to_be_visible()

    def refer(self, doctor: Desk) -> str:
        """The packet, consent and sending; the path of the case's page."""
        page = doctor.page
        page.locator("form[action$='/refer/cardiology/'] button").click()
        expect(page.locator("textarea[name=question]")).to_be_visible()
        page.locator("textarea[name=question]").fill("Synthetic: is another examination of the heart needed?")
        page.locator("label:has(input[name=urgency][value=routine])").click()
        self.look(doctor)
        for _ in range(4):
            if not self.fill(page):
                break
            self.press(page, ".d-sticky button:not([name])")
        self.press(page, "button[name=done]")
        expect(page.locator("form[action$='/consent/']").first).to_be_visible()
        self.look(doctor)
        self.press(page, "form[action$='/consent/'] button.btn-primary")
        expect(page.locator("form[action$='/send/'] button")).to_be_enabled()
        path = page.url.removeprefix(doctor.url)
        self.press(page, "form[action$='/send/'] button")
        expect(page.locator("form[action$='/send/']")).to_have_count(0)
        self.look(doctor)
        return path

    def fill(self, page: Page) -> int:
        """Answer the questions that are shown and not answered yet; how many were."""
        filled = 0
        for name, value in INTAKE.items():
            fields = page.locator(f"[name='{name}']")
            if not fields.count():
                continue
            if fields.first.get_attribute("type") in ("radio", "checkbox"):
                said = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
                for code in said if isinstance(said, list) else [said]:
                    option = page.locator(f"[name='{name}'][value='{code}']")
                    if not option.is_checked():
                        option.check()
                        filled += 1
            elif not fields.first.input_value():
                fields.first.fill(str(value))
                filled += 1
        return filled
