"""The lines of a prescription on the page: typed words to medicines and back, usual courses, findings beside a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.cases import proposal
from qafila.clinic.cases.models import Answer
from qafila.clinic.prescribing import acts, doses, usual
from qafila.clinic.prescribing.findings import Checked, Facts, said
from qafila.clinic.rules.words import Message
from qafila.kernel.text import Integer, Number, parse_integer, parse_number, strip_controls
from qafila.packs import load
from qafila.packs.interactions import Severity
from qafila.packs.strengths import isolated, worded
from qafila.web.nurse.sheet import shown
from qafila.web.reception.words import language

LINES = 12
FIELDS = ("words", "dose", "dose_unit", "route", "per_day", "days", "instructions")


@dataclass(frozen=True)
class Product:
    """One choice of the list: the words as printed, what it is, and its names in the country."""

    words: str
    code: str
    form: str
    strength: str
    route: str
    local: str


def unit_label(code: str) -> str:
    """What a dose is counted in."""
    label = acts.formulary().units.get(code)
    return code if label is None else str(label.text(language()))


def dose_units() -> list[str]:
    """The units in which doses of any form are written."""
    held = acts.formulary().formulary
    used = {unit for form in held.form for unit in form.units}
    return [one.code for one in held.unit if one.code in used]


def told(message: Message) -> str:
    """A message of the checks in the reader's language, labels of the packs too."""
    return in_line(shown(said(message, acts.formulary(), language())))


def in_line(text: str) -> str:
    """Words with strengths in them, for a page that reads from right to left."""
    return isolated(text) if language().startswith("ar") else text


def severity_words(severity: Severity) -> str:
    """How bad a finding is."""
    return {
        "contraindicated": gettext("Contraindicated"),
        "avoid": gettext("Avoid"),
        "caution": gettext("Caution"),
        "monitor": gettext("Watch"),
    }[severity]


@load.remembered
def products(tongue: str) -> tuple[Product, ...]:
    """Everything in the formulary, what units here carry first."""
    held = acts.formulary()
    carried = {(c.code, c.form, c.strength) for c in (held.local.carried if held.local else ())}
    words = {one.text: str(one.label.text(tongue)) for one in held.formulary.strength_word}
    found = [
        Product(
            f"{m.label.text(tongue)} {_strength(strength, words, tongue)} {held.forms[p.form].label.text(tongue)}",
            m.code,
            p.form,
            strength,
            p.route,
            ", ".join(held.local_names.get(m.code, ())),
        )
        for m in held.formulary.medicine
        for p in m.product
        for strength in p.strengths
    ]
    return tuple(sorted(found, key=lambda p: (p.code, p.form, p.strength) not in carried))


def _strength(text: str, words: Mapping[str, str], tongue: str) -> str:
    said = worded(text, words)
    return isolated(said) if tongue == "ar" else said


def by_words(text: str) -> Product | None:
    """The product that these words are, in any of the languages."""
    return _by_words().get(" ".join(strip_controls(text).split()))


@load.remembered
def _by_words() -> dict[str, Product]:
    return {strip_controls(p.words): p for tongue in ("ar", "fr", "en") for p in products(tongue)}


def words_of(code: str, form: str, strength: str) -> str:
    """A product as printed, in the reader's language."""
    tongue = language()
    found = next((p for p in products(tongue) if (p.code, p.form, p.strength) == (code, form, strength)), None)
    return found.words if found else ""


def groups(facts: Facts) -> list[tuple[str, list[tuple[str, str]]]]:
    """Usual courses for this person by group of the list: (group, [(value of the button, words)])."""
    held = acts.formulary()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for group in held.formulary.group:
        buttons = []
        for medicine in held.formulary.medicine:
            if medicine.group != group.code:
                continue
            for n, one in enumerate(usual.courses(medicine, facts)):
                words = f"{words_of(medicine.code, one.form, one.strength)}: {course_words(one)}"
                buttons.append((f"{medicine.code}:{n}", words))
        if buttons:
            found.append((str(group.label.text(language())), buttons))
    return found


def course_words(one: usual.Course) -> str:
    """A dose with its unit, times a day, days."""
    return gettext("%(dose)s %(unit)s, %(times)s a day, %(days)s d") % {
        "dose": plain(one.dose), "unit": unit_label(one.unit), "times": plain(one.per_day), "days": one.days
    }  # fmt: skip


def plain(value: Decimal) -> str:
    """A number without zeros that say nothing."""
    return f"{value.normalize():f}"


