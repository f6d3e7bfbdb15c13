"""Compiled Questionnaires against FHIR R4: its elements and types by fhir.resources, its invariants as the standard
writes them.

fhir.resources holds R4B; the Questionnaire of R4B is that of R4 (hl7.org/fhir/R4B/diff.html).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import fhirpathpy
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from pydantic import ValidationError

from qafila.packs import load
from qafila.packs.questionnaire import questionnaire

# hl7.org/fhir/R4/questionnaire.html#invs, and the value set item-type
OF_QUESTIONNAIRE = {
    "que-0": "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')",
    "que-2": "descendants().linkId.isDistinct()",
}
OF_ITEM = {
    "que-1": "(type = 'group' implies item.empty().not()) and (type = 'display' implies item.empty())",
    "que-3": "type != 'display' or code.empty()",
    "que-4": "answerOption.empty() or answerValueSet.empty()",
    "que-5": "(type = 'choice' or type = 'open-choice' or type = 'decimal' or type = 'integer' or type = 'date' or "
    "type = 'dateTime' or type = 'time' or type = 'string' or type = 'quantity') or "
    "(answerValueSet.empty() and answerOption.empty())",
    "que-6": "type != 'display' or (required.empty() and repeats.empty())",
    "que-8": "(type != 'group' and type != 'display') or initial.empty()",
    "que-9": "type != 'display' or readOnly.empty()",
    "que-10": "(type in ('boolean' | 'decimal' | 'integer' | 'string' | 'text' | 'url' | 'open-choice')) or "
    "maxLength.empty()",
    "que-11": "answerOption.empty() or initial.empty()",
    "que-12": "enableWhen.count() > 2 implies enableBehavior.exists()",
    "que-13": "repeats = true or initial.count() <= 1",
}
OF_ENABLE_WHEN = {"que-7": "operator = 'exists' implies (answerBoolean.exists())"}
TYPES = frozenset(
    "group display question boolean decimal integer date dateTime time string text url choice open-choice attachment "
    "reference quantity".split()
)


def faults(made: dict[str, Any]) -> list[str]:
    """What R4 says against a Questionnaire: element, type and invariant."""
    found = []
    try:
        Questionnaire.model_validate_json(json.dumps(made))
    except ValidationError as error:
        found += [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    found += [name for name, held in OF_QUESTIONNAIRE.items() if not _holds(held, made)]
    for item in _items(made):
        found += [f"{name} at {item.get('linkId')}" for name, held in OF_ITEM.items() if not _holds(held, item)]
        found += [] if item.get("type") in TYPES else [f"type of {item.get('linkId')}"]
        for when in item.get("enableWhen", ()):
            found += [
                f"{name} at {item.get('linkId')}" for name, held in OF_ENABLE_WHEN.items() if not _holds(held, when)
            ]
    return found


def _items(held: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for item in held.get("item", ()) for one in (item, *_items(item))]


@cache
def _parsed(expression: str) -> Callable[[dict[str, Any], dict[str, Any]], list[Any]]:
    return fhirpathpy.compile(expression)


def _holds(expression: str, held: dict[str, Any]) -> bool:
    return _parsed(expression)(copy.deepcopy(held), {}) in ([True], [])


@pytest.mark.parametrize("code", load.specialties())
def test_every_specialty_compiles_to_a_valid_questionnaire(code: str) -> None:
    made = questionnaire(load.load_specialty(code))
    assert faults(made) == []
    assert len(_items(made)) > 25


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda made: made.pop("status"), "status"),
        (lambda made: made.update(colour="red"), "colour"),
        (lambda made: made.update(name="not a name"), "que-0"),
        (lambda made: made["item"][0].update(item=[]), "que-1"),
        (lambda made: made["item"][1].update(linkId=made["item"][0]["linkId"]), "que-2"),
        (lambda made: made["item"][0]["item"][0].update(type="boolean", answerOption=[{"valueString": "x"}]), "que-5"),
        (lambda made: made["item"][0]["item"][0].update(type="colour"), "type of"),
        (lambda made: made["item"][0]["item"][0].update(type="date", maxLength=3), "que-10"),
        (lambda made: made["item"][0]["item"][0].update(required="perhaps"), "required"),
    ],
)
def test_the_judge_is_not_blind(spoil: Any, fault: str) -> None:
    made = questionnaire(load.load_specialty("cardiology"))
    spoil(made)
    assert any(fault in one for one in faults(made)), faults(made)


def test_labels_hints_codes_and_conditions_are_carried() -> None:
    made = questionnaire(load.load_specialty("gynaecology_obstetrics"))
    by_id = {item["linkId"]: item for item in _items(made)}
    lmp, heart = by_id["lmp"], by_id["fetal_heart"]
    assert lmp["code"] == [{"system": "http://loinc.org", "code": "8665-2"}]
    assert {part["valueCode"] for one in lmp["_text"]["extension"] for part in one["extension"][:1]} == {"ar", "fr"}
    assert by_id["fetal_heart_help"]["type"] == "display"
    assert heart["extension"][0]["valueExpression"]["expression"] == "%a.gestation_weeks >= 14"
    assert by_id["group_pregnancy"]["extension"]
