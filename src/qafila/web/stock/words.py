"""The stock in words: products, states, moves, days."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext

from qafila.clinic.prescribing.acts import formulary
from qafila.kernel.text import Integer, latin_digits, parse_integer
from qafila.registry.stock.queries import Product, Stock, product_of
from qafila.web.doctor.medicines import by_words, products, unit_label
from qafila.web.reception.words import language

SEPARATOR = "|"


def product_words(product: Product) -> str:
    """Name, strength and form, in the reader's language; the code where the list lost it."""
    found = next((p for p in products(language()) if (p.code, p.form, p.strength) == product), None)
    return found.words if found else " ".join(product)


def key(product: Product) -> str:
    """A product as a form sends it."""
    return SEPARATOR.join(product)


def product_from(text: str) -> Product | None:
    """A product as a form sent it: its key, or its words as printed."""
    parts = text.split(SEPARATOR)
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    found = by_words(text)
    return (found.code, found.form, found.strength) if found else None


def counted(product: Product) -> str:
    """In what a product is counted."""
    form = formulary().forms.get(product[1])
    return unit_label(form.counted) if form else ""


def state_words(state: str) -> tuple[str, str]:
    """(icon, word) of the state of a product."""
    return {
        "doubt": ("question-octagon", gettext("Below zero: count it")),
        "expired": ("calendar-x", gettext("Has a lot that ended")),
        "out": ("x-circle", gettext("None left")),
        "low": ("arrow-down-circle", gettext("To be ordered")),
        "soon": ("hourglass-split", gettext("Ends within 90 days")),
        "good": ("check-circle", gettext("Enough")),
    }[state]


@dataclass(frozen=True)
class Line:
    """A product of the list."""

    stock: Stock
    words: str
    local: str
    unit: str
    icon: str
    state: str
    group: str


def lines(stock: list[Stock]) -> list[Line]:
    """The stock as the list shows it, by group of the formulary and name."""
    held, tongue = formulary(), language()
    groups = {g.code: (n, g.label.text(tongue)) for n, g in enumerate(held.formulary.group)}
    made = []
    for one in stock:
        medicine = held.medicines.get(one.product[0])
        place, group = groups.get(medicine.group if medicine else "", (len(groups), ""))
        icon, state = state_words(one.state)
        local = ", ".join(held.local_names.get(one.product[0], ()))
        made.append((place, Line(one, product_words(one.product), local, counted(one.product), icon, state, group)))
    return [line for _, line in sorted(made, key=lambda row: (row[0], row[1].words))]


def whole(text: str) -> int | None:
    """A whole number in the digits of three scripts; None for anything else."""
    found = parse_integer(text)
    return found.value if isinstance(found, Integer) else None


_DAY = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?|(\d{1,2})[/.](\d{4})|(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


def last_day(text: str) -> date | None:
    """The day printed on a box: `2027-05-31`, `31/05/2027`, or a month (`05/2027`), which means its last day."""
    found = _DAY.fullmatch(latin_digits(text).strip())
    if found is None:
        return None
    year = int(found[1] or found[5] or found[8])
    month = int(found[2] or found[4] or found[7])
    day = int(found[3] or found[6] or 0)
    try:
        return date(year, month, day or monthrange(year, month)[1])
    except ValueError:
        return None


def move_words(move: Any) -> str:
    """What happened."""
    return str(move.get_move_display())


def of_lot(lot: Any) -> str:
    """A lot's product in words."""
    return product_words(product_of(lot))
