"""The sheet of vitals for one person: which fields it has, what was typed into them, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qafila.clinic.rules import observations as rules
from qafila.clinic.rules.danger_signs import YOUNG_INFANT
from qafila.clinic.rules.triage import OBSTETRIC, triage
from qafila.clinic.rules.words import Message
from qafila.clinic.visits import assessment
from qafila.clinic.visits.acts import Reading
from qafila.kernel import clock
from qafila.kernel.dates import FUTURE, Confirm, Precision, WhichDate, parse_birth
from qafila.kernel.text import Asked, Bad, isolate, parse_number
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.web.nurse import results
from qafila.web.reception.words import said

YEAR = 365.25
NUMBERS = ("temperature", "pulse", "respirations", "systolic", "diastolic", "spo2", "glucose", "weight", "height")
SHORT = {
    "temperature": _("Temperature"),
    "pulse": _("Pulse"),
    "respirations": _("Breaths"),
    "systolic": _("Systolic"),
    "diastolic": _("Diastolic"),
    "spo2": _("SpO₂"),
    "glucose": _("Glucose"),
    "weight": _("Weight"),
    "height": _("Height"),
    "head_circumference": _("Head"),
    "arm_circumference": _("Arm (MUAC)"),
    "oxygen": _("Oxygen flow"),
    "respirations_again": _("Breaths, second count"),
    "lmp": _("Last period, first day"),
}
AFTER_BIRTH = "after"
"""Answer to "Pregnant": no, but gave birth in the last 6 weeks."""
NO_FLOW = _("Enter the flow of oxygen.")


@dataclass
class Entry:
    """One field. `name` is the input's; `site` of a second blood pressure."""

    name: str
    key: str
    label: str
    site: str = ""
    text: str = ""
    unit: str = ""
    problem: str = ""
    ask: bool = False
    """The problem is a question that a tap answers."""
    confirmed: bool = False
    readings: list[str] = field(default_factory=list)
    """Ways in which the typed number can be read."""
    other_unit: str = ""
    """A unit (UCUM) in which the typed number would be usual."""
    posture: str = ""
    """Of a length or height: `lying`, `standing` or not said."""

    @property
    def kind(self) -> rules.Kind:
        """What is measured."""
        return rules.KINDS[self.key]

    @property
    def token(self) -> str:
        """What a confirmation stands for: this very text in this unit."""
        return f"{self.text}|{self.unit}"

    @property
    def shown_unit(self) -> str:
        """The unit as people write it."""
        return self._shown(self.unit)

    @property
    def shown_other(self) -> str:
        """The unit that was perhaps meant."""
        return self._shown(self.other_unit)

    def _shown(self, ucum: str) -> str:
        return next((u.shown for u in self.kind.units if u.ucum == ucum), "")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Codes and labels of a choice."""
        if self.kind.type == "boolean":
            said_ = [("yes", gettext("Yes")), ("no", gettext("No"))]
            after = (AFTER_BIRTH, gettext("No, gave birth in the last 6 weeks"))
            return [*said_, after] if self.key == "pregnant" else said_
        if self.key == "pain":
            return [(str(n), str(n)) for n in range(11)]
        return [(c.code, gettext(c.label)) for c in self.kind.choices]


@dataclass
class Sign:
    """A yes-or-no question of triage."""

    name: str
    label: str
    said: str = ""


@dataclass
class Sheet:
    """The whole form."""

    numbers: list[Entry]
    choices: list[Entry]
    more: list[Entry]
    signs: list[Sign]
    obstetric: list[Sign]
    """Danger signs that are asked of a woman who is pregnant or gave birth in the last 6 weeks."""
    oxygen: Entry
    breathes: str = ""
    """`air`, `oxygen` or not said."""
    mother_known: bool = False
    """An earlier reading of this visit says so."""
    asks_posture: bool = False
    posture: str = ""
    """How a small child's length was measured: `lying`, `standing` or not said."""
    problem: str = ""

    def entries(self) -> Iterable[Entry]:
        """Every field but the oxygen's."""
        return [*self.numbers, *self.choices, *self.more]

    @property
    def expects(self) -> bool:
        """The obstetric danger signs are asked."""
        entry = self.find("pregnant")
        return self.mother_known or (entry is not None and entry.text in ("yes", AFTER_BIRTH))

    @property
    def wrong(self) -> bool:
        """Something has to be looked at before it can be saved."""
        return bool(self.problem or self.oxygen.problem or any(e.problem for e in self.entries()))

    def find(self, name: str) -> Entry | None:
        """The field of an input's name."""
        return next((e for e in [*self.entries(), self.oxygen] if e.name == name), None)


