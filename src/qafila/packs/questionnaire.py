"""A specialty pack as a FHIR R4 Questionnaire."""

from __future__ import annotations

import re
from typing import Any

from qafila.packs.shapes import Label
from qafila.packs.specialty import Group, Item, Specialty

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ENABLE_WHEN = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
CONTROL_SYSTEM = "http://hl7.org/fhir/questionnaire-item-control"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
BASE = "urn:qafila:pack"
SYSTEMS = {"loinc": "http://loinc.org", "icd10": "http://hl7.org/fhir/sid/icd-10"}


def questionnaire(pack: Specialty) -> dict[str, Any]:
    """The intake of `pack`; labels in English with Arabic and French as translations."""
    return {
        "resourceType": "Questionnaire",
        "url": f"{BASE}:{pack.code}",
        "version": f"{pack.version}.{pack.core_version}",
        "name": "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", pack.code)),
        **_text("title", pack.label),
        "status": "active" if pack.status == "approved" else "draft",
        "date": pack.valid_from.isoformat(),
        "purpose": pack.source,
        "subjectType": ["Patient"],
        "item": [_group(group, pack.code) for group in pack.group],
    }


def _group(group: Group, code: str) -> dict[str, Any]:
    made: dict[str, Any] = {"linkId": f"group_{group.code}", "type": "group", **_text("text", group.label)}
    if group.enable_when:
        made["extension"] = [_when(group.enable_when)]
    return {**made, "item": [_item(item, code) for item in group.item]}


def _when(expression: str) -> dict[str, Any]:
    return {"url": ENABLE_WHEN, "valueExpression": {"language": "text/fhirpath", "expression": expression}}


def _text(key: str, label: Label) -> dict[str, Any]:
    def translation(language: str, content: str) -> dict[str, Any]:
        parts = [
            {"url": "lang", "valueCode": language},
            {"url": "content", "valueString": content},
        ]
        return {"url": TRANSLATION, "extension": parts}

    return {
        key: label.en,
        f"_{key}": {"extension": [translation("ar", label.ar), translation("fr", label.fr)]},
    }


def _item(item: Item, code: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "linkId": item.link_id,
        "type": item.type,
        **_text("text", item.label),
        "required": item.required,
        "repeats": item.repeats,
    }
    extensions: list[dict[str, Any]] = []
    if item.enable_when:
        extensions.append(_when(item.enable_when))
    if item.unit:
        coding = {"system": "http://unitsofmeasure.org", "code": item.unit}
        extensions.append({"url": UNIT, "valueCoding": coding})
    if extensions:
        made["extension"] = extensions
    if item.codes:
        made["code"] = [{"system": SYSTEMS[one.system], "code": one.code} for one in item.codes]
    if item.options:
        made["answerOption"] = [
            {
                "valueCoding": {
                    "system": f"{BASE}:{code}:{item.link_id}",
                    "code": option.code,
                    **_text("display", option.label),
                }
            }
            for option in item.options
        ]
    if item.hint:
        # R4 has no element for help: a line to display below the question, marked as help
        control = {"coding": [{"system": CONTROL_SYSTEM, "code": "help"}]}
        made["item"] = [
            {
                "linkId": f"{item.link_id}_help",
                "type": "display",
                "extension": [{"url": CONTROL, "valueCodeableConcept": control}],
                **_text("text", item.hint),
            }
        ]
    return made
