"""The QT interval corrected for the heart rate, by three named formulae."""

from __future__ import annotations

from typing import Annotated

from qafila.clinic.rules.inputs import Inputs, number
from qafila.clinic.rules.readings import OptionalSex
from qafila.clinic.rules.rule import Outcome, rule
from qafila.clinic.rules.words import N_, Message

PROLONGED = {"male": 450, "female": 460}  # ms, AHA/ACCF/HRS 2009
VERY_LONG = 500  # ms


class QtcInputs(Inputs, frozen=True):
    """QT as measured and the heart rate of the same beats."""

    qt: Annotated[float, number("ms", N_("QT interval"), 100, 900)] | None = None
    heart_rate: Annotated[float, number("/min", N_("Heart rate"), 20, 300)] | None = None
    sex: OptionalSex = None


@rule(
    "qtc",
    version="AHA 2009",
    title=N_("Corrected QT interval"),
    source="Bazett 1920; Fridericia 1920; Sagie A et al. (Framingham) Am J Cardiol 1992;70:797-801; "
    "limits: Rautaharju PM et al. AHA/ACCF/HRS recommendations part IV. Circulation 2009;119:e241-50",
)
def qtc(inputs: QtcInputs) -> Outcome:
    """QTc in ms by Bazett, Fridericia and Framingham; judged by Fridericia."""
    assert inputs.qt is not None and inputs.heart_rate is not None
    rr = 60 / inputs.heart_rate
    values: dict[str, object] = {
        "bazett": round(inputs.qt / rr**0.5),
        "fridericia": round(inputs.qt / rr ** (1 / 3)),
        "framingham": round(inputs.qt + 154 * (1 - rr)),
        "unit": "ms",
        "judged_by": "fridericia",
    }
    shown = round(inputs.qt / rr ** (1 / 3))
    notes, flags = [], []
    if not 60 <= inputs.heart_rate <= 100:
        notes.append(Message(N_("Outside 60-100 beats a minute Bazett corrects too much or too little.")))
    if shown >= VERY_LONG:
        flags.append(Message(N_("QTc (Fridericia) %(ms)s ms: 500 or more, risk of torsades de pointes."), ms=shown))
    if inputs.sex is None:
        notes.append(Message(N_("Not judged: the sex is not known (limit 450 ms for men, 460 for women).")))
    else:
        values["prolonged"] = shown >= PROLONGED[inputs.sex]
    missing = () if inputs.sex else ("sex",)
    return Outcome(values, tuple(notes), tuple(flags), missing)