def blank(person: Person, units: Mapping[str, str]) -> Sheet:
    """The sheet for a person, nothing filled in; `units` are those the reader used last, by key."""
    age = age_days(person, local_day())
    years = age / YEAR if age is not None else None
    sex = assessment.known_sex(person)
    small = years is not None and years < 5
    mother = sex != "male" and (years is None or 10 <= years < 56)
    circumferences = ("arm_circumference", "head_circumference")
    numbers = [*NUMBERS, *(circumferences if small else ())]
    if age is not None and age < YOUNG_INFANT:
        numbers.insert(numbers.index("respirations") + 1, "respirations_again")
    more = [(key, site) for site in ("left", "right") for key in ("systolic", "diastolic")]
    more += [] if small else [(key, "") for key in circumferences]
    choices = ["consciousness", "pain"]
    if small:
        choices.append("oedema")
    if mother:
        choices += ["pregnant", "lmp"]
        more.append(("lactating", ""))
    elif sex == "male" and years is not None and years >= 10:
        # The sex on record may be wrong: the question is there, and asks to look at person and sex.
        more.append(("pregnant", ""))
    more.append(("spo2_scale", ""))
    return Sheet(
        numbers=[_entry(k, units) for k in numbers],
        choices=[_entry(k, units) for k in choices],
        more=[_entry(k, units, s) for k, s in more],
        signs=signs_for(person),
        obstetric=obstetric_for(person) if mother else [],
        oxygen=_entry("oxygen", units),
        asks_posture=small,
    )


def _entry(key: str, units: Mapping[str, str], site: str = "") -> Entry:
    kind = rules.KINDS[key]
    label = str(SHORT.get(key) or gettext(kind.label))
    if site:
        arm = gettext("left arm") if site == "left" else gettext("right arm")
        label = f"{label}, {arm}"
    known = {u.ucum for u in kind.units}
    unit = units.get(key, "")
    return Entry(f"{key}-{site}" if site else key, key, label, site, unit=unit if unit in known else kind.unit)


def label(key: str) -> str:
    """The words for a reading or a sign."""
    kind = rules.KINDS.get(key)
    return gettext(kind.label) if kind else results.label(key) or gettext(triage.labels.get(key, key))


def signs_for(person: Person) -> list[Sign]:
    """The yes-or-no signs that the triage table of this person asks for."""
    lacking = assessment.assess(person, {}, clock.now()).basis.get("missing", ())
    return [Sign(name, gettext(triage.labels[name])) for name in lacking if name in assessment.SIGNS]


def obstetric_for(person: Person) -> list[Sign]:
    """The obstetric danger signs, those left out that the table of the age asks for anyhow."""
    lacking = assessment.assess(person, {"pregnant": True}, clock.now()).basis.get("missing", ())
    own = {sign.name for sign in signs_for(person)}
    names = [name for name in (*lacking, *OBSTETRIC) if name in assessment.SIGNS and name not in own]
    return [Sign(name, gettext(triage.labels[name])) for name in dict.fromkeys(names)]


def fill(sheet: Sheet, data: Mapping[str, Any]) -> None:
    """Put what was typed into the sheet."""
    for entry in [*sheet.entries(), sheet.oxygen]:
        entry.text = str(data.get(entry.name, "")).strip()[:60]
        unit = str(data.get(f"unit-{entry.name}", ""))
        if unit in {u.ucum for u in entry.kind.units}:
            entry.unit = unit
        entry.confirmed = bool(entry.text) and data.get(f"ok-{entry.name}", "") == entry.token
    for sign in (*sheet.signs, *sheet.obstetric):
        sign.said = str(data.get(f"sign-{sign.name}", ""))
    sheet.breathes = str(data.get("breathes", ""))
    said_posture = str(data.get("posture", ""))
    sheet.posture = said_posture if sheet.asks_posture and said_posture in ("lying", "standing") else ""
    height = sheet.find("height")
    if height is not None:
        height.posture = sheet.posture


