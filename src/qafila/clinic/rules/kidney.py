"""Estimated glomerular filtration rate, CKD-EPI 2021 (creatinine, no race)."""

from __future__ import annotations

from typing import Annotated, Literal

from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeYears, Sex
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

UMOL_PER_MG_DL = 88.4
CREATININE = {"mg/dL": (0.1, 40.0), "umol/L": (9.0, 3500.0)}  # outside, the unit is doubted
# KDIGO 2012 and 2024, by the rate rounded to a whole number as it is reported.
STAGE = Bands(below(15, "G5"), below(30, "G4"), below(45, "G3b"), below(60, "G3a"), below(90, "G2"), least(90, "G1"))


class EgfrInputs(Inputs, frozen=True):
    """Serum creatinine (assay traceable to IDMS), age and sex."""

    age_years: AgeYears = None
    sex: Sex = None
    creatinine: (
        Annotated[float, number("{see:creatinine_unit}", N_("Serum creatinine, in the unit given"), 0, 10000)] | None
    ) = None
    creatinine_unit: Annotated[Literal["mg/dL", "umol/L"], item(N_("Unit of the creatinine (UCUM)"))] | None = None


def adults_only(inputs: EgfrInputs) -> Message | None:
    """The equation is for people of 18 years and over."""
    if inputs.age_years is not None and inputs.age_years < 18:
        return Message(N_("CKD-EPI is not used under 18 years."))
    return None


@rule(
    "egfr",
    version="CKD-EPI 2021",
    title=N_("Estimated glomerular filtration rate"),
    source="Inker LA et al. New creatinine- and cystatin C-based equations to estimate GFR without race. "
    "N Engl J Med 2021;385:1737-49; stages: KDIGO 2024",
    applies=adults_only,
)
def egfr(inputs: EgfrInputs) -> Outcome:
    """eGFR in mL/min/1.73 m² and its KDIGO stage."""
    assert inputs.age_years is not None and inputs.creatinine is not None and inputs.creatinine_unit is not None
    low, high = CREATININE[inputs.creatinine_unit]
    if not low <= inputs.creatinine <= high:
        text = N_("A creatinine of %(value)s %(unit)s is not likely: check the unit.")
        raise NotComputed(Message(text, value=inputs.creatinine, unit=inputs.creatinine_unit))
    mg_dl = inputs.creatinine if inputs.creatinine_unit == "mg/dL" else inputs.creatinine / UMOL_PER_MG_DL
    kappa, alpha, factor = (0.7, -0.241, 1.012) if inputs.sex == "female" else (0.9, -0.302, 1.0)
    ratio = mg_dl / kappa
    rate = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.200 * 0.9938**inputs.age_years * factor
    whole = round(rate)
    stage = STAGE(whole)
    notes = []
    if stage in ("G1", "G2"):
        notes.append(Message(N_("G1 or G2 alone is not chronic kidney disease.")))
    else:
        notes.append(Message(N_("Chronic kidney disease needs more than 3 months: repeat.")))
    return Outcome({"egfr": whole, "unit": "mL/min/{1.73_m2}", "stage": stage}, tuple(notes))
