"""PHQ-9, GAD-7 and EPDS: sums of items with published cut-offs.

The items are named here by their subject alone; the wording that is read to a patient is that of the published,
validated translation. Each item is the points it scores on the form (EPDS: already turned round where the form is).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from qafila.clinic.rules.bands import Bands, below, least
from qafila.clinic.rules.inputs import Inputs, item
from qafila.clinic.rules.rule import Outcome, rule
from qafila.clinic.rules.words import N_, Message

Points: TypeAlias = Literal[0, 1, 2, 3]

SELF_HARM = N_("Thoughts of death or self-harm: assess the risk of suicide now, do not leave the person alone.")


def _sum(inputs: Inputs, names: Sequence[str]) -> int:
    return sum(getattr(inputs, name) for name in names)


class Phq9Inputs(Inputs, frozen=True):
    """Nine items over two weeks, 0 (not at all) to 3 (nearly every day)."""

    interest: Annotated[Points, item(N_("1. Little interest or pleasure"))] | None = None
    mood: Annotated[Points, item(N_("2. Feeling down"))] | None = None
    sleep: Annotated[Points, item(N_("3. Sleep"))] | None = None
    energy: Annotated[Points, item(N_("4. Tiredness"))] | None = None
    appetite: Annotated[Points, item(N_("5. Appetite"))] | None = None
    self_worth: Annotated[Points, item(N_("6. Feeling bad about oneself"))] | None = None
    concentration: Annotated[Points, item(N_("7. Concentration"))] | None = None
    movement: Annotated[Points, item(N_("8. Slowness or restlessness"))] | None = None
    self_harm: Annotated[Points, item(N_("9. Thoughts of death or self-harm"))] | None = None


# Kroenke 2001, table 4.
PHQ9 = Bands(
    below(5, N_("Minimal depression")),
    below(10, N_("Mild depression")),
    below(15, N_("Moderate depression")),
    below(20, N_("Moderately severe depression")),
    least(20, N_("Severe depression")),
)


def phq9_alarm(inputs: Phq9Inputs) -> tuple[Message, ...]:
    """Item 9 above zero is a red flag by itself."""
    return (Message(SELF_HARM),) if inputs.self_harm else ()


@rule(
    "phq9",
    version="2001",
    title=N_("PHQ-9, depression"),
    source="Kroenke K, Spitzer RL, Williams JB. The PHQ-9. J Gen Intern Med 2001;16:606-13",
    alarms=phq9_alarm,
)
def phq9(inputs: Phq9Inputs) -> Outcome:
    """Sum 0-27, severity, and whether it is 10 or more (the cut-off for major depression)."""
    score = _sum(inputs, Phq9Inputs.__struct_fields__)
    return Outcome({"score": score, "severity": PHQ9(score), "positive": score >= 10}, (Message(PHQ9(score)),))


class Gad7Inputs(Inputs, frozen=True):
    """Seven items over two weeks, 0 (not at all) to 3 (nearly every day)."""

    nervous: Annotated[Points, item(N_("1. Nervous or on edge"))] | None = None
    control: Annotated[Points, item(N_("2. Cannot stop worrying"))] | None = None
    worry: Annotated[Points, item(N_("3. Worrying too much"))] | None = None
    relaxing: Annotated[Points, item(N_("4. Trouble relaxing"))] | None = None
    restless: Annotated[Points, item(N_("5. Restless"))] | None = None
    irritable: Annotated[Points, item(N_("6. Irritable"))] | None = None
    afraid: Annotated[Points, item(N_("7. Afraid that something awful may happen"))] | None = None


GAD7 = Bands(
    below(5, N_("Minimal anxiety")),
    below(10, N_("Mild anxiety")),
    below(15, N_("Moderate anxiety")),
    least(15, N_("Severe anxiety")),
)


@rule(
    "gad7",
    version="2006",
    title=N_("GAD-7, anxiety"),
    source="Spitzer RL et al. A brief measure for assessing generalized anxiety disorder. "
    "Arch Intern Med 2006;166:1092-7",
)
def gad7(inputs: Gad7Inputs) -> Outcome:
    """Sum 0-21, severity, and whether it is 10 or more."""
    score = _sum(inputs, Gad7Inputs.__struct_fields__)
    return Outcome({"score": score, "severity": GAD7(score), "positive": score >= 10}, (Message(GAD7(score)),))


class EpdsInputs(Inputs, frozen=True):
    """Ten items over seven days, each the points of the answer on the form."""

    laugh: Annotated[Points, item(N_("1. Able to laugh"))] | None = None
    look_forward: Annotated[Points, item(N_("2. Looking forward"))] | None = None
    blame: Annotated[Points, item(N_("3. Self-blame"))] | None = None
    anxious: Annotated[Points, item(N_("4. Anxious"))] | None = None
    scared: Annotated[Points, item(N_("5. Scared"))] | None = None
    overwhelmed: Annotated[Points, item(N_("6. Things getting on top"))] | None = None
    sleep: Annotated[Points, item(N_("7. Difficulty sleeping"))] | None = None
    sad: Annotated[Points, item(N_("8. Sad or miserable"))] | None = None
    crying: Annotated[Points, item(N_("9. Crying"))] | None = None
    self_harm: Annotated[Points, item(N_("10. Thought of self-harm"))] | None = None


EPDS = Bands(
    below(10, N_("Depression not likely")),
    below(13, N_("Depression possible: repeat in two weeks")),
    least(13, N_("Depression likely: assess")),
)


def epds_alarm(inputs: EpdsInputs) -> tuple[Message, ...]:
    """Item 10 above zero is a red flag by itself."""
    return (Message(SELF_HARM),) if inputs.self_harm else ()


@rule(
    "epds",
    version="1987",
    title=N_("EPDS, depression after birth"),
    source="Cox JL, Holden JM, Sagovsky R. Edinburgh Postnatal Depression Scale. Br J Psychiatry 1987;150:782-6",
    alarms=epds_alarm,
)
def epds(inputs: EpdsInputs) -> Outcome:
    """Sum 0-30; 10 or more possible, 13 or more likely depression."""
    score = _sum(inputs, EpdsInputs.__struct_fields__)
    return Outcome({"score": score, "class": EPDS(score), "positive": score >= 13}, (Message(EPDS(score)),))


class ApgarInputs(Inputs, frozen=True):
    """Five signs of a newborn at a stated minute."""

    minute: Annotated[Literal[1, 5, 10], item(N_("Minute after birth"))] | None = None
    appearance: Annotated[Literal[0, 1, 2], item(N_("Colour: blue or pale, blue hands and feet, pink"))] | None = None
    pulse: Annotated[Literal[0, 1, 2], item(N_("Heart: absent, under 100, 100 or more"))] | None = None
    grimace: Annotated[Literal[0, 1, 2], item(N_("Reflex: none, grimace, cry"))] | None = None
    activity: Annotated[Literal[0, 1, 2], item(N_("Tone: limp, some flexion, active"))] | None = None
    respiration: Annotated[Literal[0, 1, 2], item(N_("Breathing: absent, weak, good cry"))] | None = None


APGAR = Bands(below(4, "low"), below(7, "moderately abnormal"), least(7, "reassuring"))


@rule(
    "apgar",
    version="2015",
    title=N_("Apgar score"),
    source="Apgar V. Curr Res Anesth Analg 1953;32:260-7; classes: ACOG Committee Opinion 644, 2015",
)
def apgar(inputs: ApgarInputs) -> Outcome:
    """Sum 0-10 at the minute given."""
    score = _sum(inputs, ("appearance", "pulse", "grimace", "activity", "respiration"))
    notes, flags = [], []
    if score < 7:
        flags.append(Message(N_("Apgar %(score)s at %(minute)s min."), score=score, minute=inputs.minute or 0))
        notes.append(Message(N_("Resuscitate by the newborn's breathing and heart; do not wait for the score.")))
    if inputs.minute == 5 and score < 7:
        notes.append(Message(N_("Under 7 at 5 minutes: repeat every 5 minutes up to 20 minutes.")))
    return Outcome({"score": score, "minute": inputs.minute, "class": APGAR(score)}, tuple(notes), tuple(flags))
