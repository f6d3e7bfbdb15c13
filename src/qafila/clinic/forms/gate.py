"""The completeness gate: what a case must hold before it may be sent."""

from __future__ import annotations

from qafila.clinic.forms.context import context, pack_of
from qafila.clinic.models import Case
from qafila.clinic.refusal import Incomplete, Lack
from qafila.packs import intake

EMERGENCY = "emergency"


def missing(case: Case) -> list[Lack]:
    """What the pack still asks for, in its order; empty: the case may go."""
    return _lacks(case, emergency=False)


def needed(case: Case) -> list[Lack]:
    """What lacks that even an emergency with a reason does not go without (question, consent, complaint)."""
    return _lacks(case, emergency=True)


def require_complete(case: Case, incomplete_reason: str = "") -> None:
    """Raises `Incomplete` unless the case may be sent: complete, or an emergency with a reason for what lacks."""
    if case.urgency == EMERGENCY and incomplete_reason.strip():
        lacks = needed(case)
    else:
        lacks = missing(case)
    if lacks:
        raise Incomplete(lacks)


def _lacks(case: Case, *, emergency: bool) -> list[Lack]:
    found = intake.missing(pack_of(case), context(case), emergency=emergency)
    return [Lack(one.code, one.label, one.jump) for one in found]
