"""One forced expiration: acceptable, usable or neither, for FEV1 and for FVC, and why.

Source: Graham BL et al., ATS/ERS standardization of spirometry 2019, Am J Respir Crit Care Med 2019;200:e70-88,
table 7 and the text on the end of forced expiration. A draft until a clinician has compared it with the printed table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qafila.clinic.rules.spirometry import SHARE, SMALL_CHILD
from qafila.clinic.rules.words import N_, Message

BEV_LITRES, BEV_SHARE = 0.100, 0.05
PLATEAU_LITRES = 0.025
"""Least that may still come in the last second."""
LONG_SECONDS = 15.0
Verdict = Literal["acceptable", "usable", "no"]

SLOW_START = N_("Slow start: extrapolated volume %(litres)s L, at most %(most)s L.")
COUGH = N_("Cough in the first second.")
GLOTTIS = N_("The throat closed.")
GLOTTIS_EARLY = N_("The throat closed in the first second.")
LEAK = N_("Leak at the mouth or the device.")
BLOCKED = N_("The mouthpiece was blocked.")
EARLY_END = N_("Ended too early: no plateau, less than 15 s, and less volume than the best.")
NO_START = N_("The start cannot be judged: the extrapolated volume is not known.")
NO_END = N_("The end cannot be judged: neither plateau nor time is known.")
LACKS = N_("No value.")


@dataclass(frozen=True, slots=True)
class Blow:
    """What is known of one manoeuvre; None: not known. Litres, seconds."""

    fvc: float | None = None
    fev1: float | None = None
    bev: float | None = None
    """Back-extrapolated volume."""
    seconds: float | None = None
    """Forced expiratory time."""
    last: float | None = None
    """Volume of the last second."""
    cough: bool = False
    """In the first second."""
    glottis: bool = False
    """Closed after the first second."""
    glottis_early: bool = False
    leak: bool = False
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts and their reasons."""

    fev1: Verdict
    fvc: Verdict
    reasons: tuple[Message, ...] = ()


def judge(blow: Blow, largest: float | None, age_years: float | None) -> Judged:
    """`largest`: the largest FVC of the phase's other manoeuvres. What is not known is never taken as good."""
    reasons: list[Message] = []
    start = _start(blow, reasons)
    for held, text in (
        (blow.glottis_early, GLOTTIS_EARLY), (blow.cough, COUGH), (blow.glottis, GLOTTIS), (blow.leak, LEAK),
        (blow.blocked, BLOCKED),
    ):  # fmt: skip
        if held:
            reasons.append(Message(text))
    ended = _ended(blow, largest, age_years, reasons)
    usable = start and not blow.glottis_early
    whole = usable and not (blow.leak or blow.blocked)
    fev1: Verdict = "no"
    if blow.fev1 is None:
        reasons.append(Message(LACKS))
    elif usable and not blow.cough:
        fev1 = "acceptable" if whole else "usable"
    fvc: Verdict = "no"
    if blow.fvc is not None and usable:
        fvc = "acceptable" if whole and ended and not blow.glottis else "usable"
    return Judged(fev1, fvc, tuple(reasons))


def _start(blow: Blow, reasons: list[Message]) -> bool:
    if blow.bev is None:
        reasons.append(Message(NO_START))
        return False
    most = max(BEV_LITRES, BEV_SHARE * (blow.fvc or 0.0))
    if blow.bev <= most + 1e-9:
        return True
    reasons.append(Message(SLOW_START, litres=f"{blow.bev:.3f}", most=f"{most:.3f}"))
    return False


def _ended(blow: Blow, largest: float | None, age: float | None, reasons: list[Message]) -> bool:
    if blow.last is not None and blow.last <= PLATEAU_LITRES:
        return True
    if blow.seconds is not None and blow.seconds >= LONG_SECONDS:
        return True
    if blow.fvc is not None and largest is not None and age is not None:
        near = max(0.100, SHARE * largest) if age <= SMALL_CHILD else 0.150
        if blow.fvc >= largest - near - 1e-9:
            return True
    reasons.append(Message(NO_END if blow.last is None and blow.seconds is None else EARLY_END))
    return False


def largest_other(values: Sequence[float | None], at: int) -> float | None:
    """The largest of all but one."""
    return max((one for n, one in enumerate(values) if n != at and one is not None), default=None)


def response(before: float | None, after: float | None, predicted: float | None) -> tuple[float, bool] | None:
    """Change after the bronchodilator in per cent of predicted, and whether it counts as a response (above 10).

    Stanojevic S et al., ERS/ATS technical standard on interpretive strategies, Eur Respir J 2022;60:2101499. None:
    not computed.
    """
    if before is None or after is None or not predicted:
        return None
    change = 100 * (after - before) / predicted
    return round(change, 1), change > 10
