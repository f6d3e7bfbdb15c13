"""The life of a visit: a person's way through the unit."""

from __future__ import annotations

from qafila.kernel.transitions import Transitions, WrongState

UNIT = "unit"
WAITING, NURSE, READY, DOCTOR, DONE, LEFT, ERROR = "waiting", "nurse", "ready", "doctor", "done", "left", "error"

PRESENT = frozenset({WAITING, NURSE, READY, DOCTOR})
"""The person is in the unit."""
QUEUED = frozenset({WAITING, READY})
"""The person is waiting for somebody."""


def require_valid(status: str) -> None:
    """Raises `WrongState` for a visit that was entered in error: nothing more is written into it."""
    if status == ERROR:
        raise WrongState("record", ERROR)


VISIT = Transitions.table(
    # act            from                             to       owner  needs
    ("start_nurse",  {WAITING, READY, DOCTOR},        NURSE,   UNIT,  "vitals.record"),
    ("ready",        {WAITING, NURSE},                READY,   UNIT,  "visit.open"),
    ("start_doctor", {WAITING, NURSE, READY},         DOCTOR,  UNIT,  "consult.write"),
    ("finish",       {NURSE, READY, DOCTOR},          DONE,    UNIT,  "visit.close"),
    ("left",         {WAITING, NURSE, READY, DOCTOR}, LEFT,    UNIT,  "visit.close"),
    ("reopen",       {DONE, LEFT},                    READY,   UNIT,  "visit.open"),
    ("error",        PRESENT | {DONE, LEFT},          ERROR,   UNIT,  "record.move"),
    order=(WAITING, LEFT, NURSE, READY, DOCTOR, DONE, ERROR),
)  # fmt: skip
