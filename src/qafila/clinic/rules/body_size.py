"""Body mass index, body surface, ideal and adjusted weight: formulae."""

from __future__ import annotations

import math

from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.inputs import Inputs
from qafila.clinic.rules.readings import AgeYears, Height, OptionalAge, Pregnant, Sex, Weight
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

# WHO technical report 894 (2000), table 2.1, and report 854 (1995) for the grades of thinness.
BMI_CLASS = Bands(
    below(16, N_("Severe thinness")),
    below(17, N_("Moderate thinness")),
    below(18.5, N_("Mild thinness")),
    below(25, N_("Normal weight")),
    below(30, N_("Pre-obesity")),
    below(35, N_("Obesity class I")),
    below(40, N_("Obesity class II")),
    least(40, N_("Obesity class III")),
)
ADULT_FOR_BMI = 19  # below it the WHO reference by age and sex applies
INCH = 2.54


class BmiInputs(Inputs, frozen=True):
    """Weight and height of one moment; age and pregnancy decide whether the value is classed."""

    weight: Weight = None
    height: Height = None
    age_years: OptionalAge = None
    pregnant: Pregnant = None


@rule(
    "bmi",
    version="WHO 2000",
    title=N_("Body mass index"),
    source="Weight in kg / (height in m)²; classes: "
    "WHO. Obesity: preventing and managing the global epidemic. TRS 894, 2000",
)
def bmi(inputs: BmiInputs) -> Outcome:
    """Index in kg/m², to 0.1, and the WHO class of adults who are not pregnant."""
    assert inputs.weight is not None and inputs.height is not None
    value = inputs.weight / (inputs.height / 100) ** 2
    values: dict[str, object] = {"bmi": round(value, 1), "unit": "kg/m2"}
    if inputs.age_years is None:
        return Outcome(values, (Message(N_("Not classed: the age is not known.")),), missing=("age_years",))
    if inputs.age_years < ADULT_FOR_BMI:
        return Outcome(values, (Message(N_("Not classed under 19 years: use the WHO growth reference.")),))
    if inputs.pregnant:
        return Outcome(values, (Message(N_("Not classed in pregnancy.")),))
    return Outcome({**values, "class": BMI_CLASS(value)}, (Message(BMI_CLASS(value)),))


class BsaInputs(Inputs, frozen=True):
    """Weight and height."""

    weight: Weight = None
    height: Height = None


@rule(
    "bsa",
    version="1987",
    title=N_("Body surface area"),
    source="Mosteller RD. Simplified calculation of body-surface area. N Engl J Med 1987;317:1098",
)
def bsa(inputs: BsaInputs) -> Outcome:
    """Body surface in m², to 0.01."""
    assert inputs.weight is not None and inputs.height is not None
    return Outcome({"bsa": round(math.sqrt(inputs.weight * inputs.height / 3600), 2), "unit": "m2"})


class IdealWeightInputs(Inputs, frozen=True):
    """Sex, height and actual weight of an adult."""

    age_years: AgeYears = None
    sex: Sex = None
    height: Height = None
    weight: Weight = None


def adults_only(inputs: IdealWeightInputs) -> Message | None:
    """The formula is for adults."""
    if inputs.age_years is not None and inputs.age_years < 18:
        return Message(N_("Ideal weight (Devine) is not used under 18 years."))
    return None


@rule(
    "ideal-weight",
    version="Devine 1974",
    title=N_("Ideal and adjusted body weight"),
    source="Devine BJ. Gentamicin therapy. Drug Intell Clin Pharm 1974;8:650; "
    "adjusted weight = ideal + 0.4 (actual - ideal)",
    applies=adults_only,
)
def ideal_weight(inputs: IdealWeightInputs) -> Outcome:
    """Ideal weight in kg, and the adjusted weight when the actual one is above it."""
    assert inputs.weight is not None and inputs.height is not None
    inches_over = inputs.height / INCH - 60
    if inches_over < -1e-9:
        raise NotComputed(Message(N_("The formula of Devine starts at a height of 152.4 cm.")))
    ideal = (50.0 if inputs.sex == "male" else 45.5) + 2.3 * inches_over
    values: dict[str, object] = {"ideal": round(ideal, 1), "unit": "kg"}
    if inputs.weight <= ideal:
        return Outcome(values, (Message(N_("The actual weight is not above the ideal: no adjusted weight.")),))
    return Outcome({**values, "adjusted": round(ideal + 0.4 * (inputs.weight - ideal), 1)})
