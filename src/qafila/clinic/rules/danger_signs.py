"""Danger signs: young infants, children under 5, children of 5 to 15, pregnancy.

One sign seen is enough: the answer is computed and what was not asked stands in `missing`. "No danger sign" is said
only when every sign was looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from qafila.clinic.rules.breathing import FAST
from qafila.clinic.rules.inputs import Inputs, item, number
from qafila.clinic.rules.readings import AgeDays, OptionalSpo2
from qafila.clinic.rules.rule import NotComputed, Outcome, rule
from qafila.clinic.rules.words import N_, Message

YEAR = 365.25
YOUNG_INFANT = 60  # days: the table of the sick young infant is for 0 to 59 days
FIVE_YEARS = 5 * YEAR
SIXTEEN_YEARS = 16 * YEAR
SPO2_LOW = 90  # %, IMCI 2014: refer where an oximeter shows less

IMCI = "WHO. Integrated Management of Childhood Illness: chart booklet. Geneva: WHO, 2014"
REFER = N_("Danger sign: act now and refer urgently.")
NONE_SEEN = N_("No danger sign.")


def asked(inputs: Inputs, signs: Mapping[str, str]) -> tuple[dict[str, Message], list[str]]:
    """The signs that are present, and the names of those that were not looked for."""
    present = {name: Message(text) for name, text in signs.items() if getattr(inputs, name)}
    return present, [name for name in signs if getattr(inputs, name) is None]


def verdict(present: Mapping[str, Message], unasked: list[str], **more: object) -> Outcome:
    """Danger with any sign, no danger with none and all asked; otherwise not computed."""
    if not present and unasked:
        raise NotComputed(missing=unasked, known=more)
    values = {"danger": bool(present), "signs": list(present), **more}
    advice = Message(REFER if present else NONE_SEEN)
    return Outcome(values, (advice, *present.values()), tuple(present.values()), tuple(unasked))


# IMCI chart booklet 2014, sick child from 2 months up to 5 years.
CHILD = {
    "cannot_drink": N_("Cannot drink or breastfeed"),
    "vomits_everything": N_("Vomits everything"),
    "convulsions": N_("Convulsions in this illness"),
    "convulsing_now": N_("Convulsing now"),
    "lethargic_or_unconscious": N_("Lethargic or unconscious"),
    "stridor": N_("Stridor in a calm child"),
}


class ChildSigns(Inputs, frozen=True):
    """General danger signs and stridor; a saturation where there is an oximeter."""

    age_days: AgeDays = None
    cannot_drink: Annotated[bool, item(CHILD["cannot_drink"], optional=True)] | None = None
    vomits_everything: Annotated[bool, item(CHILD["vomits_everything"], optional=True)] | None = None
    convulsions: Annotated[bool, item(CHILD["convulsions"], optional=True)] | None = None
    convulsing_now: Annotated[bool, item(CHILD["convulsing_now"], optional=True)] | None = None
    lethargic_or_unconscious: Annotated[bool, item(CHILD["lethargic_or_unconscious"], optional=True)] | None = None
    stridor: Annotated[bool, item(CHILD["stridor"], optional=True)] | None = None
    spo2: OptionalSpo2 = None


def child_only(inputs: ChildSigns) -> Message | None:
    """From 2 months up to 5 years."""
    if inputs.age_days is not None and not YOUNG_INFANT <= inputs.age_days < FIVE_YEARS:
        return Message(N_("These danger signs are for 2 months up to 5 years."))
    return None


@rule(
    "danger-signs-child",
    version="IMCI 2014",
    title=N_("General danger signs, 2 months up to 5 years"),
    source=IMCI,
    applies=child_only,
)
def danger_signs_child(inputs: ChildSigns) -> Outcome:
    """Whether there is a danger sign, and which."""
    present, unasked = asked(inputs, CHILD)
    _low_saturation(present, inputs.spo2)
    return verdict(present, unasked)


def _low_saturation(present: dict[str, Message], spo2: float | None) -> None:
    if spo2 is not None and spo2 < SPO2_LOW:
        present["spo2"] = Message(N_("Oxygen saturation %(value)s %%, under 90"), value=spo2)


# The sick young infant, birth up to 2 months, by edition of the chart booklet.
INFANT = {
    "not_feeding_well": N_("Not feeding well"),
    "convulsions": N_("Convulsions in this illness"),
    "severe_chest_indrawing": N_("Severe chest indrawing"),
    "moves_only_when_stimulated": N_("Moves only when stimulated, or not at all"),
    "jaundice_first_day": N_("Jaundice within 24 hours of birth"),
    "yellow_palms_or_soles": N_("Yellow palms or soles"),
}
FEVER = {"2014": 37.5, "2019": 38.0}  # °C, axillary
COLD = 35.5
SLOW = 30  # general knowledge, not in the chart booklet


Edition: TypeAlias = (
    Annotated[Literal["2014", "2019"], item(N_("Edition of the IMCI chart, 2014 unless given"), optional=True)] | None
)


class YoungInfantSigns(Inputs, frozen=True):
    """Signs of very severe disease and of severe jaundice."""

    age_days: AgeDays = None
    edition: Edition = None
    not_feeding_well: Annotated[bool, item(INFANT["not_feeding_well"], optional=True)] | None = None
    convulsions: Annotated[bool, item(INFANT["convulsions"], optional=True)] | None = None
    severe_chest_indrawing: Annotated[bool, item(INFANT["severe_chest_indrawing"], optional=True)] | None = None
    moves_only_when_stimulated: Annotated[bool, item(INFANT["moves_only_when_stimulated"], optional=True)] | None = None
    jaundice_first_day: Annotated[bool, item(INFANT["jaundice_first_day"], optional=True)] | None = None
    yellow_palms_or_soles: Annotated[bool, item(INFANT["yellow_palms_or_soles"], optional=True)] | None = None
    temperature: Annotated[float, number("Cel", N_("Axillary temperature"), 15, 50, optional=True)] | None = None
    respirations: Annotated[float, number("/min", N_("Respiratory rate"), 0, 150, optional=True)] | None = None
    respirations_again: Annotated[float, number("/min", N_("Second count"), 0, 150, optional=True)] | None = None
    spo2: OptionalSpo2 = None


def young_infant_only(inputs: YoungInfantSigns) -> Message | None:
    """From birth to 59 days."""
    if inputs.age_days is not None and inputs.age_days >= YOUNG_INFANT:
        return Message(N_("These danger signs are for 0 to 59 days."))
    return None


@rule(
    "danger-signs-young-infant",
    version="IMCI 2014/2019",
    title=N_("Danger signs of the young infant, 0-59 days"),
    source=f"{IMCI}; WHO. IMCI: management of the sick young infant aged up to 2 months, chart booklet, 2019; "
    "respirations of 30 or less and a saturation under 90 are general knowledge",
    draft=True,
    applies=young_infant_only,
)
def danger_signs_young_infant(inputs: YoungInfantSigns) -> Outcome:
    """Danger signs by the named edition: fever from 37.5 °C (2014) or 38 °C (2019), fast breathing seen twice.

    In the edition of 2019 fast breathing alone from 7 days on is pneumonia, not a danger sign (`fast_breathing`).
    """
    edition = inputs.edition or "2014"
    present, unasked = asked(inputs, INFANT)
    _low_saturation(present, inputs.spo2)
    unasked += _temperature(present, inputs.temperature, FEVER[edition])
    fast = _is_fast(inputs)
    if fast is None:
        unasked.append("respirations" if inputs.respirations is None else "respirations_again")
    if inputs.respirations is not None and inputs.respirations <= SLOW:
        present["respirations"] = Message(N_("Breathing %(value)s a minute, 30 or less"), value=inputs.respirations)
    severe = edition == "2014" or (inputs.age_days is not None and inputs.age_days < 7)
    if fast and severe:
        present["respirations"] = Message(N_("Fast breathing, 60 or more counted twice"))
    return verdict(present, unasked, edition=edition, fast_breathing=fast)


def _temperature(present: dict[str, Message], temperature: float | None, fever: float) -> list[str]:
    if temperature is None:
        return ["temperature"]
    if round(temperature, 1) >= fever:
        present["temperature"] = Message(
            N_("Temperature %(value)s °C, %(limit)s or more"), value=temperature, limit=fever
        )
    elif round(temperature, 1) < COLD:
        present["temperature"] = Message(N_("Temperature %(value)s °C, under %(limit)s"), value=temperature, limit=COLD)
    return []


def _is_fast(inputs: YoungInfantSigns) -> bool | None:
    """None when it cannot be said: not counted, or a high count that was not repeated."""
    limit = FAST(0)
    if inputs.respirations is None:
        return None
    if inputs.respirations < limit:
        return False
    return None if inputs.respirations_again is None else inputs.respirations_again >= limit


# WHO emergency triage (ETAT): airway and breathing, circulation, coma and convulsion, dehydration.
EMERGENCY = {
    "airway_obstructed": N_("Airway obstructed, or not breathing"),
    "central_cyanosis": N_("Central cyanosis"),
    "severe_respiratory_distress": N_("Severe respiratory distress"),
    "shock": N_("Cold hands with capillary refill over 3 seconds and a weak fast pulse"),
    "coma": N_("Coma: responds to pain only, or not at all"),
    "convulsing_now": N_("Convulsing now"),
    "severe_dehydration": N_("Diarrhoea with two signs of severe dehydration"),
}


class EmergencySigns(Inputs, frozen=True):
    """The emergency signs, A B C D; a saturation where there is an oximeter."""

    age_days: AgeDays = None
    airway_obstructed: Annotated[bool, item(EMERGENCY["airway_obstructed"], optional=True)] | None = None
    central_cyanosis: Annotated[bool, item(EMERGENCY["central_cyanosis"], optional=True)] | None = None
    severe_respiratory_distress: (
        Annotated[bool, item(EMERGENCY["severe_respiratory_distress"], optional=True)] | None
    ) = None
    shock: Annotated[bool, item(EMERGENCY["shock"], optional=True)] | None = None
    coma: Annotated[bool, item(EMERGENCY["coma"], optional=True)] | None = None
    convulsing_now: Annotated[bool, item(EMERGENCY["convulsing_now"], optional=True)] | None = None
    severe_dehydration: Annotated[bool, item(EMERGENCY["severe_dehydration"], optional=True)] | None = None
    spo2: OptionalSpo2 = None


def under_sixteen(inputs: EmergencySigns) -> Message | None:
    """ETAT is for children."""
    if inputs.age_days is not None and inputs.age_days >= SIXTEEN_YEARS:
        return Message(N_("These emergency signs are for children under 16 years."))
    return None


@rule(
    "emergency-signs-child",
    version="ETAT 2016",
    title=N_("Emergency signs in a child (ABCD)"),
    source="WHO. Paediatric emergency triage, assessment and treatment: "
    "care of critically-ill children. Geneva: WHO, 2016",
    draft=True,
    applies=under_sixteen,
)
def emergency_signs_child(inputs: EmergencySigns) -> Outcome:
    """Whether there is an emergency sign, and which. No score."""
    present, unasked = asked(inputs, EMERGENCY)
    _low_saturation(present, inputs.spo2)
    return verdict(present, unasked)


# WHO ANC.DT.01, the quick check before each antenatal contact: the thirteen signs of the table.
PREGNANCY = {
    "bleeding_vaginally": N_("Bleeding vaginally"),
    "central_cyanosis": N_("Central cyanosis"),
    "convulsing_now": N_("Convulsing now"),
    "fever": N_("Fever"),
    "severe_headache": N_("Severe headache"),
    "visual_disturbance": N_("Visual disturbance"),
    "imminent_delivery": N_("Imminent delivery"),
    "labour": N_("Labour"),
    "looks_very_ill": N_("Looks very ill"),
    "severe_vomiting": N_("Severe vomiting"),
    "severe_pain": N_("Severe pain"),
    "severe_abdominal_pain": N_("Severe abdominal pain"),
    "unconscious": N_("Unconscious"),
}


class PregnancySigns(Inputs, frozen=True):
    """The signs of the quick check."""

    bleeding_vaginally: Annotated[bool, item(PREGNANCY["bleeding_vaginally"], optional=True)] | None = None
    central_cyanosis: Annotated[bool, item(PREGNANCY["central_cyanosis"], optional=True)] | None = None
    convulsing_now: Annotated[bool, item(PREGNANCY["convulsing_now"], optional=True)] | None = None
    fever: Annotated[bool, item(PREGNANCY["fever"], optional=True)] | None = None
    severe_headache: Annotated[bool, item(PREGNANCY["severe_headache"], optional=True)] | None = None
    visual_disturbance: Annotated[bool, item(PREGNANCY["visual_disturbance"], optional=True)] | None = None
    imminent_delivery: Annotated[bool, item(PREGNANCY["imminent_delivery"], optional=True)] | None = None
    labour: Annotated[bool, item(PREGNANCY["labour"], optional=True)] | None = None
    looks_very_ill: Annotated[bool, item(PREGNANCY["looks_very_ill"], optional=True)] | None = None
    severe_vomiting: Annotated[bool, item(PREGNANCY["severe_vomiting"], optional=True)] | None = None
    severe_pain: Annotated[bool, item(PREGNANCY["severe_pain"], optional=True)] | None = None
    severe_abdominal_pain: Annotated[bool, item(PREGNANCY["severe_abdominal_pain"], optional=True)] | None = None
    unconscious: Annotated[bool, item(PREGNANCY["unconscious"], optional=True)] | None = None


@rule(
    "danger-signs-pregnancy",
    version="2021",
    title=N_("Danger signs in pregnancy"),
    source="WHO. Digital adaptation kit for antenatal care, 2021: decision table ANC.DT.01",
)
def danger_signs_pregnancy(inputs: PregnancySigns) -> Outcome:
    """Whether there is a danger sign, and which."""
    present, unasked = asked(inputs, PREGNANCY)
    return verdict(present, unasked)
