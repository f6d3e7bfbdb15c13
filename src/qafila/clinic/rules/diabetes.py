"""FINDRISC and the units of HbA1c and glucose."""

from __future__ import annotations

from typing import Annotated, Literal

from qafila.clinic.rules.bands import Bands, above, below, least, upto
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeYears, Sex
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

AGE = Bands(below(45, 0), below(55, 2), below(65, 3), least(65, 4))
BMI = Bands(below(25, 0), upto(30, 1), above(30, 3))
WAIST = {
    "male": Bands(below(94, 0), upto(102, 3), above(102, 4)),
    "female": Bands(below(80, 0), upto(88, 3), above(88, 4)),
}
FAMILY = {"none": 0, "distant": 3, "close": 5}
RISK = Bands(
    below(7, "low"), below(12, "slightly elevated"), below(15, "moderate"), upto(20, "high"), above(20, "very high")
)
ONE_IN = {"low": 100, "slightly elevated": 25, "moderate": 6, "high": 3, "very high": 2}


class FindriscInputs(Inputs, frozen=True):
    """The eight questions of the form."""

    age_years: AgeYears = None
    sex: Sex = None
    bmi: Annotated[float, number("kg/m2", N_("Body mass index"), 5, 150)] | None = None
    waist: Annotated[float, number("cm", N_("Waist, below the ribs"), 20, 300)] | None = None
    active: Annotated[bool, item(N_("At least 30 minutes of activity a day"))] | None = None
    vegetables_daily: Annotated[bool, item(N_("Vegetables, fruit or berries every day"))] | None = None
    pressure_drugs: Annotated[bool, item(N_("Has ever taken blood pressure medicine regularly"))] | None = None
    high_glucose_once: Annotated[bool, item(N_("Has ever had a high blood glucose"))] | None = None
    family: (
        Annotated[
            Literal["none", "distant", "close"],
            item(N_("Diabetes in the family: none; grandparent, aunt, uncle, first cousin; parent, sibling, child")),
        ]
        | None
    ) = None


def adults_only(inputs: FindriscInputs) -> Message | None:
    """The form is for adults."""
    if inputs.age_years is not None and inputs.age_years < 18:
        return Message(N_("FINDRISC is not used under 18 years."))
    return None


@rule(
    "findrisc",
    version="2003",
    title=N_("FINDRISC, risk of type 2 diabetes in ten years"),
    source="Lindström J, Tuomilehto J. The Diabetes Risk Score. Diabetes Care 2003;26:725-31, and the form of the "
    "Finnish Diabetes Association made from it (family history added)",
    applies=adults_only,
)
def findrisc(inputs: FindriscInputs) -> Outcome:
    """Score 0-26, class, and about one in how many develops diabetes in ten years."""
    assert inputs.age_years is not None and inputs.bmi is not None and inputs.waist is not None
    assert inputs.sex is not None and inputs.family is not None
    parts = {
        "age": AGE(inputs.age_years),
        "bmi": BMI(inputs.bmi),
        "waist": WAIST[inputs.sex](inputs.waist),
        "active": 0 if inputs.active else 2,
        "vegetables_daily": 0 if inputs.vegetables_daily else 1,
        "pressure_drugs": 2 if inputs.pressure_drugs else 0,
        "high_glucose_once": 5 if inputs.high_glucose_once else 0,
        "family": FAMILY[inputs.family],
    }
    score = sum(parts.values())
    risk = RISK(score)
    note = Message(N_("About 1 in %(number)s develops diabetes within ten years."), number=ONE_IN[risk])
    return Outcome({"score": score, "parts": parts, "risk": risk, "one_in": ONE_IN[risk]}, (note,))


DOUBT = N_("%(value)s %(unit)s is not likely: check the unit.")
MG_DL_PER_MMOL_L = 18.0156  # molar mass of glucose 180.156 g/mol


class Hba1cInputs(Inputs, frozen=True):
    """A value and its unit."""

    value: Annotated[float, number("{see:unit}", N_("HbA1c, in the unit given"), 0, 300)] | None = None
    unit: Annotated[Literal["%", "mmol/mol"], item(N_("Unit: percent (NGSP) or mmol/mol (IFCC)"))] | None = None


@rule(
    "hba1c",
    version="2010",
    title=N_("HbA1c in both units"),
    source="IFCC-NGSP master equation: NGSP = 0.09148 IFCC + 2.152 (Hoelzel W et al. Clin Chem 2004;50:166-74); "
    "mean glucose: Nathan DM et al. (ADAG) Diabetes Care 2008;31:1473-8",
)
def hba1c(inputs: Hba1cInputs) -> Outcome:
    """% and mmol/mol, and the estimated average glucose in mmol/L and mg/dL."""
    assert inputs.value is not None and inputs.unit is not None
    percent = inputs.value if inputs.unit == "%" else 0.09148 * inputs.value + 2.152
    mmol_mol = inputs.value if inputs.unit == "mmol/mol" else (inputs.value - 2.152) / 0.09148
    if not 3 <= percent <= 20:
        raise NotComputed(Message(DOUBT, value=inputs.value, unit=inputs.unit))
    average = 28.7 * percent - 46.7
    return Outcome(
        {
            "%": round(percent, 1),
            "mmol/mol": round(mmol_mol),
            "average_mg/dL": round(average),
            "average_mmol/L": round(average / MG_DL_PER_MMOL_L, 1),
        }
    )


class GlucoseInputs(Inputs, frozen=True):
    """A value and its unit."""

    value: Annotated[float, number("{see:unit}", N_("Glucose, in the unit given"), 0, 2000)] | None = None
    unit: Annotated[Literal["mmol/L", "mg/dL"], item(N_("Unit (UCUM)"))] | None = None


@rule(
    "glucose-units",
    version="1",
    title=N_("Glucose in both units"),
    source="Molar mass of glucose 180.156 g/mol: 1 mmol/L = 18.0156 mg/dL",
)
def glucose_units(inputs: GlucoseInputs) -> Outcome:
    """mmol/L and mg/dL."""
    assert inputs.value is not None and inputs.unit is not None
    mmol = inputs.value if inputs.unit == "mmol/L" else inputs.value / MG_DL_PER_MMOL_L
    if not 0.3 <= mmol <= 111:
        raise NotComputed(Message(DOUBT, value=inputs.value, unit=inputs.unit))
    return Outcome({"mmol/L": round(mmol, 1), "mg/dL": round(mmol * MG_DL_PER_MMOL_L)})
