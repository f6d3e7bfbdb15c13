"""Growth from birth to 19 years: z-scores of the WHO standards (0-5 years) and reference (5-19 years).

No child is refused: a z-score beyond WHO's limits is given and flagged, to be measured again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from qafila.clinic.rules import growth_tables as tables
from qafila.clinic.rules.bands import Bands, above, below, least, upto
from qafila.clinic.rules.growth_tables import CHILD_OF_TWO, LAST_DAY, MONTH, Lms
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeDays, Sex
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

FIRST_MONTH = 61
LYING_LONGER = 0.7
"""cm by which a child is longer lying than standing (WHO 2006)."""
END = 228 * MONTH
ARM_AGES = (6 * MONTH, 60 * MONTH)
ARM_SEVERE, ARM_MODERATE = 11.5, 12.5  # cm, WHO 2013

LABELS = {
    "weight_for_age": N_("Weight for age"),
    "height_for_age": N_("Length or height for age"),
    "weight_for_height": N_("Weight for length or height"),
    "bmi_for_age": N_("BMI for age"),
    "head_for_age": N_("Head circumference for age"),
    "arm_for_age": N_("Arm circumference for age"),
}
# WHO Anthro and AnthroPlus: beyond these a z-score is taken for an error of measuring, of writing or of the age.
LIMITS = {
    "weight_for_age": (-6, 5),
    "height_for_age": (-6, 6),
    "weight_for_height": (-5, 5),
    "bmi_for_age": (-5, 5),
    "head_for_age": (-5, 5),
    "arm_for_age": (-5, 5),
}
UNDERWEIGHT = Bands(below(-3, N_("Severely underweight")), below(-2, N_("Underweight")), least(-2, ""))
STUNTED = Bands(below(-3, N_("Severely stunted")), below(-2, N_("Stunted")), upto(3, ""), above(3, N_("Very tall")))
WASTED = Bands(
    below(-3, N_("Severely wasted")),
    below(-2, N_("Wasted")),
    upto(1, ""),
    upto(2, N_("Possible risk of overweight")),
    upto(3, N_("Overweight")),
    above(3, N_("Obese")),
)
THIN = Bands(
    below(-3, N_("Severe thinness")),
    below(-2, N_("Thinness")),
    upto(1, ""),
    upto(2, N_("Overweight")),
    above(2, N_("Obesity")),
)
SEVERE_OEDEMA = N_("Severe acute malnutrition: oedema of both feet. Act now.")
SEVERE_ARM = N_("Severe acute malnutrition: arm circumference under 11.5 cm. Act now.")
SEVERE_WEIGHT = N_("Severe acute malnutrition: weight for height under -3 z. Act now.")
MODERATE = N_("Moderate acute malnutrition: arm circumference %(value)s cm.")
ODD = N_("A z-score is beyond WHO's limits: measure again; check age, sex and unit.")
ASSUMED_LYING = N_("Taken as measured lying, as is done under 2 years.")
ASSUMED_STANDING = N_("Taken as measured standing, as is done from 2 years.")
WITH_OEDEMA = N_("With oedema the weight tells nothing: no weight-based z-score.")
NO_TABLE = N_("WHO has no table for these measurements at this age or length.")

OptionalWeight = Annotated[float, number("kg", N_("Weight"), 0.2, 500, optional=True)] | None
OptionalHeight = Annotated[float, number("cm", N_("Height or length"), 20, 260, optional=True)] | None
Head = Annotated[float, number("cm", N_("Head circumference"), 15, 90, optional=True)] | None
Arm = Annotated[float, number("cm", N_("Mid-upper arm circumference"), 4, 80, optional=True)] | None
Posture = (
    Annotated[Literal["lying", "standing"], item(N_("Measured lying or standing; by age if not given"), optional=True)]
    | None
)
Oedema = Annotated[bool, item(N_("Pitting oedema of both feet"), optional=True)] | None


class GrowthInputs(Inputs, frozen=True):
    """Sex, exact age, and whatever was measured."""

    sex: Sex = None
    age_days: AgeDays = None
    weight: OptionalWeight = None
    height: OptionalHeight = None
    posture: Posture = None
    head_circumference: Head = None
    arm_circumference: Arm = None
    oedema: Oedema = None


@dataclass(frozen=True, slots=True)
class Score:
    """One z-score, not rounded, and the table row it stands on."""

    indicator: str
    measured: float
    z: float
    row: Lms
    low: float
    high: float

    @property
    def implausible(self) -> bool:
        """Beyond WHO's limits for this indicator."""
        return not self.low <= round(self.z, 2) <= self.high


def children_only(inputs: GrowthInputs) -> Message | None:
    """The reference ends with the 228th month."""
    if inputs.age_days is not None and inputs.age_days > END:
        return Message(N_("The WHO growth reference ends at 19 years."))
    return None


def is_standard(age_days: float) -> bool:
    """Whether the standards for 0 to 5 years hold, not the reference from 61 months."""
    return int(age_days) <= LAST_DAY


def corrected_height(height: float, age_days: float, posture: str | None) -> float:
    """Length (under 731 days) or height in cm: 0.7 cm more or less where it was measured in the other posture.

    The correction is of the standards for 0 to 5 years alone.
    """
    if age_days < CHILD_OF_TWO:
        return height + LYING_LONGER if posture == "standing" else height
    return height - LYING_LONGER if posture == "lying" and is_standard(age_days) else height


