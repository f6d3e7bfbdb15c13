"""Recording a test with a strip: right, rule, write. A test without its control line is kept as one that said nothing;
a strip that has ended is not read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from qafila.clinic.refusal import Implausible, NeedsConfirmation, Refusal, tidy
from qafila.clinic.rules import observations as rules
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.strips.models import StripTest
from qafila.clinic.visits.models import Observation, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.clinic.visits.vitals import Reading, record_vitals
from qafila.journal.write import Writer, writing
from qafila.kernel import clock
from qafila.packs import bedside
from qafila.packs.analytes import Analyte, Strip
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import may, require
from qafila.registry.stock import acts as stock
from qafila.registry.stock.balance import expired
from qafila.registry.stock.models import Lot

METHOD = "strip:"
"""Before the strip's code in `Observation.method`."""
NO_STRIP = N_("There is no such test.")
NO_CONTROL = N_("Say whether the control line is there: without it the test says nothing.")
NO_RESULT = N_("Enter at least one result.")
NO_LOT = N_("Write the lot number of the strip, as on its box or tube.")
ENDED = N_("This strip ended on %(day)s: take another one.")
NOT_POSSIBLE = N_("%(value)s %(unit)s is not possible: between %(low)s and %(high)s %(unit)s.")


@dataclass(frozen=True)
class Box:
    """From which box the strip was taken: a lot of the unit's stock, or what stands on the box."""

    number: str = ""
    expires: date | None = None
    lot: Lot | None = None


@dataclass(frozen=True)
class Result:
    """One result as entered: the code of an answer, or a number in `unit` (UCUM; "" = the first)."""

    answer: str = ""
    number: Decimal | None = None
    unit: str = ""
    entered: str = ""


def record(
    visit: Visit,
    by: Staff,
    code: str,
    results: Mapping[str, Result],
    box: Box,
    *,
    control: bool | None = None,
    confirmed: bool = False,
) -> tuple[StripTest, list[Observation]]:
    """Record one test, each of its results as an Observation. All or nothing.

    `results` by key of the analyte; `control`: the control line is there (None: not said). Without it the results are
    left out, whatever was entered. Raises `NotAllowed`, `Refusal`, `Implausible`, `NeedsConfirmation`.
    """
    require(by, "vitals.record", visit)
    pack = bedside.strips()
    strip = pack.find(code)
    if strip is None:
        raise Refusal(Message(NO_STRIP))
    number, ends = _box(box)
    if strip.control == "line" and control is None:
        raise Refusal(Message(NO_CONTROL))
    valid = strip.control == "none" or bool(control)
    judged = _judged(strip, results) if valid else []
    with writing(by, "strip.record") as write:
        row = Visit._base_manager.select_for_update().get(pk=visit.pk)
        require_valid(row.status)
        at = clock.now()
        test = write.save(
            StripTest(
                person_id=row.person_id, visit_id=row.pk, author=by, at=at, strip=code, pack_version=pack.version,
                lot=number, expires=ends, stock_lot=box.lot.pk if box.lot else None, valid=valid,
            )
        )  # fmt: skip
        saved = [_save(write, row, by, strip, analyte, one, number) for analyte, one in judged if not analyte.reading]
        readings = [_reading(strip, a, one, number, confirmed=confirmed) for a, one in judged if a.reading]
        if readings:
            saved += record_vitals(row, by, readings)
        if box.lot is not None and may(by, "stock.dispense", box.lot.unit):
            stock.dispense(box.lot, by, 1)
    return test, saved


def _box(box: Box) -> tuple[str, date | None]:
    """Lot number and last day. Raises `Refusal`."""
    number, ends = (box.lot.number, box.lot.expires) if box.lot else (tidy(box.number, 40), box.expires)
    if not number:
        raise Refusal(Message(NO_LOT))
    if ends is not None and expired(ends, local_day()):
        raise Refusal(Message(ENDED, day=ends.isoformat()))
    return number, ends


def _judged(strip: Strip, results: Mapping[str, Result]) -> list[tuple[Analyte, Result]]:
    found, wrong = [], []
    for key in strip.reads:
        analyte, one = bedside.analytes().find(key), results.get(key)
        if analyte is None or one is None or not (one.answer or one.number is not None):
            continue
        problem = fault(analyte, one)
        if problem is not None:
            wrong.append((key, problem))
        found.append((analyte, one))
    if wrong:
        raise Implausible(wrong)
    if not found:
        raise Refusal(Message(NO_RESULT))
    return found


def fault(analyte: Analyte, one: Result) -> Message | None:
    """Why a result cannot be; None when it can."""
    if analyte.answers:
        known = any(a.code == one.answer for a in analyte.answers)
        return None if known else Message(rules.NOT_CHOICE)
    unit = analyte.unit(one.unit)
    if one.number is None or not one.number.is_finite():
        return Message(rules.NOT_NUMBER)
    if unit is None:
        return Message(rules.NO_UNIT, unit=f"{one.unit:.20}")
    low, high = Decimal(analyte.low), Decimal(analyte.high)
    if low <= unit.base(one.number) <= high:
        return None
    ends = (f"{(x / Decimal(unit.factor) - Decimal(unit.shift)):.4g}" for x in (low, high))
    shown_low, shown_high = ends
    return Message(NOT_POSSIBLE, value=f"{one.number:f}"[:20], unit=unit.shown, low=shown_low, high=shown_high)


def base_of(analyte: Analyte, one: Result) -> Decimal | None:
    """The number in the analyte's first unit, rounded to its decimals."""
    unit = analyte.unit(one.unit)
    if one.number is None or unit is None:
        return None
    return round(unit.base(one.number), analyte.decimals)


def _reading(strip: Strip, analyte: Analyte, one: Result, lot: str, *, confirmed: bool) -> Reading:
    unit = analyte.unit(one.unit)
    return Reading(
        analyte.reading, one.number if one.number is not None else one.answer, unit.ucum if unit else "",
        one.entered[:40], method=METHOD + strip.code, serial=lot, confirmed=confirmed,
    )  # fmt: skip


def _save(write: Writer, visit: Visit, by: Staff, strip: Strip, analyte: Analyte, one: Result, lot: str) -> Observation:
    unit = analyte.unit(one.unit)
    return write.save(
        Observation(
            person_id=visit.person_id,
            visit_id=visit.pk,
            author=by,
            at=clock.now(),
            code=analyte.key,
            loinc=analyte.loinc[0] if analyte.loinc else "",
            number=base_of(analyte, one),
            choice=one.answer if analyte.answers else "",
            unit=analyte.units[0].ucum if analyte.units else "",
            entered=one.entered[:40] or one.answer,
            entered_unit=unit.ucum if unit else "",
            method=METHOD + strip.code,
            serial=lot,
        )
    )


def tests_of(visit: UUID) -> list[StripTest]:
    """The tests of a visit, newest first."""
    return list(StripTest.objects.filter(visit_id=visit).order_by("-at", "-id"))


__all__ = ["Box", "NeedsConfirmation", "Result", "base_of", "fault", "record", "tests_of"]
