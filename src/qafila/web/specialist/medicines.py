"""The proposed prescription in the answer's form, and as lines of words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext, ngettext

from qafila.clinic.cases import proposal
from qafila.clinic.cases.models import Answer
from qafila.packs import load
from qafila.web.doctor.medicines import by_words, dose_units, products, unit_label
from qafila.web.reception.words import language
from qafila.web.templatetags.qafila import told

ROWS = 6
TYPED = ("words", "dose", "dose_unit", "route", "per_day", "days", "instructions")


def rows(said: Any) -> list[dict[str, Any]]:
    """The rows of the form as typed (`medicine-FIELD-N`); a name of the formulary brings its code."""
    found = []
    for n in range(ROWS):
        row: dict[str, Any] = {name: (said.get(f"medicine-{name}-{n}") or "")[:300] for name in TYPED}
        known = by_words(row["words"])
        found.append(row | {"medicine": known.code if known else ""})
    return found


def form(held: list[dict[str, Any]], errors: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the template of the rows needs; `errors` as `AnswerIncomplete` names them, the first of a row."""
    lines = [*held, *({} for _ in range(ROWS - len(held)))]
    found = []
    for n, line in enumerate(lines):
        wrong = (errors or {}).get(f"medicine.{n}")
        used = any(line.get(name) for name in TYPED if name not in ("dose_unit", "route"))
        found.append(line | {"n": n, "used": used, "wrong": told(wrong) if wrong is not None else ""})
    return {
        "medicines": found,
        "medicines_used": sum(one["used"] for one in found),
        "products": products(language()),
        "units": [(code, unit_label(code)) for code in dose_units()],
        "routes": [(r.code, r.label.text(language())) for r in load.formulary().route],
    }


def lines(answer: Answer | None) -> list[dict[str, str]]:
    """The proposed medicines: name, dose in words, route, instructions."""
    routes = {r.code: r.label.text(language()) for r in load.formulary().route}
    return [
        {
            "words": one["words"],
            "dose": " · ".join(_dose(one)),
            "route": routes.get(one["route"], one["route"]),
            "instructions": one["instructions"],
        }
        for one in proposal.tidy(answer.proposal if answer is not None else None)
    ]


def _dose(one: Mapping[str, str]) -> list[str]:
    found = []
    if one["dose"]:
        found.append(f"{one['dose']}\N{NO-BREAK SPACE}{unit_label(one['dose_unit'])}")
    if (times := number(one["per_day"])) is not None:
        count = int(times) if times == int(times) else 2
        found.append(ngettext("%(n)s time a day", "%(n)s times a day", count) % {"n": f"{times.normalize():f}"})
    if one["days"].isdecimal():
        found.append(ngettext("for %(n)s day", "for %(n)s days", int(one["days"])) % {"n": int(one["days"])})
    return found or [gettext("dose left to the unit's doctor")]


def number(text: str) -> Decimal | None:
    """A number of a proposal; None where it was left open, or came in no form that this program writes."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < 100_000 else None
