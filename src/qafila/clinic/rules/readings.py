"""Inputs that several rules share: one description, unit and range for each."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, TypeAlias

from qafila.clinic.rules.inputs import item, number
from qafila.clinic.rules.words import N_

AgeYears: TypeAlias = Annotated[float, number("a", N_("Age in years"), 0, 130)] | None
AgeDays: TypeAlias = Annotated[float, number("d", N_("Age in days"), 0, 48000)] | None
OptionalAge: TypeAlias = Annotated[float, number("a", N_("Age in years"), 0, 130, optional=True)] | None
Sex: TypeAlias = Annotated[Literal["female", "male"], item(N_("Sex"))] | None
OptionalSex: TypeAlias = Annotated[Literal["female", "male"], item(N_("Sex"), optional=True)] | None
Pregnant: TypeAlias = Annotated[bool, item(N_("Pregnant"), optional=True)] | None
Respirations: TypeAlias = Annotated[float, number("/min", N_("Respiratory rate"), 0, 150)] | None
Spo2: TypeAlias = Annotated[float, number("%", N_("Oxygen saturation"), 0, 100)] | None
OptionalSpo2: TypeAlias = Annotated[float, number("%", N_("Oxygen saturation"), 0, 100, optional=True)] | None
Systolic: TypeAlias = Annotated[float, number("mm[Hg]", N_("Systolic blood pressure"), 0, 350)] | None
Diastolic: TypeAlias = Annotated[float, number("mm[Hg]", N_("Diastolic blood pressure"), 0, 300)] | None
Pulse: TypeAlias = Annotated[float, number("/min", N_("Pulse"), 0, 350)] | None
Temperature: TypeAlias = Annotated[float, number("Cel", N_("Temperature"), 15, 50)] | None
Weight: TypeAlias = Annotated[float, number("kg", N_("Weight"), 0.2, 500)] | None
Height: TypeAlias = Annotated[float, number("cm", N_("Height or length"), 20, 260)] | None
OnOxygen: TypeAlias = Annotated[bool, item(N_("Breathing supplemental oxygen"))] | None
Acvpu: TypeAlias = (
    Annotated[
        Literal["A", "C", "V", "P", "U"],
        item(N_("Consciousness: alert, new confusion, voice, pain, unresponsive")),
    ]
    | None
)
Spo2Scale: TypeAlias = (
    Annotated[
        Literal[1, 2],
        item(N_("SpO₂ scale: 2 only when a clinician has set a target of 88-92; otherwise 1"), optional=True),
    ]
    | None
)
Date: TypeAlias = Annotated[datetime.date, item(N_("Date of the calculation"))] | None