# --- the form's rows ----------------------------------------------------------------------


def typed(form: Any) -> list[dict[str, Any]]:
    """The form's rows as typed; `used`: something stands in the row."""
    lines = []
    for n in range(LINES):
        line: dict[str, Any] = {f: form.get(f"{f}-{n}", "") for f in FIELDS}
        used = any(line[f].strip() for f in ("words", "dose", "per_day", "days", "instructions"))
        line["words"] = in_line(strip_controls(line["words"]))
        lines.append(line | {"n": n, "used": used, "wrong": [], "found": [], "offer": None})
    return lines


def of_proposal(answer: Answer) -> dict[str, str]:
    """Form fields of the lines that an answer proposes; what the specialist left open stays open."""
    held = proposal.tidy(answer.proposal)[:LINES]
    return {f"{name}-{n}": one[name] for n, one in enumerate(held) for name in FIELDS}


def add_usual(lines: list[dict[str, Any]], chosen: str, facts: Facts) -> None:
    """Put a usual course (`code:n`) into the first empty row."""
    code, _, place = chosen.partition(":")
    medicine = acts.formulary().medicines.get(code)
    offered = usual.courses(medicine, facts) if medicine else []
    row = next((line for line in lines if not line["used"]), None)
    if row is None or not place.isdecimal() or int(place) >= len(offered):
        return
    one = offered[int(place)]
    row.update(
        words=words_of(code, one.form, one.strength), dose=plain(one.dose), dose_unit=one.unit, route=one.route,
        per_day=plain(one.per_day), days=str(one.days), used=True,
    )  # fmt: skip


def take_offer(lines: list[dict[str, Any]], chosen: str) -> None:
    """Write the dose of a row (`row`) in the unit that its form has."""
    if not chosen.isdecimal() or int(chosen) >= len(lines):
        return
    row = lines[int(chosen)]
    wrong = doses.mismatch(_item(row).line(), acts.formulary())
    if wrong is not None and wrong[1] is not None:
        row.update(dose=plain(wrong[1].dose), dose_unit=wrong[1].unit)


def _item(line: dict[str, Any]) -> acts.Item:
    dose, per_day, days = parse_number(line["dose"]), parse_number(line["per_day"]), parse_integer(line["days"])
    words = " ".join(strip_controls(line["words"]).split())
    product = by_words(words)
    return acts.Item(
        words=words,
        dose=dose.value if isinstance(dose, Number) else Decimal(0),
        dose_unit=line["dose_unit"],
        route=line["route"],
        per_day=per_day.value if isinstance(per_day, Number) else Decimal(0),
        days=days.value if isinstance(days, Integer) else 0,
        medicine=product.code if product else "",
        instructions=line["instructions"],
        form=product.form if product else "",
        strength=product.strength if product else "",
    )


def read(lines: list[dict[str, Any]]) -> tuple[list[acts.Item], list[tuple[int, str]]]:
    """The medicines of the rows in use, and what is wrong: (row, words)."""
    items: list[acts.Item] = []
    wrong: list[tuple[int, str]] = []
    for line in lines:
        if not line["used"]:
            continue
        if not isinstance(parse_number(line["dose"]), Number):
            wrong.append((line["n"], gettext("The dose is not a number.")))
        if not isinstance(parse_number(line["per_day"]), Number):
            wrong.append((line["n"], gettext("How many times a day is not a number.")))
        if not isinstance(parse_integer(line["days"]), Integer):
            wrong.append((line["n"], gettext("The days are not a whole number.")))
        items.append(_item(line))
    if not items:
        wrong.append((0, gettext("Write at least one medicine.")))
    return items, wrong


def beside(lines: list[dict[str, Any]], items: list[acts.Item], checked: Checked) -> None:
    """Put each finding beside the row it is of, and a dose in the right unit where the unit is wrong."""
    rows = [line for line in lines if line["used"]]
    for row in lines:
        row["found"], row["offer"] = [], None
    for finding in checked.found:
        words = severity_words(finding.severity), told(finding.message), finding.source
        rows[finding.position]["found"].append((finding.severity, *words))
    for row, item in zip(rows, items, strict=True):
        wrong = doses.mismatch(item.line(), acts.formulary())
        if wrong is not None:
            offered = wrong[1]
            row["unit_wrong"] = told(wrong[0])
            row["offer"] = f"{plain(offered.dose)}\N{NO-BREAK SPACE}{unit_label(offered.unit)}" if offered else None