def read(sheet: Sheet) -> tuple[list[Reading], dict[str, bool]]:
    """The readings and signs that the sheet holds; what cannot be read is marked on its field."""
    found = [r for entry in sheet.entries() if entry.text and (r := reading_of(entry)) is not None]
    if sheet.breathes == "air":
        found.append(Reading("oxygen", Decimal(0), entered="0"))
    elif sheet.breathes == "oxygen" or sheet.oxygen.text:
        if not sheet.oxygen.text:
            sheet.oxygen.problem = str(NO_FLOW)
        elif (flow := reading_of(sheet.oxygen)) is not None:
            found.append(flow)
    pregnant = sheet.find("pregnant")
    if pregnant is not None and pregnant.text in ("no", AFTER_BIRTH):
        found.append(Reading("after_birth", pregnant.text == AFTER_BIRTH, confirmed=pregnant.confirmed))
    signs = (*sheet.signs, *(sheet.obstetric if sheet.expects else ()))
    return found, {s.name: s.said == "yes" for s in signs if s.said in ("yes", "no")}


def reading_of(entry: Entry) -> Reading | None:
    """What one field says; None with the problem on it."""
    value: Any = entry.text
    if entry.kind.type == "boolean":
        value = {"yes": True, "no": False, AFTER_BIRTH: False}.get(entry.text, entry.text)
    elif entry.kind.type == "quantity":
        number = parse_number(entry.text)
        if isinstance(number, Bad):
            entry.problem = said(number)
            return None
        if isinstance(number, Asked):
            entry.problem = gettext(number.message)
            entry.readings = [f"{r:f}" for r in number.readings]
            return None
        value = number.value
    elif entry.kind.type == "date":
        day = day_typed(entry.text)
        if isinstance(day, str):
            entry.problem = day
            return None
        value = day.isoformat()
    unit = entry.unit if entry.kind.units else ""
    return Reading(
        entry.key, value, unit, entry.text[:40], site=entry.site, posture=entry.posture, confirmed=entry.confirmed
    )


def day_typed(text: str) -> date | str:
    """A day as people type it, in any of three digit scripts; else what is wrong with it."""
    today = local_day()
    found = parse_birth(text, today)
    if isinstance(found, WhichDate):
        found = max(found.readings, key=lambda one: one.earliest)
    if isinstance(found, Confirm):
        found = found.value
    if isinstance(found, Bad):
        return gettext(rules.FUTURE_DAY) if found.message == FUTURE else gettext(rules.NOT_DAY)
    return found.earliest if found.precision == Precision.DAY else gettext(rules.NOT_DAY)


def judged(entry: Entry, person: Person) -> None:
    """Mark what the rules say of one field alone."""
    reading = reading_of(entry) if entry.text else None
    if reading is None:
        return
    age, sex = age_days(person, local_day()), assessment.known_sex(person)
    key, value = entry.key, reading.value
    if entry.key == "pregnant" and entry.text == AFTER_BIRTH:
        key, value = "after_birth", True
    found = rules.check(key, value, reading.unit, age_days=age, sex=sex, on=local_day())
    if found.reason is not None and not (found.status == "confirm" and entry.confirmed):
        entry.problem, entry.ask = shown(found.reason), found.status == "confirm"
        entry.other_unit = found.suggested_unit


def judge_rest(sheet: Sheet, person: Person) -> None:
    """Mark what else would be refused or asked about, so that all is seen at once."""
    for entry in [*sheet.entries(), sheet.oxygen]:
        if not entry.problem or (len(entry.kind.units) > 1 and not entry.readings):
            judged(entry, person)


def refused(sheet: Sheet, errors: Iterable[tuple[str, Message]], ask: bool) -> None:
    """Mark the fields that an act would not take."""
    for key, message in errors:
        key = "pregnant" if key == "after_birth" else key
        meant = [e for e in [*sheet.entries(), sheet.oxygen] if e.key == key and e.text and not e.confirmed]
        for entry in meant:
            entry.problem, entry.ask = shown(message), ask
        if not meant:
            sheet.problem = shown(message)


def shown(message: Message) -> str:
    """A rule's words in the page's language; values and units keep their own direction."""
    return gettext(message.text) % {k: isolate(v) if isinstance(v, str) else v for k, v in message.params.items()}
