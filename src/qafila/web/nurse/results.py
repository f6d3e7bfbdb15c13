"""Results of laboratories and strips in words: what was measured, its answer, what measured it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from qafila.clinic.rules.observations import KINDS
from qafila.clinic.strips.acts import METHOD
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import Observation
from qafila.packs import bedside
from qafila.packs.analytes import Analyte
from qafila.web.reception.words import language

UNKNOWN = "lab:"
"""Before the code of a result that this program does not know."""
BREATH = {"fev1": "FEV1", "fvc": "FVC", "fev1_fvc": "FEV1/FVC", "pef": "PEF", "fef2575": "FEF25-75"}
"""Values of spirometry, called so everywhere."""
AFTER = "_post"
"""After the code of a value of spirometry, where a bronchodilator was given before it."""


def label(key: str) -> str:
    """What was measured; "" for what is no result of a laboratory, a strip or a spirometer."""
    found = bedside.analytes().find(key)
    if found is not None:
        return found.label.text(language())
    if key.startswith(UNKNOWN):
        return gettext("%(code)s (code not known here)") % {"code": key.removeprefix(UNKNOWN)}
    part = key.removesuffix(AFTER)
    if part in BREATH:
        return gettext("%(value)s after bronchodilator") % {"value": BREATH[part]} if part != key else BREATH[part]
    return ""


def value(one: Observation) -> tuple[str, str]:
    """A result and its unit as people write them."""
    analyte = bedside.analytes().find(one.code)
    if one.number is not None and one.code.removesuffix(AFTER) in BREATH:
        return f"{one.number:.2f}", one.unit if one.unit != "1" else ""
    if one.number is not None:
        unit = next((u.shown for u in analyte.units if u.ucum == one.unit), one.unit) if analyte else one.unit
        return f"{one.number.normalize():f}", unit
    return (_answer(analyte, one.choice) if analyte else one.choice) or one.entered, ""


def _answer(analyte: Analyte, code: str) -> str:
    return next((a.label.text(language()) for a in analyte.answers if a.code == code), code)


def alerts(one: Observation) -> bool:
    """Somebody has to be told of this answer."""
    analyte = bedside.analytes().find(one.code)
    return analyte is not None and any(a.code == one.choice and a.alert for a in analyte.answers)


def by_what(one: Observation) -> str:
    """What measured it; "" for a reading that somebody took."""
    if one.method.startswith(METHOD):
        strip = bedside.strips().find(one.method.removeprefix(METHOD))
        return strip.label.text(language()) if strip else one.method
    return one.device


def of_visit(visit: UUID | None, person: UUID) -> list[dict[str, Any]]:
    """The results of a visit that are none of the vital signs, newest first; from the person's latest readings, which
    the page has asked for already."""
    if visit is None:
        return []
    rows = queries.readings(person, "", queries.MOST_READINGS)
    of_it = [o for o in rows if o.visit_id == visit and o.code not in KINDS and o.code not in assessment.SIGNS]
    return [{"row": o, "label": label(o.code) or o.code, "value": value(o), "alert": alerts(o)} for o in of_it]
