"""One made-up patient for each specialty: who comes, what is measured, what the packet is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ADULT = {
    "temperature": "37.1", "pulse": "76", "respirations": "16", "systolic": "132", "diastolic": "82", "spo2": "97",
    "glucose": "5.8", "weight": "71.5", "height": "168",
}  # fmt: skip
CHILD = {
    "temperature": "37.4", "pulse": "118", "respirations": "44", "spo2": "96", "weight": "11.2", "height": "84",
    "arm_circumference": "14.6", "head_circumference": "47.5",
}  # fmt: skip
CORE: dict[str, Any] = {"duration_days": 7, "course": "stable", "allergy": "unknown"}


@dataclass(frozen=True)
class Story:
    """A patient; `intake` is linkId to what is said, `views` the pictures that the pack will not go without."""

    specialty: str = "cardiology"
    sex: str = "male"
    birth: str = "1971"
    pregnant: str = ""
    """Value of the nurse's question, "" where it is not asked."""
    diagnosis: str = "R07.4"
    vitals: dict[str, str] = field(default_factory=lambda: dict(ADULT))
    intake: dict[str, Any] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    guardian: str = ""
    """Code of who agrees, where that is not the person."""
    urgency: str = "routine"


CARDIOLOGY = Story(
    urgency="urgent",
    intake=CORE | {
        "pain": True, "pain_now": False, "pain_type": "pressed", "pain_minutes": 2, "dyspnoea_class": "nyha1",
        "syncope": False, "palpitations": "none", "ecg_quality": "good", "ecg_reading": ["normal"],
        "risk_factors": ["none"], "known_heart": ["none"], "rheumatic_fever": "no", "stroke_signs": ["none"],
    },
)  # fmt: skip

STORIES = {
    story.specialty: story
    for story in (
        CARDIOLOGY,
        Story(
            "gynaecology_obstetrics", "female", "1996", "yes", "O26.8",
            intake=CORE | {
                "stage": "pregnant", "danger": ["none"], "gestation_weeks": 28, "gestation_by": "ultrasound",
                "fetal_movement": "normal", "gravida": 2, "para": 1, "past_obstetric": ["caesarean"],
                "rhesus": "positive", "fetal_heart": 142, "fundal_height": 27, "urine_protein": "negative",
                "haemoglobin": "11.2",
            },
        ),
        Story(
            "paediatrics", "male", "2025-03-01", "", "J18.9", dict(CHILD),
            intake=CORE | {
                "danger": ["none"], "complaints": ["cough", "fever"], "cough_days": 3, "fever_days": 2,
                "birth": ["term"], "feeding": "mixed", "vaccines": "late", "indrawing": False, "ear": ["normal"],
                "neck_stiff": False,
            },
            guardian="mother",
        ),
        Story(
            "endocrinology", "female", "1964", "", "E11.9", ADULT | {"glucose": "11.4"},
            intake=CORE | {
                "gland": ["diabetes"], "danger": ["none"], "diabetes_type": "type2", "diabetes_years": 8,
                "diabetes_drugs": ["metformin", "insulin"], "insulin_units": 22, "insulin_missed": False,
                "hypos": "mild", "hba1c": "8.9", "hba1c_date": "2026-01-10", "monofilament": "lost",
                "foot_pulses": "both", "foot_wound": ["none"], "eye_check": "never",
            },
        ),
        Story(
            "dermatology", "female", "1988", "no", "L20.9",
            intake=CORE | {
                "danger": ["none"], "itch": "night", "painful": False, "lesion_kind": ["plaque"], "site": ["hands"],
                "spread": "slow", "sensation": "normal", "contacts": "no", "new_drug": False, "skin_type": "iv",
                "lesion_mm": 35, "nodes": False,
            },
            views=("region", "close", "oblique"),
        ),
        Story(
            "ent", "male", "1979", "", "H66.1",
            intake=CORE | {
                "danger": ["none"], "part": ["ear"], "side": "right", "foreign_body": "no", "ear_pain": False,
                "ear_discharge": "pus", "hearing": "slow_loss", "vertigo": "none", "drum_right": "hole",
                "drum_left": "normal", "smoking": "never", "diabetic": "no",
            },
            views=("ear_right", "ear_left"),
        ),
        Story(
            "pulmonology", "male", "1958", "", "J44.9",
            intake=CORE | {
                "danger": ["none"], "cough_weeks": 1, "sputum": "clear", "mmrc": "mmrc2", "night": ["wakes"],
                "weight_loss": False, "smokes": "yes", "pack_years": 30, "biomass": "vented", "dust": ["none"],
                "tb": ["none"], "auscultation": ["wheeze"], "spirometry": "not_done",
            },
        ),
    )
}  # fmt: skip