def needed(age_days: float) -> dict[str, tuple[str, ...]]:
    """Which measurements each indicator of this age asks for."""
    found: dict[str, tuple[str, ...]] = {"height_for_age": ("height",), "bmi_for_age": ("weight", "height")}
    if age_days <= 120 * MONTH:
        found["weight_for_age"] = ("weight",)
    if is_standard(age_days):
        found |= {"weight_for_height": ("weight", "height"), "head_for_age": ("head_circumference",)}
        if age_days >= 91:
            found["arm_for_age"] = ("arm_circumference",)
    return {name: found[name] for name in LABELS if name in found}


def scores(inputs: GrowthInputs) -> Iterator[Score]:
    """Every z-score that sex, age and measurements give."""
    assert inputs.age_days is not None and inputs.sex is not None
    age = inputs.age_days
    height = None if inputs.height is None else corrected_height(inputs.height, age, inputs.posture)
    weight = None if inputs.oedema else inputs.weight
    index = None if weight is None or height is None else weight / (height / 100) ** 2
    plain: dict[str, float | None] = {
        "weight_for_age": weight,
        "height_for_age": height,
        "weight_for_height": None if height is None else weight,
        "bmi_for_age": index,
        "head_for_age": inputs.head_circumference,
        "arm_for_age": inputs.arm_circumference,
    }
    for name in needed(age):
        value = plain[name]
        row = row_for(name, inputs.sex, age, height)
        if value is not None and row is not None:
            z = row.z(value) if name in ("height_for_age", "head_for_age") else row.restricted_z(value)
            yield Score(name, value, z, row, *LIMITS[name])


def row_for(indicator: str, sex: str, age_days: float, height: float | None = None) -> Lms | None:
    """L, M, S of an indicator at an age (and, of weight for height, a corrected height); None where WHO has none."""
    if indicator == "weight_for_height":
        if height is None:
            return None
        table = tables.by_size("by_length" if age_days < CHILD_OF_TWO else "by_height", sex)
        return table.at(height)
    name = indicator.removesuffix("_for_age")
    if is_standard(age_days):
        return tables.by_day(name, sex).at(int(age_days))
    return tables.by_month(name, sex).at(max(age_days / MONTH, FIRST_MONTH)) if name in tables.OF_2007 else None


def class_of(indicator: str, z: float, age_days: float) -> str:
    """WHO's word (msgid) for a z-score, "" for the usual range or where WHO has no word."""
    if indicator == "bmi_for_age":
        return (WASTED if is_standard(age_days) else THIN)(z)
    found = {"weight_for_age": UNDERWEIGHT, "height_for_age": STUNTED, "weight_for_height": WASTED}.get(indicator)
    return found(z) if found else ""


@rule(
    "who-growth",
    version="WHO 2006/2007",
    title=N_("Growth from birth to 19 years, WHO z-scores"),
    source="WHO Child Growth Standards: methods and development, 2006 and 2007 (0-5 years); de Onis M et al. "
    "Development of a WHO growth reference for school-aged children and adolescents. Bull World Health Organ "
    "2007;85:660-7 (5-19 years); words: WHO. Training course on child growth assessment, 2008; acute "
    "malnutrition: WHO. Updates on the management of severe acute malnutrition, 2013",
    applies=children_only,
)
def who_growth(inputs: GrowthInputs) -> Outcome:
    """Per indicator: `z` to 0.01, whether it is implausible, WHO's word. What was not measured stands in `missing`."""
    assert inputs.age_days is not None and inputs.sex is not None
    age = inputs.age_days
    wanted = needed(age)
    lacking = [name for name in _measurements(wanted) if getattr(inputs, name) is None]
    found = list(scores(inputs))
    flags = _malnutrition(inputs, found)
    if not found and not flags:
        if set(lacking) == _measurements(wanted).keys():
            raise NotComputed(missing=lacking)
        raise NotComputed(Message(WITH_OEDEMA if inputs.oedema else NO_TABLE), lacking)
    values: dict[str, object] = {
        one.indicator: {
            "z": round(one.z, 2),
            "implausible": one.implausible,
            "class": class_of(one.indicator, round(one.z, 2), age),
        }
        for one in found
    }
    values["reference"] = "WHO 2006" if is_standard(age) else "WHO 2007"
    notes = [Message(ODD)] if any(one.implausible for one in found) else []
    if inputs.height is not None and inputs.posture is None and is_standard(age):
        notes.append(Message(ASSUMED_LYING if age < CHILD_OF_TWO else ASSUMED_STANDING))
    if inputs.oedema:
        notes.append(Message(WITH_OEDEMA))
    arm = inputs.arm_circumference
    if arm is not None and ARM_AGES[0] <= age < ARM_AGES[1] and ARM_SEVERE <= arm < ARM_MODERATE:
        notes.append(Message(MODERATE, value=arm))
    return Outcome(values, tuple(notes), flags, tuple(lacking))


def _measurements(wanted: dict[str, tuple[str, ...]]) -> dict[str, None]:
    """The measurements that are of use at this age, in a fixed order."""
    return dict.fromkeys(name for names in wanted.values() for name in names)


def _malnutrition(inputs: GrowthInputs, found: list[Score]) -> tuple[Message, ...]:
    """Severe acute malnutrition, 6 to 59 months: weight for height under -3, arm under 11.5 cm, oedema of both feet."""
    assert inputs.age_days is not None
    if not ARM_AGES[0] <= inputs.age_days < ARM_AGES[1]:
        return ()
    flags = []
    if inputs.oedema:
        flags.append(Message(SEVERE_OEDEMA))
    arm = inputs.arm_circumference
    if arm is not None and arm < ARM_SEVERE:
        flags.append(Message(SEVERE_ARM))
    if any(one.indicator == "weight_for_height" and round(one.z, 2) < -3 for one in found):
        flags.append(Message(SEVERE_WEIGHT))
    return tuple(flags)
