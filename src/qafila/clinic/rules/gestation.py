"""Gestational age and due date, with the method they rest on."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import Date
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

PREGNANCY = 280  # days from the last period to the due date in a cycle of 28 (Naegele)
CYCLE = 28
LONGEST = 44 * 7 + 6

TRIMESTER = Bands(below(14 * 7, 1), below(28 * 7, 2), least(28 * 7, 3))
TERM = Bands(below(37 * 7, "preterm"), below(42 * 7, "term"), least(42 * 7, "post-term"))


class GestationInputs(Inputs, frozen=True):
    """The day asked about, and either the last period or an ultrasound dating."""

    on: Date = None
    method: Annotated[Literal["lmp", "ultrasound"], item(N_("Method: last period or ultrasound"))] | None = None
    lmp: Annotated[datetime.date, item(N_("First day of the last period"), optional=True)] | None = None
    cycle_days: Annotated[int, number("d", N_("Usual length of the cycle"), 20, 45, optional=True)] | None = None
    scan_date: Annotated[datetime.date, item(N_("Date of the ultrasound"), optional=True)] | None = None
    scan_weeks: Annotated[int, number("wk", N_("Full weeks at the ultrasound"), 3, 44, optional=True)] | None = None
    scan_days: Annotated[int, number("d", N_("And days at the ultrasound"), 0, 6, optional=True)] | None = None


@rule(
    "gestation",
    version="2017",
    title=N_("Gestational age and due date"),
    source="Naegele's rule (last period + 280 days, corrected by the cycle's length); "
    "ACOG Committee Opinion 700, Methods for estimating the due date, 2017",
)
def gestation(inputs: GestationInputs) -> Outcome:
    """Weeks and days on the day asked about, due date, trimester, and the method used."""
    assert inputs.on is not None
    start = _from_period(inputs) if inputs.method == "lmp" else _from_scan(inputs)
    age = (inputs.on - start).days
    if age < 0:
        raise NotComputed(Message(N_("The pregnancy would start after the day asked about: check the dates.")))
    if age > LONGEST:
        raise NotComputed(Message(N_("More than 44 weeks: check the dates.")))
    values = {
        "weeks": age // 7,
        "days": age % 7,
        "total_days": age,
        "due_date": start + datetime.timedelta(days=PREGNANCY),
        "trimester": TRIMESTER(age),
        "term": TERM(age),
        "method": inputs.method,
    }
    if inputs.method == "lmp" and inputs.cycle_days is None:
        return Outcome(values, (Message(N_("A cycle of 28 days is assumed.")),))
    return Outcome(values)


def _from_period(inputs: GestationInputs) -> datetime.date:
    if inputs.lmp is None:
        raise NotComputed(missing=["lmp"])
    return inputs.lmp + datetime.timedelta(days=(inputs.cycle_days or CYCLE) - CYCLE)


def _from_scan(inputs: GestationInputs) -> datetime.date:
    if inputs.scan_date is None or inputs.scan_weeks is None or inputs.scan_days is None:
        needed = ("scan_date", "scan_weeks", "scan_days")
        raise NotComputed(missing=[name for name in needed if getattr(inputs, name) is None])
    return inputs.scan_date - datetime.timedelta(days=7 * inputs.scan_weeks + inputs.scan_days)
