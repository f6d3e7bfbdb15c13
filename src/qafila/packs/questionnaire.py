"""A specialty pack as a FHIR R4 Questionnaire."""

from __future__ import annotations

from typing import Any

from qafila.packs.shapes import Label
from qafila.packs.specialty import Item, Specialty

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ENABLE_WHEN = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
UNIT = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"
BASE = "urn:qafila:pack"


def questionnaire(pack: Specialty) -> dict[str, Any]:
    """The intake of `pack`; labels in English with Arabic and French as translations."""
    return {
        "resourceType": "Questionnaire",
        "url": f"{BASE}:{pack.code}",
        "version": f"{pack.version}.{pack.core_version}",
        "name": pack.code,
        **_text("title", pack.label),
        "status": "active" if pack.status == "approved" else "draft",
        "subjectType": ["Patient"],
        "item": [
            {
                "linkId": f"group_{group.code}",
                "type": "group",
                **_text("text", group.label),
                "item": [_item(item, pack.code) for item in group.item],
            }
            for group in pack.group
        ],
    }


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
        held = {"language": "text/fhirpath", "expression": item.enable_when}
        extensions.append({"url": ENABLE_WHEN, "valueExpression": held})
    if item.unit:
        coding = {"system": "http://unitsofmeasure.org", "code": item.unit}
        extensions.append({"url": UNIT, "valueCoding": coding})
    if extensions:
        made["extension"] = extensions
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
    return made
